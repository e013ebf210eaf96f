"""A caller is sent on to somebody else, and is back with the agent where that fails."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from support.gateway import FakeAgent, FakeLine, Notes, journal, settled

import fourwire as fw
from fourwire.call import Call
from fourwire.inworld import Agent
from fourwire.life import Cause, WrongMoment
from fourwire.line import LineClosed, LineEnded, Transferred

pytestmark = pytest.mark.anyio


class Desk:
    """A call with an agent in it, that a scenario transfers."""

    def __init__(self, scenario: Callable[["Desk"], Awaitable[None]]) -> None:
        self.line, self.agent = FakeLine(), FakeAgent()
        book, self.notes = journal()
        self.notes: Notes
        self.call = Call("c1", self.line, book.call("c1"))
        self.failures: list[tuple[int, str]] = []
        self._scenario = scenario

    async def live(self) -> None:
        await self.call.live(self._talk)

    async def _talk(self, call: Call) -> None:
        await call.answer()
        agent: Agent = self.agent  # type: ignore[assignment]
        call.bridge(agent)
        try:
            await self._scenario(self)
        except fw.TransferFailed as failed:
            self.failures.append((failed.status, failed.reason))
            await anyio.sleep_forever()

    def hears(self) -> bool:
        """Whether the agent and the caller are joined."""
        joined = [verb for verb in self.line.leg.verbs() if verb in ("bridge", "unbridge")]
        return joined[-1] == "bridge"

    def ends(self) -> list[tuple[str, str]]:
        return [(n["cause"], n["detail"]) for n in self.notes.named("call.ended")]


@asynccontextmanager
async def desk(scenario: Callable[[Desk], Awaitable[None]]) -> AsyncIterator[Desk]:
    """A call under way; it is over when the block is."""
    stage = Desk(scenario)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.live)
        await settled()
        yield stage
        await settled()
        tasks.cancel_scope.cancel()


async def to_the_desk(stage: Desk) -> None:
    await stage.call.transfer("sip:desk@pbx.example", headers={"X-Ticket": "7"})


async def test_a_caller_who_arrives_ends_the_call_as_transferred_with_one_bye() -> None:
    async with desk(to_the_desk) as stage:
        assert not stage.hears()
        stage.line.outcome.set_result(None)
    told = stage.line.told
    assert told[1:] == [
        ("transfer", "sip:desk@pbx.example", {"X-Ticket": "7"}), ("hang_up", None), ("close",),
    ]  # fmt: skip
    assert stage.ends() == [("transferred", "sip:desk@pbx.example")]


async def test_a_caller_who_does_not_arrive_is_back_with_the_agent() -> None:
    async with desk(to_the_desk) as stage:
        stage.line.outcome.set_result(fw.TransferFailed(486, "Busy Here"))
        await settled()
        assert stage.failures == [(486, "Busy Here")]
        assert stage.hears()
        assert stage.ends() == []
        (failed,) = stage.notes.named("call.transfer_failed")
        assert failed == {"status": 486, "reason": "Busy Here"}


async def test_an_agent_that_is_not_muted_talks_on() -> None:
    async def unmuted(stage: Desk) -> None:
        await stage.call.transfer("1002", mute=False)

    async with desk(unmuted) as stage:
        assert stage.hears()


async def test_an_outcome_that_never_comes_is_a_failure_in_time() -> None:
    async def at_once(stage: Desk) -> None:
        await stage.call.transfer("1002", timeout_s=0)

    async with desk(at_once) as stage:
        assert stage.failures == [(408, "no outcome within 0 s")]
        assert stage.hears()

        stage.line.happen(Transferred("200 OK"))
        await settled()
        assert stage.ends() == [("transferred", "200 OK")]


async def test_a_caller_who_hangs_up_while_being_sent_on_has_hung_up() -> None:
    async with desk(to_the_desk) as stage:
        stage.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
        stage.line.outcome.set_result(LineClosed(Cause.CALLER_HUNG_UP))
    assert [cause for cause, _ in stage.ends()] == ["caller hung up"]
    assert stage.line.verbs() == ["answer", "transfer", "close"]


async def test_one_transfer_at_a_time() -> None:
    async with desk(to_the_desk) as stage:
        with pytest.raises(fw.TransferFailed, match="491"):
            await stage.call.transfer("1002")
        assert not stage.hears()


async def test_an_agent_that_leaves_meanwhile_is_not_brought_back() -> None:
    async with desk(to_the_desk) as stage:
        stage.call.unbridge()
        stage.line.outcome.set_result(fw.TransferFailed(404, "Not Found"))
        await settled()
        assert not stage.hears()


async def test_a_call_that_is_not_answered_is_not_transferred() -> None:
    call = Call("c1", FakeLine(), journal()[0].call("c1"))
    with pytest.raises(WrongMoment, match="be transferred"):
        await call.transfer("1002")


async def test_two_callers_are_joined_and_both_calls_end() -> None:
    async with desk(lambda _: anyio.sleep_forever()) as other:

        async def join(stage: Desk) -> None:
            await stage.call.transfer_to(other.call)

        async with desk(join) as stage:
            stage.line.outcome.set_result(None)
        assert stage.line.told[1] == ("transfer", other.line, None)
        assert [cause for cause, _ in stage.ends()] == ["transferred"]
    assert [cause for cause, _ in other.ends()] == ["transferred"]
