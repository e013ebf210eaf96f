"""The four transactions of RFC 3261 §17, with RFC 6026, as tables.

*Everything* that decides what a transaction does stands in :data:`NEXT` and :data:`TIMERS`.
"""

from dataclasses import dataclass
from enum import Enum, auto

from .timers import Timer


class Kind(Enum):
    """Which of the four machines a transaction is."""

    INVITE_CLIENT = auto()
    CLIENT = auto()
    INVITE_SERVER = auto()
    SERVER = auto()


class State(Enum):
    """The states of all four machines."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Cause(Enum):
    """What moves a transaction, apart from its timers."""

    REQUEST = auto()
    """The request came once more."""
    ACK = auto()
    PROVISIONAL = auto()
    """A 1xx was sent or came; so for the next two."""
    SUCCESS = auto()
    FAILURE = auto()
    UNDELIVERABLE = auto()
    """The transport could not send."""


class Act(Enum):
    """What a transaction does."""

    SEND = auto()
    """Send the message that was handed in, and keep it."""
    RESEND = auto()
    """Send the kept message once more."""
    TELL = auto()
    """Hand what came to the user agent."""
    ACKNOWLEDGE = auto()
    """Acknowledge a final response that is no 2xx (§17.1.1.3)."""
    GIVE_UP = auto()
    """Tell the user agent that nobody answered, or that nobody acknowledged."""


@dataclass(frozen=True, slots=True)
class Step:
    """One cell of the table: the acts, then the next state."""

    state: State
    acts: tuple[Act, ...] = ()


def _step(state: State, *acts: Act) -> Step:
    return Step(state, acts)


_Rows = dict[State, dict[Cause | Timer, Step]]
_S, _C, _A = State, Cause, Act

NEXT: dict[Kind, _Rows] = {
    Kind.INVITE_CLIENT: {  # RFC 3261 figure 5, as RFC 6026 §8.4 redraws it
        _S.CALLING: {
            Timer.A: _step(_S.CALLING, _A.RESEND),
            Timer.B: _step(_S.TERMINATED, _A.GIVE_UP),
            _C.UNDELIVERABLE: _step(_S.TERMINATED, _A.GIVE_UP),
            _C.PROVISIONAL: _step(_S.PROCEEDING, _A.TELL),
            _C.SUCCESS: _step(_S.ACCEPTED, _A.TELL),
            _C.FAILURE: _step(_S.COMPLETED, _A.ACKNOWLEDGE, _A.TELL),
        },
        _S.PROCEEDING: {
            _C.PROVISIONAL: _step(_S.PROCEEDING, _A.TELL),
            _C.SUCCESS: _step(_S.ACCEPTED, _A.TELL),
            _C.FAILURE: _step(_S.COMPLETED, _A.ACKNOWLEDGE, _A.TELL),
            Timer.B: _step(_S.TERMINATED),  # runs here only where nobody waits any longer
        },
        _S.ACCEPTED: {
            _C.SUCCESS: _step(_S.ACCEPTED, _A.TELL),
            Timer.M: _step(_S.TERMINATED),
        },
        _S.COMPLETED: {
            _C.FAILURE: _step(_S.COMPLETED, _A.ACKNOWLEDGE),
            _C.UNDELIVERABLE: _step(_S.TERMINATED),
            Timer.D: _step(_S.TERMINATED),
        },
    },
    Kind.CLIENT: {  # RFC 3261 figure 6
        _S.TRYING: {
            Timer.E: _step(_S.TRYING, _A.RESEND),
            Timer.F: _step(_S.TERMINATED, _A.GIVE_UP),
            _C.UNDELIVERABLE: _step(_S.TERMINATED, _A.GIVE_UP),
            _C.PROVISIONAL: _step(_S.PROCEEDING, _A.TELL),
            _C.SUCCESS: _step(_S.COMPLETED, _A.TELL),
            _C.FAILURE: _step(_S.COMPLETED, _A.TELL),
        },
        _S.PROCEEDING: {
            Timer.E: _step(_S.PROCEEDING, _A.RESEND),
            Timer.F: _step(_S.TERMINATED, _A.GIVE_UP),
            _C.UNDELIVERABLE: _step(_S.TERMINATED, _A.GIVE_UP),
            _C.PROVISIONAL: _step(_S.PROCEEDING, _A.TELL),
            _C.SUCCESS: _step(_S.COMPLETED, _A.TELL),
            _C.FAILURE: _step(_S.COMPLETED, _A.TELL),
        },
        _S.COMPLETED: {
            Timer.K: _step(_S.TERMINATED),
        },
    },
    Kind.INVITE_SERVER: {  # RFC 3261 figure 7, as RFC 6026 §8.7 redraws it
        _S.PROCEEDING: {
            _C.REQUEST: _step(_S.PROCEEDING, _A.RESEND),
            _C.PROVISIONAL: _step(_S.PROCEEDING, _A.SEND),
            _C.SUCCESS: _step(_S.ACCEPTED, _A.SEND),
            _C.FAILURE: _step(_S.COMPLETED, _A.SEND),
            _C.UNDELIVERABLE: _step(_S.PROCEEDING),
        },
        _S.ACCEPTED: {
            _C.REQUEST: _step(_S.ACCEPTED),
            _C.SUCCESS: _step(_S.ACCEPTED, _A.SEND),
            # The ACK of a 2xx is a matter between user agents; it comes here only by mistake.
            _C.ACK: _step(_S.ACCEPTED),
            _C.UNDELIVERABLE: _step(_S.ACCEPTED),
            Timer.L: _step(_S.TERMINATED),
        },
        _S.COMPLETED: {
            _C.REQUEST: _step(_S.COMPLETED, _A.RESEND),
            _C.ACK: _step(_S.CONFIRMED),
            _C.UNDELIVERABLE: _step(_S.TERMINATED),
            Timer.G: _step(_S.COMPLETED, _A.RESEND),
            Timer.H: _step(_S.TERMINATED),
        },
        _S.CONFIRMED: {
            _C.REQUEST: _step(_S.CONFIRMED),
            _C.ACK: _step(_S.CONFIRMED),
            Timer.I: _step(_S.TERMINATED),
        },
    },
    Kind.SERVER: {  # RFC 3261 figure 8
        _S.TRYING: {
            _C.REQUEST: _step(_S.TRYING),
            _C.PROVISIONAL: _step(_S.PROCEEDING, _A.SEND),
            _C.SUCCESS: _step(_S.COMPLETED, _A.SEND),
            _C.FAILURE: _step(_S.COMPLETED, _A.SEND),
        },
        _S.PROCEEDING: {
            _C.REQUEST: _step(_S.PROCEEDING, _A.RESEND),
            _C.PROVISIONAL: _step(_S.PROCEEDING, _A.SEND),
            _C.SUCCESS: _step(_S.COMPLETED, _A.SEND),
            _C.FAILURE: _step(_S.COMPLETED, _A.SEND),
            _C.UNDELIVERABLE: _step(_S.TERMINATED),
        },
        _S.COMPLETED: {
            _C.REQUEST: _step(_S.COMPLETED, _A.RESEND),
            _C.UNDELIVERABLE: _step(_S.TERMINATED),
            Timer.J: _step(_S.TERMINATED),
        },
    },
}

FIRST: dict[Kind, State] = {
    Kind.INVITE_CLIENT: State.CALLING,
    Kind.CLIENT: State.TRYING,
    Kind.INVITE_SERVER: State.PROCEEDING,
    Kind.SERVER: State.TRYING,
}

TIMERS: dict[Kind, dict[State, tuple[Timer, ...]]] = {
    Kind.INVITE_CLIENT: {
        _S.CALLING: (Timer.A, Timer.B),
        _S.ACCEPTED: (Timer.M,),
        _S.COMPLETED: (Timer.D,),
    },
    Kind.CLIENT: {
        _S.TRYING: (Timer.E, Timer.F),
        _S.PROCEEDING: (Timer.E, Timer.F),
        _S.COMPLETED: (Timer.K,),
    },
    Kind.INVITE_SERVER: {
        _S.ACCEPTED: (Timer.L,),
        _S.COMPLETED: (Timer.G, Timer.H),
        _S.CONFIRMED: (Timer.I,),
    },
    Kind.SERVER: {
        _S.COMPLETED: (Timer.J,),
    },
}
"""The timers that run in each state: entering it starts those that do not, and stops the rest."""
