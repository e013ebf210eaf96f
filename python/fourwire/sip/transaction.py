"""A transaction (RFC 3261 §17), what it has to send, and what it tells."""

from dataclasses import dataclass, field

from .flow import Flow, Hop
from .matching import TransactionKey
from .message import Request, Response
from .states import Kind, State
from .timers import Intervals, Timer


@dataclass(slots=True, eq=False)
class Transaction:
    """One request and its responses."""

    kind: Kind
    key: TransactionKey
    request: Request
    to: Flow | Hop
    """Where our messages go: the request's next hop, or the responses' way back."""
    intervals: Intervals
    otherwise: Hop | None = None
    """Where responses go when the connection of ``to`` is gone (RFC 3261 §18.2.2)."""
    state: State = State.TERMINATED
    last: bytes = b""
    """What RESEND sends."""
    pauses: dict[Timer, int] = field(default_factory=dict)
    owner: int = 0
    """The call it belongs to; 0 for none."""
    tries: int = 0
    """How many requests it stands in the place of, which were refused for want of a proof."""
    first_cseq: int | None = None
    """The CSeq of the first of these; None where there is none."""
    fixed: bool = False
    """Whether it keeps its way whatever its size."""
    small: "tuple[Request, Flow | Hop] | None" = None
    """What goes by UDP, and whereto, where TCP is not taken (RFC 3261 §18.1.1), or no more."""
    large: bool = False
    """Whether it goes by TCP for its size alone."""
    connection: int = 0
    """The connection by which it went; 0 for none, or none that is known."""
    sent_again: bool = False
    """Whether that was closed before an answer came, so that it went by another."""
    declined: int = 0
    """How many were let go who answered it though another had, or too late."""

    @property
    def known_as(self) -> int:
        """The number that whoever sent it knows it by, however often it had to be sent anew."""
        return self.request.cseq.number if self.first_cseq is None else self.first_cseq

    @property
    def way(self) -> Flow | Hop:
        """Where its request was to go, whatever its size has made of that."""
        return self.small[1] if self.large and self.small is not None else self.to

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state is State.TERMINATED

    @property
    def answered(self) -> bool:
        """Whether a final response was sent or has come."""
        return self.state not in (State.CALLING, State.TRYING, State.PROCEEDING)


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes to send. Where ``to`` is a connection that is gone, ``otherwise`` is tried."""

    data: bytes
    to: Flow | Hop
    otherwise: Hop | None = None
    small: "Transmit | None" = None
    """What is sent in its place where TCP is not taken, or no more."""
    of: Transaction | None = field(default=None, repr=False, compare=False)
    """The transaction that it belongs to; None for an ACK to a 2xx."""


@dataclass(frozen=True, slots=True)
class Responded:
    """A response came to a request of ours."""

    transaction: Transaction
    response: Response


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody answered our request in time (408), or it could not be sent (503)."""

    transaction: Transaction
    status: int


Happening = Responded | Unanswered
"""What the layer tells the user agent."""
