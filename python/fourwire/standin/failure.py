"""Responses that fail: what is told of it, and how much was said before."""

from collections.abc import Iterable

import msgspec

__all__ = ["Failure", "failure_of"]


class Failure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a response for a reason of the server's.

    The defaults are a model without capacity; a used-up account is
    ``Failure(type="insufficient_quota", code="insufficient_quota", later=True, message="…")``.
    """

    response: int
    """Which one of the session; 0 is the first one, which greets."""
    later: bool = False
    """Whether all that follow fail, too."""
    message: str = "the model is at capacity, try again (ResourceExhausted)"
    type: str = "server_error"
    code: str | None = None
    after_deltas: int = 0
    """Audio deltas that come before."""
    error_event: bool = True
    """Whether an `error` event tells of it."""
    response_done: bool = True
    """Whether the response ends as failed; else it never ends, and none can follow it."""

    @property
    def error(self) -> dict[str, object]:
        """The error object of its events."""
        return {"type": self.type, "code": self.code, "message": self.message, "param": None}


def failure_of(failures: Iterable[Failure], response: int) -> Failure | None:
    """What ends response number `response`; the first that fits."""
    for failure in failures:
        if failure.response == response or (failure.later and failure.response < response):
            return failure
    return None
