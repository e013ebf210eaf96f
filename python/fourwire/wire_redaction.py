"""What of a message on the wire may be shown: no key, no password, no audio, and words or numbers
only where that is wanted."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from fourwire.secrets import redact

__all__ = ["frame_shown", "sip_shown"]

REDACTED = "[redacted]"

HIDDEN = re.compile(
    r"(?i)(?:^|[-_]|api)(?:keys?|pass(?:word|wd|code)?|secrets?|tokens?|auth|authorization"
    r"|authentication|credentials?|cookie|pwd|pin)(?:$|[-_])"
)
"""Names of headers and fields whose values are never shown."""

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a new word begins in a name like `clientSecret`."""

NAME = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+[ \t]*")
"""The name of a header (RFC 3261 §25.1); what else stands before a colon may hide one."""

DESCRIBED = re.compile(
    r"(?i)(?:content-type|c)[ \t]*:[ \t]*(?:application/sdp|message/sipfrag|multipart/)"
)
"""Headers of bodies of which anything is shown."""

DESCRIPTION = re.compile(r"([A-Za-z])=(.*)")
"""A line of a session description (RFC 8866 §5)."""

STATUS = re.compile(r"SIP/2\.0 \d{3}( .*)?")
"""What became of a transfer, as NOTIFY tells of it (RFC 3515 §2.4.5)."""

KEYS = re.compile(r"(?i)\s*(crypto|key-mgmt|ice-pwd|ice-ufrag)\b")
"""Attributes that hold keys (RFC 4568, RFC 4567, RFC 8839)."""

OPENERS = (
    re.compile(r"(?i)(inline:)\s*\S+"),  # a key, wherever that stands (RFC 4568)
    # by what we know calls that a registrar sends: who has it may call
    re.compile(r'(?i)((?:;|%3b)\s*line\s*(?:=|%3d)\s*)(?:"[^"]*"?|(?:(?!%3b|%3e)[^;>&\s])+)'),
)
"""What opens a door by itself, behind what tells that it does."""

END = re.compile(r"([@>\s])")
"""Where the user part of a URI ends, or cannot go on."""

PASSWORD = re.compile(r"(?i)(sips?:[^:]*:).*")
"""A password in the user part of a URI (RFC 3261 §19.1.1)."""

SCHEME = re.compile(r"(?i)\b((?:digest|basic|bearer)\s+)\S.*")
"""A proof in the form of an Authorization, in a header of any name."""

CHALLENGES = frozenset({"www-authenticate", "proxy-authenticate"})
"""Headers that ask for a proof and hold none."""

PEOPLE = re.compile(
    r"(?i)from|to|contact|f|t|m|p-asserted-identity|p-preferred-identity|remote-party-id|diversion"
    r"|history-info|referred-by|refer-to|r|b|reply-to|call-info|p-called-party-id"
)
"""Headers that name people, long and compact."""

DIGITS = re.compile(r"\d(?=[\d().\- ]*\d[\d().\- ]*\d\d)")
"""Digits of a number that are followed by three more, which may be parted."""

USER = re.compile(r"(?i)(sips?:)([^;]+)")
"""The user of a URI, in its user part."""

TEL = re.compile(r"(?i)(tel:)([^@;>\s]+)")
"""The number of a URI that is one (RFC 3966)."""

WORDS = frozenset(
    {"transcript", "text", "delta", "instructions", "arguments", "output", "display", "prompt"}
)
"""Fields of a session that hold what people say or are told."""

BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{200,}={0,2}")
"""What is so long without a space is audio, or a picture, or a key."""


def sip_shown(data: bytes, *, numbers: bool = True) -> str:
    """A SIP message as text that may be shown; one that is none is told by its length."""
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    head, _, body = text.partition("\n\n")
    start, *fields = re.sub(r"\n[ \t]+", " ", head).split("\n")
    if "SIP/2.0" not in start:
        return f"<{len(data)} bytes>"
    shown = [_start(start, numbers), *(_field(field, numbers) for field in fields)]
    described = any(map(DESCRIBED.match, fields))
    content = (
        map(_line, body.splitlines()) if described else [f"<{len(body)} bytes>"] if body else []
    )
    return redact("\n".join([*shown, "", *content]))


