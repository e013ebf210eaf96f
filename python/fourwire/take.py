"""One recording of a call: when it ran, and where in it a moment of the call lies."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Pause", "Take"]

Pause = Literal["silence", "gap"]
"""What stands for a pause: silence of the same length, or nothing."""


@dataclass(slots=True)
class _Paused:
    begin: float
    how: Pause
    end: float | None = None


@dataclass(slots=True)
class Take:
    """Times are seconds on the call's clock, places seconds since the recording's first sample."""

    path: str
    """Where it lies, or would if it were recorded."""
    began: float
    """When its first sample was heard and said; until that is known, when it was asked for."""
    audio: bool = True
    """Whether there is a recording, and not only a transcript."""
    started: bool = False
    """Whether its beginning is known."""
    ended: float | None = None
    """When it was told to end."""
    duration_s: float | None = None
    """How long it plays, once it is finished."""
    failed: bool = False
    """Whether the disk did not take it."""
    settled: bool = False
    """Whether it lies at its path, or never will."""
    _pauses: list[_Paused] = field(default_factory=list)

    def pause(self, t: float, how: Pause | None) -> None:
        """It pauses from now on, or goes on."""
        if self._pauses and self._pauses[-1].end is None:
            self._pauses[-1].end = t
        if how is not None:
            self._pauses.append(_Paused(t, how))

    @property
    def is_paused(self) -> bool:
        """Whether nothing is recorded now."""
        return self.ended is None and bool(self._pauses) and self._pauses[-1].end is None

    def place(self, t: float) -> float:
        """Where the moment `t` lies, of a pause that left a gap where that is."""
        left_out = sum(
            max(0.0, min(t, _end(pause)) - max(pause.begin, self.began))
            for pause in self._pauses
            if pause.how == "gap"
        )
        return max(0.0, t - self.began - left_out)

    def holds(self, begin: float, end: float) -> bool:
        """Whether any of that time is after its beginning and before its end."""
        return end >= self.began and (self.ended is None or begin <= self.ended)

    def is_withheld(self, begin: float, end: float) -> bool:
        """Whether any of that time lies in a pause."""
        return any(begin < _end(pause) and end > pause.begin for pause in self._pauses)


def _end(pause: _Paused) -> float:
    return float("inf") if pause.end is None else pause.end
