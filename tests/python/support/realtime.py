"""A server that says what a test tells it to, and remembers what it was told."""

import asyncio
import http
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

CREATED = {
    "type": "session.created",
    "event_id": "e1",
    "session": {"id": "sess_1", "object": "realtime.session", "type": "realtime"},
}
UPDATED = {"type": "session.updated", "event_id": "e2", "session": {"id": "sess_1"}}


class Peer:
    """One connection of the scripted server."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []

    async def say(self, *messages: dict[str, Any] | str | bytes) -> None:
        """Send objects as JSON, text as it is, and bytes as binary frames."""
        for message in messages:
            is_object = isinstance(message, dict)
            await self.socket.send(json.dumps(message) if is_object else message)

    async def hear(self) -> dict[str, Any]:
        """The next message of the client's."""
        message: dict[str, Any] = json.loads(await self.socket.recv())
        self.heard.append(message)
        return message

    async def hear_all(self) -> None:
        """Hear until the client is gone."""
        try:
            while True:
                await self.hear()
        except ConnectionClosed:
            return


Script = Callable[[Peer], Awaitable[None]]


class Realtime:
    """A running server: where it is, who called, and what it was asked at the door."""

    def __init__(self, server: Server, scheme: str) -> None:
        self.peers: list[Peer] = []
        self.requests: list[Request] = []
        self.port: int = next(iter(server.sockets)).getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/api/v1/realtime/session"


@asynccontextmanager
async def realtime(
    script: Script | None = None,
    refusal: Response | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Realtime]:
    """Serve `script` to every client, or `refusal` in place of a WebSocket."""

    async def converse(socket: ServerConnection) -> None:
        peer = Peer(socket)
        running.peers.append(peer)
        try:
            await (script or created_then_listen)(peer)
        except ConnectionClosed:
            return

    def at_the_door(_socket: ServerConnection, request: Request) -> Response | None:
        running.requests.append(request)
        return refusal

    async with serve(converse, "127.0.0.1", 0, process_request=at_the_door, ssl=tls) as server:
        running = Realtime(server, "ws" if tls is None else "wss")
        yield running


async def created_then_listen(peer: Peer) -> None:
    """Announce the session, accept its settings, and hear the rest."""
    await peer.say(CREATED)
    while True:
        message = await peer.hear()
        if message["type"] == "session.update":
            await peer.say(UPDATED)


def refuse(status: int, body: dict[str, Any]) -> Response:
    """An HTTP answer with a JSON body."""
    content = json.dumps(body).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(content))})
    return Response(status, http.HTTPStatus(status).phrase, headers, content)


@asynccontextmanager
async def deaf_server() -> AsyncIterator[int]:
    """A TCP server that accepts and says nothing; yields its port."""

    async def ignore(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    done = asyncio.Event()
    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        done.set()
        server.close()
