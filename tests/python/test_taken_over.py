"""Somebody takes the caller's place in a call that goes on (RFC 3891)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from support.callee import Callee, callee
from support.scene import Scene, scene
from support.stranger import ByHand, stranger

import fourwire as fw
from fourwire import sdp, sip
from fourwire.sip.message import Request

pytestmark = pytest.mark.anyio

POLICY = sdp.MediaPolicy(address="127.0.0.1", port=4000, codecs=(sdp.PCMA,))


def app_that(acts: Callable[[fw.Call], Awaitable[None]]) -> fw.App:
    app = fw.App()
    app.call()(acts)
    return app


async def stay(call: fw.Call) -> None:
    await call.answer()
    await call.wait_ended()


@asynccontextmanager
async def talking(
    acts: Callable[[fw.Call], Awaitable[None]] = stay,
) -> AsyncIterator[tuple[Scene, ByHand]]:
    """A call whose caller speaks SIP by hand, answered."""
    async with scene(app_that(acts)) as stage:
        _, host, port = stage.gateway.addresses[0]
        async with stranger(host, port) as hand:
            caller = hand.dialog()
            await caller.invite()
            caller.acknowledge()
            await stage.notes.until("call.answered")
            yield stage, caller


async def heir(stage: Scene, caller: ByHand, offer: str | None) -> sip.OutgoingCall:
    """Somebody who asks for the caller's place, and is answered."""
    place = f"{caller.call_id};to-tag={caller.to_tag};from-tag=hand"
    return await stage.phone.endpoint.invite(
        stage.uri(), from_user="1002", offer=offer, headers={"Replaces": place}
    )


async def test_the_call_goes_on_with_whom_took_the_place_and_ends_with_him() -> None:
    async with talking() as (stage, caller):
        call = await heir(stage, caller, sdp.offer(POLICY))
        await caller.heard_bye()
        (taken,) = await stage.notes.until("call.taken_over")
        assert (taken["caller"], taken["audio_at"]) == ("1002", ("127.0.0.1", 4000))
        (changed,) = await stage.notes.until("call.media_changed")
        assert changed["codec"] == "PCMA"
        (live,) = stage.gateway.calls.values()
        assert live.caller == "1002"
        assert stage.causes() == []

        await call.hang_up()
        (end,) = await stage.notes.until("call.ended")
        assert end["cause"] == "caller hung up"


async def test_a_successor_without_an_offer_answers_ours() -> None:
    async with talking() as (stage, caller):
        call = await heir(stage, caller, None)
        await caller.heard_bye()
        await call.acknowledge(sdp.answer_to(call.answer_sdp or "", POLICY).sdp)
        await stage.notes.until("call.taken_over")
        (changed,) = await stage.notes.until("call.media_changed")
        assert (changed["codec"], changed["remote"]) == ("PCMA", ("127.0.0.1", 4000))


async def test_a_successor_whose_answer_is_none_ends_the_call() -> None:
    async with talking() as (stage, caller):
        call = await heir(stage, caller, None)
        await caller.heard_bye()
        await call.acknowledge("v=0")
        (end,) = await stage.notes.until("call.ended")
        assert end["cause"] == "line failed"


async def test_what_was_asked_of_who_left_fails_and_the_call_goes_on() -> None:
    told: list[int] = []

    async def hold(call: fw.Call) -> None:
        await call.answer()
        try:
            await call.hold()
        except fw.RequestFailed as failed:
            told.append(failed.status)
        await call.wait_ended()

    async with talking(hold) as (stage, caller):
        call = await heir(stage, caller, sdp.offer(POLICY))
        await caller.heard_bye()
        await stage.notes.until("call.media_changed")
        (live,) = stage.gateway.calls.values()
        assert told == [487]
        assert not live.on_hold
        await call.hang_up()
        await stage.notes.until("call.ended")


async def test_a_call_that_ends_while_somebody_asks_for_it_is_declined() -> None:
    async def leave(call: fw.Call) -> None:
        await call.answer()
        await anyio.sleep(0.2)

    async with talking(leave) as (stage, caller):
        await stage.notes.until("call.ended")
        await caller.heard_bye()
        with pytest.raises(sip.CallFailed, match="603"):
            await heir(stage, caller, sdp.offer(POLICY))


@asynccontextmanager
async def ringing() -> AsyncIterator[tuple[Scene, Callee, Request]]:
    """A call of ours for which somebody rings; at the end it must have been answered."""
    app, answered = fw.App(), anyio.Event()
    async with callee() as desk, scene(app) as stage, anyio.create_task_group() as tasks:

        async def dial() -> None:
            call = await app.dial(desk.uri, timeout_s=10)
            answered.set()
            await call.hang_up()

        tasks.start_soon(dial)
        invite = await desk.asked("INVITE")
        desk.reply(invite, 180)
        await stage.notes.until("call.ringing")
        yield stage, desk, invite
        await answered.wait()


async def colleague(stage: Scene, invite: Request, offer: str | None) -> sip.OutgoingCall:
    """Somebody who picks up what rings at the desk, and is answered."""
    place = f"{invite.call_id};to-tag={invite.from_.tag};from-tag=a;early-only"
    return await stage.phone.endpoint.invite(
        stage.uri(), from_user="1002", offer=offer, headers={"Replaces": place}
    )


async def test_a_colleague_picks_up_the_call_that_rings_elsewhere() -> None:
    async with ringing() as (stage, desk, invite):
        call = await colleague(stage, invite, sdp.offer(POLICY))
        cancel = await desk.asked("CANCEL")
        desk.reply(cancel, 200)
        desk.reply(invite, 487)
        (answered,) = await stage.notes.until("call.answered")
        (taken,) = await stage.notes.until("call.taken_over")
        assert (taken["caller"], answered["codec"]) == ("1002", "PCMA")
        async for _ in call.events():  # up to the end, which is ours
            pass
        assert call.ended is not None
        assert call.ended.cause is sip.Cause.BYE


async def test_a_colleague_who_leaves_the_offer_to_us_picks_up_too() -> None:
    async with ringing() as (stage, desk, invite):
        call = await colleague(stage, invite, None)
        await call.acknowledge(sdp.answer_to(call.answer_sdp or "", POLICY).sdp)
        await desk.asked("CANCEL")
        (answered,) = await stage.notes.until("call.answered")
        assert answered["codec"] == "PCMA"


async def test_a_colleague_whose_answer_is_none_ends_the_call() -> None:
    app = fw.App()
    async with callee() as desk, scene(app) as stage, anyio.create_task_group() as tasks:

        async def dial() -> None:
            with pytest.raises(sip.CallFailed):
                await app.dial(desk.uri, timeout_s=10)

        tasks.start_soon(dial)
        invite = await desk.asked("INVITE")
        desk.reply(invite, 180)
        await stage.notes.until("call.ringing")
        call = await colleague(stage, invite, None)
        await call.acknowledge("v=0")
        (end,) = await stage.notes.until("call.ended")
        assert end["cause"] == "line failed"
        assert stage.notes.named("call.answered") == []


async def test_a_colleague_without_a_codec_of_ours_leaves_the_desk_ringing() -> None:
    async with ringing() as (stage, desk, invite):
        strange = sdp.offer(POLICY).replace(" 8 ", " 3 ").replace("8 PCMA", "3 GSM")
        with pytest.raises(sip.CallFailed, match="488"):
            await colleague(stage, invite, strange)
        await stage.notes.until("call.not_taken_over")
        desk.reply(invite, 200, body=sdp.answer_to(invite.body.decode(), POLICY).sdp)
        await desk.asked("ACK")
        await stage.notes.until("call.answered")
