"""A WebSocket without a network: the test is its other end."""

import asyncio
import json
from typing import Any

from fourwire.inworld.events import HTTPResponse, WebSocketClosed
from fourwire.inworld.transport import Disconnected, Target


class Line:
    """The client's end, and what a test does at the other."""

    def __init__(self) -> None:
        self.response = HTTPResponse(status=101)
        self.sent: list[bytes] = []
        self.open_for_frames = asyncio.Event()
        self.open_for_frames.set()
        self.targets: list[Target] = []
        self._incoming: asyncio.Queue[bytes | WebSocketClosed] = asyncio.Queue()

    async def dial(self, target: Target) -> "Line":
        """Be what `connect` opens."""
        self.targets.append(target)
        return self

    def arrive(self, *messages: dict[str, Any] | bytes) -> None:
        """Let the client receive frames."""
        for message in messages:
            frame = message if isinstance(message, bytes) else json.dumps(message).encode()
            self._incoming.put_nowait(frame)

    def break_off(self, closed: WebSocketClosed) -> None:
        """End the connection."""
        self._incoming.put_nowait(closed)

    def types_sent(self) -> list[str]:
        """The types of what the client sent."""
        return [json.loads(frame)["type"] for frame in self.sent]

    async def send(self, frame: bytes) -> None:
        """Take a frame, once the line is open for frames."""
        await self.open_for_frames.wait()
        self.sent.append(frame)

    async def recv(self) -> bytes:
        """Give the next frame."""
        arrived = await self._incoming.get()
        if isinstance(arrived, WebSocketClosed):
            self._incoming.put_nowait(arrived)
            raise Disconnected(arrived)
        return arrived

    async def close(self) -> None:
        """Say goodbye for both sides."""
        self.break_off(WebSocketClosed(code=1000))
