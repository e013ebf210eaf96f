"""Caller and agent stay apart for as long as anybody wants it: on hold, or on the way elsewhere."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from support.gateway import FakeAgent, settled
from support.living import Living

import fourwire as fw
from fourwire.call import Call
from fourwire.inworld import Agent
from fourwire.life import Cause

pytestmark = pytest.mark.anyio


class Desk(Living):
    """An answered call with an agent in it."""

    def bridge(self) -> None:
        """Join the caller with another agent."""
        agent: Agent = FakeAgent()  # type: ignore[assignment]
        self.call.bridge(agent)

    @property
    def joined(self) -> bool:
        """Whether the agent and the caller hear each other."""
        verbs = [verb for verb in self.line.leg.verbs() if verb in ("bridge", "unbridge")]
        return verbs[-1] == "bridge"


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    stage = Desk()

    async def answer(call: Call) -> None:
        await call.answer()
        stage.bridge()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.call.live, answer)
        await settled()
        yield stage
        stage.call.end(Cause.SHUTDOWN)


async def transfer(stage: Desk) -> None:
    with pytest.raises(fw.TransferFailed):
        await stage.call.transfer("1002")


@asynccontextmanager
async def under_way(work: Callable[[Desk], Awaitable[None]], stage: Desk) -> AsyncIterator[None]:
    """A transfer that fails at the end of the block."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, stage)
        await settled()
        yield
        stage.line.outcome.set_result(fw.TransferFailed(486, "Busy Here"))


async def test_a_transfer_that_fails_while_the_caller_is_held_leaves_him_held() -> None:
    async with desk() as stage:
        await stage.call.hold()
        async with under_way(transfer, stage):
            assert not stage.joined
        assert not stage.joined
        await stage.call.resume()
        assert stage.joined


async def test_a_caller_who_is_taken_back_during_a_transfer_is_not_with_the_agent_yet() -> None:
    async with desk() as stage:
        await stage.call.hold()
        async with under_way(transfer, stage):
            await stage.call.resume()
            assert not stage.joined
        assert stage.joined


async def test_an_agent_that_comes_while_the_caller_is_held_waits_until_he_is_back() -> None:
    async with desk() as stage:
        await stage.call.hold()
        stage.bridge()
        assert not stage.joined
        await stage.call.resume()
        assert stage.joined


async def test_an_agent_that_comes_during_a_transfer_waits_until_that_has_failed() -> None:
    async with desk() as stage:
        async with under_way(transfer, stage):
            stage.bridge()
            assert not stage.joined
        assert stage.joined
        assert len(stage.notes.named("bridge.opened")) == 2
