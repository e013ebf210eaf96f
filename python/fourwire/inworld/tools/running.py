"""Calling a function for the agent: whatever comes of it, the agent gets an answer."""

import asyncio
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import msgspec

from .called import Silent, ToolCall, ToolError
from .toolbox import Tool

NOTHING = "done"
"""What is told where a function gives nothing back."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the agent is told of a call."""

    output: str
    silent: bool = False
    error: str | None = None
    """What went wrong, for us; the agent is told less of it."""


async def run(tool: Tool, call: ToolCall) -> Result:
    """The result of `call`; never raises but when it is cancelled itself."""
    try:
        arguments = tool.signature.read(call.arguments)
        async with asyncio.timeout(tool.timeout) as limit:
            value = await _called(tool, arguments, call)
        return told(value)
    except ToolError as error:
        return failed(str(error))
    except TimeoutError as error:
        if limit.expired():
            return failed(f"{tool.name} took longer than {tool.timeout:g} s")
        return _broken(tool, error)
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        return _broken(tool, error)
    except (Exception, SystemExit) as error:  # what wants to exit ends no call
        return _broken(tool, error)


def told(value: Any) -> Result:
    """A result as the agent gets it: text as it is, all else as JSON."""
    if isinstance(value, Silent):
        inner = told(value.value)
        return Result(inner.output, silent=True, error=inner.error)
    if value is None or isinstance(value, str):
        return Result(NOTHING if value is None else value)
    try:
        return Result(msgspec.json.encode(value).decode())
    except (TypeError, ValueError, RecursionError) as error:
        return failed("the result cannot be told", f"{type(value).__name__} as JSON: {error}")


def failed(words: str, error: str | None = None) -> Result:
    """A failure as the agent gets it."""
    return Result(msgspec.json.encode({"error": words}).decode(), error=error or words)


async def _called(tool: Tool, arguments: dict[str, Any], call: ToolCall) -> Any:
    if tool.signature.wants_call is not None:
        arguments = {**arguments, tool.signature.wants_call: call}
    if tool.signature.is_async:
        return await tool.function(**arguments)
    return await anyio.to_thread.run_sync(
        lambda: tool.function(**arguments), abandon_on_cancel=True
    )


def _broken(tool: Tool, error: BaseException) -> Result:
    """A fault of the function's: its words may hold what is nobody's business."""
    return failed(f"{tool.name} failed", f"{type(error).__name__}: {error}")


def _is_cancelled() -> bool:
    """Whether somebody cancels this task; else something it awaited was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
