"""What a demo call is judged by: figures from what was recorded, and limits for them."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fourwire.demo.caller import Heard

__all__ = [
    "Figure",
    "Verdict",
    "barge_in_ms",
    "gaps_ms",
    "likeness",
    "percentile",
]


class Verdict(enum.Enum):
    """What a figure says of the call."""

    GOOD = "good"
    WRONG = "wrong"
    UNJUDGED = "not judged"
    """Beyond its limit, but the machine itself was held up meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure and the limit it is held to."""

    name: str
    value: float
    unit: str
    limit: float
    at_most: bool = True
    """Whether `limit` is the most or the least that is good."""
    goal: float | None = None
    """What is aimed for where the limit leaves room for a shared machine."""
    timing: bool = True
    """Whether a machine that is held up makes it worse."""
    note: str = ""

    @property
    def is_within(self) -> bool:
        """Whether the limit is kept."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def verdict(self, *, held_up: bool) -> Verdict:
        """What it says, given whether the machine was `held_up` while it was taken."""
        if self.is_within:
            return Verdict.GOOD
        return Verdict.UNJUDGED if self.timing and held_up else Verdict.WRONG

    def __str__(self) -> str:
        bound = "at most" if self.at_most else "at least"
        aim = "" if self.goal is None else f", goal {self.goal:g}"
        note = f"  ({self.note})" if self.note else ""
        return f"{self.name:<34}{self.value:8.2f} {self.unit:<3} {bound} {self.limit:g}{aim}{note}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed; 0 of none."""
    return float(np.quantile(values, share, method="higher")) if values else 0.0


def gaps_ms(heard: Sequence[Heard]) -> list[float]:
    """Times between the arrivals of one packet and the next."""
    arrivals = [chunk.arrival_ns for chunk in heard]
    return [(b - a) / 1e6 for a, b in pairwise(arrivals) if b > a]


def barge_in_ms(heard: Sequence[Heard], started_ns: int, next_ns: int | None) -> float | None:
    """From `speech_started`, sent at `started_ns`, to the last packet with the agent's speech.

    Speech of the agent's next answer, sent at `next_ns` or later, does not count. None where the
    agent was not speaking, so that there was nothing to interrupt.
    """
    before = [c for c in heard if 0 <= started_ns - c.arrival_ns <= SPEAKING_WITHIN_NS]
    if not any(chunk.is_speech for chunk in before):
        return None
    stale = [
        chunk.arrival_ns
        for chunk in heard
        if chunk.is_speech
        and started_ns <= chunk.arrival_ns
        and (next_ns is None or chunk.arrival_ns < next_ns)
    ]
    return (max(stale, default=started_ns) - started_ns) / 1e6


SPEAKING_WITHIN_NS = 100_000_000
"""An agent whose last sound is older than this was pausing, not being interrupted."""


def likeness(haystack: bytes, needle: bytes) -> tuple[float, float]:
    """How like `needle` the best place in `haystack` is (1: the same), and where it is in seconds.

    Both are 16-bit samples at 8 kHz. The measure is the normalised cross-correlation.
    """
    hay, pin = _samples(haystack), _samples(needle)
    if pin.size == 0 or hay.size < pin.size or not pin.any():
        return 0.0, 0.0
    size = 1 << (hay.size + pin.size).bit_length()
    product = np.fft.rfft(hay, size) * np.conj(np.fft.rfft(pin, size))
    found = np.fft.irfft(product, size)[: hay.size - pin.size + 1]
    energy = np.cumsum(np.concatenate(([0.0], hay**2)))
    windows = energy[pin.size :] - energy[: -pin.size]
    scale = np.sqrt(np.maximum(windows, 1.0) * np.sum(pin**2))
    scores = found / scale
    best = int(np.argmax(scores))
    return float(scores[best]), best / 8000


def _samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)
