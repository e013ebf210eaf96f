"""A conversation survives failure, and the caller never hears endless silence."""

from typing import Any

import anyio
import pytest
from support.virtual import Stage, VirtualClockLoop, conversing, stage
from support.virtual_agents import Door, refused

from fourwire import g711
from fourwire.announcement import bundled
from fourwire.demo.speech import recording
from fourwire.failure_policy import FailurePolicy
from fourwire.inworld import Toolbox, Unreachable
from fourwire.life import Cause, State
from fourwire.line import LineEnded, TransferFailed
from fourwire.standin import Behaviour, faults
from fourwire.standin.calling import FunctionCall, FunctionCalls

pytestmark = pytest.mark.anyio

WELL = Behaviour()
MUTE = Behaviour(faults=(faults.Drop(event="session.updated", nth=0),))
IN_TROUBLE = Behaviour(faults=(faults.Say.error("no model today", before="session.updated"),))
BUSY = refused(503, **{"Retry-After": "5"})


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualClockLoop}


def closing(after_ms: int) -> Behaviour:
    """An agent whose socket closes so long after it was opened."""
    return Behaviour(faults=(faults.Close(after_ms=after_ms),))


def wedged(responses: int) -> Behaviour:
    """An agent that says so many things and then nothing any more."""
    return Behaviour(faults=(faults.Wedge(after="output_audio_buffer.stopped", nth=responses),))


def as_heard(pcm: bytes) -> bytes:
    return g711.decode_pcmu(g711.encode_pcmu(pcm))


async def until_greeted(it: Stage) -> None:
    """Wait until the greeting was heard to its end."""
    await it.until(lambda: it.loud())
    await it.until(lambda: it.now - it.loud()[-1] > 0.8)


async def ask(it: Stage) -> None:
    """Let the caller ask something and hear the answer to its end."""
    began = it.now
    it.leg.speak(recording("question"))
    await it.until(lambda: it.loud(began + 1.0))
    await it.until(lambda: it.now - it.loud()[-1] > 0.8)


def texts(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    messages = [told["item"] for told in items if told["item"]["type"] == "message"]
    return [(item["role"], item["content"][0]["text"]) for item in messages]


async def test_the_greeting_begins_with_the_answer_and_nothing_of_it_is_lost() -> None:
    async with stage(conversing()) as it:
        await until_greeted(it)
        answered = next(entry.t for entry in it.notes if entry.event == "call.answered")
        assert it.line.verbs()[:2] == ["ring", "answer"]
        assert it.loud()[0] - answered < 0.1
        spoken = it.agents.connections[0].record.spoken
        assert spoken[:16000] in it.heard()
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert it.causes() == ["caller hung up"]


async def test_a_conversation_that_is_cancelled_falls_silent_and_leaves_the_caller_alone() -> None:
    async def scenario(it: Stage) -> None:
        with anyio.CancelScope() as talking:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(conversing(), it)
                await it.until(lambda: it.loud())
                talking.cancel()
        assert it.call.agent is None
        cancelled = it.now
        await anyio.sleep(3)
        assert not it.loud(cancelled + 0.1)

    async with stage(scenario) as it:
        pass
    assert it.causes() == ["hung up"]


async def test_nothing_of_the_greeting_is_spoken_into_a_line_that_is_not_there() -> None:
    async with stage(conversing()) as it:
        it.line.answering = anyio.Event()
        await it.until(lambda: "answer" in it.line.verbs())
        await anyio.sleep(5)
        assert not it.loud()
        it.line.answering.set()
        await until_greeted(it)
        assert it.agents.connections[0].record.spoken[:16000] in it.heard()
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_a_function_that_the_greeting_calls_waits_for_the_call_to_be_answered() -> None:
    tools, states = Toolbox(), []

    async with stage(
        conversing(tools=tools),
        Behaviour(calls={0: FunctionCalls(calls=(FunctionCall("look"),), speaks=True)}, speed=0.0),
    ) as it:

        @tools.tool
        async def look() -> None:
            """Look around."""
            states.append((it.call.state, it.call.agent is not None))

        it.line.answering = anyio.Event()
        await it.until(lambda: "answer" in it.line.verbs())
        await anyio.sleep(5)
        assert not states
        it.line.answering.set()
        await it.until(lambda: states)
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert states == [(State.ANSWERED, True)]


@pytest.mark.parametrize("door", [None, WELL, MUTE, BUSY])
@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.7])
async def test_a_caller_who_cancels_while_we_connect_leaves_nothing_open(
    door: Door, after_s: float
) -> None:
    async with stage(conversing(), door) as it:
        await anyio.sleep(after_s)
        it.line.happen(LineEnded(Cause.CANCELLED))
    assert it.causes() == ["cancelled"]


