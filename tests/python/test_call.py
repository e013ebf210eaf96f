"""A call lives by its tables, ends once, and takes its scenario with it."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from support.gateway import FakeAgent, FakeLine, journal, settled
from support.living import Living, living

from fourwire._core import Closed, Interruption, Key, RtpResumed, RtpStopped
from fourwire.bridge import BargeIn
from fourwire.call import Call
from fourwire.call_options import CallOptions
from fourwire.inworld import ConnectError, events
from fourwire.keys import KeyPress
from fourwire.life import Cause, State, WrongMoment
from fourwire.line import KeyPressed, LineEnded, MediaChanged

pytestmark = pytest.mark.anyio


async def lived(scenario: Callable[[Call], Awaitable[None]]) -> Living:
    """`scenario` from beginning to end."""
    async with living(scenario) as all_of_it:
        pass
    return all_of_it


async def answer_and_stay(call: Call) -> None:
    await call.answer()
    await anyio.sleep_forever()


async def test_a_call_knows_who_calls_whom_and_in_which_codec() -> None:
    line = FakeLine()
    call = Call("c1", line, journal()[0].call("c1"))
    assert (call.caller, call.display_name, call.dialled) == ("1001", "Ada", "voxi")
    assert call.headers["x-tenant"] == "blue"
    assert (call.audio.input, call.audio.output) == ("audio/pcmu", "audio/pcmu")
    line.codec = "PCMA"
    assert (call.audio.input, call.audio.output) == ("audio/pcma", "audio/pcma")


async def test_leaving_the_scenario_hangs_up_once() -> None:
    async def scenario(call: Call) -> None:
        await call.ring()
        await call.answer({"X-Greeting": "hi"})

    all_of_it = await lived(scenario)
    assert all_of_it.line.told == [
        ("ring", None),
        ("answer", {"X-Greeting": "hi"}),
        ("hang_up", None),
        ("close",),
    ]
    assert all_of_it.ended() == [("hung up", True)]


async def test_leaving_without_an_answer_refuses() -> None:
    async def scenario(call: Call) -> None:
        pass

    all_of_it = await lived(scenario)
    assert ("reject", 480, None, None) in all_of_it.line.told
    assert all_of_it.ended() == [("not answered", False)]


async def test_a_bye_cancels_the_scenario_and_sends_no_bye_back() -> None:
    cleaned = []

    async def scenario(call: Call) -> None:
        try:
            await answer_and_stay(call)
        finally:
            cleaned.append(call.ended)

    async with living(scenario) as all_of_it:
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert all_of_it.line.verbs() == ["answer", "close"]
    assert all_of_it.ended() == [("caller hung up", True)]
    assert cleaned[0] is not None


async def test_a_cancel_while_ringing_ends_the_call_unanswered() -> None:
    async def scenario(call: Call) -> None:
        await call.ring()
        await anyio.sleep_forever()

    async with living(scenario) as all_of_it:
        all_of_it.line.happen(LineEnded(Cause.CANCELLED))
    assert all_of_it.line.verbs() == ["ring", "close"]
    assert all_of_it.ended() == [("cancelled", False)]


async def test_a_cancel_that_meets_the_answer_is_a_cancel_and_no_error() -> None:
    async with living(answer_and_stay) as all_of_it:
        pass_through = all_of_it
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))

    async def slow(call: Call) -> None:
        assert isinstance(call._line, FakeLine)
        call._line.answering = anyio.Event()
        await answer_and_stay(call)

    async with living(slow) as all_of_it:
        all_of_it.line.gone = LineEnded(Cause.CANCELLED)
        assert all_of_it.line.answering is not None
        all_of_it.line.answering.set()
    assert all_of_it.ended() == [("cancelled", False)]
    assert not all_of_it.notes.named("call.error")
    assert pass_through.ended() == [("caller hung up", True)]


@pytest.mark.parametrize(("answered", "farewell"), [(True, "hang_up"), (False, "reject")])
async def test_an_exception_ends_the_call_and_is_written_down(
    answered: bool, farewell: str
) -> None:
    async def scenario(call: Call) -> None:
        if answered:
            await call.answer()
        raise LookupError("no such menu")

    all_of_it = await lived(scenario)
    assert farewell in all_of_it.line.verbs()
    assert all_of_it.ended() == [("handler error", answered)]
    (note,) = all_of_it.notes.named("call.error")
    assert note["error"] == "LookupError: no such menu"
    assert any("in scenario" in place for place in note["traceback"])


async def test_an_exception_inside_a_task_group_is_shown_itself() -> None:
    async def fail() -> None:
        raise ValueError("deep inside")

    async def scenario(call: Call) -> None:
        await call.answer()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail)
            await anyio.sleep_forever()

    all_of_it = await lived(scenario)
    assert all_of_it.notes.named("call.error")[0]["error"] == "ValueError: deep inside"


async def test_an_agent_that_cannot_be_reached_refuses_the_call_with_503() -> None:
    async def scenario(call: Call) -> None:
        raise ConnectError("api.example refused", events.HTTPResponse(status=401))

    all_of_it = await lived(scenario)
    assert ("reject", 503, None, None) in all_of_it.line.told
    assert all_of_it.ended() == [("agent failed", False)]
    assert all_of_it.notes.named("Inworld.RealtimeAPI.HTTPResponse")
    assert all_of_it.notes.named("Inworld.RealtimeAPI.WebSocketError")


async def test_hanging_up_may_be_repeated_and_re_entered() -> None:
    async def scenario(call: Call) -> None:
        await call.answer()
        try:
            await call.hang_up({"X-Why": "done"})
        finally:
            with anyio.CancelScope(shield=True):
                await call.hang_up()
                call.end(Cause.SHUTDOWN)

    all_of_it = await lived(scenario)
    assert all_of_it.line.told[1:] == [("hang_up", {"X-Why": "done"}), ("close",)]
    assert all_of_it.ended() == [("hung up", True)]


async def test_the_caller_does_not_wait_while_a_scenario_cleans_up() -> None:
    release = anyio.Event()

    async def scenario(call: Call) -> None:
        try:
            await call.answer()
            await call.hang_up()
        finally:
            with anyio.CancelScope(shield=True):
                await release.wait()

    async with living(scenario) as all_of_it:
        assert all_of_it.line.verbs() == ["answer", "hang_up", "close"]
        release.set()


async def test_rejecting_says_why() -> None:
    async def scenario(call: Call) -> None:
        await call.reject(486, "Busy Here", {"Retry-After": "5"})

    all_of_it = await lived(scenario)
    assert all_of_it.line.told[0] == ("reject", 486, "Busy Here", {"Retry-After": "5"})
    assert all_of_it.ended() == [("rejected", False)]


async def test_what_does_not_fit_the_moment_raises_and_names_the_moment() -> None:
    caught = []

    async def scenario(call: Call) -> None:
        for wrong in (lambda: call.bridge(FakeAgent()), lambda: call.send_digits("1")):  # type: ignore[arg-type]
            with pytest.raises(WrongMoment, match="the call is offered"):
                wrong()
        await call.answer()
        for attempt in (call.answer, call.ring, call.reject):
            with pytest.raises(WrongMoment, match="the call is answered") as error:
                await attempt()
            caught.append(error)
        with pytest.raises(ValueError, match="status is 200"):
            await call.reject(200)

    all_of_it = await lived(scenario)
    assert len(caught) == 3
    assert all_of_it.ended() == [("hung up", True)]


async def test_two_ends_at_once_leave_one_record() -> None:
    async with living(answer_and_stay) as all_of_it:
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
        all_of_it.call.end(Cause.SHUTDOWN)
        all_of_it.call.end(Cause.RTP_LOST)
    assert all_of_it.ended() == [("shutdown", True)]
    assert all_of_it.line.verbs().count("hang_up") == 1


async def test_a_cancellation_from_outside_still_says_farewell() -> None:
    async with anyio.create_task_group() as tasks:
        other = Living()
        tasks.start_soon(other.call.live, answer_and_stay)
        await settled()
        tasks.cancel_scope.cancel()
    assert other.line.verbs() == ["answer", "hang_up", "close"]
    assert other.ended() == [("shutdown", True)]


async def test_the_end_of_the_agents_connection_ends_the_call() -> None:
    agent = FakeAgent()

    async def scenario(call: Call) -> None:
        await call.answer()
        call.bridge(agent)  # type: ignore[arg-type]
        await anyio.sleep_forever()

    async with living(scenario) as all_of_it:
        agent.close(events.WebSocketClosed(code=1000))
    assert all_of_it.ended() == [("agent closed", True)]
    assert "hang_up" in all_of_it.line.verbs()


async def test_a_scenario_that_leaves_because_its_agent_broke_off_names_the_agent() -> None:
    agent = FakeAgent()

    async def scenario(call: Call) -> None:
        await call.answer()
        call.bridge(agent)  # type: ignore[arg-type]
        async for _event in agent:
            pass

    async with living(scenario) as all_of_it:
        agent.close(events.WebSocketClosed(code=1006, clean=False))
    assert all_of_it.ended() == [("agent failed", True)]


@pytest.mark.parametrize("late", [True, False])
async def test_an_interruption_is_cut_at_the_agent_that_was_interrupted(late: bool) -> None:
    first, second = FakeAgent(), FakeAgent()
    cut = Interruption("r1", "a1", 1500.0, 500.0)

    async def scenario(call: Call) -> None:
        await call.answer()
        call.bridge(first, barge_in=BargeIn(truncate=True))  # type: ignore[arg-type]
        first.publish(events.SpeechStarted(item_id="u1"))
        await settled()
        all_of_it.line.leg.news.put(cut)
        if not late:
            await settled()
        call.bridge(second, barge_in=BargeIn(truncate=True))  # type: ignore[arg-type]
        second.publish(events.SpeechStarted(item_id="u1"))
        await anyio.sleep_forever()

    all_of_it = Living()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(all_of_it.call.live, scenario)
        await settled()
        told = [*first.told, *second.told]
        assert told.count("conversation.item.truncate a1 500") == (0 if late else 1)
        assert "conversation.item.truncate a1 500" not in second.told
        all_of_it.line.leg.news.put(Interruption("r1", "a2", 90.0, 500.0))
        await settled()
        assert second.told[-1] == "conversation.item.truncate a2 30"
        all_of_it.call.end(Cause.SHUTDOWN)


async def test_the_end_is_written_down_though_its_account_fails() -> None:
    def counters() -> dict[str, int]:
        raise LookupError("a bug")

    async with living(answer_and_stay) as all_of_it:
        all_of_it.line.leg.counters = counters  # type: ignore[method-assign]
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert all_of_it.ended() == [("caller hung up", True)]
    (note,) = all_of_it.notes.named("call.ended")
    assert note["account_failed"] == "LookupError: a bug"


def fail(*_arguments: object, **_named: object) -> None:
    raise LookupError("a bug")


@pytest.mark.parametrize("part", ["unbridge", "counters", "close"])
async def test_a_fault_on_the_way_out_costs_neither_the_record_nor_the_line(part: str) -> None:
    async def scenario(call: Call) -> None:
        await call.answer()
        call.bridge(FakeAgent())  # type: ignore[arg-type]
        setattr(all_of_it.line if part == "close" else all_of_it.line.leg, part, fail)
        await anyio.sleep_forever()

    all_of_it = Living()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(all_of_it.call.live, scenario)
        await settled()
        all_of_it.call.end(Cause.SHUTDOWN)
    assert all_of_it.ended() == [("shutdown", True)]
    assert all_of_it.line.verbs().count("hang_up") == 1
    assert all_of_it.line.verbs().count("close") == (part != "close")


@pytest.mark.parametrize("answered", [True, False])
async def test_a_fault_of_the_audio_engine_ends_the_call_with_a_farewell(answered: bool) -> None:
    async def scenario(call: Call) -> None:
        await (call.answer() if answered else call.progress())
        await anyio.sleep_forever()

    async with living(scenario) as all_of_it:
        all_of_it.line.leg.news.put(Closed({}, "fault"))
    assert all_of_it.ended() == [("audio failed", answered)]
    assert all_of_it.line.verbs()[1] == ("hang_up" if answered else "reject")


async def test_an_agent_that_the_scenario_closed_itself_does_not_end_the_call() -> None:
    agent = FakeAgent()

    async def scenario(call: Call) -> None:
        await call.answer()
        call.bridge(agent)  # type: ignore[arg-type]
        agent.close(events.WebSocketClosed(code=1000), by_us=True)
        await anyio.sleep_forever()

    async with living(scenario) as all_of_it:
        assert all_of_it.call.state is State.ANSWERED
        assert all_of_it.line.leg.verbs()[-1] == "unbridge"
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert all_of_it.ended() == [("caller hung up", True)]


async def test_a_call_may_outlive_its_agent() -> None:
    agent = FakeAgent()

    async def scenario(call: Call) -> None:
        await call.answer()
        call.bridge(agent, hang_up_with_agent=False)  # type: ignore[arg-type]
        await anyio.sleep_forever()

    async with living(scenario) as all_of_it:
        agent.close(events.WebSocketClosed(code=1006, clean=False))
        await settled()
        assert all_of_it.call.state is State.ANSWERED
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_the_same_agent_is_bridged_once_and_another_takes_its_place() -> None:
    first, second = FakeAgent(), FakeAgent()

    async def scenario(call: Call) -> None:
        await call.answer()
        call.bridge(first)  # type: ignore[arg-type]
        call.bridge(first)  # type: ignore[arg-type]
        call.bridge(second)  # type: ignore[arg-type]
        await anyio.sleep_forever()

    async with living(scenario) as all_of_it:
        assert all_of_it.line.leg.verbs() == ["bridge", "unbridge", "bridge"]
        assert first.on_message is None
        all_of_it.line.leg.on_append(b"frame")
        assert second.frames == [b"frame"]
        first.close(events.WebSocketClosed(code=1000))
        await settled()
        assert all_of_it.call.state is State.ANSWERED
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_silence_on_the_line_ends_the_call_only_outside_hold() -> None:
    options = CallOptions(rtp_lost_s=0.05)
    async with living(answer_and_stay, options) as all_of_it:
        with anyio.fail_after(5):
            all_of_it.line.happen(MediaChanged("recvonly", ("192.0.2.1", 4000), "PCMU"))
            all_of_it.line.leg.news.put(RtpStopped())
            await settled()
            assert all_of_it.call.held
            assert all_of_it.call.state is State.ANSWERED
            all_of_it.line.happen(MediaChanged("sendrecv", ("192.0.2.1", 4000), "PCMU"))
            await all_of_it.call.wait_ended()
    assert all_of_it.ended() == [("rtp lost", True)]


async def test_rtp_that_comes_again_saves_the_call() -> None:
    async with living(answer_and_stay, CallOptions(rtp_lost_s=30.0)) as all_of_it:
        all_of_it.line.leg.news.put(RtpStopped())
        all_of_it.line.leg.news.put(RtpResumed())
        await settled()
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert [
        note for note in ("call.rtp_stopped", "call.rtp_resumed") if all_of_it.notes.named(note)
    ] == [
        "call.rtp_stopped",
        "call.rtp_resumed",
    ]
    assert all_of_it.ended() == [("caller hung up", True)]


async def test_keys_are_written_down() -> None:
    async with living(answer_and_stay) as all_of_it:
        all_of_it.line.leg.news.put(Key("5", 120.0))
        await settled()
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert all_of_it.notes.named("call.key") == [
        {"digit": "5", "duration_ms": 120.0, "method": "rtp"}
    ]


async def test_an_agents_event_is_written_once_however_often_it_is_logged() -> None:
    async def scenario(call: Call) -> None:
        event = events.SessionCreated()
        call.log(event)
        call.log(event)
        call.log(events.SessionCreated())
        call.log("note", "hello", mood="good")

    all_of_it = await lived(scenario)
    assert len(all_of_it.notes.named("Inworld.RealtimeAPI.SessionCreated")) == 2
    assert all_of_it.notes.named("note") == [{"text": "hello", "mood": "good"}]


async def test_the_record_of_the_end_holds_the_transcript_and_what_the_leg_counted() -> None:
    all_of_it = await lived(lambda call: call.answer())
    (note,) = all_of_it.notes.named("call.ended")
    assert note["transcript"] == []
    assert note["latency"]["barge_in"] == {"count": 0}
    assert note["rtp"] == {"rtp_received": 3}
    assert note["dropped"] == {"keys": 0, "speech": 0}


async def test_keys_that_nobody_took_in_time_are_told_with_the_end() -> None:
    async def scenario(call: Call) -> None:
        await call.answer()
        keys = call.keys()
        await call.wait_ended()
        assert keys.dropped

    async with living(scenario) as all_of_it:
        for _ in range(150):
            all_of_it.line.happen(KeyPressed(KeyPress("5")))
        await settled()
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    (note,) = all_of_it.notes.named("call.ended")
    assert note["dropped"]["keys"] == 51


async def test_a_call_that_nobody_answers_is_refused_after_a_while() -> None:
    async def ring(call: Call) -> None:
        await call.ring()
        await anyio.sleep_forever()

    async with living(ring, CallOptions(ring_s=0.02)) as all_of_it:
        pass
    assert ("reject", 480, None, None) in all_of_it.line.told
    assert all_of_it.ended() == [("not answered in time", False)]


async def test_a_call_lasts_no_longer_than_it_may() -> None:
    options = CallOptions(ring_s=0.02, most_s=0.1)
    async with living(answer_and_stay, options) as all_of_it:
        pass
    assert all_of_it.ended() == [("too long", True)]
    assert "hang_up" in all_of_it.line.verbs()


async def test_a_talk_that_began_before_the_answer_goes_on_with_it() -> None:
    agent = FakeAgent()

    async def scenario(call: Call) -> None:
        await call.progress()
        call.bridge(agent)  # type: ignore[arg-type]
        await call.answer()
        call.bridge(agent)  # type: ignore[arg-type]
        await anyio.sleep_forever()

    async with living(scenario) as all_of_it:
        assert all_of_it.line.verbs() == ["progress", "answer"]
        assert all_of_it.line.leg.verbs() == ["bridge"]
        all_of_it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert len(all_of_it.notes.named("bridge.opened")) == 1
