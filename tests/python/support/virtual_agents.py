"""Stand-ins without a network, on the event loop's clock."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import anyio

from fourwire import inworld
from fourwire.inworld.errors import HandshakeRefused, Unreachable
from fourwire.inworld.events import HTTPResponse, WebSocketClosed
from fourwire.inworld.transport import Disconnected, Target
from fourwire.standin import Behaviour, Handshake
from fourwire.standin import conversation as server
from fourwire.standin.admission import Refusal, admit
from fourwire.standin.outbox import Close, Send
from fourwire.standin.reader import Reader
from fourwire.standin.record import SessionRecord

ROOM_BYTES = 4096
"""What a client can send to a server that does not read, before it has to wait."""


def now_ns() -> int:
    return round(asyncio.get_running_loop().time() * 1e9)


class Connection:
    """A WebSocket to a stand-in without a network."""

    response = HTTPResponse(status=101)

    def __init__(self, behaviour: Behaviour, number: int, key: str) -> None:
        record = SessionRecord(key=key, opened_ns=now_ns(), record_ms=60_000, log=deque())
        self.record = record
        self.frames: list[str | bytes] = []
        """What the server has said, as it came."""
        self.open = True
        self.waited_s = 0.0
        """How long the client had to wait for the server to read."""
        self._server = server.Conversation(
            now_ns(), behaviour=behaviour, record=record, number=number
        )
        self._reader = Reader(behaviour.read_bytes_per_s)
        self._unread: deque[bytes] = deque()
        self._told: list[dict[str, Any]] = []
        self._injected: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._closed: WebSocketClosed | None = None

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What the agent was told of that type."""
        return [event for event in self._told if event["type"] == kind]

    def inject(self, event: dict[str, Any]) -> None:
        """Let the agent's side say something that it never would."""
        self._injected.append(json.dumps(event).encode())
        self._news.set()

    def break_off(self, code: int = 1006, reason: str = "") -> None:
        """End the connection from the server's side."""
        self._end(WebSocketClosed(code=code, reason=reason, clean=code == 1000))

    async def send(self, frame: bytes) -> None:
        began = now_ns()
        while self._closed is None and sum(map(len, self._unread)) > ROOM_BYTES:
            self._room.clear()
            await self._room.wait()
        self.waited_s += (now_ns() - began) / 1e9
        if self._closed is not None:
            raise Disconnected(self._closed)
        self._unread.append(frame)
        self._read()
        self._news.set()

    async def recv(self) -> bytes:
        while True:
            if self._closed is not None:
                raise Disconnected(self._closed)
            if self._injected:
                return self._injected.popleft()
            self._read()
            match self._server.poll(now_ns()):
                case Send(frame):
                    self.frames.append(frame)
                    return frame.encode() if isinstance(frame, str) else frame
                case Close(code, reason):
                    self.break_off(code, reason)
                case None:
                    await self._wait()

    async def close(self) -> None:
        self._end(WebSocketClosed(code=1000))

    def _read(self) -> None:
        """Let the server have what it reads by now."""
        while self._unread and self._server.reading and not self._reader.wait_ns(now_ns()):
            frame = self._unread.popleft()
            self._reader.read(now_ns(), len(frame))
            if b"input_audio_buffer.append" not in frame:
                self._told.append(json.loads(frame))
            self._server.receive(now_ns(), frame.decode())
            self._room.set()

    def _end(self, closed: WebSocketClosed) -> None:
        self.open = False
        self._closed = self._closed or closed
        self._news.set()
        self._room.set()

    async def _wait(self) -> None:
        self._news.clear()
        times = [self._server.deadline()]
        if self._unread and self._server.reading:
            times.append(now_ns() + self._reader.wait_ns(now_ns()))
        deadline = min((time for time in times if time is not None), default=None)
        with anyio.move_on_after(None if deadline is None else (deadline - now_ns()) / 1e9):
            await self._news.wait()


Door = Behaviour | Exception | None
"""How a stand-in meets a connection: behaves, refuses with an error, or never answers (None)."""


class Agents:
    """Stand-ins behind doors: the n-th connection meets the n-th, later ones the last."""

    def __init__(self, *doors: Door) -> None:
        self.doors: Sequence[Door] = doors or (Behaviour(),)
        self.connections: list[Connection] = []
        self.tries: list[float] = []
        """When each connection was tried."""

    async def dial(self, target: Target) -> Connection:
        door = self.doors[min(len(self.tries), len(self.doors) - 1)]
        self.tries.append(now_ns() / 1e9)
        if isinstance(door, Exception):
            raise door
        if door is None or door.handshake is Handshake.SILENT:
            await anyio.sleep_forever()
        assert door is not None
        await anyio.sleep(door.handshake_delay_ms / 1000)
        if door.handshake is Handshake.BROKEN:
            raise Unreachable("localhost", "connection closed during the handshake")
        url = urlsplit(target.url)
        verdict = admit(f"{url.path}?{url.query}", [target.authorization], door, self.alive)
        if isinstance(verdict, Refusal):
            later = {} if verdict.retry_after is None else {"Retry-After": verdict.retry_after}
            raise refused(verdict.status, **later)
        connection = Connection(door, len(self.connections), verdict.key)
        self.connections.append(connection)
        return connection

    @property
    def alive(self) -> int:
        """How many connections are open."""
        return sum(connection.open for connection in self.connections)

    def connect(self, session_key: str, **options: Any) -> inworld.connect:
        """What opens a session with them."""
        return inworld.connect(
            api_key="any-key",
            session_key=session_key,
            url="ws://localhost/api/v1/realtime/session",
            dial=self.dial,
            **options,
        )


def refused(status: int, **headers: str) -> HandshakeRefused:
    """The error of a handshake that was answered with an HTTP status."""
    response = HTTPResponse(status=status, headers=headers, body="no")
    return HandshakeRefused("localhost", response)
