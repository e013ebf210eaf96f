"""A scripted WebSocket client of the stand-in server."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from fourwire.standin import Server

HEADERS = {"Authorization": "Basic a2V5OnNlY3JldA=="}
QUERY = "?key=call-1&protocol=realtime"


class Caller:
    """One connection: sends events, and awaits the ones a test is about."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        """Sends an event."""
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def append(self, audio: bytes) -> None:
        """Sends one append."""
        await self.send("input_audio_buffer.append", audio=base64.b64encode(audio).decode())

    async def wait_for(self, kind: str) -> dict[str, Any]:
        """The next event of that type; the ones before it are kept in `heard`."""
        while True:
            event: dict[str, Any] = json.loads(await self.socket.recv())
            self.heard.append(event)
            if event["type"] == kind:
                return event


@asynccontextmanager
async def calling(
    server: Server, *, query: str = QUERY, headers: dict[str, str] | None = None
) -> AsyncIterator[Caller]:
    """A client of `server`, let in by its usual query and headers."""
    url = server.url + query
    async with connect(
        url, additional_headers=HEADERS if headers is None else headers, max_size=None
    ) as socket:
        yield Caller(socket)
