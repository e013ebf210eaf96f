"""The timers of RFC 3261 (appendix A) and RFC 6026 as rows, and a queue that keeps deadlines."""

import heapq
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

SECOND = 1_000_000_000
"""Nanoseconds in a second: the unit of every time in this package's sans-IO part."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """T1, T2 and T4 of one transaction, in nanoseconds (RFC 3261 §17.1.1.1)."""

    t1: int = 500_000_000
    """The estimated round trip: when a first retransmission is due."""
    t2: int = 4 * SECOND
    """The longest pause between retransmissions of requests other than INVITE and of responses."""
    t4: int = 5 * SECOND
    """How long a message stays in the network."""


class Timer(Enum):
    """The timers, by their RFC letters."""

    A = "A"
    B = "B"
    D = "D"
    E = "E"
    F = "F"
    G = "G"
    H = "H"
    I = "I"  # noqa: E741  (the RFC's letter)
    J = "J"
    K = "K"
    L = "L"
    M = "M"


@dataclass(frozen=True, slots=True)
class Row:
    """One timer: how many T1 or T4 it lasts, and what happens on a reliable transport."""

    t1: int = 0
    t4: int = 0
    repeats: bool = False
    """A retransmission: the pause doubles each time. Never set on a reliable transport."""
    capped: bool = False
    """The pause does not grow past T2."""
    zero_if_reliable: bool = False
    """Fires at once on a reliable transport, where nothing can arrive late."""

    def first(self, intervals: Intervals, reliable: bool) -> int | None:
        """The first pause in nanoseconds; None where the timer is not set at all."""
        if reliable and self.repeats:
            return None
        if reliable and self.zero_if_reliable:
            return 0
        return self.t1 * intervals.t1 + self.t4 * intervals.t4

    def next(self, pause: int, intervals: Intervals) -> int:
        """The pause after a pause of ``pause``."""
        return min(2 * pause, intervals.t2) if self.capped else 2 * pause


TABLE: dict[Timer, Row] = {
    Timer.A: Row(t1=1, repeats=True),  # INVITE request, §17.1.1.2
    Timer.B: Row(t1=64),  # INVITE given up, §17.1.1.2
    # At least 32 s (§17.1.1.2), which is 64 * T1 with the default T1.
    Timer.D: Row(t1=64, zero_if_reliable=True),  # waits for repeated final responses
    Timer.E: Row(t1=1, repeats=True, capped=True),  # other request, §17.1.2.2
    Timer.F: Row(t1=64),  # other request given up, §17.1.2.2
    Timer.G: Row(t1=1, repeats=True, capped=True),  # INVITE response, §17.2.1
    Timer.H: Row(t1=64),  # waits for the ACK, §17.2.1
    Timer.I: Row(t4=1, zero_if_reliable=True),  # waits for repeated ACKs, §17.2.1
    Timer.J: Row(t1=64, zero_if_reliable=True),  # waits for repeated requests, §17.2.2
    Timer.K: Row(t4=1, zero_if_reliable=True),  # waits for repeated responses, §17.1.2.2
    Timer.L: Row(t1=64),  # waits for repeated INVITEs after a 2xx, RFC 6026 §7.1
    Timer.M: Row(t1=64),  # waits for repeated 2xx, RFC 6026 §7.2
}

Key = TypeVar("Key", bound=Hashable)


MOST_STALE = 64
"""Entries of a queue that may mean nothing any longer, beside as many as mean something."""


class Deadlines(Generic[Key]):
    """When each of many things is due: set, cancelled and taken by key, earliest first."""

    def __init__(self) -> None:
        self._due: dict[Key, int] = {}
        self._heap: list[tuple[int, int, Key]] = []
        self._count = 0

    def set(self, key: Key, at: int) -> None:
        """Make ``key`` due at ``at``, whatever was set before."""
        self._due[key] = at
        self._count += 1  # ties go by age, and keys need no order of their own
        heapq.heappush(self._heap, (at, self._count, key))
        if len(self._heap) > 2 * len(self._due) + MOST_STALE:
            self._sweep()

    def _sweep(self) -> None:
        """Drop what was set anew or cancelled, which may lie in the queue for days else."""
        self._heap = [entry for entry in self._heap if self._due.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)

    def cancel(self, key: Key) -> None:
        """Forget ``key``; nothing happens where it is not set."""
        self._due.pop(key, None)

    def earliest(self) -> int | None:
        """When the next key is due; None where none is set."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: int) -> Key | None:
        """A key that is due at ``now``, which is then no longer set; None where none is."""
        at = self.earliest()
        if at is None or at > now:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._due[key]
        return key

    def __contains__(self, key: Key) -> bool:
        return key in self._due

    def __len__(self) -> int:
        return len(self._due)
