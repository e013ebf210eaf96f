"""A session is replaced where it owes an answer, and let alone where it owes none."""

from collections import Counter
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.virtual import Stage, VirtualClockLoop, conversing, stage

from fourwire.demo.speech import recording
from fourwire.failure_policy import FailurePolicy
from fourwire.inworld import Silent, Toolbox
from fourwire.life import Cause
from fourwire.line import LineEnded
from fourwire.standin import Behaviour, FunctionCall, FunctionCalls, faults
from fourwire.watchdog import Hearing

pytestmark = pytest.mark.anyio

POLICY = FailurePolicy(pause_s=0.0, watchdog_s=10.0)

THINKING_S = 60.0
"""How long the caller says nothing, several times what an answer may take."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualClockLoop}


async def until_quiet(it: Stage, since: float = 0.0) -> None:
    """Wait until the agent was heard to its end."""
    await it.until(lambda: it.loud(since))
    await it.until(lambda: it.now - it.loud()[-1] > 0.8)


async def think(it: Stage) -> None:
    """Be a caller who says nothing for long, and hangs up."""
    await anyio.sleep(THINKING_S)
    it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


def transcript(item: str) -> dict[str, Any]:
    """The caller's words, as the server tells them once it has them."""
    kind = "conversation.item.input_audio_transcription.completed"
    return {"type": kind, "item_id": item, "transcript": "What are your hours?"}


async def test_words_that_come_behind_their_answer_are_not_owed_another() -> None:
    async with stage(conversing(POLICY)) as it:
        await until_quiet(it)
        began = it.now
        it.leg.speak(recording("question"))
        await until_quiet(it, began + 1.0)
        (agent,) = it.agents.connections
        agent.inject(transcript(item_of_speech(it)))
        await think(it)
    assert not it.notes.named("conversation.lost")


def item_of_speech(it: Stage) -> str:
    """The item that the caller's last speech was announced as."""
    name = "Inworld.RealtimeAPI.InputAudioBufferSpeechStarted"
    return str(it.notes.named(name)[-1]["data"]["item_id"])


async def test_a_function_whose_result_needs_no_word_is_owed_none() -> None:
    tools = Toolbox()

    @tools.tool
    async def note() -> Silent:
        """Note something down."""
        return Silent("noted")

    door = Behaviour(calls={0: FunctionCalls((FunctionCall("note"),), speaks=True)})
    async with stage(conversing(POLICY, tools=tools), door) as it:
        await until_quiet(it)
        await think(it)
    assert it.notes.named("Inworld.RealtimeAPI.ToolAnswered")
    assert not it.notes.named("conversation.lost")


@pytest.mark.parametrize(("answer_s", "is_lost"), [(4.0, False), (6.0, True)])
async def test_a_server_that_takes_more_than_half_the_time_for_a_question_is_lost(
    answer_s: float, is_lost: bool
) -> None:
    slow = Behaviour(update_delay_ms=round(answer_s * 1000))
    async with stage(conversing(POLICY), slow, Behaviour()) as it:
        await until_quiet(it)
        await think(it)
    lost = [note["failure"] for note in it.notes.named("conversation.lost")]
    assert lost == (["no answer on an open connection"] if is_lost else [])


async def test_any_frame_is_a_sign_of_life() -> None:
    unmoved = Behaviour(faults=(faults.Drop(event="session.updated", nth=2),))
    async with stage(conversing(POLICY), unmoved) as it:
        await until_quiet(it)
        await it.until(lambda: len(it.agents.connections[0].told("session.update")) == 2)
        it.agents.connections[0].inject({"type": "ping"})
        await think(it)
    assert not it.notes.named("conversation.lost")


