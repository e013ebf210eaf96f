"""A caller who waits for an agent is not silent, and gets what the policy has for him."""

from functools import partial
from typing import Any

import anyio
import pytest
from support.virtual import Stage, VirtualClockLoop, conversing, stage
from support.virtual_agents import Door

from fourwire import g711
from fourwire.announcement import bundled
from fourwire.failure_policy import FailurePolicy
from fourwire.silence import Silence, watch_silence
from fourwire.standin import Behaviour, faults

pytestmark = pytest.mark.anyio

SHORT = Silence(after_s=3, prompts=0, goodbye="")

WAITING = FailurePolicy(pause_s=0.0, connect_s=10.0, give_up_s=25.0, reconnects=1)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualClockLoop}


def talking(policy: FailurePolicy, silence: Silence) -> Any:
    """A scenario that talks, and does not talk to nobody."""

    async def scenario(it: Stage) -> None:
        it.call.start_soon(partial(watch_silence, it.call, silence))
        await conversing(policy)(it)

    return scenario


@pytest.mark.parametrize("door", [None, Behaviour(handshake_delay_ms=60_000)])
async def test_a_call_does_not_end_of_silence_while_its_agent_is_replaced(door: Door) -> None:
    closing = Behaviour(faults=(faults.Close(after="output_audio_buffer.stopped"),))
    async with stage(talking(WAITING, SHORT), closing, door) as it:
        await it.until(lambda: it.notes.named("conversation.lost"))
        with anyio.fail_after(60):
            await it.call.wait_ended()
    assert it.causes() == ["agent failed"]
    apology = g711.decode_pcmu(g711.encode_pcmu(bundled("apology").pcm))
    assert apology in it.heard()


async def test_silence_counts_again_once_the_agent_is_back() -> None:
    closing = Behaviour(faults=(faults.Close(after="output_audio_buffer.stopped"),))
    async with stage(talking(WAITING, SHORT), closing, None, Behaviour()) as it:
        await it.until(lambda: it.notes.named("conversation.mended"))
        with anyio.fail_after(30):
            await it.call.wait_ended()
    assert it.causes() == ["nobody spoke"]
