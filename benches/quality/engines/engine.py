"""What all engines have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benches.quality.speech import RATE

#: Datagrams with the times when they came, in nanoseconds.
Arrivals = Sequence[tuple[int, bytes]]

NS = 1_000_000_000
TICK = 160


class Unavailable(Exception):
    """This engine is not here; the text says what to install, or why it cannot be had."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came out."""

    pcm: np.ndarray
    #: When each sample came out, in seconds.
    times: np.ndarray
    #: The share of samples that were made up, where the engine tells.
    concealed: float | None = None
    #: By how much a hundredth of the packets came later than the network said, in real time.
    late_ms: float = 0.0


class Engine(Protocol):
    """An engine hears one call; another call needs another."""

    def hear(self, arrivals: Arrivals, end_ns: int) -> Heard:
        """All that comes out by `end_ns` of a call that begins at 0."""


HearAll = Callable[[Sequence[tuple[Arrivals, int]]], list[Heard]]


def in_pieces(pieces: Sequence[tuple[int, np.ndarray]], concealed: float | None = None) -> Heard:
    """Speech that came out in pieces, each as if played from the moment it came."""
    pcm = np.concatenate([pcm for _, pcm in pieces]) if pieces else np.zeros(0, "<i2")
    times = [now / NS + np.arange(len(pcm)) / RATE for now, pcm in pieces]
    return Heard(pcm, np.concatenate(times) if times else np.zeros(0), concealed)


def at_the_pace_of_the_clock(
    arrivals: Arrivals,
    end_ns: int,
    receive: Callable[[int, bytes], object],
    play: Callable[[int], np.ndarray],
) -> np.ndarray:
    """What a loudspeaker plays that asks for 20 ms every 20 ms."""
    played, at = [], 0
    for now in range(0, end_ns, TICK * NS // RATE):
        while at < len(arrivals) and arrivals[at][0] <= now:
            receive(*arrivals[at])
            at += 1
        played.append(play(now))
    return np.concatenate(played)


def played(pcm: np.ndarray, concealed: float | None = None) -> Heard:
    """What a loudspeaker played from 0 on."""
    return Heard(pcm, np.arange(len(pcm)) / RATE, concealed)
