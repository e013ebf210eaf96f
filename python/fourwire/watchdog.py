"""Whether an agent on an open connection is still there.

A session can stay open and never say anything again. Silence alone is no sign of that: the caller
may think, or hold. So what counts is silence in which an answer is owed; and where none is, the
server is asked a question that it has to answer. One that answers may refuse all that the caller
says, so that there is nobody to talk to either.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

import anyio

from fourwire.inworld import Agent
from fourwire.inworld.commands import SessionUpdate
from fourwire.recall import Recall

__all__ = ["Health", "Hearing", "Quiet", "examine", "watch"]

LOOKS = 20
"""How often it is looked in the time that an answer may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """How long a server has said nothing, and whether it should have."""

    quiet_s: float
    owed: bool
    """Whether a response is under way or due."""
    asked: bool
    """Whether it was asked since whether it is there."""


class Health(enum.Enum):
    """What to think of a session."""

    WELL = "well"
    DOUBTFUL = "doubtful"
    """It is time to ask."""
    WEDGED = "wedged"
    DEAF = "deaf"
    """It refuses the caller's audio."""


class Hearing:
    """Whether a server that answers hears the caller.

    It does not where it says nothing for so many seconds but errors that name no command, as many
    as half of what it is sent: each stands for a piece of audio, since only those have no name.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began: float | None = None
        self._before: tuple[int, int, int] = (0, 0, 0)

    def is_lost(self, now: float, counted: Mapping[str, int]) -> bool:
        """Judge by what an agent has counted up to `now`."""
        frames, errors = counted["frames_sent"], counted["errors_unnamed"]
        others = counted["messages_received"] - errors
        frames_before, errors_before, others_before = self._before
        if self._began is None or others != others_before:
            return self._begin(now, (frames, errors, others))
        sent, refused = frames - frames_before, errors - errors_before
        if now - self._began < self._seconds or sent < FEW:
            return False
        if refused >= FEW and 2 * refused >= sent:
            return True
        return self._begin(now, (frames, errors, others))

    def _begin(self, now: float, counted: tuple[int, int, int]) -> bool:
        self._began, self._before = now, counted
        return False


FEW = 5
"""Errors that may come of something else, and pieces of audio that prove nothing."""


def examine(it: Quiet, seconds: float) -> Health:
    """What to think of a session that may owe an answer for `seconds`."""
    if it.quiet_s >= seconds and (it.owed or it.asked):
        return Health.WEDGED
    doubtful = it.quiet_s >= seconds / 2 and not it.owed and not it.asked
    return Health.DOUBTFUL if doubtful else Health.WELL


async def watch(agent: Agent, recall: Recall, seconds: float, *, answers: bool) -> Health:
    """Return once `agent` is wedged or deaf. `answers`: whether it responds to the caller by
    itself.
    """
    said, since, asked = -1, anyio.current_time(), False
    hearing = Hearing(seconds / 2)
    while True:
        now, counted = anyio.current_time(), agent.counters()
        if hearing.is_lost(now, counted):
            return Health.DEAF
        if counted["messages_received"] != said:
            said, since, asked = counted["messages_received"], now, False
        owed = agent.responding or (answers and recall.unanswered)
        health = examine(Quiet(quiet_s=now - since, owed=owed, asked=asked), seconds)
        if health is Health.WEDGED:
            return health
        if health is Health.DOUBTFUL:
            asked = bool(agent.tell(SessionUpdate(session={"type": "realtime"})))
        await anyio.sleep(seconds / LOOKS)
