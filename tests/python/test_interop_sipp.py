"""Callers that nobody here wrote, through the whole gateway: SIPp speaks, listens, presses keys."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from support.capture import Ear, listen_on, write_packets, write_speech
from support.capture_speech import SECOND, agent_says, found, is_whole
from support.key_sound import typed
from support.scene import Scene, scene
from support.sipp import Outcome, ears_of, place_calls, require_digits, require_player

import fourwire as fw
from fourwire.demo.speech import recording

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="SIPp")]

SUCCESS = Outcome(code=0, succeeded=1, failed=0, complaints="")

PCMU, PCMA, G722 = 0, 8, 9


@asynccontextmanager
async def a_caller() -> AsyncIterator[tuple[int, Ear]]:
    """SIPp's `-mp` for one caller, and what that caller hears."""
    require_player()
    with ears_of(1) as (port, ears):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen_on, ears)
            yield port, ears[0]
            tasks.cancel_scope.cancel()


async def speak(
    stage: Scene, folder: Path, said: bytes, payload_type: int, hang_up_after_ms: int
) -> Ear:
    """Let SIPp call and say `said`; what it heard."""
    write_speech(folder / "speech.pcap", said, payload_type)
    async with a_caller() as (port, ear):
        outcome = await place_calls(
            stage.gateway.addresses[0],
            "speech",
            folder,
            port,
            payload_type=payload_type,
            talk_ms=hang_up_after_ms,
        )
        assert outcome == SUCCESS
        ear.listen()
    return ear


async def test_sipp_hears_the_greeting_out_asks_and_is_answered_in_pcmu(tmp_path: Path) -> None:
    said = 5 * SECOND + recording("question") + 2 * SECOND
    async with scene() as stage:
        ear = await speak(stage, tmp_path, said, PCMU, 9500)
        (ended,) = await stage.notes.until("call.ended")

        assert stage.causes() == ["caller hung up"]
        assert [(turn.speaker, turn.cut) for turn in ended["transcript"]][:2] == [
            ("agent", False),
            ("user", False),
        ]
        assert not stage.notes.named("bridge.interrupted")
        assert is_whole(found(stage.agent.sessions[0].heard, said))
        assert is_whole(found(ear.speech, agent_says("greeting")))
        assert is_whole(found(ear.speech, agent_says("answer-1"), seconds=1.5))
        arrives_unbroken(ear, ended["rtp"])


async def test_sipp_interrupts_the_greeting_and_is_answered_in_pcma(tmp_path: Path) -> None:
    said = SECOND + recording("question") + 2 * SECOND
    async with scene() as stage:
        ear = await speak(stage, tmp_path, said, PCMA, 5500)
        (ended,) = await stage.notes.until("call.ended")

        assert stage.causes() == ["caller hung up"]
        (cut,) = stage.notes.named("bridge.interrupted")
        heard_s = cut["heard_ms"] / 1000
        assert 0.5 < heard_s < 2.0
        assert is_whole(found(stage.agent.sessions[0].heard, said))
        assert is_whole(found(ear.speech, agent_says("greeting"), seconds=heard_s))
        unsaid = agent_says("greeting")[16 * round(cut["heard_ms"] + 40) :]
        assert not any(place.likeness > 0.9 for place in found(ear.speech, unsaid))
        assert is_whole(found(ear.speech, agent_says("answer-1"), seconds=1.0))
        arrives_unbroken(ear, ended["rtp"])


def arrives_unbroken(ear: Ear, counters: dict[str, int]) -> None:
    """Every packet that the leg sent is there, and the leg saw every packet that SIPp sent."""
    assert ear.missing == 0
    # Counters are a tenth of a second old.
    assert 0 <= len(ear.arrivals) - counters["packets_sent"] <= 10
    assert len({arrival.packet.ssrc for arrival in ear.arrivals}) == 1
    for loss in ("lost", "late", "duplicate", "concealed_samples", "strangers", "unsent"):
        assert (loss, counters[loss]) == (loss, 0)


async def test_sipp_offers_many_codecs_and_is_heard_in_g722(tmp_path: Path) -> None:
    said = SECOND + recording("question") + 2 * SECOND
    wide = fw.Resampler(8000, 16000).process(said)
    write_packets(tmp_path / "speech.pcap", fw.g722.encode(wide), G722)
    async with scene() as stage, a_caller() as (port, ear):
        outcome = await place_calls(
            stage.gateway.addresses[0],
            "speech",
            tmp_path,
            port,
            payload_type=G722,
            offered="111 0 8 9",
            talk_ms=5500,
        )
        assert outcome == SUCCESS
        ear.listen()
        (ended,) = await stage.notes.until("call.ended")

        assert stage.notes.named("call.answered") == [{"codec": "G722", "srtp": None}]
        assert {arrival.packet.payload_type for arrival in ear.arrivals} == {G722}
        assert is_whole(found(stage.agent.sessions[0].heard, said), alike=0.98)
        spoken = fw.g722.decode(b"".join(arrival.packet.payload for arrival in ear.arrivals))
        heard = fw.Resampler(16000, 8000).process(spoken)
        assert is_whole(found(heard, agent_says("greeting"), seconds=0.5), alike=0.98)
        arrives_unbroken(ear, ended["rtp"])


async def test_each_key_that_sipp_presses_arrives_once(tmp_path: Path) -> None:
    for name in ("4", "2", "pound", "star"):
        shutil.copy(require_digits() / f"dtmf_2833_{name}.pcap", tmp_path)
    async with scene() as stage, a_caller() as (port, _):
        outcome = await place_calls(stage.gateway.addresses[0], "keys", tmp_path, port)
        assert outcome == SUCCESS
        await stage.notes.until("call.ended")
        assert [note["digit"] for note in stage.notes.named("call.key")] == ["4", "2", "#", "*"]
        assert stage.causes() == ["caller hung up"]


async def test_keys_by_sound_and_by_info_arrive_and_keys_go_out_by_info(tmp_path: Path) -> None:
    app = fw.App()

    @app.call()
    async def answer(call: fw.Call) -> None:
        keys = call.keys()
        await call.answer()
        call.hear_in_band_keys("remove")
        async for key in keys:
            if key.digit == "#":
                call.send_digits("5")
                break
        await call.wait_ended()

    write_speech(tmp_path / "speech.pcap", typed("79"), PCMU)
    async with scene(app) as stage, a_caller() as (port, _):
        outcome = await place_calls(stage.gateway.addresses[0], "keys_by_info", tmp_path, port)
        assert outcome == SUCCESS
        (ended,) = await stage.notes.until("call.ended")
        told = [(note["digit"], note["method"]) for note in stage.notes.named("call.key")]
        assert told == [("7", "in-band"), ("9", "in-band"), ("4", "info"), ("#", "info")]
        assert stage.causes() == ["caller hung up"]
        assert ended["rtp"]["keys_in_band"] == 2
