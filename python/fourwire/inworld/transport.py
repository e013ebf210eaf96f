"""What the client needs of a WebSocket, whoever implements it."""

import ssl as tls
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .local_events import HTTPResponse, WebSocketClosed
from .redaction import RedactedLog, Redactor


class Disconnected(Exception):
    """The WebSocket is closed; `closed` tells how."""

    def __init__(self, closed: WebSocketClosed) -> None:
        super().__init__(f"code {closed.code} {closed.reason}".strip())
        self.closed = closed


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
