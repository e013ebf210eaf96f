"""A client of the stand-in's conversation on a virtual clock, and a voice that is a tone."""

import base64
import json
from collections import deque
from typing import Any

import numpy as np

from fourwire import _core
from fourwire.standin import Behaviour, Close, Conversation, Send, SessionRecord

NS_PER_MS = 1_000_000
APPEND_MS = 60
PCMU = {"audio": {"input": {"format": "g711_ulaw"}, "output": {"format": "g711_ulaw"}}}

Event = dict[str, Any]


def tone(ms: int, *, rate: int = 8000, level_dbov: float = -20.0) -> bytes:
    """A 440 Hz tone of that RMS level: PCM, 16 bit."""
    amplitude = 32768 * 10 ** (level_dbov / 20) * 2**0.5
    at = np.arange(ms * rate // 1000) / rate
    return (amplitude * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()


def hush(ms: int, *, rate: int = 8000) -> bytes:
    """Digital silence: PCM, 16 bit."""
    return bytes(2 * ms * rate // 1000)


class Talk:
    """One conversation and all it said, each event with its millisecond."""

    def __init__(self, *, pcmu: bool = True, number: int = 1, **knobs: Any) -> None:
        self.now = 0
        self.said: list[tuple[int, Event]] = []
        self.frames: list[str | bytes] = []
        self.closed: Close | None = None
        self.record = SessionRecord(key="k", opened_ns=0, record_ms=60_000, log=deque())
        self.core = Conversation(0, behaviour=Behaviour(**knobs), record=self.record, number=number)
        self._drain()
        if pcmu:
            self.send("session.update", session=PCMU)

    def send(self, kind: str, **fields: Any) -> None:
        """Sends an event and takes what follows at once."""
        self.send_raw(json.dumps({"type": kind, **fields}))

    def send_raw(self, message: str | bytes) -> None:
        """Sends a frame as it is."""
        self.core.receive(self.now, message)
        self._drain()

    def update(self, **session: Any) -> Event:
        """Updates the session; the server's answer."""
        self.send("session.update", session=session)
        return self.events[-1]

    def detect(self, **turn_detection: Any) -> None:
        """Updates the turn detection."""
        self.update(audio={"input": {"turn_detection": turn_detection}})

    def run(self, ms: float) -> None:
        """Lets time pass, waking the core when it asks for it."""
        until = self.now + int(ms * NS_PER_MS)
        while (due := self.core.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self._drain()
        self.now = until
        self._drain()

    def settle(self) -> None:
        """Lets time pass until the core has nothing left to say."""
        while (due := self.core.deadline()) is not None:
            self.now = max(self.now, due)
            self._drain()

    def append(self, audio: bytes) -> None:
        """Sends one append, in the session's format."""
        audio64 = base64.b64encode(audio).decode()
        self.send_raw('{"type":"input_audio_buffer.append","audio":"' + audio64 + '"}')

    def say(self, pcm: bytes) -> None:
        """Speaks PCM at 8 kHz as µ-law, in real time."""
        codes = _core.encode_pcmu(pcm)
        for start in range(0, len(codes), APPEND_MS * 8):
            part = codes[start : start + APPEND_MS * 8]
            self.run(len(part) / 8)
            self.append(part)

    def speak(self, ms: int, silence_ms: int = 900) -> None:
        """A turn: a tone, then silence."""
        self.say(tone(ms) + hush(silence_ms))

    def greet(self) -> None:
        """Has the first response made and finished."""
        self.send("response.create")
        self.settle()

    @property
    def events(self) -> list[Event]:
        """Everything said so far."""
        return [event for _, event in self.said]

    @property
    def types(self) -> list[str]:
        """The types of everything said so far."""
        return [event["type"] for event in self.events]

    def all(self, kind: str) -> list[Event]:
        """The events of a type."""
        return [event for event in self.events if event["type"] == kind]

    def only(self, kind: str) -> Event:
        """The one event of a type."""
        (event,) = self.all(kind)
        return event

    def when(self, kind: str) -> list[int]:
        """The milliseconds at which a type was said."""
        return [ms for ms, event in self.said if event["type"] == kind]

    def error(self) -> Event:
        """The `error` object of the newest event."""
        assert self.types[-1] == "error", self.types[-1]
        error: Event = self.events[-1]["error"]
        return error

    def audio(self, kind: str = "response.output_audio.delta") -> bytes:
        """All audio of a type of delta."""
        return b"".join(base64.b64decode(event["delta"]) for event in self.all(kind))

    def forget(self) -> None:
        """Forgets what was said so far."""
        self.said.clear()

    def _drain(self) -> None:
        while (output := self.core.poll(self.now)) is not None:
            match output:
                case Close():
                    self.closed = output
                case Send(frame):
                    self._hear(frame)

    def _hear(self, frame: str | bytes) -> None:
        self.frames.append(frame)
        try:
            event = json.loads(frame)
        except ValueError:
            return
        if isinstance(event, dict) and "type" in event:
            self.said.append((self.now // NS_PER_MS, event))
