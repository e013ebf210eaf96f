"""Dialogs that ended lately, so that who asks for one hears that it was there (RFC 3891 §3)."""

from .dialog import DialogKey

MOST_KEPT = 2000
"""Dialogs that are remembered; above this the oldest are forgotten."""


class Departed:
    """What is remembered of dialogs for a while. Times are nanoseconds."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._until: dict[DialogKey, int] = {}

    def note(self, now: int, key: DialogKey) -> None:
        """A dialog has ended."""
        self._forget(now)
        if len(self._until) >= MOST_KEPT:
            del self._until[next(iter(self._until))]
        self._until[key] = now + self._keep

    def knew(self, now: int, key: DialogKey) -> bool:
        """Whether a dialog ended lately."""
        self._forget(now)
        return key in self._until

    def _forget(self, now: int) -> None:
        while self._until and next(iter(self._until.values())) <= now:
            del self._until[next(iter(self._until))]
