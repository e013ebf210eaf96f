"""What happens again and again, told less and less often."""

from collections import Counter

__all__ = ["ALWAYS", "Repetition"]

ALWAYS = 10
"""So many times each thing is told."""

KINDS = 64
"""So many things are told apart; the names come from a server."""


class Repetition:
    """How often each of some things has happened."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()

    def worth_telling(self, what: str) -> int:
        """How often `what` has happened by now, where that is worth a line; else 0.

        It is the first ten times, and then each time that it has become ten times as often.
        """
        known = what in self._times or len(self._times) < KINDS
        kind = what if known else ""
        self._times[kind] += 1
        times = self._times[kind]
        return times if times <= ALWAYS or str(times).rstrip("0") == "1" else 0
