"""A look at the frames of a session, for whoever has to find out what was really said on the wire.

It is found by context, so that every session that a call opens is seen, from its first frame on,
without anybody passing it along.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal

from .local_events import HTTPResponse
from .redaction import Redactor
from .transport import Shortcut, Transport, shortcut_of

Way = Literal["sent", "received"]

Tap = Callable[[Way, bytes, Redactor], None]
"""Told each frame, and by what its keys are taken out; the frame itself may still hold them."""

TAP: ContextVar[Tap | None] = ContextVar("fourwire.inworld.tap", default=None)
"""The tap of the sessions that are opened in this context."""


def tapped(transport: Transport, redactor: Redactor) -> Transport:
    """`transport`, seen by the tap of this context, if there is one."""
    tap = TAP.get()
    return transport if tap is None else _Tapped(transport, tap, redactor)


class _Tapped:
    """A transport whose frames are seen."""

    def __init__(self, transport: Transport, tap: Tap, redactor: Redactor) -> None:
        self.response: HTTPResponse = transport.response
        self._transport = transport
        self._tap = tap
        self._redactor = redactor

    @property
    def shortcut(self) -> Shortcut | None:
        """The transport's; what goes that way is not seen."""
        return shortcut_of(self._transport)

    async def send(self, frame: bytes) -> None:
        """Send `frame`, seen."""
        self._tap("sent", frame, self._redactor)
        await self._transport.send(frame)

    async def recv(self) -> bytes:
        """The next message, seen."""
        frame = await self._transport.recv()
        self._tap("received", frame, self._redactor)
        return frame

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.close()
