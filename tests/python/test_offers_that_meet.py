"""A hold of ours that meets an offer of the other side's: each description is newer than the last.

There are peers that pass over a description whose version they have seen (RFC 3264 §8), so that a
hold would be answered and not done.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from support.callee import Callee, callee
from support.scene import Scene, scene

import fourwire as fw
from fourwire import sdp, sip
from fourwire.app import App
from fourwire.call import Call
from fourwire.sip.message import Request

pytestmark = pytest.mark.anyio

THEIRS = sdp.MediaPolicy(address="127.0.0.1", port=4000, codecs=(sdp.PCMU,))


def version(description: bytes) -> int:
    return sdp.SessionDescription.parse(description.decode()).origin.version


@asynccontextmanager
async def answered(
    act: Callable[[Call], Awaitable[None]],
) -> AsyncIterator[tuple[Scene, Callee, Request]]:
    """A call of ours that somebody played by a test has answered; `act` is done then."""
    app = App()
    async with callee() as far, scene(app) as stage, anyio.create_task_group() as tasks:

        async def dial() -> None:
            with contextlib.suppress(sip.CallFailed):
                await act(await app.dial(far.uri))

        tasks.start_soon(dial)
        invite = await far.asked("INVITE")
        far.reply(invite, 200, body=sdp.answer_to(invite.body.decode(), THEIRS).sdp)
        await far.asked("ACK")
        yield stage, far, invite
        for call in stage.gateway.calls.values():
            await call.hang_up()


async def test_a_hold_that_meets_an_offer_is_made_again_above_the_answer_to_it() -> None:
    async with answered(lambda call: call.hold()) as (stage, far, invite):
        hold = await far.asked("INVITE")
        far.reply(hold, 491)
        far.ask(invite, "INVITE", 1, body=sdp.offer(THEIRS))
        answer = await far.answered("INVITE")
        far.ask(invite, "ACK", 1)
        again = await far.asked("INVITE")
        said = [invite.body, hold.body, answer.body, again.body]
        assert [version(body) for body in said] == [1, 2, 3, 4]
        assert b"a=sendonly" in again.body
        far.reply(again, 200, body=sdp.answer_to(again.body.decode(), THEIRS).sdp)
        await stage.notes.until("call.on_hold")


async def test_an_offer_after_a_refused_one_is_newer_than_it() -> None:
    async def hold_twice(call: Call) -> None:
        with pytest.raises(fw.RequestFailed, match="488"):
            await call.hold()
        await call.hold()

    async with answered(hold_twice) as (stage, far, _invite):
        first = await far.asked("INVITE")
        far.reply(first, 488)
        second = await far.asked("INVITE")
        assert (version(first.body), version(second.body)) == (2, 3)
        far.reply(second, 200, body=sdp.answer_to(second.body.decode(), THEIRS).sdp)
        await stage.notes.until("call.on_hold")


async def test_two_who_hold_at_once_make_one_offer() -> None:
    async def hold(call: Call) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call.hold)
            tasks.start_soon(call.hold)
        call.log("test.held", str(call.on_hold))

    async with answered(hold) as (stage, far, _invite):
        request = await far.asked("INVITE")
        far.reply(request, 200, body=sdp.answer_to(request.body.decode(), THEIRS).sdp)
        await stage.notes.until("test.held")
        assert len(stage.notes.named("call.on_hold")) == 1
