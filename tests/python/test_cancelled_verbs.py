"""A verb that is cancelled leaves the call as it is: what the far side was asked, it answers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from support.gateway import FakeAgent, FakeLine, settled
from support.litter import litter_of
from support.living import Living
from support.scene import scene

import fourwire as fw
from fourwire import sip
from fourwire.app import App
from fourwire.call import Call
from fourwire.life import Cause, State, WrongMoment
from fourwire.line import LineClosed, LineEnded, Referral, Transferred
from fourwire.unbroken import unbroken

pytestmark = pytest.mark.anyio


class Desk(Living):
    """A call with an agent in it, whose far side takes its time to be put on hold."""

    def __init__(self) -> None:
        super().__init__(line=(line := FakeLine()))
        self.agent = FakeAgent()
        self.held: asyncio.Future[Exception | None] = asyncio.Future()
        line.holding = self.held

    @property
    def joined(self) -> bool:
        """Whether the agent and the caller hear each other."""
        verbs = [verb for verb in self.line.leg.verbs() if verb in ("bridge", "unbridge")]
        return verbs[-1] == "bridge"


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    it = Desk()

    async def answer(call: Call) -> None:
        await call.answer()
        call.bridge(it.agent)  # type: ignore[arg-type]
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.call.live, answer)
        await settled()
        yield it
        await settled()
        it.call.end(Cause.SHUTDOWN)
        await it.call.wait_ended()
    assert not it.notes.named("call.error")


async def cancelled(work: Callable[[], Awaitable[object]]) -> None:
    """Begin `work`, and wait for it no longer once it waits itself."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        await settled()
        tasks.cancel_scope.cancel()


async def test_who_waits_no_longer_for_a_hold_has_a_caller_on_hold_once_that_is_agreed() -> None:
    async with desk() as it:
        await cancelled(it.call.hold)
        assert (it.call.on_hold, it.joined) == (False, True)
        it.held.set_result(None)
        await settled()
        assert (it.call.on_hold, it.joined) == (True, False)
        assert len(it.notes.named("call.on_hold")) == 1


async def test_a_hold_that_is_refused_when_nobody_waits_for_it_changes_nothing() -> None:
    async with desk() as it:
        await cancelled(it.call.hold)
        it.held.set_result(fw.RequestFailed(488, "Not Acceptable Here"))
        await settled()
        assert (it.call.on_hold, it.joined, it.call.state) == (False, True, State.ANSWERED)


async def test_a_caller_who_is_gone_before_a_hold_is_agreed_ends_the_call_by_that() -> None:
    async with desk() as it:
        await cancelled(it.call.hold)
        it.held.set_result(LineClosed(Cause.CALLER_HUNG_UP))
        await settled()
        assert it.ended() == [("caller hung up", True)]


async def test_who_takes_a_caller_back_waits_for_the_hold_that_is_under_way() -> None:
    async with desk() as it:
        await cancelled(it.call.hold)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(it.call.resume)
            await settled()
            it.held.set_result(None)
        assert [told for told in it.line.told if told[0] == "hold"] == [
            ("hold", True),
            ("hold", False),
        ]
        assert (it.call.on_hold, it.joined) == (False, True)


async def test_a_hold_that_the_end_of_the_call_comes_before_says_so_to_who_waits() -> None:
    told: list[str] = []
    async with desk() as it, anyio.create_task_group() as tasks:

        async def hold() -> None:
            with pytest.raises(LineClosed, match="ended first"):
                await it.call.hold()
            told.append("ended first")

        tasks.start_soon(hold)
        await settled()
        it.call.end(Cause.HUNG_UP)
    assert told == ["ended first"]


async def test_a_refusal_leaves_nothing_for_the_collector() -> None:
    async def refuse() -> None:
        raise fw.RequestFailed(488, "Not Acceptable Here")

    async def be_refused() -> None:
        async with anyio.create_task_group() as tasks:
            with pytest.raises(fw.RequestFailed):
                await unbroken(tasks.start_soon, refuse)

    assert await litter_of(be_refused) == Counter()


