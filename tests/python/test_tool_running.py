"""Whatever a function does, the agent gets an answer, and no more than it should know."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import anyio
import msgspec
import pytest

from fourwire.inworld import Silent, Toolbox, ToolCall, ToolError
from fourwire.inworld.tools.running import Result, run

pytestmark = pytest.mark.anyio


async def result(
    function: Callable[..., Any], arguments: str = "", timeout: float = 10.0
) -> Result:
    tools = Toolbox()
    tools.tool(name="tool", timeout=timeout)(function)
    return await run(tools["tool"], ToolCall("call_1", "tool", arguments))


def error(of: Result) -> str:
    words: str = json.loads(of.output)["error"]
    return words


@dataclass
class Order:
    number: int
    due: date


class Bare(msgspec.Struct):
    a: int = 1


@pytest.mark.parametrize(
    ("value", "output"),
    [
        ("as it is", "as it is"),
        (None, "done"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (3.5, "3.5"),
        (True, "true"),
        (Order(7, date(2026, 3, 1)), '{"number":7,"due":"2026-03-01"}'),
        ([Bare()], '[{"a":1}]'),
        ("", ""),
    ],
)
async def test_a_result_is_told_as_text_or_json(value: object, output: str) -> None:
    assert await result(lambda: value) == Result(output)


async def test_a_silent_result_is_told_and_wants_no_words() -> None:
    assert await result(lambda: Silent({"a": 1})) == Result('{"a":1}', silent=True)


@pytest.mark.parametrize("value", [object(), {1: object()}, float, {"a": {1, object()}}])
async def test_a_result_that_json_has_nothing_for_is_a_failure(value: object) -> None:
    got = await result(lambda: value)
    assert error(got) == "the result cannot be told"
    assert got.error is not None


async def test_an_async_function_runs_in_the_loop_and_another_in_a_thread() -> None:
    async def here() -> bool:
        return threading.current_thread() is threading.main_thread()

    def there() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert (await result(here)).output == "true"
    assert (await result(there)).output == "false"


async def test_a_function_gets_its_arguments_and_its_call() -> None:
    async def tool(this: ToolCall, a: int, b: str = "x") -> str:
        return f"{this.call_id} {a} {b}"

    assert (await result(tool, '{"a": 3}')).output == "call_1 3 x"


async def test_what_a_function_says_it_could_not_do_is_told_word_by_word() -> None:
    async def tool() -> None:
        raise ToolError("there is no such order")

    assert error(await result(tool)) == "there is no such order"


async def test_of_a_fault_the_agent_learns_that_it_was_one_and_the_log_what_it_was() -> None:
    def tool() -> None:
        raise RuntimeError("postgres://user:password@db")

    got = await result(tool)
    assert error(got) == "tool failed"
    assert got.error == "RuntimeError: postgres://user:password@db"


async def test_arguments_that_do_not_fit_are_told_to_the_model() -> None:
    async def tool(a: int) -> None: ...

    assert "Expected `int`" in error(await result(tool, '{"a": "x"}'))


async def test_a_function_that_takes_too_long_is_given_up() -> None:
    released = threading.Event()

    async def slow() -> None:
        await anyio.sleep_forever()

    def blocked() -> None:
        released.wait(10)

    try:
        for function in (slow, blocked):
            assert error(await result(function, timeout=0.01)) == "tool took longer than 0.01 s"
    finally:
        released.set()


async def test_a_time_out_of_its_own_is_a_fault_like_any_other() -> None:
    async def tool() -> None:
        raise TimeoutError

    assert error(await result(tool)) == "tool failed"


async def test_what_was_cancelled_inside_a_function_is_a_fault_of_its_own() -> None:
    async def tool() -> None:
        task = asyncio.create_task(anyio.sleep_forever())
        task.cancel()
        await task

    assert error(await result(tool)) == "tool failed"


async def test_a_call_that_is_cancelled_is_cancelled() -> None:
    ended = []

    async def tool() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    task = asyncio.create_task(result(tool))
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


def test_two_tools_of_one_name_are_refused() -> None:
    tools = Toolbox()
    tools.tool(name="a")(print_nothing)
    with pytest.raises(ValueError, match="there is a tool a already"):
        tools.tool(name="a")(print_nothing)
    with pytest.raises(ValueError, match="there is a tool a already"):
        tools.extend(Toolbox(tools))


def test_a_decorated_function_is_still_itself() -> None:
    tools = Toolbox()
    assert tools.tool(print_nothing) is print_nothing
    assert (len(tools), "print_nothing" in tools) == (1, True)
    assert [tool.name for tool in tools] == ["print_nothing"]


def print_nothing() -> None:
    """Print nothing."""


def leave() -> None:
    raise SystemExit(3)


async def leave_the_loop() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize("function", [leave, leave_the_loop])
async def test_a_function_that_wants_to_end_the_process_fails(function: Callable[..., Any]) -> None:
    of = await result(function)
    assert error(of) == "tool failed"
    assert of.error == "SystemExit: 3"
