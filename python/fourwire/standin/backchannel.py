"""Back-channels: a short "uh-huh" while the caller speaks, out of band of the conversation."""

from collections.abc import Mapping
from dataclasses import dataclass

from fourwire.standin.behaviour import Behaviour
from fourwire.standin.formats import AudioFormat
from fourwire.standin.ids import Ids
from fourwire.standin.recordings import BACK_CHANNEL, WORDS, Utterance, recorded

__all__ = ["BackChannels", "Cue", "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `providerData.backchannel` comes to; defaults as Inworld documents them."""

    min_speech_ms: int
    min_gap_ms: int
    max_per_turn: int
    hard_deadline_ms: int
    volume_gain: float
    probability: float
    phrase_allowed: bool

    @classmethod
    def of(cls, wire: Mapping[str, object]) -> "Wanted | None":
        """The wish of a session; `None` unless it enables back-channels."""
        if wire.get("enabled") is not True:
            return None
        phrases = wire.get("allowed_phrases")
        by_rule = wire.get("decider_kind") == "rule"
        return cls(
            min_speech_ms=int(_number(wire, "min_speech_ms", 800)),
            min_gap_ms=int(_number(wire, "min_gap_ms", 4000)),
            max_per_turn=int(_number(wire, "max_per_turn", 3)),
            hard_deadline_ms=int(_number(wire, "hard_deadline_ms", 1500)),
            volume_gain=_number(wire, "volume_gain", 0.6),
            probability=_number(wire, "rule_fire_probability", 1.0) if by_rule else 1.0,
            phrase_allowed=not phrases or _names_ours(phrases),
        )


@dataclass(frozen=True, slots=True)
class Cue:
    """A back-channel on its way: due then, and what is said."""

    due_ns: int
    id: str
    missed: bool


class BackChannels:
    """Decides when one is due, on the sample clock of the caller's speech."""

    def __init__(self, behaviour: Behaviour, ids: Ids) -> None:
        self._behaviour = behaviour
        self._ids = ids
        self._in_turn = 0
        self._last_ms = 0
        self.cue: Cue | None = None

    def begin_turn(self) -> None:
        """The caller began to speak."""
        self._in_turn = 0

    def consider(self, now: int, wanted: Wanted | None, speech_ms: int) -> None:
        """The caller has spoken for `speech_ms`; starts one where the session's rules let it."""
        if wanted is None or self.cue is not None or not self._behaviour.back_channels:
            return
        if not self._is_due(wanted, speech_ms):
            return
        self._in_turn += 1
        self._last_ms = speech_ms
        if self._ids.chance(wanted.probability):
            missed = self._behaviour.back_channel_delay_ms > wanted.hard_deadline_ms
            wait_ms = min(self._behaviour.back_channel_delay_ms, wanted.hard_deadline_ms)
            self.cue = Cue(now + wait_ms * NS_PER_MS, self._ids.new("bc"), missed)

    def poll(self, now: int, wanted: Wanted | None, output: AudioFormat) -> list[dict[str, object]]:
        """The events of one that is due."""
        if self.cue is None or now < self.cue.due_ns:
            return []
        cue, self.cue = self.cue, None
        if wanted is None or cue.missed:
            return [_skipped(cue, "deadline_missed")]
        if not wanted.phrase_allowed:
            return [_skipped(cue, "no_phrase")]
        if wanted.volume_gain == 0:
            return []
        audio_format = AudioFormat.parse(self._behaviour.back_channel_format) or output
        said = recorded(BACK_CHANNEL, audio_format, wanted.volume_gain)
        deltas = _deltas(cue, said, self._behaviour.delta_ms)
        return [*deltas, {"type": f"{PREFIX}.audio.done", **_name(cue), "phrase": said.words}]

    def withdraw(self) -> list[dict[str, object]]:
        """Drops one that is on its way: the caller fell silent, or its buffer was cleared."""
        cue, self.cue = self.cue, None
        return [] if cue is None else [_skipped(cue, "deadline_missed")]

    def deadline(self) -> int | None:
        """When `poll` has something next."""
        return None if self.cue is None else self.cue.due_ns

    def _is_due(self, wanted: Wanted, speech_ms: int) -> bool:
        waited = self._in_turn == 0 or speech_ms - self._last_ms >= wanted.min_gap_ms
        return speech_ms >= wanted.min_speech_ms and waited and self._in_turn < wanted.max_per_turn


def _deltas(cue: Cue, said: Utterance, delta_ms: int) -> list[dict[str, object]]:
    size = said.format.size(delta_ms) or len(said.audio) or 1
    pieces = (said.audio[start : start + size] for start in range(0, len(said.audio), size))
    return [{"type": f"{PREFIX}.audio.delta", **_name(cue), "delta": piece} for piece in pieces]


def _skipped(cue: Cue, reason: str) -> dict[str, object]:
    return {"type": f"{PREFIX}.skipped", **_name(cue), "reason": reason}


def _name(cue: Cue) -> dict[str, object]:
    return {"backchannel_id": cue.id}


def _number(wire: Mapping[str, object], key: str, default: float) -> float:
    number = wire.get(key)
    return number if isinstance(number, int | float) else default


def _names_ours(phrases: object) -> bool:
    ours = WORDS[BACK_CHANNEL].rstrip(".").lower()
    allowed = phrases if isinstance(phrases, list) else []
    return ours in {str(phrase).lower().rstrip(".") for phrase in allowed}


PREFIX = "response.backchannel"

NS_PER_MS = 1_000_000
