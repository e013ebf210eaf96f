"""Where a session is opened, and with what credentials."""

import base64
import binascii
import ipaddress
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

URL = "wss://api.inworld.ai/api/v1/realtime/session"
"""Inworld's Realtime endpoint for WebSockets."""

AuthScheme = Literal["basic", "bearer"]


@runtime_checkable
class Revealing(Protocol):
    """A secret that shows itself only when asked to."""

    def reveal(self) -> str:
        """The secret itself."""
        ...


class Credentials:
    """An API key and how to present it; neither its text nor its `repr` shows the key."""

    def __init__(self, api_key: "str | Revealing", scheme: AuthScheme) -> None:
        if scheme not in ("basic", "bearer"):
            raise ValueError(f"auth_scheme {scheme!r}: must be 'basic' or 'bearer'")
        self.scheme: AuthScheme = scheme
        self._key = _legal(api_key.reveal() if isinstance(api_key, Revealing) else api_key)

    def __repr__(self) -> str:
        return f"<Credentials {self.scheme}>"

    def authorization(self) -> str:
        """The `Authorization` header. The portal's key is base64 already, so it goes as it is."""
        return f"{self.scheme.capitalize()} {self._key}"

    def secrets(self) -> tuple[str, ...]:
        """All forms in which the key could show up: itself, and what it encodes."""
        try:
            plain = base64.b64decode(self._key, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            return (self._key,)
        return tuple(secret for secret in (self._key, plain, plain.partition(":")[2]) if secret)


def _legal(api_key: object) -> str:
    if not isinstance(api_key, str):
        raise TypeError(f"api_key must be a str or have reveal(), not {type(api_key).__name__}")
    key = api_key.strip()
    if not key:
        raise ValueError("api_key is empty: take it from Inworld's portal (INWORLD_API_KEY)")
    if not (key.isascii() and key.isprintable()):
        raise ValueError("api_key holds characters that no HTTP header may hold")
    if key.lower().startswith(("basic ", "bearer ")):
        raise ValueError("api_key must be the key alone, without the word of the auth_scheme")
    return key


def session_url(url: str, session_key: str) -> str:
    """`url` with the query that names the session; queries it has already are kept.

    >>> session_url("ws://localhost:8080/session", "call 1")
    'ws://localhost:8080/session?key=call+1&protocol=realtime'
    """
    parts = _websocket_parts(url)
    if not session_key:
        raise ValueError("session_key is empty: give every call its own")
    kept = [pair for pair in parse_qsl(parts.query) if pair[0] not in ("key", "protocol")]
    query = urlencode([*kept, ("key", session_key), ("protocol", "realtime")])
    return parts._replace(query=query, fragment="").geturl()


def host_of(url: str) -> str:
    """The host that `url` names, with its port where it names one."""
    parts = _websocket_parts(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def is_here(url: str) -> bool:
    """Whether `url` leads to this machine, which no proxy does and no wire-tapper hears."""
    host = _websocket_parts(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_encrypted(url: str) -> bool:
    """Whether what goes to `url` is encrypted."""
    return urlsplit(url).scheme == "wss"


def _websocket_parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(f"url {url!r}: must begin with wss:// (or ws://) and name a host")
    if parts.username or parts.password:
        raise ValueError("url: credentials go into api_key, not into the url")
    return parts
