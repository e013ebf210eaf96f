"""What is still to be sent, in the order of its time."""

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import msgspec
from msgspec import UNSET

from fourwire.standin import faults
from fourwire.standin.behaviour import Behaviour
from fourwire.standin.fault_script import Event, FaultScript, Step
from fourwire.standin.faults import Moment, OddFrame
from fourwire.standin.formats import AudioFormat
from fourwire.standin.ids import Ids
from fourwire.standin.record import SessionRecord

__all__ = ["ABNORMAL_CLOSURE", "Close", "Outbox", "Output", "Send"]


@dataclass(frozen=True, slots=True)
class Send:
    """A frame to send: text, or (as a fault) binary."""

    frame: str | bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The socket is to be closed; with `ABNORMAL_CLOSURE` it just breaks."""

    code: int
    reason: str


Output = Send | Close

Thing = Step | AudioFormat


class Outbox:
    """Events go in with the time they are due; frames come out, and are logged as they do."""

    def __init__(
        self, now: int, behaviour: Behaviour, ids: Ids, record: SessionRecord, number: int
    ) -> None:
        """Opens with session `number` of a server."""
        self._behaviour = behaviour
        self._ids = ids
        self._record = record
        self._script = FaultScript(behaviour.faults, behaviour.seed, number)
        self._order = count()
        self._waiting: list[tuple[int, int, Thing]] = []
        self._steps: deque[Thing] = deque()
        self._stalled_until = now
        self._audio_format: AudioFormat | None = None
        self._silent = False
        self._over = False
        self.reading = True
        """Whether the client is still listened to."""
        for after_ms, fault in self._script.timed():
            self._put(now + after_ms * NS_PER_MS, fault)

    def say(self, due: int, *events: Event) -> None:
        """Sends events, in this order, at `due`."""
        for event in events:
            self._put(due, event)

    def speak_in(self, due: int, audio_format: AudioFormat) -> None:
        """Reply audio behind this is in `audio_format`."""
        self._put(due, audio_format)

    def poll(self, now: int) -> Output | None:
        """The next thing due; call until `None`."""
        while now >= self._stalled_until and self._fetch(now):
            output = self._output(now, self._steps.popleft())
            if output is not None:
                return output
        return None

    def deadline(self) -> int | None:
        """When `poll` has something next."""
        if self._steps:
            return self._stalled_until
        return max(self._waiting[0][0], self._stalled_until) if self._waiting else None

    def _put(self, due: int, thing: Thing) -> None:
        if not self._over:
            heappush(self._waiting, (due, next(self._order), thing))

    def _fetch(self, now: int) -> bool:
        """Whether there is a step to take: the next thing due, with what goes wrong with it."""
        while not self._steps and self._waiting and self._waiting[0][0] <= now:
            thing = heappop(self._waiting)[2]
            self._steps.extend(self._script.steps(thing) if isinstance(thing, dict) else [thing])
        return bool(self._steps)

    def _output(self, now: int, thing: Thing) -> Output | None:
        match thing:
            case AudioFormat():
                self._audio_format = thing
                return None
            case Moment():
                return self._fail(now, thing)
            case _:
                return None if self._silent else Send(self._frame(now, thing))

    def _fail(self, now: int, fault: Moment) -> Output | None:
        match fault:
            case faults.Close(code=code, reason=reason):
                return self._close(code, reason)
            case faults.Break():
                return self._close(ABNORMAL_CLOSURE, "")
            case faults.Wedge():
                self._silent = True
            case faults.Stall(ms=ms):
                self._stalled_until = now + ms * NS_PER_MS
            case faults.StopReading():
                self.reading = False
            case faults.Odd(frame=frame, error_type=error_type) if not self._silent:
                self._record.note(now, "out", {"type": frame.value})
                return Send(_odd_frame(frame, error_type))
            case faults.Say(event=event) if not self._silent:
                return Send(self._frame(now, event))
        return None

    def _close(self, code: int, reason: str) -> Close:
        self._over = True
        self._steps.clear()
        self._waiting.clear()
        return Close(code, reason)

    def _frame(self, now: int, event: Event) -> str:
        named = self._named(event)
        self._record.note(now, "out", event | {"event_id": named.get("event_id")})
        self._keep_audio(event)
        return _encoded(named)

    def _named(self, event: Event) -> Event:
        named = {"event_id": self._ids.event()} | event
        if named["event_id"] is UNSET:
            del named["event_id"]
        kind = event.get("type")
        if self._behaviour.alias_names and kind in ALIASES:
            named["type"] = ALIASES[str(kind)]
        return named

    def _keep_audio(self, event: Event) -> None:
        delta = event.get("delta")
        if event.get("type") == "response.output_audio.delta" and isinstance(delta, bytes):
            assert self._audio_format is not None, "the format is told before the audio"
            self._record.speak(self._audio_format, delta)


def _encoded(event: Event) -> str:
    """JSON; bytes become base64, as audio travels."""
    return msgspec.json.encode(event).decode()


def _odd_frame(odd: OddFrame, error_type: str) -> str | bytes:
    odd_frames: dict[OddFrame, str | bytes] = {
        OddFrame.MALFORMED: '{"type":"session.upda',
        OddFrame.UNTYPED: _encoded({"errorType": error_type, "message": "stand-in"}),
        OddFrame.BINARY: b"\x00\x01\x02",
        OddFrame.PING: _encoded({"type": "ping", "event_id": "ping_1", "timestamp": 1}),
        OddFrame.UNKNOWN: _encoded({"type": "response.mood.changed", "mood": {"calm": [1]}}),
    }
    return odd_frames[odd]


ALIASES = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "conversation.item.added": "conversation.item.created",
    "conversation.item.input_audio_transcription.delta": "input_audio_transcription.delta",
}
"""Older names that servers still use."""

ABNORMAL_CLOSURE = 1006
"""RFC 6455 §7.4.1: never on the wire; here it asks for a connection that just breaks."""

NS_PER_MS = 1_000_000
