"""Work of a call that is done to its end, though who asked for it waits no longer."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from fourwire.life import Cause
from fourwire.line import LineClosed, RequestFailed

__all__ = ["unbroken"]

T = TypeVar("T")
Start = Callable[[Callable[[], Awaitable[None]]], None]


async def unbroken(start: Start, work: Callable[[], Awaitable[T]]) -> T:
    """What `work` comes to, which `start` begins beside the scenario.

    Being cancelled takes nothing back of what was asked of the far side already: it answers all the
    same, and the call has to be as was agreed. What the far side refuses then, or that it is gone,
    is nobody's business any more; any other error is one of the call. `LineClosed` where the call
    ended first.
    """
    outcomes: list[T] = []
    errors: list[Exception] = []
    done = anyio.Event()
    is_waited_for = True

    async def run() -> None:
        try:
            outcomes.append(await work())
        except Exception as error:
            if is_waited_for:
                errors.append(error)
            elif not isinstance(error, RequestFailed | LineClosed):
                raise
        finally:
            done.set()

    start(run)
    try:
        await done.wait()
    finally:
        is_waited_for = False
    if errors:
        raise errors.pop()  # kept nowhere, or it would lie in a circle with this very frame
    if not outcomes:
        raise LineClosed(Cause.HUNG_UP, "the call ended first")
    return outcomes[0]
