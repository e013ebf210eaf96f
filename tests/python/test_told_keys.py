"""An agent is told of keys that nobody collects, in one piece, and before a call grows too long."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.gateway import Addressed, FakeLine, Notes, journal, settled

from fourwire._core import Key
from fourwire.agent_file import AgentFile
from fourwire.call import Call
from fourwire.call_length import Length, limit_length
from fourwire.call_tools import phone_tools
from fourwire.inworld.events import ResponseDone
from fourwire.life import Cause
from fourwire.line import LineEnded
from fourwire.problems import IllegalSetting, SettingsError
from fourwire.told_keys import KeyOptions, tell_keys

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def talking(
    agent: Addressed, *duties: Callable[[Call], Awaitable[None]]
) -> AsyncIterator[tuple[Call, FakeLine, Notes]]:
    line = FakeLine()
    book, notes = journal()
    call = Call("c1", line, book.call("c1"))  # type: ignore[arg-type]

    async def scenario(call: Call) -> None:
        for duty in duties:
            call.start_soon(partial(duty, call))
        await call.answer()
        call.bridge(agent)  # type: ignore[arg-type]
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call.live, scenario)
        await settled()
        yield call, line, notes
        line.happen(LineEnded(Cause.CALLER_HUNG_UP))


def press(line: FakeLine, digits: str) -> None:
    for digit in digits:
        line.leg.news.put(Key(digit, 90.0))


OPTIONS = KeyOptions(pause_s=0.05)


async def test_keys_are_told_together_when_a_pause_or_the_last_key_ends_them() -> None:
    agent = Addressed()
    agent.active_response = "r"
    async with talking(agent, partial(tell_keys, options=OPTIONS)) as (_, line, notes):
        press(line, "#12#")
        await settled()
        assert agent.told[0] == "response.cancel"  # a key interrupts, as speech does
        assert agent.told[-1] != "response.create"  # the server would refuse a second one
        agent.active_response = None
        agent.publish(ResponseDone())
        await settled()
        assert agent.told[-1] == "response.create"
        press(line, "7")
        await anyio.sleep(0.2)
    assert [told for told in agent.told if "keys" in told] == [
        "user: [The caller has pressed keys: 12]",
        "user: [The caller has pressed keys: 7]",
    ]
    assert agent.told[-1] == "response.create"
    assert [note["trigger"] for note in notes.named("bridge.barge_in")] == ["keys", "keys"]


async def test_keys_that_are_collected_are_not_told() -> None:
    agent = Addressed()
    async with talking(agent, partial(tell_keys, options=OPTIONS)) as (call, line, _):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(call.collect_digits, 4))
            await settled()
            press(line, "12#")
        await anyio.sleep(0.1)
    assert agent.told == []


@pytest.mark.parametrize("told", [False, True])
async def test_a_model_gets_a_secret_as_a_word_unless_it_may_know_it(told: bool) -> None:
    async with talking(Addressed()) as (call, line, _):
        tool = phone_tools(call, "collect_digits", tell_secrets=told)["collect_digits"]
        results: list[Any] = []

        async def collect() -> None:
            results.append(await tool.function(most=4, sensitive=True))  # type: ignore[misc]

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(collect)
            await settled()
            press(line, "4711")
    if told:
        assert results == [{"digits": "4711"}]
    else:
        assert results == [{"digits": "***", "count": 4, "word": "digits-1"}]
        assert call.secret_of("digits-1") == "4711"


async def test_the_agent_is_warned_before_a_call_grows_too_long() -> None:
    agent = Addressed()
    length = Length(most_s=0.2, warn_s=0.1, warning="hurry")
    with anyio.fail_after(5):
        async with talking(agent, partial(limit_length, length=length)) as (call, _, notes):
            assert (await call.wait_ended()).cause is Cause.TOO_LONG
    assert agent.told == ["system: hurry", "response.create"]
    assert notes.named("call.length_warning")


def test_a_warning_comes_before_the_end() -> None:
    with pytest.raises(IllegalSetting, match="less than most_s"):
        Length(most_s=30, warn_s=60)


def test_an_agent_file_says_what_becomes_of_keys_and_silence(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('keys = "tell"\nsilence = { after_s = 8, audio = "still_there.wav" }\n')
    agent = AgentFile.load(file)
    assert agent.key_options == KeyOptions()
    assert agent.silence is not None
    assert (agent.silence.after_s, agent.silence.prompts) == (8, 2)
    file.write_text(
        'keys = { in_band = "remove", sensitive = "digits" }\nlength = { most_s = 600 }'
    )
    agent = AgentFile.load(file)
    assert agent.key_options == KeyOptions(in_band="remove", sensitive="digits")
    assert agent.length == Length(most_s=600)
    file.write_text("[silence]\nafter_s = 0.1\n")
    with pytest.raises(SettingsError, match=r"agent.toml:2: silence.after_s"):
        AgentFile.load(file)