REFUSALS: list[tuple[Door, str, int]] = [
    (refused(401), "not allowed", 1),
    (refused(403), "not allowed", 1),
    (refused(404), "refused", 1),
    (refused(429), "over quota", 3),
    (refused(503), "server in trouble", 3),
    (Unreachable("localhost", "connection refused"), "unreachable", 3),
    (None, "timeout", 2),
    (MUTE, "timeout", 2),
    (IN_TROUBLE, "server in trouble", 3),
    (closing(0), "connection lost", 3),
]
"""What the door does, what that is, and how many tries it is worth within 15 s."""


@pytest.mark.parametrize(("door", "failure", "tries"), REFUSALS)
async def test_a_call_for_which_there_is_no_agent_is_refused(
    door: Door, failure: str, tries: int
) -> None:
    policy = FailurePolicy(pause_s=0.0, give_up_s=15.0)
    async with stage(conversing(policy), door) as it:
        pass
    assert it.line.told[0] == ("ring", None)
    assert ("reject", 503, None, None) in it.line.told
    assert it.causes() == ["agent failed"]
    assert len(it.agents.tries) == tries
    assert it.notes.named("conversation.given_up")[0]["failure"] == failure
    assert it.now < 35


async def test_or_it_is_answered_and_apologised_to() -> None:
    policy = FailurePolicy(unanswered="answer")
    async with stage(conversing(policy), refused(401)) as it:
        pass
    apology = bundled("apology")
    assert as_heard(apology.pcm) in it.heard()
    assert it.line.verbs() == ["ring", "answer", "hang_up", "close"]
    assert it.causes() == ["agent failed"]


async def test_a_second_try_succeeds_and_the_caller_notices_nothing() -> None:
    async with stage(conversing(), refused(503), MUTE, WELL) as it:
        await until_greeted(it)
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert len(it.agents.tries) == 3
    assert it.causes() == ["caller hung up"]


async def test_a_server_that_asks_for_patience_is_left_alone_for_as_long() -> None:
    door = refused(429, **{"Retry-After": "4"})
    async with stage(conversing(), door, WELL) as it:
        await until_greeted(it)
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    first, second = it.agents.tries
    assert 4 <= second - first < 4.5


@pytest.mark.parametrize("code", [1006, 1011, 1000])
async def test_a_session_lost_in_mid_call_is_replaced_by_one_that_knows_what_was_said(
    code: int,
) -> None:
    async with stage(conversing()) as it:
        await until_greeted(it)
        await ask(it)
        lost, quiet_at = it.agents.connections[0], it.now
        lost.break_off(code)
        await it.until(lambda: it.notes.named("conversation.mended"))
        await anyio.sleep(3)
        assert not it.loud(quiet_at), "the caller's turn goes on, and nobody greets again"
        mended = it.agents.connections[1]
        assert mended.record.key == "c1-2"
        assert mended.told("session.update")[0]["session"]["instructions"] == "-"
        turns = it.call.transcript.turns
        told = texts(mended.told("conversation.item.create"))
        assert [role for role, _ in told] == ["assistant", "user", "assistant"]
        assert [text for _, text in told] == [turn.text for turn in turns]
        assert not mended.told("response.create")
        await ask(it)
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert it.causes() == ["caller hung up"]
    assert it.notes.named("conversation.lost")[0]["detail"].startswith(f"code {code}")


