"""The stand-in on a socket: a WebSocket server around `Conversation`."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from fourwire.standin.admission import INWORLD_PATH, OPENAI_PATH, Admission, Refusal, admit
from fourwire.standin.behaviour import Behaviour
from fourwire.standin.conversation import Conversation
from fourwire.standin.outbox import Close, Send
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

    def _address(self) -> tuple[str, int]:
        assert self._listening is not None, "a server is made by `serve`"
        host, port, *_ = next(iter(self._listening.sockets)).getsockname()
        return host, port

    def _authority(self) -> str:
        host, port = self._address()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        behaviour = self._behaviours[min(self.handshakes, len(self._behaviours) - 1)]
        self.handshakes += 1
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
            await _exchange(connection, conversation)
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
    async with serve_websockets(
        server._converse,
        host,
        port,
        process_request=server._judge,
        compression=None,
        max_size=MAX_FRAME_BYTES,
        server_header=None,
    ) as listening:
        server._listening = listening
        yield server


async def _exchange(connection: ServerConnection, conversation: Conversation) -> None:
    """Carries frames both ways until one side closes."""
    while await _send_due(connection, conversation):
        message = await _receive(connection, conversation.deadline())
        if message is not None:
            conversation.receive(time.monotonic_ns(), message)


async def _receive(connection: ServerConnection, deadline: int | None) -> str | bytes | None:
    """The next frame, or `None` at the deadline."""
    wait = None if deadline is None else max(0, deadline - time.monotonic_ns()) / NS_PER_S
    try:
        async with asyncio.timeout(wait):
            return await connection.recv()
    except TimeoutError:
        return None


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
    return Response(refusal.status, _reason(refusal.status), headers, body)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


MAX_FRAME_BYTES = 16 * 1024 * 1024
"""One frame of a client; an append of OpenAI's limit (15 MiB) fits."""

ABNORMAL_CLOSURE = 1006
"""RFC 6455 §7.4.1: never on the wire; here it asks for a connection that just breaks."""

NS_PER_S = 1_000_000_000
