"""The stand-in on a socket: a WebSocket server around `Conversation`."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from socket import IPPROTO_TCP, SO_RCVBUF, SOL_SOCKET, TCP_INFO
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.http11 import Request, Response
from websockets.protocol import State

from fourwire.standin.admission import INWORLD_PATH, OPENAI_PATH, Admission, Refusal, admit
from fourwire.standin.behaviour import Behaviour, Handshake
from fourwire.standin.conversation import Conversation
from fourwire.standin.faults import StopReading
from fourwire.standin.outbox import ABNORMAL_CLOSURE, Close, Send
from fourwire.standin.reader import Reader
from fourwire.standin.record import SessionRecord

__all__ = ["Server", "serve"]

DEFAULT = Behaviour()


class Server:
    """A running stand-in: where it listens, and what its sessions were like."""

    def __init__(self, behaviours: Sequence[Behaviour]) -> None:
        self._behaviours = behaviours
        self._admitted: WeakKeyDictionary[ServerConnection, tuple[Admission, Behaviour]] = (
            WeakKeyDictionary()  # a client may leave between its handshake and its session
        )
        self._alive = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._connections: WeakSet[ServerConnection] = WeakSet()
        self._listening: WebSocketServer | None = None
        self.handshakes = 0
        """Handshakes judged, refused ones included."""
        self.refusals: list[Refusal] = []
        self.sessions: list[SessionRecord] = []
        """Every session so far, in the order they were opened."""

    @property
    def port(self) -> int:
        """The TCP port."""
        assert self._listening is not None, "a server is made by `serve`"
        port: int = self._address()[1]
        return port

    @property
    def url(self) -> str:
        """The Inworld-shaped URL, without its query."""
        return f"ws://{self._authority()}{INWORLD_PATH}"

    @property
    def openai_url(self) -> str:
        """What OpenAI's client takes as `base_url`."""
        return f"http://{self._authority()}{OPENAI_PATH.removesuffix('/realtime')}"

    async def wait_idle(self) -> None:
        """Returns when no session is open."""
        await self._idle.wait()

    def close(self) -> None:
        """Stops listening and closes every session; leaving the block does the same."""
        assert self._listening is not None, "a server is made by `serve`"
        self._listening.close()
        for connection in list(self._connections):
            if connection.state is State.CONNECTING:  # which the library would wait for
                connection.transport.abort()

    def _connected(self, *arguments: Any, **options: Any) -> ServerConnection:
        connection = ServerConnection(*arguments, **options)
        self._connections.add(connection)
        return connection

    def _address(self) -> tuple[str, int]:
        assert self._listening is not None, "a server is made by `serve`"
        host, port, *_ = next(iter(self._listening.sockets)).getsockname()
        return host, port

    def _authority(self) -> str:
        host, port = self._address()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        behaviour = self._behaviours[min(self.handshakes, len(self._behaviours) - 1)]
        self.handshakes += 1
        await asyncio.sleep(behaviour.handshake_delay_ms / 1000)
        if behaviour.handshake is not Handshake.ANSWERED:
            await _leave_unanswered(connection, behaviour.handshake)
            return None
        verdict = admit(
            request.path,
            request.headers.get_all("Authorization"),
            behaviour,
            self._alive + len(self._admitted),
        )
        if isinstance(verdict, Refusal):
            self.refusals.append(verdict)
            return _refusal(verdict)
        self._admitted[connection] = verdict, behaviour
        return None

    async def _converse(self, connection: ServerConnection) -> None:
        admission, behaviour = self._admitted.pop(connection)
        self._alive += 1
        self._idle.clear()
        record = SessionRecord(
            key=admission.key,
            opened_ns=time.monotonic_ns(),
            record_ms=behaviour.record_ms,
            log=deque(maxlen=behaviour.log_entries),
        )
        self.sessions.append(record)
        conversation = Conversation(
            record.opened_ns,
            behaviour=behaviour,
            record=record,
            number=len(self.sessions),
            unix_time=int(time.time()),
            model=admission.model,
        )
        try:
            await _exchange(connection, conversation, Reader(behaviour.read_bytes_per_s))
        except ConnectionClosed:
            pass
        finally:
            record.closed_ns = time.monotonic_ns()
            self._leave()

    def _leave(self) -> None:
        self._alive -= 1
        if self._alive == 0:
            self._idle.set()


