"""Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): its headers and its one formula."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import MalformedMessage
from .grammar import parameters, quote, split

HASHES: dict[str, Callable[[bytes], Any]] = {
    "SHA-256": hashlib.sha256,
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
}
"""Algorithms, the preferred first (RFC 8760 §2.4). MD5 is what most phones and carriers have."""

MAX_FIELD = 256
"""Characters of a user name, realm or nonce; whoever sends more is not answered with it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and its password, which never shows itself."""

    username: str
    password: str = field(repr=False)
    realm: str = ""
    """The only realm that gets the password's hash; empty: any realm of the peer it is for."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What WWW-Authenticate and Proxy-Authenticate say."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: str = ""
    """``"auth"``, or empty where the peer is of RFC 2069."""
    stale: bool = False
    opaque: str = ""

    @classmethod
    def parse(cls, text: str) -> "Challenge":
        """Read a challenge that we can answer; raises :class:`MalformedMessage` for all others."""
        marks = _fields(text)
        offered = [each.strip().lower() for each in marks.get("qop", "").split(",") if each]
        if offered and "auth" not in offered:
            raise MalformedMessage("the challenge asks for another protection than qop=auth")
        return cls(
            realm=_needed(marks, "realm"),
            nonce=_needed(marks, "nonce"),
            algorithm=_algorithm(marks),
            qop="auth" if offered else "",
            stale=marks.get("stale", "").lower() == "true",
            opaque=marks.get("opaque", ""),
        )

    def __str__(self) -> str:
        stale = ", stale=true" if self.stale else ""
        return (
            f"Digest realm={quote(self.realm)}, nonce={quote(self.nonce)}, "
            f'algorithm={self.algorithm}, qop="{self.qop}"{stale}'
        )

    def answer(
        self, credentials: Credentials, method: str, uri: str, count: int, cnonce: str
    ) -> str:
        """The header value that answers this challenge; ``count`` answers were given with it."""
        name, realm = credentials.username, self.realm
        secret = secret_of(self.algorithm, name, realm, credentials.password)
        proof = Proof(name, realm, self.nonce, uri, "", self.algorithm, self.qop, count, cnonce)
        response = expected(proof, secret, method)
        counted = f', qop=auth, nc={count:08x}, cnonce="{cnonce}"' if self.qop else ""
        opaque = f", opaque={quote(self.opaque)}" if self.opaque else ""
        return (
            f"Digest username={quote(name)}, realm={quote(realm)}, nonce={quote(self.nonce)}, "
            f'uri={quote(uri)}, response="{response}", algorithm={self.algorithm}{counted}{opaque}'
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """What Authorization and Proxy-Authorization say."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    qop: str = ""
    count: int = 0
    cnonce: str = ""

    @classmethod
    def parse(cls, text: str) -> "Proof":
        """Read a proof; raises :class:`MalformedMessage`."""
        marks = _fields(text)
        qop = marks.get("qop", "").lower()
        if qop not in ("", "auth"):
            raise MalformedMessage("the proof is for another protection than qop=auth")
        return cls(
            username=_needed(marks, "username"),
            realm=_needed(marks, "realm"),
            nonce=_needed(marks, "nonce"),
            uri=marks.get("uri", ""),
            response=marks.get("response", "").lower(),
            algorithm=_algorithm(marks),
            qop=qop,
            count=_count(marks.get("nc", "")) if qop else 0,
            cnonce=marks.get("cnonce", ""),
        )


def secret_of(algorithm: str, username: str, realm: str, password: str) -> str:
    """The hash that stands for the password (RFC 7616 §3.4.2)."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


def expected(proof: Proof, secret: str, method: str) -> str:
    """The response that whoever knows ``secret`` would give (RFC 7616 §3.4.1)."""
    what = _hash(proof.algorithm, f"{method}:{proof.uri}")
    if not proof.qop:
        return _hash(proof.algorithm, f"{secret}:{proof.nonce}:{what}")
    counted = f"{proof.nonce}:{proof.count:08x}:{proof.cnonce}:{proof.qop}"
    return _hash(proof.algorithm, f"{secret}:{counted}:{what}")


def _hash(algorithm: str, text: str) -> str:
    found: str = HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()
    return found


def _fields(text: str) -> dict[str, str]:
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        raise MalformedMessage(f"{scheme[:20]!r} is another scheme than Digest")
    return {name: value or "" for name, value in parameters(split(rest, ",")).items()}


def _needed(marks: dict[str, str], name: str) -> str:
    value = marks.get(name, "")
    if not value or len(value) > MAX_FIELD:
        raise MalformedMessage(f"the digest's {name} is missing or too long")
    return value


def _algorithm(marks: dict[str, str]) -> str:
    named = marks.get("algorithm", "MD5").upper()
    if named not in HASHES:
        raise MalformedMessage(f"algorithm {named[:20]} is not supported")
    return named


def _count(text: str) -> int:
    if len(text) != 8 or any(sign not in "0123456789abcdefABCDEF" for sign in text):
        raise MalformedMessage(f"nc {text[:20]!r} is not eight hexadecimal digits")
    return int(text, 16)
