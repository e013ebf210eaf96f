"""A call has one end, whichever of its causes comes first and however many come at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio
from hypothesis import given
from hypothesis import strategies as st
from support.virtual import Stage, VirtualClockLoop, conversing, stage

from fourwire._core import Closed, RtpStopped
from fourwire.call_options import CallOptions
from fourwire.failure_policy import FailurePolicy
from fourwire.life import Cause
from fourwire.line import LineEnded, TransferFailed, Transferred
from fourwire.standin import Behaviour

RTP_LOST_S = 1.0


class Play:
    """A call, and what may happen to it."""

    def __init__(self, it: Stage) -> None:
        self.it = it
        self.fails = anyio.Event()
        """Set: the scenario raises."""

    def bye(self) -> None:
        self.it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))

    def cancel(self) -> None:
        """A CANCEL, which an answer may be meeting."""
        self.it.line.happen(LineEnded(Cause.CANCELLED))

    def line_fails(self) -> None:
        self.it.line.happen(LineEnded(Cause.LINE_FAILED, "no ACK"))

    def is_transferred(self) -> None:
        """A transfer comes to pass, which nobody waited for any more."""
        self.it.line.happen(Transferred("200 OK"))

    def rtp_dies(self) -> None:
        self.it.leg.receive(RtpStopped())

    def leg_fails(self) -> None:
        self.it.leg.receive(Closed({}, "fault"))

    def socket_breaks(self) -> None:
        for connection in self.it.agents.connections:
            connection.break_off(1006)

    def socket_closes(self) -> None:
        for connection in self.it.agents.connections:
            connection.break_off(1000)

    def scenario_raises(self) -> None:
        self.fails.set()

    def work_raises(self) -> None:
        self._beside(lambda: LookupError("a bug"))

    def work_exits(self) -> None:
        """Work beside the scenario wants to end the process."""
        self._beside(lambda: SystemExit(1))

    def we_hang_up(self) -> None:
        self._beside_call(self.it.call.hang_up)

    def sigterm(self) -> None:
        self.it.call.end(Cause.SHUTDOWN)

    def gateway_dies(self) -> None:
        """The task that runs the call is cancelled."""
        self.it.living.cancel()

    def _beside(self, error: Callable[[], BaseException]) -> None:
        async def work() -> None:
            raise error()

        self._beside_call(work)

    def _beside_call(self, work: Callable[[], Any]) -> None:
        if self.it.call.ended is None:
            self.it.call.start_soon(work)


AT_ONCE: dict[Callable[[Play], None], str] = {
    Play.bye: "caller hung up",
    Play.cancel: "cancelled",
    Play.line_fails: "line failed",
    Play.is_transferred: "transferred",
    Play.scenario_raises: "handler error",
    Play.work_raises: "handler error",
    Play.work_exits: "handler error",
    Play.we_hang_up: "hung up",
    Play.sigterm: "shutdown",
    Play.gateway_dies: "shutdown",
}
"""What ends a call at the moment it happens, and as what."""

IN_TIME: dict[Callable[[Play], None], str] = {
    Play.leg_fails: "audio failed",
    Play.rtp_dies: "rtp lost",
    Play.socket_breaks: "agent failed",
    Play.socket_closes: "agent failed",
}
"""What ends a call a little later, if it is there to be ended, and nothing else does before."""


@dataclass(frozen=True)
class Scene:
    """When a call meets what, and how it is set up for that."""

    begun_s: float
    acts: list[tuple[Callable[[Play], None], float]]
    policy: FailurePolicy
    answer: str
    farewell: str
    options: CallOptions

    @property
    def limits(self) -> set[str]:
        """Ends that the clock brings about."""
        limited = {"too long"} if self.options.most_s is not None else set()
        return limited | ({"not answered in time"} if self.options.ring_s is not None else set())


policies = st.builds(
    FailurePolicy,
    pause_s=st.just(0.0),
    reconnects=st.sampled_from([0, 0, 2]),
    then=st.sampled_from(["hang_up", "apologise", "transfer"]),
    transfer_to=st.just("sip:desk@pbx.example"),
    watchdog_s=st.just(5.0),
)

scenes = st.builds(
    Scene,
    begun_s=st.sampled_from([0.0, 0.05, 0.35, 0.4, 1.0, 3.0]),
    acts=st.lists(
        st.tuples(st.sampled_from([*AT_ONCE, *IN_TIME]), st.sampled_from([0.0, 0.0, 0.02, 0.3])),
        min_size=1,
        max_size=5,
    ),
    policy=policies,
    answer=st.sampled_from(["at once", "late", "never"]),
    farewell=st.sampled_from(["taken", "refused", "unanswered"]),
    options=st.builds(
        CallOptions,
        rtp_lost_s=st.just(RTP_LOST_S),
        most_s=st.sampled_from([None, None, 2.0]),
        ring_s=st.sampled_from([None, None, 1.0]),
    ),
)
"""Calls that ring, connect, are being answered, are greeted or talk, when things begin to happen:
often several at the same moment."""


@given(scenes)
def test_a_call_ends_once_whatever_happens_in_whatever_order(scene: Scene) -> None:
    backend: dict[str, Any] = {"loop_factory": VirtualClockLoop}
    anyio.run(meet, scene, backend="asyncio", backend_options=backend)


async def meet(scene: Scene) -> None:
    ready = anyio.Event()

    async def scenario(it: Stage) -> None:
        async with anyio.create_task_group() as both:
            both.start_soon(fail, ready)
            await conversing(scene.policy)(it)
            both.cancel_scope.cancel()

    async def fail(ready: anyio.Event) -> None:
        await ready.wait()
        raise LookupError("a bug of the scenario's")

    async with stage(scenario, Behaviour(), options=scene.options) as it:
        set_up(it, scene)
        play = Play(it)
        play.fails = ready
        await anyio.sleep(scene.begun_s)
        happened: list[tuple[Callable[[Play], None], float]] = []
        for act, later_s in scene.acts:
            await anyio.sleep(later_s)
            happened.append((act, it.now))
            act(play)
        if scene.answer == "late" and it.line.answering is not None:
            it.line.answering.set()
        with anyio.move_on_after(30):  # what was too early to matter; then somebody hangs up
            await it.call.wait_ended()
        play.bye()
    check(it, scene, happened)


def set_up(it: Stage, scene: Scene) -> None:
    it.line.answering = None if scene.answer == "at once" else anyio.Event()
    it.line.outcome.set_result(TransferFailed(486, "Busy Here"))
    it.line.farewell = scene.farewell


def check(it: Stage, scene: Scene, happened: list[tuple[Callable[[Play], None], float]]) -> None:
    (end,) = it.notes.named("call.ended")
    assert end["cause"] in possible(scene, happened)
    assert it.line.verbs().count("close") == 1
    assert it.line.verbs()[-1] == "close"
    farewells = [verb for verb in it.line.verbs() if verb in ("hang_up", "reject")]
    gone = end["cause"] in ("caller hung up", "cancelled", "line failed")
    assert len(farewells) == (0 if gone else 1)
    assert it.call.agent is None
    assert it.leg.on_append is None


def possible(scene: Scene, happened: list[tuple[Callable[[Play], None], float]]) -> set[str]:
    """How the call may have ended: by what came no later than the first thing that ends it."""
    sure = [at for act, at in happened if act in AT_ONCE]
    until = min(sure, default=float("inf"))
    causes = {AT_ONCE[act] for act, at in happened if act in AT_ONCE and at <= until}
    causes |= {IN_TIME[act] for act, at in happened if act in IN_TIME and at <= until}
    return causes | scene.limits | ({"caller hung up"} if not sure else set())
