"""A word from the line is acted on, however many things the agent has to say before."""

from typing import Any

import anyio
import pytest
from support.gateway import Addressed, settled
from support.virtual import VirtualClockLoop

from fourwire.inworld import events
from fourwire.inworld.objects import Response
from fourwire.nudge import PATIENCE_SECONDS, nudge

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualClockLoop}


class Agent(Addressed):
    """An agent whose responses a test begins and ends."""

    def begin(self, response: str) -> None:
        self.active_response = response
        self.publish(events.ResponseCreated(response=Response(id=response)))

    def finish(self, response: str) -> None:
        self.active_response = None
        self.publish(events.ResponseDone(response=Response(id=response)))


async def test_a_silent_agent_speaks_at_once() -> None:
    agent = Agent()
    await nudge(agent, "Ask.")  # type: ignore[arg-type]
    assert agent.told == ["system: Ask.", "response.create"]


async def test_an_agent_is_asked_once_it_is_done_with_all_that_it_says() -> None:
    agent = Agent()
    agent.begin("a filler")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(nudge, agent, "Ask.")
        await settled()
        agent.finish("a filler")
        agent.begin("the words")
        await settled()
        assert agent.told == ["system: Ask."]
        agent.finish("the words")
    assert agent.told == ["system: Ask.", "response.create"]


async def test_an_agent_whose_response_never_ends_is_asked_all_the_same() -> None:
    agent = Agent()
    agent.begin("for ever")
    began = anyio.current_time()
    await nudge(agent, "Ask.")  # type: ignore[arg-type]
    assert anyio.current_time() - began >= PATIENCE_SECONDS
    assert agent.told == ["system: Ask.", "response.create"]


async def test_an_agent_that_leaves_meanwhile_is_not_waited_for() -> None:
    agent = Agent()
    agent.begin("r")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(nudge, agent, "Ask.")
        await settled()
        agent.close(events.WebSocketClosed(code=1006))
