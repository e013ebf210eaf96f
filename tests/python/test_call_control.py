"""What a scenario asks of a caller's side, and what that side asks of it."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from support.gateway import FakeLine, journal, settled
from support.scene import Scene, scene

import fourwire as fw
from fourwire import sdp, sip
from fourwire.call import Call
from fourwire.line import Info, Referral

pytestmark = pytest.mark.anyio


def app_that(acts: Callable[[Call], Awaitable[None]]) -> fw.App:
    app = fw.App()
    app.call()(acts)
    return app


async def follow(stage: Scene, caller: sip.OutgoingCall, offer: str) -> list[str]:
    """Answer what the gateway offers until the call ends; which way the media were to flow."""
    policy = sdp.MediaPolicy(address="127.0.0.1", port=4000)
    described, directions = offer, []
    async for event in caller.events():
        if isinstance(event, sip.Reinvite):
            answer = sdp.answer_to(event.offer or "", policy, previous=described)
            described = answer.sdp
            directions.append(answer.media.direction)
            await event.answer(described)
    return directions


async def test_a_caller_is_put_on_hold_and_taken_back() -> None:
    async def hold(call: Call) -> None:
        await call.answer()
        await call.hold()
        await call.hold()
        assert call.on_hold
        await call.resume()

    async with scene(app_that(hold)) as stage:
        offer = sdp.offer(sdp.MediaPolicy(address="127.0.0.1", port=4000))
        caller = await stage.phone.endpoint.invite(stage.uri(), from_user="1001", offer=offer)
        with anyio.fail_after(10):
            assert await follow(stage, caller, offer) == ["recvonly", "sendrecv"]
        await stage.notes.until("call.ended")
        assert stage.causes() == ["hung up"]
        assert len(stage.notes.named("call.on_hold")) == 1


async def test_a_caller_who_will_not_be_held_goes_on() -> None:
    told: list[int] = []

    async def hold(call: Call) -> None:
        await call.answer()
        try:
            await call.hold()
        except fw.RequestFailed as failed:
            told.append(failed.status)

    async with scene(app_that(hold)) as stage:
        offer = sdp.offer(sdp.MediaPolicy(address="127.0.0.1", port=4000))
        caller = await stage.phone.endpoint.invite(stage.uri(), from_user="1001", offer=offer)
        with anyio.fail_after(10):
            async for event in caller.events():
                if isinstance(event, sip.Reinvite):
                    await event.reject(488)
        assert told == [488]


async def test_a_caller_is_told_to_call_somebody_else() -> None:
    async def redirect(call: Call) -> None:
        await call.redirect("sip:a@pbx.example", "tel:+49301")

    async with scene(app_that(redirect)) as stage:
        with pytest.raises(sip.CallFailed) as failed:
            await stage.phone.endpoint.invite(
                stage.uri(), from_user="1001", offer=None, terms=sip.Terms(redirects=0)
            )
        assert failed.value.status == 302


@pytest.mark.parametrize("targets", [[], ["sip:a@b>\r\nX: 1"], ["sip:a@b, <sip:c@d>"]])
async def test_nobody_is_told_to_call_what_is_no_address(targets: list[str]) -> None:
    call = Call("c1", FakeLine(), journal()[0].call("c1"))
    with pytest.raises(ValueError, match="targets are"):
        await call.redirect(*targets)


async def test_what_is_told_beside_the_audio_arrives_both_ways() -> None:
    async def tell(call: Call) -> None:
        await call.answer()
        await call.inform("application/dtmf-relay", b"Signal=7\r\n")
        await call.wait_ended()

    async with scene(app_that(tell)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            async for event in caller.call.events():
                assert event == sip.Info(1, "application/dtmf-relay", b"Signal=7\r\n")
                break
            await caller.call.inform("text/plain", b"hello")
        (note,) = await stage.notes.until("call.info")
        assert note == {"content_type": "text/plain", "size": 5}


async def transferred_by_its_caller(
    on_transfer: Callable[[Referral], Awaitable[None]] | None,
) -> tuple[int, list[str]]:
    """The status that a caller hears who sends the gateway on, and how calls ended."""

    async def talk(call: Call) -> None:
        call.on_transfer = on_transfer
        await call.answer()
        await call.wait_ended()

    async with scene(app_that(talk)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            try:
                status = (await caller.call.transfer("sip:desk@pbx.example")).status
            except sip.CallFailed as failed:
                status = failed.status
        await stage.notes.until("call.ended")
        return status, stage.causes()


async def test_a_caller_may_not_send_us_on_unless_a_scenario_lets_it() -> None:
    assert await transferred_by_its_caller(None) == (403, ["caller hung up"])


async def test_a_scenario_that_follows_a_transfer_says_so_by_returning() -> None:
    targets: list[str] = []

    async def dial(referral: Referral) -> None:
        targets.append(referral.target)

    assert await transferred_by_its_caller(dial) == (200, ["caller hung up"])
    assert targets == ["sip:desk@pbx.example"]


async def test_a_scenario_that_reaches_nobody_says_why() -> None:
    async def dial(_referral: Referral) -> None:
        raise fw.TransferFailed(486, "Busy Here")

    assert await transferred_by_its_caller(dial) == (486, ["caller hung up"])


async def test_a_scenario_that_fails_at_a_transfer_ends_its_call_and_says_so() -> None:
    async def dial(_referral: Referral) -> None:
        raise RuntimeError("no")

    assert await transferred_by_its_caller(dial) == (500, ["handler error"])


async def test_an_info_is_noted_without_what_it_says() -> None:
    line = FakeLine()
    book, notes = journal()
    call = Call("c1", line, book.call("c1"))

    async def stay(call: Call) -> None:
        await call.answer()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call.live, stay)
        await settled()
        line.happen(Info("application/dtmf-relay", b"Signal=7"))
        await settled()
        tasks.cancel_scope.cancel()
    assert notes.named("call.info") == [{"content_type": "application/dtmf-relay", "size": 8}]
