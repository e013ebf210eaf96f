"""What is still to be sent, in the order of its time."""

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import msgspec

from fourwire.standin.behaviour import Behaviour, OddFrame
from fourwire.standin.formats import AudioFormat
from fourwire.standin.ids import Ids
from fourwire.standin.record import SessionRecord

__all__ = ["Close", "Outbox", "Output", "Send"]


@dataclass(frozen=True, slots=True)
class Send:
    """A frame to send: text, or (as a fault) binary."""

    frame: str | bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The socket is to be closed."""

    code: int
    reason: str


Output = Send | Close


@dataclass(frozen=True, slots=True)
class Wedge:
    """From here on nothing is sent any more but a close."""


Thing = dict[str, object] | OddFrame | AudioFormat | Wedge | Close


class Outbox:
    """Events go in with the time they are due; frames come out, and are logged as they do."""

    def __init__(self, behaviour: Behaviour, ids: Ids, record: SessionRecord) -> None:
        self._behaviour = behaviour
        self._ids = ids
        self._record = record
        self._order = count()
        self._waiting: list[tuple[int, int, Thing]] = []
        self._audio_format: AudioFormat | None = None
        self._silent = False

    def say(self, due: int, *events: dict[str, object]) -> None:
        """Sends events, in this order, at `due`."""
        for event in events:
            self._put(due, event)

    def say_odd_frames(self, due: int) -> None:
        """Sends each frame that a client has to step over, if the behaviour has any."""
        for odd in OddFrame:
            if odd in self._behaviour.odd_frames:
                self._put(due, odd)

    def close(self, due: int, code: int, reason: str) -> None:
        """Closes the socket at `due`."""
        self._put(due, Close(code, reason))

    def wedge(self, due: int) -> None:
        """Behind all that is due by then, sends nothing any more but a close."""
        self._put(due, Wedge())

    def speak_in(self, due: int, audio_format: AudioFormat) -> None:
        """Reply audio behind this is in `audio_format`."""
        self._put(due, audio_format)

    def poll(self, now: int) -> Output | None:
        """The next thing due; call until `None`."""
        while self._waiting and self._waiting[0][0] <= now:
            output = self._output(now, heappop(self._waiting)[2])
            if output is not None:
                return output
        return None

    def deadline(self) -> int | None:
        """When `poll` has something next."""
        return self._waiting[0][0] if self._waiting else None

    def _put(self, due: int, thing: Thing) -> None:
        heappush(self._waiting, (due, next(self._order), thing))

    def _output(self, now: int, thing: Thing) -> Output | None:
        match thing:
            case Close():
                return thing
            case Wedge():
                self._silent = True
            case AudioFormat():
                self._audio_format = thing
            case _ if not self._silent:
                return Send(self._frame(now, thing))
        return None

    def _frame(self, now: int, thing: dict[str, object] | OddFrame) -> str | bytes:
        if isinstance(thing, OddFrame):
            self._record.note(now, "out", {"type": thing.name.lower()})
            return _odd_frame(thing, self._behaviour)
        event = self._named(thing)
        self._record.note(now, "out", thing | {"event_id": event["event_id"]})
        self._keep_audio(thing)
        return _encoded(event)

    def _named(self, event: dict[str, object]) -> dict[str, object]:
        kind = str(event["type"])
        if self._behaviour.alias_names:
            kind = ALIASES.get(kind, kind)
        return event | {"type": kind, "event_id": self._ids.event()}

    def _keep_audio(self, event: dict[str, object]) -> None:
        delta = event.get("delta")
        if event["type"] == "response.output_audio.delta" and isinstance(delta, bytes):
            assert self._audio_format is not None, "the format is told before the audio"
            self._record.speak(self._audio_format, delta)


def _encoded(event: dict[str, object]) -> str:
    """JSON; bytes become base64, as audio travels."""
    return msgspec.json.encode(event).decode()


def _odd_frame(odd: OddFrame, behaviour: Behaviour) -> str | bytes:
    frames: dict[OddFrame, str | bytes] = {
        OddFrame.MALFORMED: '{"type":"session.upda',
        OddFrame.UNTYPED: _encoded({"errorType": behaviour.error_type, "message": "stand-in"}),
        OddFrame.BINARY: b"\x00\x01\x02",
        OddFrame.PING: _encoded({"type": "ping", "event_id": "ping_1", "timestamp": 1}),
        OddFrame.UNKNOWN: _encoded({"type": "response.mood.changed", "mood": {"calm": [1]}}),
    }
    return frames[odd]


ALIASES = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "conversation.item.input_audio_transcription.delta": "input_audio_transcription.delta",
}
"""Older names that servers still use."""
