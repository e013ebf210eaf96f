"""When the caller speaks: speech found by its level, on the clock of the caller's samples.

A stand-in for a real endpointer. It knows loud from quiet and nothing of words, which is enough
to start, end and interrupt turns at predictable times.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fourwire import _core
from fourwire.standin.behaviour import Behaviour
from fourwire.standin.formats import CALLER_RATE

__all__ = ["Listener", "SpeechStarted", "SpeechStopped", "TurnDetection"]


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """What a session's `turn_detection` comes to in milliseconds and dBov."""

    level_dbov: float
    onset_ms: int
    silence_ms: int
    prefix_ms: int
    create_response: bool
    interrupt_response: bool

    @classmethod
    def of(cls, wire: dict[str, object] | None, behaviour: Behaviour) -> "TurnDetection | None":
        """The detection a session asks for; `None` is manual mode."""
        if wire is None:
            return None
        server = wire["type"] == "server_vad"
        level = behaviour.speech_level_dbov + (_threshold_shift(wire) if server else 0.0)
        eagerness = str(wire.get("eagerness", "auto"))
        return cls(
            level_dbov=level,
            onset_ms=behaviour.onset_ms,
            silence_ms=_whole(wire, "silence_duration_ms")
            if server
            else behaviour.silence_ms[eagerness],
            prefix_ms=_whole(wire, "prefix_padding_ms") if server else 0,
            create_response=bool(wire["create_response"]),
            interrupt_response=bool(wire["interrupt_response"]),
        )


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak, `onset_ms` after the first sample of the session."""

    onset_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The caller fell silent; `at_ms` on the sample clock, the silence that proves it included."""

    at_ms: int
    speech_ms: int


class Listener:
    """Hears the caller's PCM at 8 kHz, tells when speech starts and stops, and keeps the turn.

    `turn` is what a repeat would say and what a commit takes: in manual mode all since the last
    commit; else the speech with a short run-up. It keeps the newest `TURN_CAP_MS`.
    """

    def __init__(self, detection: TurnDetection | None) -> None:
        self.detection = detection
        self.speaking = False
        self.turn = bytearray()
        self._part = bytearray()  # less than a frame, waiting for the rest
        self._frames = 0
        self._onset_ms = 0
        self._voiced_ms = 0
        self._pause_ms = 0

    @property
    def heard_ms(self) -> int:
        """The sample clock: audio heard since the session began."""
        return self._frames * FRAME_MS

    @property
    def speech_ms(self) -> int:
        """How long the present speech has lasted; 0 while the caller is silent."""
        return self.heard_ms - self._onset_ms if self.speaking else 0

    def listen_for(self, detection: TurnDetection | None) -> None:
        """Detects by other rules from the next frame on."""
        if detection != self.detection:
            self.detection = detection
            self._await_speech()

    def hear(self, pcm: bytes) -> Iterator[SpeechStarted | SpeechStopped]:
        """Hears the next samples; each change is told before the audio after it is heard."""
        self._part += pcm
        whole = len(self._part) // FRAME_BYTES * FRAME_BYTES
        frames = bytes(self._part[:whole])
        del self._part[:whole]
        for start in range(0, whole, FRAME_BYTES):
            change = self._hear_frame(frames[start : start + FRAME_BYTES])
            if change is not None:
                yield change

    def take_turn(self) -> bytes:
        """The turn so far, without the silence that ended it; the next one begins empty."""
        trailing = max(0, self._pause_ms - TAIL_MS) * BYTES_PER_MS if self.detection else 0
        turn = bytes(self.turn[: max(0, len(self.turn) - trailing)])
        self.turn.clear()
        return turn

    def forget_turn(self) -> None:
        """Drops what was heard since the last commit."""
        self.turn.clear()
        self._await_speech()

    def _hear_frame(self, frame: bytes) -> SpeechStarted | SpeechStopped | None:
        self._frames += 1
        self._remember(frame)
        if self.detection is None:
            return None
        voiced = _core.level_dbov(frame) >= self.detection.level_dbov
        self._pause_ms = 0 if voiced else self._pause_ms + FRAME_MS
        if self.speaking:
            return self._await_silence(self.detection)
        return self._await_onset(voiced, self.detection)

    def _remember(self, frame: bytes) -> None:
        self.turn += frame
        quiet = self.detection is not None and not self.speaking
        cap = self.detection.onset_ms + RUN_UP_MS if quiet and self.detection else TURN_CAP_MS
        del self.turn[: max(0, len(self.turn) - cap * BYTES_PER_MS)]

    def _await_onset(self, voiced: bool, detection: TurnDetection) -> SpeechStarted | None:
        if not voiced:
            if self._pause_ms >= BRIDGED_PAUSE_MS:
                self._voiced_ms = 0
            return None
        if self._voiced_ms == 0:
            self._onset_ms = self.heard_ms - FRAME_MS
        self._voiced_ms += FRAME_MS
        if self._voiced_ms < detection.onset_ms:
            return None
        self.speaking = True
        return SpeechStarted(self._onset_ms)

    def _await_silence(self, detection: TurnDetection) -> SpeechStopped | None:
        if self._pause_ms < detection.silence_ms:
            return None
        speech_ms = self.heard_ms - self._pause_ms - self._onset_ms
        self._await_speech(self._pause_ms)
        return SpeechStopped(self.heard_ms, speech_ms)

    def _await_speech(self, pause_ms: int = 0) -> None:
        self.speaking = False
        self._voiced_ms = 0
        self._pause_ms = pause_ms


def _threshold_shift(wire: dict[str, object]) -> float:
    threshold = wire["threshold"]
    assert isinstance(threshold, int | float)
    return (threshold - DEFAULT_THRESHOLD) * THRESHOLD_SPAN_DB


def _whole(wire: dict[str, object], key: str) -> int:
    number = wire[key]
    assert isinstance(number, int | float)
    return int(number)


FRAME_MS = 20
"""One decision; a packet time."""

BYTES_PER_MS = CALLER_RATE * 2 // 1000

FRAME_BYTES = FRAME_MS * BYTES_PER_MS

BRIDGED_PAUSE_MS = 100
"""A shorter pause does not start the onset anew: plosives close the mouth for so long."""

RUN_UP_MS = 200
"""Audio kept from before the onset, so that a repeat does not clip the first sound."""

TAIL_MS = 100
"""Silence kept after the last sound of a turn."""

TURN_CAP_MS = 30_000

DEFAULT_THRESHOLD = 0.5

THRESHOLD_SPAN_DB = 40.0
"""From threshold 0 to 1; the real scale is a model's confidence, which has no level."""
