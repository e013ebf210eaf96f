"""Dialogs that ended lately, so that who asks for one hears that it was there (RFC 3891 §3)."""

from collections import OrderedDict

from .dialog import DialogKey

MOST_KEPT = 2000
"""Dialogs that are remembered; above this the oldest are forgotten."""


class Departed:
    """What is remembered of dialogs for a while. Times are nanoseconds."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._until: OrderedDict[DialogKey, int] = OrderedDict()

    def note(self, now: int, key: DialogKey) -> None:
        """A dialog has ended."""
        self.forget(now)
        if len(self._until) >= MOST_KEPT:
            self._until.popitem(last=False)
        self._until[key] = now + self._keep

    def knew(self, now: int, key: DialogKey) -> bool:
        """Whether a dialog ended lately."""
        self.forget(now)
        return key in self._until

    def forget(self, now: int) -> None:
        """Forget what ended long ago; due at `deadline`."""
        while (due := self.deadline()) is not None and due <= now:
            self._until.popitem(last=False)

    def deadline(self) -> int | None:
        """When there is something to be forgotten; None for never."""
        return next(iter(self._until.values()), None)
