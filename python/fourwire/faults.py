"""What can be told of an error that nobody caught."""

import asyncio
import traceback

__all__ = ["innermost", "is_cancelled", "places"]


def is_cancelled(error: BaseException) -> bool:
    """Whether somebody cancels this task; else what was awaited has been cancelled."""
    task = asyncio.current_task()
    cancelled = isinstance(error, asyncio.CancelledError)
    return cancelled and task is not None and task.cancelling() > 0


def innermost(error: BaseException) -> BaseException:
    """The first error inside nested groups, which is what a reader wants to see."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def places(error: BaseException) -> list[str]:
    """Where it happened, innermost last, without the values of anything."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
