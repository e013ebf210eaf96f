"""What is known of a call, in what an agent is told: `{caller}`, `{header.X-Account|none}`.

Callers write most of these values, and a model reads them: they are cut short, and hold no line
breaks and nothing that is not printed, so that a caller's "name" cannot look like instructions of
another paragraph. Names are looked up in a list and nothing is evaluated.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

__all__ = ["LONGEST", "Known", "filled", "unknown_variable"]

LONGEST = 200
"""Characters of a value that are told."""

VARIABLE = re.compile(r"\{(\{)?([a-z_]+)(?:\.([A-Za-z0-9_.!%*+`'~-]+))?(?:\|([^{}]*))?\}(?(1)\})")
"""A variable, or in two braces what stands for one in one brace. Other braces, as those of an
example in JSON, are what they are.
"""


class Known(Protocol):
    """What a call tells of itself."""

    data: dict[str, Any]

    @property
    def caller(self) -> str:
        """Who calls."""

    @property
    def display_name(self) -> str:
        """What the caller calls itself."""

    @property
    def dialled(self) -> str:
        """Whom the caller asked for."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What else the caller sent."""


def unknown_variable(text: str) -> str | None:
    """What is wrong with the first variable in `text` that nobody knows; None where none is."""
    for match in VARIABLE.finditer(text):
        literal, name, key = match[1], match[2], match[3]
        if not literal and name not in (KEYED if key else PLAIN):
            there = ", ".join("{" + it + "}" for it in [*PLAIN, *(f"{it}.…" for it in KEYED)])
            itself = "{" + match[0] + "}"
            return f"there is no variable {match[0]}; there are {there}; {itself} is no variable"
    return None


def filled(text: str, call: Known, now: datetime) -> str:
    """`text` with what is known of `call`; what is not is its default, or nothing."""

    def value(match: re.Match[str]) -> str:
        literal, name, key, default = match.groups()
        if literal:
            return match[0][1:-1]
        if key is None:
            found = PLAIN[name](call, now) if name in PLAIN else ""
        else:
            found = KEYED[name](call, key) if name in KEYED else ""
        return _printed(found) or default or ""

    return VARIABLE.sub(value, text)


def _printed(value: str) -> str:
    """`value` in one line, without what is not printed, and no longer than is told."""
    shown = "".join(" " if unicodedata.category(it)[0] in "CZ" else it for it in value[:4096])
    return " ".join(shown.split())[:LONGEST]


def _header(call: Known, name: str) -> str:
    return str(call.headers.get(name) or "")


def _data(call: Known, name: str) -> str:
    value = call.data.get(name)
    return "" if value is None else str(value)


def _user_to_user(call: Known) -> str:
    """User-to-User in clear (RFC 7433 §4: hexadecimal unless it says otherwise)."""
    value, _, parameters = _header(call, "User-to-User").partition(";")
    value = value.strip().strip('"')
    encoding = re.search(r"encoding\s*=\s*\"?([\w-]+)", parameters)
    if encoding is not None and encoding[1].lower() != "hex":
        return value
    try:
        return (
            bytes.fromhex(value).decode("utf-8", "replace").replace("\N{REPLACEMENT CHARACTER}", "")
        )
    except ValueError:
        return value


def _user(value: str) -> str:
    """The user of the first URI in a header."""
    match = re.search(r"(?:sips?|tel):([^@;>\s]+)", value, re.IGNORECASE)
    return match[1] if match else ""


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

PLAIN: dict[str, Callable[[Known, datetime], str]] = {
    "caller": lambda call, now: call.caller,
    "name": lambda call, now: call.display_name,
    "dialled": lambda call, now: call.dialled,
    "asserted": lambda call, now: _user(_header(call, "P-Asserted-Identity")),
    "diverted_from": lambda call, now: _user(_header(call, "Diversion")),
    "user_to_user": lambda call, now: _user_to_user(call),
    "date": lambda call, now: now.strftime("%Y-%m-%d"),
    "time": lambda call, now: now.strftime("%H:%M"),
    "weekday": lambda call, now: DAYS[now.weekday()],
}
"""Variables by name. RFC 3325 has P-Asserted-Identity, RFC 5806 Diversion."""

KEYED: dict[str, Callable[[Known, str], str]] = {"header": _header, "data": _data}
"""Variables that have many: `{header.X-Account}`, `{data.plan}`."""