@pytest.mark.parametrize("watchdog_s", [1.0, 7.0, 15.0])
async def test_a_dead_server_is_noticed_in_the_time_of_the_watchdog(watchdog_s: float) -> None:
    policy = FailurePolicy(pause_s=0.0, watchdog_s=watchdog_s)
    dead = Behaviour(faults=(faults.Wedge(after="output_audio_buffer.stopped"),))
    async with stage(conversing(policy), dead, Behaviour()) as it:
        await it.until(lambda: it.agents.connections)
        (agent,) = it.agents.connections
        await it.until(lambda: agent.record.find("output_audio_buffer.stopped"))
        wedged_at = it.now
        await it.until(lambda: it.notes.named("conversation.lost"))
        assert watchdog_s * 0.9 <= it.now - wedged_at <= watchdog_s * 1.1
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_a_server_that_refuses_what_the_caller_says_is_lost_in_the_time_of_the_watchdog() -> (
    None
):
    deaf = Behaviour(appends_per_s=1)
    async with stage(conversing(POLICY), deaf, Behaviour()) as it:
        await until_quiet(it)
        said_last = it.now
        it.leg.speak(recording("question"))
        await it.until(lambda: it.notes.named("conversation.lost"))
        assert it.now - said_last <= POLICY.watchdog_s
        await it.until(lambda: it.notes.named("conversation.mended"))
        mended_at = it.now
        await it.until(lambda: it.loud(mended_at), within_s=2.0)
        *_, note = it.agents.connections[1].told("conversation.item.create")
        assert "was lost: ask whether" in note["item"]["content"][0]["text"]
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    (lost,) = it.notes.named("conversation.lost")
    assert lost["failure"] == "the caller's audio is refused"


async def test_a_session_that_we_leave_as_it_is_given_up_is_not_replaced() -> None:
    dead = Behaviour(faults=(faults.Wedge(after="output_audio_buffer.stopped"),))
    async with stage(conversing(POLICY), dead, Behaviour()) as it:
        await it.until(lambda: it.notes.named("conversation.lost"))
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    (given_up_at,) = [entry.t for entry in it.notes if entry.event == "conversation.lost"]
    async with stage(conversing(POLICY), dead, Behaviour()) as it:
        await it.until(lambda: it.call.agent)
        agent = it.call.agent
        assert agent is not None
        await anyio.sleep(given_up_at - it.call.journal.now)
        await agent.close()
        await it.until(lambda: it.call.ended or it.notes.named("conversation.lost"))
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert it.causes() == ["hung up"]
    assert not it.notes.named("conversation.lost")
    assert len(it.agents.connections) == 1


COUNTED = st.tuples(st.integers(0, 40), st.integers(0, 40), st.booleans())


@given(st.lists(COUNTED, max_size=60))
def test_who_says_anything_but_errors_or_refuses_less_than_half_hears(
    looks: list[tuple[int, int, bool]],
) -> None:
    hearing, counted = Hearing(4.0), Counter[str]()
    for now, (frames, errors, speaks) in enumerate(looks):
        few = min(errors, max(0, (frames - 1) // 2))
        counted.update(frames_sent=frames, errors_unnamed=errors if speaks else few)
        counted.update(messages_received=(errors if speaks else few) + speaks)
        assert not hearing.is_lost(float(now), counted)


@given(st.lists(st.integers(4, 40), min_size=10, max_size=20), st.integers(1, 5))
def test_who_refuses_all_that_it_is_sent_is_found_out_in_twice_the_time(
    looks: list[int], seconds: int
) -> None:
    hearing, counted = Hearing(float(seconds)), Counter[str]()
    found = []
    for now, frames in enumerate(looks):
        counted.update(frames_sent=frames, errors_unnamed=frames, messages_received=frames)
        found.append(hearing.is_lost(float(now), counted))
    assert found.index(True) <= 2 * seconds


async def test_a_caller_who_spoke_to_a_dead_session_is_spoken_to_by_the_next() -> None:
    dead = Behaviour(faults=(faults.Wedge(after="output_audio_buffer.stopped"),))
    async with stage(conversing(POLICY), dead, Behaviour()) as it:
        await until_quiet(it)
        it.leg.speak(recording("question"))
        await it.until(lambda: it.notes.named("conversation.mended"))
        mended_at = it.now
        await it.until(lambda: it.loud(mended_at), within_s=2.0)
        *_, note = it.agents.connections[1].told("conversation.item.create")
        assert "was lost: ask whether" in note["item"]["content"][0]["text"]
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