async def test_an_agent_lost_in_the_middle_of_a_sentence_is_remembered_by_what_was_heard() -> None:
    slow = Behaviour(speed=1.0)
    async with stage(conversing(), slow, WELL) as it:
        await it.until(lambda: it.loud())
        await anyio.sleep(1.5)
        it.agents.connections[0].break_off()
        await it.until(lambda: it.notes.named("conversation.mended"))
        (turn, *_) = it.call.transcript.turns
        mended = it.agents.connections[1]
        told = texts(mended.told("conversation.item.create"))
        assert turn.cut
        assert turn.heard_text
        assert turn.heard_text != turn.text
        assert told[0] == ("assistant", turn.heard_text)
        assert told[1][0] == "system"
        assert "Do not greet" in told[1][1]
        assert len(mended.told("response.create")) == 1
        began = it.now
        await it.until(lambda: it.loud(began + 0.3))
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_what_a_lost_agent_had_said_already_is_heard_to_its_end() -> None:
    burst = Behaviour(speed=0.0)
    async with stage(conversing(), burst, WELL) as it:
        await it.until(lambda: it.loud())
        await anyio.sleep(0.5)
        it.agents.connections[0].break_off()
        await it.until(lambda: it.notes.named("conversation.mended"))
        assert it.agents.connections[0].record.spoken[:32000] in it.heard()
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_words_that_were_lost_are_asked_for_again() -> None:
    async with stage(conversing()) as it:
        await until_greeted(it)
        it.leg.speak(recording("question"))
        await anyio.sleep(0.8)
        it.agents.connections[0].break_off()
        await it.until(lambda: it.notes.named("conversation.mended"))
        mended = it.agents.connections[1]
        assert "was lost" in texts(mended.told("conversation.item.create"))[-1][1]
        assert len(mended.told("response.create")) == 1
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_a_function_that_ran_when_the_session_was_lost_is_told_as_broken_off() -> None:
    tools, began = Toolbox(), anyio.Event()

    @tools.tool
    async def book() -> str:
        """Book a table."""
        began.set()
        await anyio.sleep_forever()

    calls = {0: FunctionCalls(calls=(FunctionCall("book"),))}
    async with stage(conversing(tools=tools), Behaviour(calls=calls), WELL) as it:
        await began.wait()
        it.agents.connections[0].break_off()
        await it.until(lambda: it.notes.named("conversation.mended"))
        mended = it.agents.connections[1]
        items = [told["item"] for told in mended.told("conversation.item.create")]
        asked, answer = (item for item in items if item["type"].startswith("function_call"))
        assert asked["name"] == "book"
        assert asked["call_id"] == answer["call_id"]
        assert answer["output"].startswith("broken off")
        assert len(mended.told("response.create")) == 1
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_hold_audio_is_heard_while_the_session_is_replaced_and_not_after() -> None:
    policy = FailurePolicy(pause_s=0.0, connect_s=4.0)
    async with stage(conversing(policy), WELL, None, WELL) as it:
        await until_greeted(it)
        lost_at = it.now
        it.agents.connections[0].break_off()
        await it.until(lambda: it.notes.named("conversation.mended"))
        mended_at = it.now
        hold = [at for at in it.loud(lost_at) if at < mended_at]
        assert 0.7 <= hold[0] - lost_at < 1.2
        await it.until(lambda: it.loud(mended_at + 0.2))
        spoken = it.agents.connections[1].record
        assert spoken.types("in").count("response.create") == 1, "it says that it is back"
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_hold_audio_begins_when_the_policy_says() -> None:
    policy = FailurePolicy(pause_s=0.0, connect_s=4.0, hold_after_s=2.0)
    async with stage(conversing(policy), WELL, None, WELL) as it:
        await until_greeted(it)
        lost_at = it.now
        it.agents.connections[0].break_off()
        await it.until(lambda: it.notes.named("conversation.mended"))
        assert 2.0 <= it.loud(lost_at)[0] - lost_at < 2.5
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_a_session_is_replaced_a_few_times_and_no_more() -> None:
    policy = FailurePolicy(pause_s=0.0, reconnects=2)
    async with stage(conversing(policy), closing(4000)) as it:
        pass
    assert len(it.agents.connections) == 3
    assert len(it.notes.named("conversation.lost")) == 3
    assert as_heard(bundled("apology").pcm) in it.heard()
    assert it.causes() == ["agent failed"]
    assert it.line.verbs()[-2:] == ["hang_up", "close"]


