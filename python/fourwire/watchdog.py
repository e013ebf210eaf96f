"""Whether an agent on an open connection is still there.

A session can stay open and never say anything again. Silence alone is no sign of that: the caller
may think, or hold. So what counts is silence in which an answer is owed; and where none is, the
server is asked a question that it has to answer.
"""

import enum
from dataclasses import dataclass

import anyio

from fourwire.inworld import Agent
from fourwire.inworld.commands import SessionUpdate
from fourwire.recall import Recall

__all__ = ["Health", "Quiet", "examine", "watch"]

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


def examine(it: Quiet, seconds: float) -> Health:
    """What to think of a session that may owe an answer for `seconds`."""
    if it.quiet_s >= seconds and (it.owed or it.asked):
        return Health.WEDGED
    doubtful = it.quiet_s >= seconds / 2 and not it.owed and not it.asked
    return Health.DOUBTFUL if doubtful else Health.WELL


async def watch(agent: Agent, recall: Recall, seconds: float, *, answers: bool) -> None:
    """Return once `agent` is wedged. `answers`: whether it responds to the caller by itself."""
    said, since, asked = -1, anyio.current_time(), False
    while True:
        now, received = anyio.current_time(), agent.counters()["messages_received"]
        if received != said:
            said, since, asked = received, now, False
        owed = agent.responding or (answers and recall.unanswered)
        health = examine(Quiet(quiet_s=now - since, owed=owed, asked=asked), seconds)
        if health is Health.WEDGED:
            return
        if health is Health.DOUBTFUL:
            asked = bool(agent.tell(SessionUpdate(session={"type": "realtime"})))
        await anyio.sleep(seconds / LOOKS)
