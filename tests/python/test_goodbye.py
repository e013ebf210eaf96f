"""The goodbye is for each caller by himself: what goes wrong in one call is that call's affair."""

from collections.abc import Callable

import anyio
import pytest
from support.gateway import FakeLeg, settled
from support.living import Living

from fourwire.announcement import bundled
from fourwire.call import Call
from fourwire.goodbye import say_goodbye
from fourwire.life import Cause
from fourwire.line import LineEnded

pytestmark = pytest.mark.anyio


class BrokenLeg(FakeLeg):
    """A leg that can play nothing."""

    async def play(self, audio: bytes, **named: object) -> bool:
        raise LookupError("a bug")


async def stay(call: Call) -> None:
    await call.answer()
    await anyio.sleep_forever()


def breaks(one: Living) -> None:
    one.line.leg = BrokenLeg()


def hangs_up(one: Living) -> None:
    one.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


@pytest.mark.parametrize(("before", "meanwhile"), [(breaks, None), (None, hangs_up), (None, None)])
async def test_one_call_that_goes_wrong_takes_nobody_elses_goodbye(
    before: Callable[[Living], None] | None, meanwhile: Callable[[Living], None] | None
) -> None:
    one, other = Living(), Living()
    if before is not None:
        before(one)
    async with anyio.create_task_group() as tasks:
        for each in (one, other):
            tasks.start_soon(each.call.live, stay)
        await settled()
        async with anyio.create_task_group() as saying:
            saying.start_soon(say_goodbye, [one.call, other.call], bundled("apology"))
            await settled()
            if meanwhile is not None:
                meanwhile(one)
                await settled()
            one.line.leg.played.set_result(True)
            other.line.leg.played.set_result(True)
        assert other.notes.named("call.played") == [{"audio": "apology", "whole": True}]
        for each in (one, other):
            each.call.end(Cause.SHUTDOWN)
    errors = [note["error"] for note in one.notes.named("call.error")]
    assert errors == (["LookupError: a bug"] if before is breaks else [])
    assert other.ended() == [("shutdown", True)]
