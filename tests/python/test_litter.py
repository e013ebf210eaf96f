"""A call that is over leaves nothing for the cyclic collector: it is gone when it ends.

What lies in circles waits, 45 to 80 kB a call, until the collector comes by; then all of them are
taken at once, and the event loop waits for that.
"""

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from support.litter import litter_of
from support.scene import Scene, scene
from support.virtual import Stage, VirtualClockLoop, conversing, stage
from test_one_end import AT_ONCE, IN_TIME, RTP_LOST_S, Play

from fourwire import sip
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.call import Call
from fourwire.call_options import CallOptions
from fourwire.child import child
from fourwire.failure_policy import FailurePolicy
from fourwire.line import TransferFailed
from fourwire.standin import Behaviour

HOPELESS = FailurePolicy(attempts=1, reconnects=0, then="hang_up", watchdog_s=5.0)


@pytest.mark.parametrize("end", [*AT_ONCE, *IN_TIME], ids=lambda end: end.__name__)
@pytest.mark.parametrize("begun_s", [0.0, 0.05, 3.0], ids=["offered", "connecting", "talking"])
def test_an_ended_call_leaves_no_circles(begun_s: float, end: Callable[[Play], None]) -> None:
    async def call() -> None:
        await one_call(begun_s, end)

    backend: dict[str, Any] = {"loop_factory": VirtualClockLoop}
    found = anyio.run(litter_of, call, backend="asyncio", backend_options=backend)
    assert found == Counter()


async def one_call(begun_s: float, end: Callable[[Play], None]) -> None:
    fails = anyio.Event()

    async def talk(it: Stage) -> None:
        async with anyio.create_task_group() as both:
            both.start_soon(child, fail)
            await conversing(HOPELESS)(it)
            both.cancel_scope.cancel()

    async def fail() -> None:
        await fails.wait()
        raise LookupError("a bug of the scenario's")

    async with stage(talk, Behaviour(), options=CallOptions(rtp_lost_s=RTP_LOST_S)) as it:
        play = Play(it)
        play.fails = fails
        it.line.outcome.set_result(TransferFailed(486, "Busy Here"))
        await anyio.sleep(begun_s)
        end(play)
        with anyio.move_on_after(30):
            await it.call.wait_ended()
        play.bye()


async def hangs_up(stage: Scene) -> None:
    async with stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()


async def cancels(stage: Scene) -> None:
    with anyio.move_on_after(0.1):
        async with stage.phone.call(stage.uri("rings")):
            raise AssertionError("nobody answers there")


async def is_refused(stage: Scene) -> None:
    with pytest.raises(sip.CallFailed):
        async with stage.phone.call(stage.uri("fails")):
            raise AssertionError("nobody answers there")


@pytest.mark.anyio
@pytest.mark.parametrize("call", [hangs_up, cancels, is_refused])
async def test_nor_does_one_over_the_network(call: Callable[[Scene], Awaitable[None]]) -> None:
    async with scene(rings_fails_or_talks) as stage:
        calls = itertools.count(1)

        async def whole() -> None:
            await call(stage)
            await stage.notes.until("call.ended", next(calls))
            await stage.gateway.wait_idle(10)
            await anyio.wait_all_tasks_blocked()

        assert (await litter_of(whole)).keys() <= HANGS_ON_THE_WEBSOCKET


HANGS_ON_THE_WEBSOCKET = {
    "fourwire.inworld.redaction.RedactedLog",
    "fourwire.inworld.redaction.Redactor",
}
"""What circles of the `websockets` library hold that are not ours to break."""


def rings_fails_or_talks(url: str) -> App:
    app = App()

    @app.call("rings")
    async def ring(call: Call) -> None:
        await call.ring()
        await anyio.sleep_forever()

    @app.call("fails")
    async def fail(call: Call) -> None:
        await call.ring()
        raise LookupError("a bug of the scenario's")

    app.call()(scenario(AgentFile(), "any-key", url))
    return app
