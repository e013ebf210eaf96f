"""Identifiers that look like the real server's and are the same on every run."""

from random import Random
from uuid import UUID

__all__ = ["Ids"]


class Ids:
    """The ids of one session, from a seed and the session's number."""

    def __init__(self, seed: int, session: int = 0) -> None:
        self._random = Random(f"{seed}/{session}")

    def event(self) -> str:
        """A UUID, as the real server names its events."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def new(self, kind: str) -> str:
        """An opaque id of a thing, such as ``item_…`` or ``resp_…``."""
        return f"{kind}_{self._random.getrandbits(64):016x}"

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens now."""
        return self._random.random() < probability
