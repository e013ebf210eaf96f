"""What the client needs of a WebSocket, whoever implements it."""

import ssl as tls
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from .local_events import HTTPResponse, WebSocketClosed
from .redaction import RedactedLog, Redactor

BODY = 500
"""How many characters of a refusal's body are kept."""

UNTOLD_HEADERS = frozenset({"set-cookie", "authorization", "www-authenticate"})


class Disconnected(Exception):
    """The WebSocket is closed; `closed` tells how."""

    def __init__(self, closed: WebSocketClosed) -> None:
        super().__init__(f"code {closed.code} {closed.reason}".strip())
        self.closed = closed


class Shortcut(Protocol):
    """A way for audio between a leg and a WebSocket that does not lead through here."""

    link: Any
    """What a leg's bridge is told to send by."""
    is_joined: bool
    """Whether a leg has had the message that `recv` gave last, where it was for a leg."""

    def join(self, leg: Any) -> None:
        """Let `leg` have what is for it, before anybody else, once all that came earlier has been
        taken.
        """
        ...

    def part(self) -> None:
        """Let nobody else have anything any more."""
        ...

    def counters(self) -> dict[str, int]:
        """What went through the socket, and what did not, by the names of `Agent.counters`."""
        ...


class Transport(Protocol):
    """An open WebSocket. `send` and `recv` raise `Disconnected` once it is closed."""

    response: HTTPResponse
    """The server's answer to the handshake."""

    async def send(self, frame: bytes) -> None:
        """Send UTF-8 `frame` as a text frame; return when there is room for another."""
        ...

    async def recv(self) -> bytes:
        """The next whole message, text or binary, undecoded."""
        ...

    async def close(self) -> None:
        """Close with code 1000, within a few seconds whatever the peer does; idempotent."""
        ...


def shortcut_of(transport: Transport) -> Shortcut | None:
    """The way past `transport`, where it has one."""
    return getattr(transport, "shortcut", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to open a WebSocket to, and how."""

    url: str
    host: str
    authorization: str = field(repr=False)
    user_agent: str
    ssl: tls.SSLContext | None = None
    proxy: str | Literal[True] | None = field(default=True, repr=False)
    ping_interval: float | None = 20.0
    ping_timeout: float | None = 20.0
    redactor: Redactor
    log: RedactedLog


Dial = Callable[[Target], Awaitable[Transport]]
"""Opens a WebSocket. Raises `ConnectError`; the deadline is the caller's business."""

DIAL: ContextVar[Dial | None] = ContextVar("fourwire.inworld.dial", default=None)
"""What opens the WebSockets of this context, where `connect` is not told."""


def response_of(
    target: Target, status: int, reason: str, headers: Iterable[tuple[str, str]], body: bytes
) -> HTTPResponse:
    """The server's answer to the handshake, without secrets."""
    told = [pair for pair in headers if pair[0].lower() not in UNTOLD_HEADERS]
    return HTTPResponse(
        status=status,
        reason=reason,
        headers={name: target.redactor.text(value) for name, value in told},
        body=target.redactor.text(body.decode("utf-8", "replace").strip())[:BODY],
    )
