"""What becomes of a call whose agent fails: how often another try is made, and what comes last.

Judgement only: every function here takes a plain value and gives one back. `converse` acts on it.
"""

import enum
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from fourwire.announcement import Announcement, bundled
from fourwire.inworld import (
    HandshakeRefused,
    ServerError,
    SessionClosed,
    Unreachable,
)
from fourwire.problems import IllegalSetting

__all__ = [
    "Failure",
    "FailurePolicy",
    "LastResort",
    "Setback",
    "Verdict",
    "failure_of",
    "judge",
    "last_resorts",
    "pause_s",
    "retry_after_s",
]

BUNDLED = "bundled"

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]


class FailurePolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done when the agent cannot be reached, or is lost in mid-call."""

    connect_s: Positive = 10.0
    """Seconds for one try, up to the session's settings being taken over."""
    attempts: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    """Tries whenever a session is needed."""
    pause_s: NotNegative = 0.5
    """Seconds before the second try at most; before each that follows, twice as long at most."""
    longest_pause_s: NotNegative = 8.0
    """Where that doubling ends."""
    give_up_s: Positive = 20.0
    """Seconds after which no further try is begun: so long a caller waits."""
    reconnects: Annotated[int, msgspec.Meta(ge=0)] = 3
    """How often in a call a lost session is replaced."""
    watchdog_s: NotNegative = 15.0
    """Seconds that an agent on an open connection may owe an answer, half of them where it is
    asked whether it is there; in which it may refuse what the caller says, too; 0: for ever."""
    hold_after_s: NotNegative = 0.7
    """Seconds without an agent after which the caller hears the hold audio."""
    hold: str = BUNDLED
    """The WAV file that is played over and over meanwhile; empty: silence."""
    then: Literal["apologise", "transfer", "hang_up"] = "apologise"
    """What comes when nothing helps; a transfer that fails is apologised for."""
    apology: str = BUNDLED
    """The WAV file that is played before hanging up; empty: none is."""
    transfer_to: str = ""
    """Where the caller is sent: a SIP or tel URI, or a number."""
    unanswered: Literal["reject", "answer"] = "reject"
    """A call that is not answered yet: refused with 503, or answered for what comes then."""

    def __post_init__(self) -> None:
        if self.then == "transfer" and not self.transfer_to:
            raise IllegalSetting("transfer_to", 'must be given where then = "transfer"')
        for field in ("hold", "apology"):
            try:
                _audio(getattr(self, field), field)
            except (ValueError, OSError) as error:
                raise IllegalSetting(field, str(error)) from None

    @property
    def hold_audio(self) -> Announcement | None:
        """What is played while an agent is away."""
        return _audio(self.hold, "hold")

    @property
    def apology_audio(self) -> Announcement | None:
        """What is played before hanging up."""
        return _audio(self.apology, "apology")


@lru_cache(maxsize=64)  # read when the policy is made, not in the worst moment of a call
def _audio(choice: str, ours: str) -> Announcement | None:
    if not choice:
        return None
    return bundled(ours) if choice == BUNDLED else Announcement.load(choice)


class Failure(enum.Enum):
    """What went wrong with a session."""

    NOT_ALLOWED = "not allowed"
    """The key does not open this door; trying again would not help."""
    REFUSED = "refused"
    """What was asked for is wrong; trying again would not help."""
    OVER_QUOTA = "over quota"
    """Too many sessions or requests just now."""
    SERVER = "server in trouble"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    LOST = "connection lost"
    WEDGED = "no answer on an open connection"
    UNHEARD = "the caller's audio is refused"


PASSING = frozenset(Failure) - {Failure.NOT_ALLOWED, Failure.REFUSED}
"""Failures that may be over a moment later."""

NOT_ALLOWED = frozenset({401, 402, 403})
"""Statuses that a key or a plan is at fault for."""