async def test_nobody_is_held_in_a_call_that_is_over() -> None:
    async with desk() as it:
        it.call.end(Cause.HUNG_UP)
        for verb in (it.call.hold, it.call.resume):
            with pytest.raises(WrongMoment, match="be held"):
                await verb()
    for verb in (it.call.hold, it.call.resume):
        with pytest.raises(WrongMoment, match="be held"):
            await verb()


async def test_a_call_is_answered_once_the_caller_knows_though_nobody_waits_for_that() -> None:
    it = Living()
    it.line.answering = anyio.Event()

    async def impatient(call: Call) -> None:
        with anyio.move_on_after(0):
            await call.answer()
        assert call.state is State.ANSWERING
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.call.live, impatient)
        await settled()
        it.line.answering.set()
        await settled()
        assert it.call.state is State.ANSWERED
        assert len(it.notes.named("call.answered")) == 1
        it.call.end(Cause.SHUTDOWN)
    assert it.ended() == [("shutdown", True)]


async def test_who_waits_no_longer_for_a_transfer_has_the_caller_with_the_agent_again() -> None:
    async with desk() as it:
        await cancelled(lambda: it.call.transfer("1002"))
        assert (it.joined, it.call.state) == (True, State.ANSWERED)
        it.line.outcome.set_result(fw.TransferFailed(486, "Busy Here"))
        with pytest.raises(fw.TransferFailed, match="486"):
            await it.call.transfer("1003")
        assert it.joined


async def test_a_transfer_that_nobody_waits_for_ends_the_call_all_the_same() -> None:
    async with desk() as it:
        await cancelled(lambda: it.call.transfer("1002"))
        it.line.happen(Transferred("200 OK"))
        await settled()
        assert it.ended() == [("transferred", True)]


async def test_who_waits_no_longer_for_a_call_to_be_taken_over_keeps_both() -> None:
    async with desk() as it, desk() as other:
        await cancelled(lambda: it.call.transfer_to(other.call))
        assert (it.joined, it.call.state, other.call.state) == (
            True,
            State.ANSWERED,
            State.ANSWERED,
        )
        other.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
        await settled()
        assert other.ended() == [("caller hung up", True)]


async def test_what_is_played_falls_silent_and_is_noted_as_not_heard_out() -> None:
    async with desk() as it:
        await cancelled(lambda: it.call.play(bytes(320)))
        assert it.line.leg.verbs()[-1] == "stop_playing"
        assert [note["whole"] for note in it.notes.named("call.played")] == [False]


async def test_who_collects_in_secret_no_longer_lets_the_caller_be_heard_again() -> None:
    async with desk() as it:
        await cancelled(lambda: it.call.collect_digits(4, sensitive=True))
        masks = [told[1:] for told in it.line.leg.told if told[0] == "mask"]
        assert masks == [(True,), (False,)]


async def test_an_outcome_that_comes_in_the_moment_of_the_cancellation_is_told_as_a_later_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = App()

    @app.call()
    async def go_there(call: Call) -> None:
        async def dial(_referral: Referral) -> None:
            """Get there at once."""

        call.on_transfer = dial
        await call.answer()
        await call.wait_ended()

    async with scene(app) as stage, stage.phone.call(stage.uri()) as caller:
        transfer = asyncio.create_task(caller.call.transfer("sip:desk@pbx.example"))
        take = caller.call.take

        def take_and_cancel(event: sip.CallEvent) -> None:
            take(event)
            if isinstance(event, sip.Transferring) and event.over:
                transfer.cancel()

        monkeypatch.setattr(caller.call, "take", take_and_cancel)
        await asyncio.wait([transfer])
        assert transfer.cancelled()
        with anyio.fail_after(5):
            events = caller.call.events()
            told = [await anext(events)]
            while not (isinstance(told[-1], sip.Transferring) and told[-1].over):
                told.append(await anext(events))
        assert told[-1].status == 200
