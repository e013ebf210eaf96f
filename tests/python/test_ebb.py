"""After many calls memory goes back to the system, once they have been gone for a while."""

import asyncio
import gc
import weakref
from contextvars import Context, ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.ebb import QUIET_S, Ebb, give_back, set_aside

pytestmark = pytest.mark.anyio


def test_it_is_time_when_a_thousand_calls_have_been_gone_for_a_while() -> None:
    ebb = Ebb()
    assert not ebb.receive(0.0, 1000)
    assert not ebb.receive(1.0, 0)
    assert not ebb.receive(QUIET_S, 0)
    assert ebb.receive(1.0 + QUIET_S, 0)


def test_once_is_enough_until_there_were_many_again() -> None:
    ebb = Ebb()
    ebb.receive(0.0, 1000)
    ebb.receive(1.0, 0)
    assert ebb.receive(100.0, 0)
    assert not any(ebb.receive(100.0 + second, 0) for second in range(1000))
    ebb.receive(2000.0, 50)
    ebb.receive(2001.0, 0)
    assert ebb.receive(2100.0, 0)


def test_a_few_calls_that_go_on_are_no_hindrance() -> None:
    ebb = Ebb()
    ebb.receive(0.0, 1000)
    ebb.receive(1.0, 100)
    assert ebb.receive(1.0 + QUIET_S, 80)


def test_calls_that_come_again_soon_find_everything_in_place() -> None:
    ebb = Ebb()
    for minute in range(60):
        assert not ebb.receive(60.0 * minute, 1000)
        assert not ebb.receive(60.0 * minute + 1, 0)
        assert not ebb.receive(60.0 * minute + 1 + QUIET_S / 2, 0)


@given(st.lists(st.integers(0, 19), max_size=50))
def test_of_a_few_calls_nothing_is_made(calls: list[int]) -> None:
    ebb = Ebb()
    assert not any(ebb.receive(1000.0 * at, number) for at, number in enumerate(calls))


class Circle:
    """What only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


async def test_what_lay_in_circles_is_gone() -> None:
    gc.disable()
    try:
        gone = weakref.ref(Circle())
        assert gone() is not None
        await give_back()
        assert gone() is None
    finally:
        gc.enable()


def test_the_collector_is_spared_what_was_there_at_the_start() -> None:
    there = Circle()
    set_aside()
    try:
        assert not any(each is there for each in gc.get_objects())
    finally:
        gc.unfreeze()


class Heavy:
    """What hangs on the context of a timer."""


HANGS_ON: ContextVar[Heavy] = ContextVar("HANGS_ON")


def _context(heavy: Heavy) -> Context:
    context = Context()
    context.run(HANGS_ON.set, heavy)
    return context


async def test_timers_that_were_cancelled_keep_nothing() -> None:
    heavy = Heavy()
    gone = weakref.ref(heavy)
    timer = asyncio.get_running_loop().call_later(14400, id, 1, context=_context(heavy))
    timer.cancel()
    del heavy, timer
    assert gone() is not None
    await give_back()
    assert gone() is None
