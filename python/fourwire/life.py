"""The life of a call as two tables: which step may follow which state, and how a call is left.

Nothing here reads a clock or talks to anyone. The first cause that ends a call is the cause; all
that come later, or at the same moment, change nothing.
"""

import enum
from dataclasses import dataclass

__all__ = ["Cause", "Ended", "Farewell", "Life", "State", "Step", "WrongMoment"]


class State(enum.Enum):
    """Where a call stands."""

    OFFERED = "offered"
    RINGING = "ringing"
    EARLY = "in early media"
    ANSWERING = "being answered"
    ANSWERED = "answered"
    ENDED = "ended"


class Step(enum.Enum):
    """What moves a call on."""

    RING = "ring"
    PROGRESS = "progress"
    ANSWER = "answer"
    CONFIRM = "confirm"


class Cause(enum.Enum):
    """Why a call ended."""

    CALLER_HUNG_UP = "caller hung up"
    CANCELLED = "cancelled"
    LINE_FAILED = "line failed"
    RTP_LOST = "rtp lost"
    AUDIO_FAILED = "audio failed"
    HUNG_UP = "hung up"
    TRANSFERRED = "transferred"
    REJECTED = "rejected"
    NOT_ANSWERED = "not answered"
    RANG_OUT = "not answered in time"
    SILENT = "nobody spoke"
    TOO_LONG = "too long"
    AGENT_CLOSED = "agent closed"
    AGENT_FAILED = "agent failed"
    HANDLER_ERROR = "handler error"
    SHUTDOWN = "shutdown"


class Farewell(enum.Enum):
    """What is still owed to the caller when a call ends."""

    NOTHING = "nothing"
    REJECT = "reject"
    HANG_UP = "hang up"


class WrongMoment(Exception):
    """A step that does not fit where the call stands; the message names both."""

    def __init__(self, step: str, state: State, fits: list[State]) -> None:
        self.state = state
        places = " or ".join(place.value for place in fits)
        super().__init__(f"cannot {step}: the call is {state.value}, it would have to be {places}")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended: there is exactly one for every call."""

    cause: Cause
    detail: str
    """What else is known, in words."""
    state: State
    """Where the call stood."""
    farewell: Farewell
    """What is owed to the caller."""
    status: int
    """The refusal to answer with, where the farewell is a refusal; a SIP status (RFC 3261 §21)."""

    @property
    def answered(self) -> bool:
        """Whether the call had been answered."""
        return self.state is State.ANSWERED


class Life:
    """Where one call stands, and how it ended."""

    def __init__(self) -> None:
        self.state = State.OFFERED
        self.ended: Ended | None = None

    def take(self, step: Step) -> State:
        """Move on by `step`; `WrongMoment` where the table has no such row."""
        try:
            self.state = NEXT[self.state][step]
        except KeyError:
            fits = [state for state, steps in NEXT.items() if step in steps]
            raise WrongMoment(step.value, self.state, fits) from None
        return self.state

    def end(self, cause: Cause, detail: str = "", status: int | None = None) -> Ended | None:
        """End the call by `cause`; None where it has ended already."""
        if self.ended is not None:
            return None
        farewell = Farewell.NOTHING if cause in _LINE_IS_GONE else FAREWELL[self.state]
        self.ended = Ended(cause, detail, self.state, farewell, status or REFUSAL.get(cause, 480))
        self.state = State.ENDED
        return self.ended


NEXT: dict[State, dict[Step, State]] = {
    State.OFFERED: {
        Step.RING: State.RINGING,
        Step.PROGRESS: State.EARLY,
        Step.ANSWER: State.ANSWERING,
    },
    State.RINGING: {
        Step.RING: State.RINGING,
        Step.PROGRESS: State.EARLY,
        Step.ANSWER: State.ANSWERING,
    },
    State.EARLY: {
        Step.PROGRESS: State.EARLY,
        Step.ANSWER: State.ANSWERING,
    },
    State.ANSWERING: {Step.CONFIRM: State.ANSWERED},
    State.ANSWERED: {},
    State.ENDED: {},
}
"""Which step leads from which state to which."""

FAREWELL: dict[State, Farewell] = {
    State.OFFERED: Farewell.REJECT,
    State.RINGING: Farewell.REJECT,
    State.EARLY: Farewell.REJECT,
    State.ANSWERING: Farewell.HANG_UP,
    State.ANSWERED: Farewell.HANG_UP,
    State.ENDED: Farewell.NOTHING,
}
"""What a caller is owed when we end the call."""

REFUSAL: dict[Cause, int] = {
    Cause.HUNG_UP: 603,
    Cause.REJECTED: 603,
    Cause.NOT_ANSWERED: 480,
    Cause.RANG_OUT: 480,
    Cause.AGENT_CLOSED: 503,
    Cause.AGENT_FAILED: 503,
    Cause.AUDIO_FAILED: 500,
    Cause.HANDLER_ERROR: 500,
    Cause.SHUTDOWN: 503,
}
"""The status that refuses a call which was not answered yet."""

_LINE_IS_GONE = frozenset({Cause.CALLER_HUNG_UP, Cause.CANCELLED, Cause.LINE_FAILED})
"""Causes after which nobody is left to say farewell to."""