ACCOUNT_ERRORS = frozenset(
    {
        "SESSION_TOKEN_EXPIRED",
        "SESSION_TOKEN_INVALID",
        "BILLING_TOKENS_EXHAUSTED",
        "ACCOUNT_DISABLED",
        "invalid_api_key",
        "insufficient_quota",
    }
)
"""What the server calls trouble with the account, once a session is open."""

QUOTA_ERRORS = frozenset({"SESSION_RESOURCES_EXHAUSTED", "rate_limit_exceeded"})


def failure_of(error: BaseException) -> Failure:
    """What kind of failure `error` is: an `InworldError`, or a deadline that has passed."""
    match error:
        case HandshakeRefused(status=status):
            return _failure_of_status(status)
        case ServerError():
            return _failure_of_server(error)
        case Unreachable():
            return Failure.UNREACHABLE
        case SessionClosed():
            return Failure.LOST
        case TimeoutError():
            return Failure.TIMEOUT
    return Failure.SERVER


def _failure_of_status(status: int) -> Failure:
    if status in NOT_ALLOWED:
        return Failure.NOT_ALLOWED
    if status == 429:
        return Failure.OVER_QUOTA
    if status == 408:
        return Failure.TIMEOUT
    return Failure.SERVER if status >= 500 else Failure.REFUSED


def _failure_of_server(error: ServerError) -> Failure:
    if error.code in ACCOUNT_ERRORS:
        return Failure.NOT_ALLOWED
    if error.code in QUOTA_ERRORS:
        return Failure.OVER_QUOTA
    return Failure.REFUSED if error.kind == "invalid_request_error" else Failure.SERVER


def retry_after_s(error: BaseException, unix_time: float) -> float:
    """How long the server asks to be left alone (RFC 9110 §10.2.3); 0 where it does not."""
    if not isinstance(error, HandshakeRefused):
        return 0.0
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    told = headers.get("retry-after", "").strip()
    if told.isdecimal():
        return float(told)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return 0.0
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.fromtimestamp(unix_time, UTC)).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """A try that failed, and all that came before."""

    failure: Failure
    attempts: int
    """Tries made so far, this one included."""
    waited_s: float
    """How long the caller has waited for a session."""
    retry_after_s: float = 0.0
    """How long the server asks to be left alone."""
    draw: float = 1.0
    """Chance, from 0 to 1: where in its span the pause lies."""


class Verdict(enum.Enum):
    """Whether another try is made."""

    TRY_AGAIN = "try again"
    GIVE_UP = "give up"


def pause_s(setback: Setback, policy: FailurePolicy) -> float:
    """How long to wait before the next try.

    Anything from nothing to a span that doubles (full jitter): calls that failed together do not
    come back together.
    """
    span = min(policy.longest_pause_s, policy.pause_s * 2.0 ** (setback.attempts - 1))
    return max(setback.retry_after_s, setback.draw * span)


def judge(setback: Setback, policy: FailurePolicy) -> Verdict:
    """Whether another try is worth the caller's time."""
    tries_left = setback.failure in PASSING and setback.attempts < policy.attempts
    begins_s = setback.waited_s + pause_s(setback, policy)
    return Verdict.TRY_AGAIN if tries_left and begins_s < policy.give_up_s else Verdict.GIVE_UP


class LastResort(enum.Enum):
    """What is done with a caller for whom there is no agent."""

    REJECT = "reject"
    ANSWER = "answer"
    TRANSFER = "transfer"
    APOLOGISE = "apologise"
    HANG_UP = "hang up"


def last_resorts(policy: FailurePolicy, *, answered: bool) -> list[LastResort]:
    """What is done when there will be no agent, each where the one before did not end the call."""
    if not answered and policy.unanswered == "reject":
        return [LastResort.REJECT]
    steps = [] if answered else [LastResort.ANSWER]
    if policy.then == "transfer":
        steps.append(LastResort.TRANSFER)
    if policy.then != "hang_up" and policy.apology:
        steps.append(LastResort.APOLOGISE)
    return [*steps, LastResort.HANG_UP]
