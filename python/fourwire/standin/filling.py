"""Fillers: a few words that bridge the making of an answer, for sessions that enable them."""

from collections.abc import Mapping
from dataclasses import dataclass

from fourwire.standin.behaviour import Fillers
from fourwire.standin.formats import AudioFormat
from fourwire.standin.recordings import FILLER, Utterance, recorded

__all__ = ["Filler", "Filling"]


@dataclass(frozen=True, slots=True)
class Filler:
    """One that is due so long after its response was asked for."""

    utterance: Utterance
    wait_ns: int


class Filling:
    """Decides which answers get one, by the session's `responsiveness`."""

    def __init__(self, mode: Fillers) -> None:
        self.mode = mode
        self._answers = 0
        self._last: int | None = None

    def next(
        self, now: int, wire: Mapping[str, object], made_in_ns: int, audio_format: AudioFormat
    ) -> Filler | None:
        """The filler of an answer that is made in so long; `wire` is the session's wish."""
        first, self._answers = self._answers == 0, self._answers + 1
        wait_ns = _ms(wire, "initial_wait_timeout_ms", DEFAULT_WAIT_MS) * NS_PER_MS
        if self.mode is Fillers.NONE or wire.get("enabled") is not True or wait_ns >= made_in_ns:
            return None
        if first and wire.get("enable_filler_on_first_assistant_reply") is not True:
            return None
        gap_ns = _ms(wire, "min_filler_gap_ms", DEFAULT_GAP_MS) * NS_PER_MS
        if self._last is not None and now + wait_ns - self._last < gap_ns:
            return None
        self._last = now + wait_ns
        return Filler(recorded(FILLER, audio_format), wait_ns)


def _ms(wire: Mapping[str, object], key: str, default: int) -> int:
    value = wire.get(key)
    return int(value) if isinstance(value, int | float) else default


DEFAULT_WAIT_MS = 1200

DEFAULT_GAP_MS = 8000

NS_PER_MS = 1_000_000