@pytest.mark.parametrize("responses", [1, 2])
async def test_a_wedged_session_is_noticed_and_replaced(responses: int) -> None:
    async with stage(conversing(), wedged(responses), WELL) as it:
        await until_greeted(it)
        if responses == 2:
            await ask(it)
        wedged_at = it.now
        it.leg.speak(recording("question"))
        await it.until(lambda: it.notes.named("conversation.mended"))
        assert it.now - wedged_at < 17
        assert it.notes.named("conversation.lost")[0]["failure"] == (
            "no answer on an open connection"
        )
        await ask(it)
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_a_caller_who_thinks_for_two_minutes_is_no_failure() -> None:
    async with stage(conversing()) as it:
        await until_greeted(it)
        await anyio.sleep(120)
        await ask(it)
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert not it.notes.named("conversation.lost")


async def test_a_response_that_fails_is_asked_for_again_and_then_elsewhere() -> None:
    failed = {"type": "response.done", "response": {"id": "r9", "status": "failed"}}
    async with stage(conversing()) as it:
        await until_greeted(it)
        ill = it.agents.connections[0]
        ill.inject(failed)
        await it.until(lambda: len(ill.told("response.create")) == 2)
        assert not it.notes.named("conversation.lost")
        ill.inject(failed)
        ill.inject(failed)
        await it.until(lambda: it.notes.named("conversation.mended"))
        assert it.notes.named("conversation.lost")[0]["failure"] == "server in trouble"
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_a_watchdog_that_is_off_lets_an_agent_be_silent() -> None:
    policy = FailurePolicy(watchdog_s=0)
    async with stage(conversing(policy), wedged(1)) as it:
        await until_greeted(it)
        await anyio.sleep(120)
        assert it.call.state is State.ANSWERED
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert not it.notes.named("conversation.lost")


def hopeless(**how: Any) -> FailurePolicy:
    return FailurePolicy(pause_s=0.0, reconnects=0, **how)


async def lose(it: Stage) -> None:
    await until_greeted(it)
    it.agents.connections[0].break_off()


async def test_when_nothing_helps_the_caller_is_sent_on() -> None:
    policy = hopeless(then="transfer", transfer_to="sip:desk@example.com")
    async with stage(conversing(policy)) as it:
        it.line.outcome.set_result(None)
        await lose(it)
    assert ("transfer", "sip:desk@example.com", None) in it.line.told
    assert it.causes() == ["transferred"]


async def test_a_transfer_that_fails_is_apologised_for() -> None:
    policy = hopeless(then="transfer", transfer_to="sip:desk@example.com")
    async with stage(conversing(policy)) as it:
        it.line.outcome.set_result(TransferFailed(486, "Busy Here"))
        await lose(it)
    assert as_heard(bundled("apology").pcm) in it.heard()
    assert it.causes() == ["agent failed"]


async def test_or_the_call_is_hung_up_at_once() -> None:
    async with stage(conversing(hopeless(then="hang_up"))) as it:
        await lose(it)
        lost_at = it.now
    assert it.causes() == ["agent failed"]
    assert it.now - lost_at < 12  # ten of these are what is waited for leftovers


async def test_a_session_that_we_close_ends_the_conversation_and_is_not_replaced() -> None:
    async with stage(conversing()) as it:
        await until_greeted(it)
        assert it.call.agent is not None
        await it.call.agent.close()
    assert it.causes() == ["hung up"]
    assert len(it.agents.connections) == 1


async def test_a_caller_who_hangs_up_while_on_hold_ends_all_of_it() -> None:
    async with stage(conversing(), WELL, None) as it:
        await lose(it)
        await anyio.sleep(3)
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert it.causes() == ["caller hung up"]
