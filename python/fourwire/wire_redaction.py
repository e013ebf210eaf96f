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
    r"(?i)(?:^|[-_]|api)(?:keys?|pass(?:word|wd)?|secrets?|tokens?|auth|authorization"
    r"|authentication|credentials?|cookie|pwd)(?:$|[-_])"
)
"""Names of headers and fields whose values are never shown."""

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a new word begins in a name like `clientSecret`."""

KEY_LINES = re.compile(r"(?im)^(a=(?:crypto|key-mgmt|ice-pwd|ice-ufrag)|k)([:=]).*$")
"""Lines of a session description that hold keys (RFC 4568, RFC 4567, RFC 8839, RFC 4566 §5.12)."""

INLINE = re.compile(r"(?i)(inline:)\S+")
"""A key in the place where RFC 4568 has it, wherever that stands."""

URI_PASSWORD = re.compile(r"(?i)(sips?:[^@:;>\s]*):[^@>\s]*@")
"""A password in a URI (RFC 3261 §19.1.1)."""

LINE = re.compile(r"(?i)(;line=)[^;>\s]+")
"""By what we know calls that a registrar sends: who has it may call."""

PEOPLE = re.compile(
    r"(?i)from|to|contact|f|t|m|p-asserted-identity|p-preferred-identity|remote-party-id|diversion"
    r"|history-info|referred-by|refer-to|r|b|reply-to|call-info|p-called-party-id"
)
"""Headers that name people, long and compact."""

DIGITS = re.compile(r"\d(?=[\d().\- ]*\d[\d().\- ]*\d\d)")
"""Digits of a number that are followed by three more, which may be parted."""

USER = re.compile(r"(?i)(sips?:(?=[^>\s]*@)|tel:)([^@;>\s]+)")
"""The user part of a URI, or the number of one."""

WORDS = frozenset(
    {"transcript", "text", "delta", "instructions", "arguments", "output", "display", "prompt"}
)
"""Fields of a session that hold what people say or are told."""

BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{200,}={0,2}")
"""What is so long without a space is audio, or a picture, or a key."""


def sip_shown(data: bytes, *, numbers: bool = True) -> str:
    """A SIP message as text that may be shown; one that is none is told by its length."""
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    head, _, body = text.partition("\n\n")
    start, *fields = re.sub(r"\n[ \t]+", " ", head).split("\n")
    if "SIP/2.0" not in start:
        return f"<{len(data)} bytes>"
    shown = [_start(start, numbers), *(_field(field, numbers) for field in fields)]
    keys = any(re.match(r"(?i)(?:content-type|c)\s*:.*dtmf", field) for field in fields)
    content = f"<{len(body)} bytes>" if keys and body else _description(body)
    return redact("\n".join([*shown, "", content]))


def _start(line: str, numbers: bool) -> str:
    line = LINE.sub(rf"\1{REDACTED}", URI_PASSWORD.sub(rf"\1:{REDACTED}@", line))
    return line if numbers else USER.sub(_masked_user, line)


def _field(line: str, numbers: bool) -> str:
    name, colon, value = line.partition(":")
    if not colon:
        return f"<{len(line)} characters>"
    if _is_hidden(name.strip()):
        return f"{name}: {REDACTED}"
    value = LINE.sub(rf"\1{REDACTED}", URI_PASSWORD.sub(rf"\1:{REDACTED}@", value))
    value = INLINE.sub(rf"\1{REDACTED}", value)
    if not numbers and PEOPLE.fullmatch(name.strip()):
        named, bracket, rest = value.partition("<")
        value = (_masked(named) if bracket else named) + bracket + rest
        value = USER.sub(_masked_user, value)
    return f"{name}:{value}"


def _is_hidden(name: str) -> bool:
    return HIDDEN.search(HUMP.sub("_", name)) is not None


def _description(body: str) -> str:
    body = KEY_LINES.sub(rf"\1\2{REDACTED}", body)
    return INLINE.sub(rf"\1{REDACTED}", URI_PASSWORD.sub(rf"\1:{REDACTED}@", body))


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