@asynccontextmanager
async def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    behaviour: Behaviour | Sequence[Behaviour] = DEFAULT,
) -> AsyncIterator[Server]:
    """A stand-in agent that listens while the block runs; port 0 takes a free one.

    Of several behaviours the n-th handshake meets the n-th, and later ones the last: a session
    that fails and the one that replaces it can differ.
    """
    behaviours = (behaviour,) if isinstance(behaviour, Behaviour) else tuple(behaviour)
    server = Server(behaviours or (DEFAULT,))
    backs_up = any(_backs_up(each) for each in behaviours)
    async with serve_websockets(
        server._converse,
        host,
        port,
        process_request=server._judge,
        create_connection=server._connected,  # type: ignore[arg-type]  # any maker will do
        compression=None,
        max_size=MAX_FRAME_BYTES,
        max_queue=1 if backs_up else 16,
        ping_interval=None if backs_up else PING_S,  # a pong would not be read
        open_timeout=OPEN_S,
        server_header=None,
    ) as listening:
        server._listening = listening
        for socket in listening.sockets if backs_up else ():
            socket.setsockopt(SOL_SOCKET, SO_RCVBUF, SMALL_BUFFER_BYTES)
        try:
            yield server
        finally:
            server.close()


async def _leave_unanswered(connection: ServerConnection, handshake: Handshake) -> None:
    if handshake is Handshake.BROKEN:
        connection.transport.abort()
    await connection.wait_closed()


def _backs_up(behaviour: Behaviour) -> bool:
    """Whether a client may have to wait for us to read."""
    stops = any(isinstance(fault, StopReading) for fault in behaviour.faults)
    return stops or behaviour.read_bytes_per_s is not None


async def _exchange(
    connection: ServerConnection, conversation: Conversation, reader: Reader
) -> None:
    """Carries frames both ways until one side closes."""
    while await _send_due(connection, conversation):
        now = time.monotonic_ns()
        deadline = conversation.deadline()
        wait_ns = None if deadline is None else max(0, deadline - now)
        unread_ns = reader.wait_ns(now) if conversation.reading else None
        if unread_ns == 0:
            message = await _receive(connection, wait_ns)
            if message is not None:
                now = time.monotonic_ns()
                reader.read(now, len(message))
                conversation.receive(now, message)
        else:
            waits = [each for each in (wait_ns, unread_ns) if each is not None]
            await _leave_unread(connection, min(waits, default=None))


async def _receive(connection: ServerConnection, wait_ns: int | None) -> str | bytes | None:
    """The next frame, or `None` if none comes in time."""
    try:
        async with asyncio.timeout(_seconds(wait_ns)):
            return await connection.recv()
    except TimeoutError:
        return None


async def _leave_unread(connection: ServerConnection, wait_ns: int | None) -> None:
    """Waits without reading, where nothing but a look tells that the client left."""
    until = None if wait_ns is None else time.monotonic_ns() + wait_ns
    while _is_there(connection):
        left_s = LOOK_S if until is None else (until - time.monotonic_ns()) / NS_PER_S
        if left_s <= 0:
            return
        await asyncio.sleep(min(left_s, LOOK_S))
    connection.transport.abort()
    raise ConnectionClosedError(None, None)


def _is_there(connection: ServerConnection) -> bool:
    if connection.state is not State.OPEN:
        return False
    socket = connection.transport.get_extra_info("socket")
    state: int = socket.getsockopt(IPPROTO_TCP, TCP_INFO, 1)[0]
    return state == TCP_ESTABLISHED


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / NS_PER_S


async def _send_due(connection: ServerConnection, conversation: Conversation) -> bool:
    """Sends all that is due; whether the connection stays open."""
    while (output := conversation.poll(time.monotonic_ns())) is not None:
        match output:
            case Send(frame):
                await connection.send(frame)
            case Close(code, reason):
                await _close(connection, code, reason)
                return False
    return True


async def _close(connection: ServerConnection, code: int, reason: str) -> None:
    if code == ABNORMAL_CLOSURE:
        connection.transport.abort()
    else:
        await connection.close(code, reason)


def _refusal(refusal: Refusal) -> Response:
    error = {"code": refusal.status, "message": refusal.message}
    body = json.dumps({"error": error}).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body))})
    headers["Connection"] = "close"
    if refusal.retry_after is not None:
        headers["Retry-After"] = refusal.retry_after
    return Response(refusal.status, _reason(refusal.status), headers, body)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


MAX_FRAME_BYTES = 16 * 1024 * 1024
"""One frame of a client; an append of OpenAI's limit (15 MiB) fits."""

SMALL_BUFFER_BYTES = 4096
"""What the kernel keeps for a slow reader, so that little is enough to back up."""

TCP_ESTABLISHED = 1
"""What Linux says in the first byte of TCP_INFO while both sides are there."""

LOOK_S = 0.05

OPEN_S = 120
"""A silent handshake outlasts the patience of every client."""

PING_S = 20
"""How often the client has to show that it is there."""

NS_PER_S = 1_000_000_000
