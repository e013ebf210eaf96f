"""The agent of the benches: a WebSocket server that speaks without pause and can be interrupted.

No part of fourwire: what it says was written down from the protocol, so that a mistake of the
client is not answered by the same mistake here.
"""

import asyncio
import base64
import contextlib
import json
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

CHUNK_S = 0.2
SAMPLES = {"audio/pcmu": bytes([0xA0, 0x20] * 800), "audio/pcm": bytes([0x00, 0x20] * 4800)}

APPEND = '{"type":"input_audio_buffer.append"'
SESSION_CREATED = '{"type":"session.created","event_id":"e","session":{"id":"s","type":"realtime"}}'
SPEECH_STARTED = (
    '{"type":"input_audio_buffer.speech_started","event_id":"e","item_id":"u","audio_start_ms":0}'
)


@dataclass
class Session:
    """One call's session."""

    connection: ServerConnection
    #: The port of the phone, which the system gives as its session key.
    phone: int
    format: str = "audio/pcmu"
    response: int = 0
    heard_bytes: int = 0
    said_bytes: int = 0
    speaking: asyncio.Event = field(default_factory=asyncio.Event)

    def delta(self) -> str:
        """A chunk of speech of the present response."""
        message = {
            "type": "response.output_audio.delta",
            "event_id": "e",
            "response_id": f"resp_{self.response}",
            "item_id": f"item_{self.response}",
            "output_index": 0,
            "content_index": 0,
            "delta": base64.b64encode(SAMPLES[self.format]).decode(),
        }
        return json.dumps(message)

    async def speak(self) -> None:
        """Say one chunk after the other, as fast as they are heard."""
        due = time.monotonic()
        while True:
            if not self.speaking.is_set():
                await self.speaking.wait()
                due = time.monotonic()
                self.response += 1
                created = {"type": "response.created", "response": {"id": f"resp_{self.response}"}}
                await self.connection.send(json.dumps(created))
                # A reply comes faster than real time, so there is something to cut.
                for _ in range(5):
                    await self.say(self.delta())
            await self.say(self.delta())
            due += CHUNK_S
            await asyncio.sleep(due - time.monotonic())

    async def say(self, delta: str) -> None:
        """Send a chunk of speech."""
        self.said_bytes += len(delta)
        await self.connection.send(delta)

    async def interrupt(self) -> int:
        """Tell that the caller speaks; gives the wall-clock time at which that was sent."""
        self.speaking.clear()
        sent = time.time_ns()
        await self.connection.send(
            '{"type":"input_audio_buffer.speech_started","event_id":"e","item_id":"u","audio_start_ms":0}'
        )
        return sent


class Agent:
    """All sessions."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self._server: Server | None = None
        self._tls: ssl.SSLContext | None = None

    @property
    def heard_bytes(self) -> int:
        """All appends."""
        return sum(session.heard_bytes for session in self.sessions)

    @property
    def said_bytes(self) -> int:
        """All speech."""
        return sum(session.said_bytes for session in self.sessions)

    async def start(self, tls: ssl.SSLContext | None = None) -> str:
        """Listen; gives the address to connect to."""
        self._server = await serve(
            self._session, "127.0.0.1", 0, compression=None, ssl=tls, max_size=None
        )
        port = next(iter(self._server.sockets)).getsockname()[1]
        scheme = "wss" if tls else "ws"
        return f"{scheme}://127.0.0.1:{port}/api/v1/realtime/session"

    async def stop(self) -> None:
        """Close all sessions."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _session(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        session = Session(connection, int(query["key"][0]))
        self.sessions.append(session)
        await connection.send(
            '{"type":"session.created","event_id":"e","session":{"id":"s","type":"realtime"}}'
        )
        speaking = asyncio.ensure_future(session.speak())
        try:
            # The system under test is ended without ceremony.
            with contextlib.suppress(ConnectionClosedError):
                async for message in connection:
                    await self._receive(session, message)
        finally:
            speaking.cancel()

    async def _receive(self, session: Session, message: str | bytes) -> None:
        if message.startswith(
            '{"type":"input_audio_buffer.append"' if isinstance(message, str) else b"\0"
        ):
            session.heard_bytes += len(message)
            return
        event = json.loads(message)
        if event["type"] == "session.update":
            session.format = event["session"]["audio"]["output"]["format"]["type"]
            answer = {"type": "session.updated", "event_id": "e", "session": event["session"]}
            await session.connection.send(json.dumps(answer))
            session.speaking.set()
