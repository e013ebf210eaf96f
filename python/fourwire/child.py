"""A child of a task group that leaves nothing in memory when it is cancelled."""

import math
from collections.abc import Awaitable, Callable
from typing import ParamSpec

import anyio

__all__ = ["child"]

P = ParamSpec("P")


async def child(work: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do `work` as the whole of a task, and return where its group is cancelled.

    anyio has the error of a child that was cancelled lie in a circle with a frame of its own, and
    all that the child knew hangs on it until the collector comes by. One that is cancelled by
    somebody else passes that on, so that its group hears of it.
    """
    try:
        await work(*args, **kwargs)
    except anyio.get_cancelled_exc_class():
        if anyio.current_effective_deadline() > -math.inf:
            raise
