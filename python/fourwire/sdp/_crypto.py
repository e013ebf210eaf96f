"""What descriptions say of SRTP: suites and master keys (SDES, RFC 4568)."""

import base64
import binascii
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["SUITES", "Crypto", "Srtp", "SrtpKeys", "Suite"]

Suite = Literal["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"]
"""A cipher and what authenticates with it, as SDES calls them (RFC 4568 §6.2, RFC 7714 §14.1)."""

SUITES: tuple[Suite, ...] = (
    "AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
)
"""All suites that we know, the one to prefer first."""

KEY_BYTES: dict[Suite, int] = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
}
"""Bytes of a master key and its salt together."""

MOST_LINES = 32
"""How many crypto lines of a stream are looked at."""

LEAST_LIFETIME = 2**20
"""Packets that a key must be good for: five hours at 20 ms. Nobody here renews one in a call."""


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """The master keys that offer and answer agreed on, each with its salt; `repr` hides them."""

    suite: Suite
    send: bytes = field(repr=False)
    """Of what we send: the key in our description."""
    receive: bytes = field(repr=False)
    """Of what comes: the key in theirs."""


@dataclass(frozen=True, slots=True)
class Srtp:
    """What our side of a call wants of SRTP, with our keys of this call."""

    required: bool
    """Whether a call in the clear is refused."""
    keys: Mapping[Suite, bytes] = field(repr=False)
    """Our master key of each suite that we take, the preferred first. They stay what they are
    for the call, so that a new offer goes on with them."""

    @classmethod
    def fresh(cls, *, required: bool = False, suites: Sequence[Suite] = SUITES) -> "Srtp":
        """With new keys; no two calls may share one (RFC 3711 §9.1)."""
        return cls(required, {suite: secrets.token_bytes(KEY_BYTES[suite]) for suite in suites})

    def offered(self) -> list["Crypto"]:
        """The lines of an offer."""
        pairs = enumerate(self.keys.items(), start=1)
        return [Crypto(tag, suite, key) for tag, (suite, key) in pairs]

    def chosen(self, lines: Iterable[str]) -> "Crypto | None":
        """The first of the peer's `lines` that we can use: it prefers that (RFC 4568 §5.1.2)."""
        known = (Crypto.parse(line) for line, _ in zip(lines, range(MOST_LINES), strict=False))
        return next((crypto for crypto in known if crypto and crypto.suite in self.keys), None)

    def answer(self, theirs: "Crypto") -> "Crypto":
        """The line that takes `theirs`: the same tag and suite, and our key (RFC 4568 §5.1.2)."""
        return Crypto(theirs.tag, theirs.suite, self.keys[theirs.suite])

    def agreed(self, theirs: "Crypto") -> SrtpKeys:
        """The keys of both ways, once the peer's line is `theirs`."""
        return SrtpKeys(theirs.suite, self.keys[theirs.suite], theirs.key)


@dataclass(frozen=True, slots=True)
class Crypto:
    """One `crypto` attribute: a suite, and the master key of whoever wrote it."""

    tag: int
    suite: Suite
    key: bytes = field(repr=False)
    """Master key and salt."""

    @classmethod
    def parse(cls, text: str) -> "Crypto | None":
        """What stands after `crypto:`; None where we cannot use it.

        That is so for unknown suites, several keys, identified ones (MKI), ones for a short time,
        and session parameters that change what is protected (RFC 4568 §6.3): all of these would
        have us hear nothing. Those that may be passed over are.
        """
        match = re.fullmatch(r"(\d{1,9})\s+(\S+)\s+(\S+)((?:\s+\S+)*)\s*", text, re.ASCII)
        if match is None or not all(map(_is_harmless, match[4].split())):
            return None
        suite = next((known for known in SUITES if known == match[2].upper()), None)
        key = None if suite is None else _key(match[3], KEY_BYTES[suite])
        return None if suite is None or key is None else cls(int(match[1]), suite, key)

    def value(self) -> str:
        """What stands after `crypto:`, the key in it."""
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode('ascii')}"


def _is_harmless(parameter: str) -> bool:
    """Whether a session parameter may be passed over: a hint for the replay window, or one that its
    writer says may be (RFC 4568 §6.3.6, §6.3.7)."""
    return parameter.upper().startswith(("WSH=", "-"))


def _key(text: str, length: int) -> bytes | None:
    method, _, given = text.partition(":")
    material, *rest = given.split("|")
    if method.lower() != "inline" or not all(map(_is_long_life, rest)):
        return None
    try:
        key = base64.b64decode(material, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == length else None


def _is_long_life(text: str) -> bool:
    """Whether `text` is a lifetime, and one that outlives a call; an MKI is none."""
    match = re.fullmatch(r"(?:2\^(\d{1,2})|(\d{1,15}))", text, re.ASCII)
    if match is None:
        return False
    return (2 ** int(match[1]) if match[1] else int(match[2])) >= LEAST_LIFETIME
