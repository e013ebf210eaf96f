"""Callers that nobody here wrote are sent on by an agent, held, and change what they asked for."""

import json
from pathlib import Path

import anyio
import pytest
from support.putting_through import PUTS_THROUGH, putting_through
from support.scene import Scene, scene
from support.sipp import Outcome, place_calls
from support.sipp_plain import free_ports

from fourwire.app import App
from fourwire.call import Call

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="SIPp")]

SUCCESS = Outcome(code=0, succeeded=1, failed=0, complaints="")


async def called(stage: Scene, name: str, tmp_path: Path) -> None:
    """Let SIPp call and follow the scenario `name` to its end."""
    outcome = await place_calls(
        stage.gateway.addresses[0], name, tmp_path, free_ports(1)[0], talk_ms=1500
    )
    assert outcome == SUCCESS


async def test_sipp_is_put_through_once_it_has_heard_so(tmp_path: Path) -> None:
    async with scene(putting_through(tmp_path), PUTS_THROUGH) as stage:
        await called(stage, "transfer", tmp_path)
        (end,) = await stage.notes.until("call.ended")

        assert (end["cause"], end["detail"]) == ("transferred", "sip:desk@127.0.0.1")
        (said,) = [turn for turn in end["transcript"] if turn.speaker == "agent"]
        assert not said.cut
        assert end["rtp"]["reply_sent"] == end["rtp"]["reply_received"] > 0


async def test_sipp_that_finds_the_desk_busy_is_with_the_agent_again(tmp_path: Path) -> None:
    async with scene(putting_through(tmp_path), PUTS_THROUGH) as stage:
        await called(stage, "transfer_busy", tmp_path)
        (end,) = await stage.notes.until("call.ended")

        assert end["cause"] == "caller hung up"
        (failed,) = stage.notes.named("call.transfer_failed")
        assert failed["status"] == 486
        assert len(stage.notes.named("bridge.paused")) == 1
        assert len(stage.notes.named("bridge.resumed")) == 1
        added = stage.notes.named("Inworld.RealtimeAPI.ConversationItemAdded")
        assert any("the line is busy" in json.dumps(note["data"]) for note in added)
        assert sum(turn.speaker == "agent" for turn in end["transcript"]) == 2


async def test_sipp_acknowledges_early_media_changes_it_and_refreshes_the_session(
    tmp_path: Path,
) -> None:
    app = App()

    @app.call()
    async def answer_late(call: Call) -> None:
        await call.progress()
        await anyio.sleep(0.3)
        await call.answer()
        await call.wait_ended()

    async with scene(app) as stage:
        await called(stage, "early_media", tmp_path)
        await stage.notes.until("call.ended")
        assert len(stage.notes.named("call.media_changed")) == 1
        assert stage.causes() == ["caller hung up"]


async def test_sipp_that_refuses_a_hold_for_the_moment_is_held_later(tmp_path: Path) -> None:
    app = App()

    @app.call()
    async def hold(call: Call) -> None:
        await call.answer()
        await call.hold()
        await call.wait_ended()

    async with scene(app) as stage:
        await called(stage, "glare", tmp_path)
        await stage.notes.until("call.ended")
        assert len(stage.notes.named("call.on_hold")) == 1
        assert stage.causes() == ["caller hung up"]
