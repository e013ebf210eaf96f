"""A gateway bears calls of all kinds and strangers' packets, and is as before when they are over.

What `make soak` does for minutes, for seconds.
"""

import asyncio
import gc
from collections import Counter
from dataclasses import dataclass

import anyio
import pytest
from benches.soak.callers import callers
from benches.soak.footprint import Footprint, look, settled
from benches.soak.injection import Injected, inject
from benches.soak.kinds import KINDS, talks_long, talks_rubbish
from benches.soak.loads import SETTINGS, Plan, impatient, load
from benches.soak.site import site
from benches.soak.soaked import Lived
from support.scene import scene

from fourwire.standin import Behaviour, faults

pytestmark = pytest.mark.alone

TOO_LONG = (talks_long, talks_rubbish)
"""Of damaged requests some are an INVITE still, and what nobody acknowledges lives for 32 s."""

PLAN = Plan(kinds=tuple(kind for kind in KINDS if kind not in TOO_LONG), abreast=12)

CALLS = 40

LATER = "SIP transactions"
"""They live for half a minute after a call."""


@dataclass
class Short:
    """What a short soak has shown."""

    start: Footprint
    rest: Footprint
    lived: Lived
    injected: Injected


@pytest.fixture(scope="module")
def short() -> Short:
    """One of it for all tests here."""
    return anyio.run(soak)


async def soak() -> Short:
    async with site(SETTINGS, failure=impatient) as where:
        start = await look(where)
        async with callers(where) as who, asyncio.TaskGroup() as tasks:
            injected = tasks.create_task(inject(who))
            lived = tasks.create_task(load(where, PLAN, CALLS, 0.0))
        rest = await settled(where, start, 10.0, start.held.keys() - {LATER})
    return Short(start, rest, await lived, await injected)


def test_every_call_of_every_kind_goes_as_it_must(short: Short) -> None:
    assert short.lived.refusals == []
    assert short.lived.calls == CALLS


def test_afterwards_nothing_is_held_that_was_not_before(short: Short) -> None:
    assert short.rest.differs_from(short.start).keys() <= {LATER}


def test_nobody_hears_what_a_stranger_sends_into_a_call(short: Short) -> None:
    assert [each.accepted for each in short.injected.attempts] == [0] * 4
    assert [each.returned for each in short.injected.attempts] == [0] * 4
    assert [each.lost for each in short.injected.attempts] == [0] * 4


def test_a_caller_is_heard_on_when_its_source_identifier_changes(short: Short) -> None:
    assert short.injected.changed_source_restarts == 1
    assert short.injected.changed_source_lost == 0


LIVES_WITH_A_CALL = ("Call", "SipLine", "MediaLeg", "Agent", "Session", "WebSocket", "Talk")
"""What is made for each call, by name."""

LOST = faults.Break(after="response.output_audio.delta", nth=3)


@pytest.mark.anyio
@pytest.mark.parametrize("behaviour", [Behaviour(), Behaviour(faults=(LOST,))])
async def test_no_object_of_a_call_outlives_it(behaviour: Behaviour) -> None:
    async with scene(behaviour=behaviour) as stage:
        before = alive()
        for _ in range(5):
            async with stage.phone.call(stage.uri()) as caller:
                await caller.until_speech()
        await stage.notes.until("call.ended", 5)
        await stage.gateway.wait_idle(10)
        del caller
        with anyio.move_on_after(5):
            while alive() != before:  # noqa: ASYNC110 the engine's threads tell nobody
                await anyio.sleep(0.05)
        assert alive() == before


def alive() -> Counter[str]:
    """How many there are of each, after a collection."""
    gc.collect()
    names = (type(each).__qualname__ for each in gc.get_objects())
    return Counter(name for name in names if name in LIVES_WITH_A_CALL)
