"""A call has one end, whichever of its causes comes first and however many come at once."""

from collections.abc import Callable
from typing import Any

import anyio
from hypothesis import given
from hypothesis import strategies as st
from support.virtual import Stage, VirtualClockLoop, conversing, stage

from fourwire._core import Closed, RtpStopped
from fourwire.call_options import CallOptions
from fourwire.failure_policy import FailurePolicy
from fourwire.life import Cause
from fourwire.line import LineEnded
from fourwire.standin import Behaviour

POLICY = FailurePolicy(pause_s=0.0, reconnects=0, then="hang_up", watchdog_s=5.0)


def bye(it: Stage) -> None:
    it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


def cancel(it: Stage) -> None:
    """A CANCEL, which an answer may be meeting."""
    it.line.happen(LineEnded(Cause.CANCELLED))


def line_failed(it: Stage) -> None:
    it.line.happen(LineEnded(Cause.LINE_FAILED, "no ACK"))


def rtp_dies(it: Stage) -> None:
    it.leg.receive(RtpStopped())


def leg_fails(it: Stage) -> None:
    it.leg.receive(Closed({}, "fault"))


def socket_closes(it: Stage) -> None:
    for connection in it.agents.connections:
        connection.break_off(1011)


def fault_of_ours(it: Stage) -> None:
    async def work() -> None:
        raise LookupError("a bug")

    if it.call.ended is None:
        it.call.start_soon(work)


def sigterm(it: Stage) -> None:
    it.call.end(Cause.SHUTDOWN)


CAUSES: dict[Callable[[Stage], None], set[str]] = {
    bye: {"caller hung up"},
    cancel: {"cancelled"},
    line_failed: {"line failed"},
    rtp_dies: {"rtp lost"},
    leg_fails: {"audio failed"},
    socket_closes: {"agent failed"},
    fault_of_ours: {"handler error"},
    sigterm: {"shutdown"},
}

happenings = st.lists(
    st.tuples(st.sampled_from(list(CAUSES)), st.sampled_from([0.0, 0.0, 0.02, 0.3])),
    min_size=1,
    max_size=5,
)
"""What happens, and how long after what came before: often at the same moment."""

beginnings = st.sampled_from([0.0, 0.05, 0.35, 0.4, 1.0, 3.0])
"""How long a call has lived by then: ringing, connecting, being answered, greeted."""


@given(beginnings, happenings, st.booleans())
def test_a_call_ends_once_whatever_happens_in_whatever_order(
    begun_s: float, acts: list[tuple[Callable[[Stage], None], float]], slow_answer: bool
) -> None:
    async def run() -> None:
        options = CallOptions(rtp_lost_s=1.0)
        async with stage(conversing(POLICY), Behaviour(), options=options) as it:
            it.line.answering = anyio.Event() if slow_answer else None
            await anyio.sleep(begun_s)
            for act, later_s in acts:
                await anyio.sleep(later_s)
                act(it)
            if it.line.answering is not None:
                it.line.answering.set()
            await anyio.sleep(3)  # what was too early to matter is over; then somebody hangs up
            bye(it)
        check(it, {cause for act, _ in acts for cause in CAUSES[act]})

    backend: dict[str, Any] = {"loop_factory": VirtualClockLoop}
    anyio.run(run, backend="asyncio", backend_options=backend)


def check(it: Stage, possible: set[str]) -> None:
    (cause,) = it.causes()
    assert cause in possible | {"caller hung up"}
    assert it.line.verbs().count("close") == 1
    farewells = [verb for verb in it.line.verbs() if verb in ("hang_up", "reject")]
    gone = cause in ("caller hung up", "cancelled", "line failed")
    assert len(farewells) == (0 if gone else 1)
    assert it.call.agent is None
    assert it.leg.on_append is None
