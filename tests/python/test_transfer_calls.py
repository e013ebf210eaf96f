"""Transfers over real UDP between three SIP endpoints: a caller, the gateway, and the target."""

from pathlib import Path

import msgspec
import pytest
from support.putting_through import PUTS_THROUGH, consulting, putting_through
from support.scene import SETTINGS, Scene, scene
from support.transferee import sent_on, transferable

from fourwire import sdp, sip
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.speech import recording

pytestmark = pytest.mark.anyio


def desk(url: str) -> App:
    """A gateway with an agent at `desk`, where `busy` is engaged."""
    app = App()
    app.call("desk")(scenario(AgentFile(), "any-key", url))

    @app.call("busy")
    async def refuse(call: Call) -> None:
        await call.reject(486)

    return app


async def heard_a_turn(stage: Scene) -> None:
    """The agent of the last session has heard somebody speak."""
    name = "Inworld.RealtimeAPI.ConversationItemInputAudioTranscriptionCompleted"
    (turn,) = await stage.notes.until(name)
    assert turn["data"]["transcript"]


async def test_a_caller_who_is_put_through_talks_with_the_target(tmp_path: Path) -> None:
    async with (
        scene(desk) as target,
        scene(putting_through(tmp_path, target.uri("desk")), PUTS_THROUGH) as stage,
        transferable() as phone,
        phone.call(stage.uri()) as caller,
    ):
        async with sent_on(phone, caller) as there:
            assert (await caller.ended()).cause is sip.Cause.BYE
            await there.until_speech()
            there.say(recording("question"))
            await heard_a_turn(target)
        (end,) = await stage.notes.until("call.ended")
        assert (end["cause"], end["detail"]) == ("transferred", target.uri("desk"))
        assert end["rtp"]["reply_sent"] == end["rtp"]["reply_received"] > 0
        await target.notes.until("call.ended")
        assert target.causes() == ["caller hung up"]


async def test_a_caller_whose_target_is_busy_hears_the_agent_again(tmp_path: Path) -> None:
    async with (
        scene(desk) as target,
        scene(putting_through(tmp_path, target.uri("busy")), PUTS_THROUGH) as stage,
        transferable() as phone,
    ):
        async with phone.call(stage.uri()) as caller:
            with pytest.raises(sip.CallFailed, match="486"):
                async with sent_on(phone, caller):
                    pass
            await caller.until_speech()
        (end,) = await stage.notes.until("call.ended")
        assert end["cause"] == "caller hung up"
        (failed,) = stage.notes.named("call.transfer_failed")
        assert failed["status"] == 486
        assert sum(turn.speaker == "agent" for turn in end["transcript"]) == 2


async def test_a_caller_takes_our_place_in_a_call_whose_agent_talks_on() -> None:
    async with (
        scene(desk) as target,
        scene(consulting(target.uri("desk"))) as stage,
        transferable() as phone,
        phone.call(stage.uri()) as caller,
    ):
        async with sent_on(phone, caller) as there:
            await there.until_speech()
            there.say(recording("question"))
            await heard_a_turn(target)
            await there.until_speech()
        await stage.notes.until("call.ended", 2)
        assert stage.causes() == ["transferred", "transferred"]
        (end,) = await target.notes.until("call.ended")
        assert end["cause"] == "caller hung up"
        assert [turn.speaker for turn in end["transcript"]] == ["agent", "user", "agent"]
        assert len(target.agent.sessions) == len(target.notes.named("call.offered")) == 1
        (taken,) = target.notes.named("call.taken_over")
        assert taken["caller"] == "1001"
        assert taken["sip_call_id"] != target.notes.named("call.offered")[0]["sip_call_id"]
        assert target.gateway.endpoint.counters()["ended_replaced"] == 1


async def test_where_the_successor_speaks_no_codec_of_ours_both_calls_go_on() -> None:
    narrow = msgspec.structs.replace(SETTINGS, codecs=("PCMU",))
    async with (
        scene(desk, settings=narrow) as target,
        scene(consulting(target.uri("desk"))) as stage,
        transferable() as phone,
        phone.call(stage.uri()) as caller,
    ):
        with pytest.raises(sip.CallFailed, match="488"):
            async with sent_on(phone, caller, codecs=(sdp.G722,)):
                pass
        await stage.notes.until("call.transfer_failed")
        (refused,) = target.notes.named("call.not_taken_over")
        assert refused["status"] == 488
        assert len(stage.gateway.calls) == 2
        assert len(target.gateway.calls) == 1
