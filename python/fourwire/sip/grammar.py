"""The pieces of RFC 3261 §25 that every header is made of, read in one pass each.

No regular expression here can backtrack: time grows with the length of the text, whatever a
peer writes.
"""

import re
from collections.abc import Iterator

from .errors import MalformedMessage

TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
"""``token`` of RFC 3261 §25.1."""

_STOPS = {",": re.compile(r'[",<>]'), ";": re.compile(r'[";<>]')}


def is_token(text: str) -> bool:
    """Whether ``text`` is one token."""
    return TOKEN.match(text) is not None


def split(text: str, separator: str) -> list[str]:
    """The parts between ``separator`` (comma or semicolon), blanks around them removed.

    Separators inside quoted strings and angle brackets belong to the part.
    """
    return list(_parts(text, separator))


def _parts(text: str, separator: str) -> Iterator[str]:
    start = position = depth = 0
    stop = _STOPS[separator]
    while (found := stop.search(text, position)) is not None:
        position, sign = found.end(), found.group()
        if sign == '"':
            position = end_of_quoted(text, found.start())
        elif sign == "<":
            depth = 1
        elif sign == ">":
            depth = 0
        elif depth == 0:
            yield text[start : position - 1].strip()
            start = position
    yield text[start:].strip()


def end_of_quoted(text: str, start: int) -> int:
    """The index behind the quoted string that opens at ``start``."""
    position = start + 1
    while (position := _next_of(text, position)) >= 0:
        if text[position] == '"':
            return position + 1
        position += 2
    raise MalformedMessage("a quoted string is not closed")


_QUOTE_OR_ESCAPE = re.compile(r'["\\]')


def _next_of(text: str, position: int) -> int:
    found = _QUOTE_OR_ESCAPE.search(text, position)
    return -1 if found is None else found.start()


def unquote(text: str) -> str:
    """The value of a quoted string; any other text as it is."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text


def quote(text: str) -> str:
    """``text`` as a quoted string."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def parameters(parts: list[str]) -> dict[str, str | None]:
    """Parameters by lower-case name; None for one without a value, quotes removed.

    Where a name comes twice the first counts (RFC 3261 §7.3.1 forbids the second).
    """
    found: dict[str, str | None] = {}
    if parts and not parts[-1]:  # many a device ends its parameters with a semicolon
        parts = parts[:-1]
    for part in parts:
        name, equals, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if not is_token(name) or (equals and not _is_value(value)):
            raise MalformedMessage(f"parameter {part[:40]!r} is not 'name' or 'name=value'")
        found.setdefault(name.lower(), unquote(value) if equals else None)
    return found


_VALUE = re.compile(r"[!#-+\-./0-9:=?-\[\]-~]+\Z")
"""More than a token or a host (RFC 3261 §25.1), since devices write tags and branches in base64 and
worse: all that cannot be taken for a separator."""


def _is_value(text: str) -> bool:
    if text.startswith('"'):
        return end_of_quoted(text, 0) == len(text)
    return _VALUE.match(text) is not None


def number(text: str, what: str, limit: int) -> int:
    """The number that ``text`` writes in ASCII digits, below ``limit``."""
    # int() alone would also read "+5", "1_0" and digits of other scripts.
    if not (text.isascii() and text.isdecimal()) or len(text) > 20 or int(text) >= limit:
        raise MalformedMessage(f"{what} {text[:40]!r} is not a number below {limit}")
    return int(text)
