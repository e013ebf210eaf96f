"""An agent is heard to the end of what it says before it acts, whatever came before that."""

import json
from typing import Any

import anyio
import pytest
from support.virtual import Stage, VirtualClockLoop, conversing, stage

from fourwire.call import Call
from fourwire.call_tools import phone_tools
from fourwire.demo.speech import recording
from fourwire.inworld import Toolbox
from fourwire.standin import Behaviour, Fillers, FunctionCall, FunctionCalls

pytestmark = pytest.mark.anyio

DESK = "sip:desk@pbx.example"

ACTS = {
    "transfer": (FunctionCall("transfer", json.dumps({"to": "desk"})), "transferred"),
    "hang_up": (FunctionCall("hang_up"), "hung up"),
}
"""What an agent calls, and how the call ends by it."""

LATE = "the end of the calling response is told again"

DOORS: dict[str, tuple[dict[str, Any], int]] = {
    "plain": ({}, 3),
    LATE: ({}, 3),
    "a filler is a response of its own": (
        {"fillers": Fillers.OWN_RESPONSE, "think_ms": 3000},
        4,
    ),
}
"""How a server goes about it, and how many responses that takes: the greeting, the call, the words,
and what bridges to these."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualClockLoop}


def tools(call: Call) -> Toolbox:
    return phone_tools(call, transfer_to={"desk": DESK})


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("act", ACTS)
async def test_the_announcement_is_heard_to_its_end_before_the_act(act: str, door: str) -> None:
    call, cause = ACTS[act]
    knobs, responses = DOORS[door]
    behaviour = Behaviour(calls={1: FunctionCalls((call,))}, **knobs)
    wish = {"providerData": {"responsiveness": {"enabled": True, "min_filler_gap_ms": 0}}}
    async with stage(conversing(tools=tools, session=wish), behaviour) as it:
        it.line.outcome.set_result(None)
        await it.until(lambda: it.loud())
        await it.until(lambda: it.now - it.loud()[-1] > 0.8)
        it.leg.speak(recording("question"))
        if door == LATE:
            await repeat_the_end_of_the_call(it)
        with anyio.fail_after(60):
            await it.call.wait_ended()
    (agent,) = it.agents.connections
    done = [entry.fields["response.status"] for entry in agent.record.find("response.done")]
    assert done == ["completed"] * responses
    assert agent.record.spoken[-16_000:] in it.heard()
    assert it.causes() == [cause]


async def repeat_the_end_of_the_call(it: Stage) -> None:
    """Let the end of the response that called the function come again, once that has run."""
    name = "Inworld.RealtimeAPI.ToolAnswered"
    await it.until(lambda: it.notes.named(name))
    (agent,) = it.agents.connections
    called = agent.record.find("response.done")[-1].fields["response.id"]
    agent.inject({"type": "response.done", "response": {"id": called, "status": "completed"}})
