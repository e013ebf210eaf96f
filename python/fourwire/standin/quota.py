"""So many things in so much time: the limits of an account."""

__all__ = ["Quota"]


class Quota:
    """A limit for each span of time, the first of which begins with the first thing asked for."""

    def __init__(self, limit: int | None, span_ns: int) -> None:
        self.limit = limit
        self._span_ns = span_ns
        self._ends = 0
        self._taken = 0

    @property
    def remaining(self) -> int:
        """How many more there may be."""
        return max(0, (self.limit or 0) - self._taken)

    def reset_ns(self, now: int) -> int:
        """How long until all of them may be asked for again."""
        return max(0, self._ends - now)

    def take(self, now: int) -> bool:
        """Whether one more is within the limit."""
        if self.limit is None:
            return True
        if now >= self._ends:
            self._ends, self._taken = now + self._span_ns, 0
        self._taken += 1
        return self._taken <= self.limit
