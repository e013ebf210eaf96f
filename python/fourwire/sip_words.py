"""What SIP says of a dialog, in the words of a line."""

from collections.abc import Iterator
from contextlib import contextmanager

from fourwire import sip
from fourwire.life import Cause
from fourwire.line import LineClosed, RequestFailed

__all__ = ["GONE", "PENDING", "asking", "cause_of", "detail_of"]

CAUSES = {
    sip.Cause.BYE: Cause.CALLER_HUNG_UP,
    sip.Cause.CANCELLED: Cause.CANCELLED,
    sip.Cause.HUNG_UP: Cause.SHUTDOWN,
    sip.Cause.REJECTED: Cause.SHUTDOWN,
}
"""What SIP calls the end of a dialog, and what a call calls it; the rest is a line that failed.

An end of our own that the call had not asked for comes from an endpoint that closes.
"""

PENDING = 491
"""The status of an offer that met another one."""

GONE = 487, "somebody else took the caller's place"
"""What became of a request to a caller who is in the call no more, while the call goes on."""


def cause_of(ended: sip.Ended) -> Cause:
    """Why a call ended whose dialog ended so."""
    return CAUSES.get(ended.cause, Cause.LINE_FAILED)


def detail_of(ended: sip.Ended) -> str:
    """What else there is to say of it."""
    return f"{ended.status} {ended.reason}".strip() if ended.status else ended.cause.value


@contextmanager
def asking() -> Iterator[None]:
    """What a request within the dialog may come to."""
    try:
        yield
    except sip.CallFailed as error:
        raise RequestFailed(error.status, error.reason) from None
    except sip.CallEnded as error:
        if error.ended.cause is sip.Cause.REPLACED:
            raise RequestFailed(*GONE) from None
        raise LineClosed(cause_of(error.ended), detail_of(error.ended)) from None