def _start(line: str, numbers: bool) -> str:
    line = _closed(line)
    return line if numbers else _without_numbers(line)


def _field(line: str, numbers: bool) -> str:
    name, colon, value = line.partition(":")
    if not colon or NAME.fullmatch(name) is None:
        return f"<{len(line)} characters>"
    if _is_hidden(name.strip()):
        return f"{name}: {REDACTED}"
    value = _closed(value)
    if name.strip().lower() not in CHALLENGES:
        value = SCHEME.sub(rf"\1{REDACTED}", value)
    if not numbers and PEOPLE.fullmatch(name.strip()):
        named, bracket, rest = value.partition("<")
        value = (_masked(named) if bracket else named) + bracket + rest
        value = _without_numbers(value)
    return f"{name}:{value}"


def _is_hidden(name: str) -> bool:
    return HIDDEN.search(HUMP.sub("_", name)) is not None


def _line(line: str) -> str:
    """A line of a body: those of descriptions and statuses, and nothing else."""
    match = DESCRIPTION.fullmatch(line)
    if match is None:
        return _closed(line) if not line or STATUS.fullmatch(line) else f"<{len(line)} characters>"
    kind, value = match.groups()
    if kind in "kK":
        return f"{kind}={REDACTED}"
    if kind in "aA" and (attribute := KEYS.match(value)):
        return f"{kind}={attribute[1]}:{REDACTED}"
    return f"{kind}={_closed(value)}"


def _closed(text: str) -> str:
    """`text` without what opens a door."""
    for opener in OPENERS:
        text = opener.sub(rf"\1{REDACTED}", text)
    return _with_users(text, lambda user: PASSWORD.sub(rf"\1{REDACTED}", user))


def _without_numbers(text: str) -> str:
    return _with_users(TEL.sub(_masked_user, text), lambda user: USER.sub(_masked_user, user))


def _with_users(text: str, shown: Callable[[str], str]) -> str:
    """`text` with what stands before each `@` as `shown` has it; its time grows with its length."""
    parts = END.split(text)
    for at in range(1, len(parts), 2):
        if parts[at] == "@":
            parts[at - 1] = shown(parts[at - 1])
    return "".join(parts)


def _masked_user(match: re.Match[str]) -> str:
    return match[1] + _masked(match[2])


def _masked(text: str) -> str:
    """`text` with all digits of numbers but the last three as dots."""
    return DIGITS.sub("·", text)


def frame_shown(frame: bytes, clean: Callable[[str], str], *, text: bool = True) -> Any:
    """A frame of a session as plain values that may be shown; `clean` takes its keys out."""
    try:
        value = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"<{len(frame)} bytes that are no JSON>"
    sound = isinstance(value, dict) and _is_sound(str(value.get("type", "")))
    return _Frame(clean, text, sound).shown(value)


def _is_sound(kind: str) -> bool:
    return "audio" in kind and "transcript" not in kind


class _Frame:
    """Walks through one frame."""

    def __init__(self, clean: Callable[[str], str], text: bool, sound: bool) -> None:
        self._clean = clean
        self._text = text
        self._sound = sound

    def shown(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._string(key): self._beside(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.shown(item) for item in value]
        return self._string(value) if isinstance(value, str) else value

    def _beside(self, key: str, value: Any) -> Any:
        if isinstance(value, int | float | None):
            return value
        if _is_hidden(key):
            return REDACTED
        if isinstance(value, str) and (key == "audio" or (key == "delta" and self._sound)):
            return f"<{len(value)} characters of audio>"
        if not self._text and key in WORDS:
            return f"<{len(value)} characters>" if isinstance(value, str) else "<words>"
        return self.shown(value)

    def _string(self, value: str) -> str:
        cleaned = redact(self._clean(value))
        return BASE64.sub(lambda match: f"<{len(match[0])} characters of base64>", cleaned)
