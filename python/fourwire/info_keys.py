"""Keys by SIP INFO, as telephones have sent them since before there was a standard for it.

No RFC says how; what is read and written here is what Cisco's gateways began and everybody took
over: `application/dtmf-relay` with lines `Signal=` and `Duration=`, and `application/dtmf` with
the key alone.
"""

import re

from fourwire.keys import KeyPress

__all__ = ["KEY_RELAY", "key_body", "key_of"]

KEY_RELAY = "application/dtmf-relay"
"""The media type by which keys are sent."""

MOST_MS = 10_000
"""The longest press that is believed."""

UNTOLD_MS = 100.0
"""How long a key is taken to be held where nobody says."""

EVENTS = "0123456789*#ABCD!"
"""Keys in the order of their event codes (RFC 4733 §3.2), which some write in their place."""

FIELD = re.compile(r"^\s*(signal|duration)\s*=\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)


def key_of(content_type: str, body: bytes) -> KeyPress | None:
    """The key that an INFO tells of; None where it tells of none."""
    kind = content_type.partition(";")[0].strip().lower()
    text = body[:256].decode("ascii", "replace")
    if kind == KEY_RELAY:
        fields = {name.lower(): value for name, value in FIELD.findall(text)}
        return _key(fields.get("signal", ""), fields.get("duration", ""))
    if kind == "application/dtmf":
        relayed = FIELD.search(text)
        return key_of(KEY_RELAY, body) if relayed else _key(text.strip(), "")
    return None


def key_body(digit: str, duration_ms: float) -> bytes:
    """The body of an INFO that tells of a key."""
    return f"Signal={digit}\r\nDuration={round(duration_ms)}\r\n".encode("ascii")


def _key(signal: str, duration: str) -> KeyPress | None:
    if signal.isascii() and signal.isdecimal() and 10 <= int(signal) < len(EVENTS):
        signal = EVENTS[int(signal)]
    if len(signal) != 1 or signal.upper() not in EVENTS:
        return None
    told = duration.isascii() and duration.isdecimal() and int(duration) <= MOST_MS
    return KeyPress(signal.upper(), float(duration) if told else UNTOLD_MS, "info")
