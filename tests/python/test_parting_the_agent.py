"""Whatever a call does with its agents, each hears of itself alone and of its last word."""

from typing import Any

import anyio
from hypothesis import given
from hypothesis import strategies as st
from support.virtual import Stage, VirtualClockLoop, stage
from support.virtual_agents import Connection

from fourwire.bridge import BargeIn
from fourwire.call import Call
from fourwire.inworld import Agent
from fourwire.life import Cause
from fourwire.line import LineEnded
from fourwire.standin import Behaviour

CUT = BargeIn(truncate=True)

OFTEN = ["interrupt", "cut", "ask", "listen"]
VERBS = ["join one", "join two", "hold", "resume", "part", "wait"]

steps = st.lists(st.sampled_from([*OFTEN, *OFTEN, *VERBS]), min_size=4, max_size=12)


async def act(verb: str, call: Call, one: Agent, two: Agent) -> None:
    match verb:
        case "join one" | "join two":
            agent = one if verb == "join one" else two
            call.bridge(agent, hang_up_with_agent=False, barge_in=CUT)
        case "hold":
            await call.hold()
        case "resume":
            await call.resume()
        case "interrupt" | "cut":
            call.interrupt("keys")
            await anyio.sleep(0.1 if verb == "cut" else 0.0)
        case "part":
            call.unbridge()
        case "wait":
            await call.wait_parted()
        case "ask":
            ask(one, two)
        case "listen":
            await anyio.sleep(0.4)


def ask(*agents: Agent) -> None:
    """Have all of them speak who do not."""
    for agent in agents:
        if not agent.responding:
            agent.response_create()


@given(steps)
def test_a_parting_is_always_told_and_an_agent_is_cut_by_what_it_said_itself(
    verbs: list[str],
) -> None:
    async def scenario(it: Stage) -> None:
        async with it.agents.connect("one") as one, it.agents.connect("two") as two:
            await it.call.answer()
            for agent in (one, two):
                await agent.session_update({})
            for verb in ["join one", "ask", "listen", "listen", *verbs]:
                with anyio.fail_after(1):
                    await act(verb, it.call, one, two)
            with anyio.fail_after(1):
                await it.call.wait_parted()
            await it.call.wait_ended()

    async def run() -> None:
        async with stage(scenario, Behaviour(speed=0.0)) as it:
            await anyio.sleep(10)
            it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
        assert it.causes() == ["caller hung up"]
        assert len(it.notes.named("bridge.opened")) == len(it.notes.named("bridge.closed"))
        for connection in it.agents.connections:
            assert cut(connection) <= said(connection)

    backend: dict[str, Any] = {"loop_factory": VirtualClockLoop}
    anyio.run(run, backend="asyncio", backend_options=backend)


def cut(connection: Connection) -> set[str]:
    """What the agent was told to forget the rest of."""
    return {str(told["item_id"]) for told in connection.told("conversation.item.truncate")}


def said(connection: Connection) -> set[str]:
    """The items that were the agent's own."""
    begun = connection.record.find("response.output_item.added")
    return {str(entry.fields["item.id"]) for entry in begun}
