"""How long caller and agent waited for each other in a call, and how these times lie."""

from collections import deque
from collections.abc import Iterable
from math import ceil
from typing import Any, NamedTuple

__all__ = ["Falling", "Latencies", "Waited", "spread"]

MOST = 10_000
"""Waits of a kind that are kept, the latest: hours of quick talk."""


class Waited(NamedTuple):
    """What ended with the agent's first sound, and how long it had taken; None: nothing."""

    greeting_ms: float | None = None
    """From the answer of the call."""
    turn_ms: float | None = None
    """From the end of the caller's speech."""


class Latencies:
    """The waits of one call; times are seconds on its clock, told in the order in which they are.

    The caller's speech ends when the agent's server says so, which is some hundred milliseconds
    after the last sound of it. What the agent does is told by the engine, to the sample.
    """

    def __init__(self) -> None:
        self.greeting_ms: float | None = None
        """From the answer to the agent's first sound."""
        self._answered: float | None = None
        self._caller_stopped: float | None = None
        self._turns: deque[float] = deque(maxlen=MOST)
        self._barge_ins: deque[float] = deque(maxlen=MOST)

    def answered(self, t: float) -> None:
        """The caller can hear us."""
        self._answered = t

    def caller_began(self) -> None:
        """The caller speaks, and waits for nothing."""
        self._caller_stopped = None

    def caller_stopped(self, t: float) -> None:
        """The caller is done, and waits for the agent."""
        self._caller_stopped = t

    def agent_began(self, t: float) -> Waited:
        """The agent's first sound after a silence goes out; for how long it was waited for."""
        greeting = None if self._answered is None else _ms(t - self._answered)
        turn = None if self._caller_stopped is None else _ms(t - self._caller_stopped)
        self._answered = self._caller_stopped = None
        if greeting is not None:
            self.greeting_ms = greeting
        if turn is not None:
            self._turns.append(turn)
        return Waited(greeting, turn)

    def agent_was_cut(self, seconds: float) -> float:
        """The agent's last sound went out so long after the order to be silent; in ms."""
        self._barge_ins.append(_ms(seconds))
        return self._barge_ins[-1]

    def summary(self) -> dict[str, Any]:
        """What is told of them at the end."""
        return {
            "greeting_ms": self.greeting_ms,
            "turn": spread(self._turns),
            "barge_in": spread(self._barge_ins),
        }


class Falling:
    """How long the agent takes to fall silent, from the order to its last sound."""

    def __init__(self) -> None:
        self._ordered: float | None = None
        self._falls_since: float | None = None

    def order(self, t: float) -> None:
        """It is told to be silent."""
        self._ordered = t

    def forget(self) -> None:
        """It falls silent without having been told."""
        self._ordered = None

    def began(self, t: float) -> None:
        """Speech goes out from `t` on; an order before that was for what came earlier."""
        self._falls_since = None
        if self._ordered is not None and self._ordered <= t:
            self._ordered = None

    def cut(self) -> None:
        """The engine cut it off; what it was saying, if anything sounded, ends next."""
        self._falls_since, self._ordered = self._ordered, None

    def ended(self, t: float) -> float | None:
        """Its last sound goes out at `t`; the seconds since the order, where it was cut by one."""
        since, self._falls_since = self._falls_since, None
        return None if since is None else t - since


def spread(values_ms: Iterable[float]) -> dict[str, float]:
    """How many there are, and of which none is longer than half, 95 % and all of them."""
    ranked = sorted(values_ms)
    if not ranked:
        return {"count": 0}
    return {
        "count": len(ranked),
        "p50_ms": ranked[ceil(0.50 * len(ranked)) - 1],
        "p95_ms": ranked[ceil(0.95 * len(ranked)) - 1],
        "max_ms": ranked[-1],
    }


def _ms(seconds: float) -> float:
    return max(0.0, round(seconds * 1000, 1))
