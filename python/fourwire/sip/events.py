"""What the user agent tells its owner of a call."""

from dataclasses import dataclass
from enum import Enum

from .flow import Flow
from .message import Request


class Cause(Enum):
    """Why a call ended."""

    HUNG_UP = "hung up here"
    """We ended it: :meth:`hang_up` after the answer."""
    BYE = "hung up by the peer"
    CANCELLED = "cancelled by the caller"
    REJECTED = "rejected"
    """A final response that is no 2xx: ours to an incoming call, the peer's to an outgoing one."""
    UNACKNOWLEDGED = "the answer was never acknowledged"
    LOST = "the peer no longer answers, or no longer knows the call"
    UNANSWERED = "nobody answered"
    EXPIRED = "nobody refreshed the session in time"
    REPLACED = "somebody else took the peer's place"


@dataclass(frozen=True, slots=True)
class Invited:
    """A new call came in; 100 Trying has been sent."""

    call: int
    request: Request
    offer: str | None
    trunk: str = ""
    """The name of the trunk that it came by; empty: a stranger's."""
    replaces: int = 0
    """The call in which its caller takes the peer's place (RFC 3891); 0: it is a call of its own.
    Answering it ends that one."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The ACK to our answer came, with the answer to our own offer where we made one."""

    call: int
    answer: str | None


@dataclass(frozen=True, slots=True)
class Progressed:
    """A provisional response came to our call: ringing, or early media in ``sdp``.

    Several may ring for one call (forking), each with a description of its own; ``sdp`` is there
    where it is new from whoever gave it.
    """

    call: int
    status: int
    reason: str
    sdp: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """Our call was answered. Where we made no offer, ``sdp`` is the peer's and wants an answer."""

    call: int
    sdp: str | None


@dataclass(frozen=True, slots=True)
class Reinvited:
    """The peer wants to change the session; ``cseq`` names its request in our answer to it."""

    call: int
    cseq: int
    offer: str | None


@dataclass(frozen=True, slots=True)
class ReinviteAcknowledged:
    """The ACK to our answer to a re-INVITE came."""

    call: int
    cseq: int
    answer: str | None


@dataclass(frozen=True, slots=True)
class ReinviteOver:
    """A re-INVITE that waited for our answer was cancelled, or its call ended."""

    call: int
    cseq: int


@dataclass(frozen=True, slots=True)
class Reanswered:
    """The peer's final response to a re-INVITE of ours.

    After 491 the offer may be made again, described anew: the wait of RFC 3261 §14.1 is over.
    """

    call: int
    status: int
    reason: str
    sdp: str | None
    refresh: bool = False
    """Whether nobody asked: the offer was the last one again, and refreshed the session."""


@dataclass(frozen=True, slots=True)
class Info:
    """An INFO came within a call (RFC 6086), and was answered 200."""

    call: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Replied:
    """The peer's final response to a request of ours that is no offer; ``cseq`` names it."""

    call: int
    cseq: int
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Transferring:
    """What became of a REFER of ours (RFC 3515): the last response that the peer got from there.

    ``over`` says that nothing more will be told; a 2xx then means that the transfer is done.
    """

    call: int
    cseq: int
    status: int
    reason: str
    over: bool


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The peer asks us to call somebody else (RFC 3515); ``cseq`` names its REFER."""

    call: int
    cseq: int
    target: str
    replaces: str | None
    """The Replaces that the new call is to bear (RFC 3891)."""
    referred_by: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over: the last event of every call, and each has exactly one.

    ``status`` and ``reason`` are those of the response that ended it, 0 where none did.
    """

    call: int
    cause: Cause
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A registrar knows us (again), for so many seconds; calls from it come by ``flow``."""

    registration: int
    expires_s: int
    flow: Flow | None


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """A registrar refused us or was silent (408, 503); the next attempt is in ``retry_s``."""

    registration: int
    status: int
    reason: str
    retry_s: float


@dataclass(frozen=True, slots=True)
class Unregistered:
    """A registrar was told that we leave, or could not be: the last event of a registration."""

    registration: int


RegistrationEvent = Registered | NotRegistered | Unregistered
"""What is told of a registration."""

Event = (
    Invited
    | Acknowledged
    | Progressed
    | Answered
    | Reinvited
    | ReinviteAcknowledged
    | ReinviteOver
    | Reanswered
    | Info
    | Replied
    | Transferring
    | TransferAsked
    | Ended
    | Registered
    | NotRegistered
    | Unregistered
)
