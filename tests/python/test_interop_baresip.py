"""baresip, which nobody here wrote, calls the gateway; what each side heard is compared."""

from pathlib import Path
from typing import Literal

import anyio
import msgspec
import numpy as np
import pytest
from support.baresip import baresip, only_recording, packets_heard
from support.capture_speech import SECOND, agent_says, found, is_whole, write_wav
from support.peers import require
from support.scene import SETTINGS, by_hand, scene
from support.sipp_plain import free_ports

from fourwire import Media, sdp, sip
from fourwire._core import Audio
from fourwire.demo.speech import recording
from fourwire.media_security import SrtpSettings
from fourwire.sdp import SUITES
from fourwire.settings import Settings
from fourwire.standin import Behaviour, faults
from fourwire.wav import read_wav

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="baresip")]

HOLD_S = 0.5

ASKS = 5 * SECOND + recording("question")
"""A caller who hears the greeting out, and speaks."""


def recordings(folder: Path) -> list[bytes]:
    """What baresip heard, in order; it stops at the first hold."""
    return [read_wav(path).pcm for path in sorted(folder.glob("*dec.wav"))]


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """What baresip says: it asks, and asks again while it is answered.

    baresip hangs up when its file ends.
    """
    return write_wav(tmp_path / "speech.wav", 2 * ASKS + 60 * SECOND)


async def test_baresip_converses_presses_keys_holds_and_converses_again(
    speech: Path, tmp_path: Path
) -> None:
    require("baresip")
    async with scene() as stage:
        async with baresip(tmp_path, speech, free_ports(2)) as phone:
            await phone.tell("dial", stage.uri())
            await phone.until("CALL_ESTABLISHED")
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted", 2)
            for key in "42#":
                await phone.tell("sndcode", key)
            await stage.notes.until("call.key", 3)
            await phone.tell("hold")
            await stage.notes.until("call.media_changed")
            await anyio.sleep(HOLD_S)
            await phone.tell("resume")
            await stage.notes.until("call.media_changed", 2)
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted", 3)
            await phone.tell("hangup")
            (ended,) = await stage.notes.until("call.ended")
            await phone.until("CALL_CLOSED")
        assert stage.causes() == ["caller hung up"]
        (session,) = stage.agent.sessions

    assert [note["digit"] for note in stage.notes.named("call.key")] == ["4", "2", "#"]
    changes = [note["direction"] for note in stage.notes.named("call.media_changed")]
    assert changes == ["recvonly", "sendrecv"]

    before, after = session.heard[: len(ASKS)], session.heard[len(ASKS) :]
    assert is_whole(found(before, ASKS))
    assert is_whole(found(after, recording("question")))
    (heard,) = recordings(tmp_path)  # up to the hold
    assert is_whole(found(heard, agent_says("greeting")))
    assert is_whole(found(heard, agent_says("answer-1"), seconds=0.5))
    # Counters are a tenth of a second old; on hold, nothing is sent.
    assert abs(packets_heard(tmp_path) - ended["rtp"]["packets_sent"]) <= 10
    assert ended["rtp"]["packets_sent"] <= 50 * (ended["talked_s"] - HOLD_S) + 1
    assert (ended["rtp"]["lost"], ended["rtp"]["late"]) == (0, 0)


async def test_baresip_is_hung_up_on_in_pcma(speech: Path, tmp_path: Path) -> None:
    require("baresip")
    async with scene(by_hand, Behaviour(faults=(faults.Close(after_ms=2000),))) as stage:
        async with baresip(tmp_path, speech, free_ports(2), codec="pcma") as phone:
            await phone.tell("dial", stage.uri())
            await phone.until("CALL_CLOSED")
            await stage.notes.until("call.ended")
        assert stage.causes() == ["agent closed"]
        assert phone.count("CALL_CLOSED") == 1
        assert stage.notes.named("call.answered") == [{"codec": "PCMA", "srtp": None}]

    (heard,) = recordings(tmp_path)
    assert is_whole(found(heard, agent_says("greeting"), seconds=1.0))


def secured(policy: Literal["optional", "required"]) -> Settings:
    return msgspec.structs.replace(SETTINGS, srtp=SrtpSettings(policy=policy))


@pytest.mark.parametrize("policy", ["optional", "required"])
async def test_a_call_of_baresip_that_must_have_srtp_is_heard_both_ways(
    policy: Literal["optional", "required"], speech: Path, tmp_path: Path
) -> None:
    require("baresip")
    secure = {"account": ";mediaenc=srtp-mand", "config": "module srtp.so\n"}
    async with scene(settings=secured(policy)) as stage:
        async with baresip(tmp_path, speech, free_ports(2), **secure) as phone:
            await phone.tell("dial", stage.uri())
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted", 2)
            await phone.tell("hangup")
            (ended,) = await stage.notes.until("call.ended")
        (answered,) = stage.notes.named("call.answered")
        (offered,) = stage.notes.named("call.offered")
        (session,) = stage.agent.sessions

    assert answered["srtp"] in SUITES
    assert offered["srtp_keys_in_clear"] is True
    assert is_whole(found(session.heard[: len(ASKS)], ASKS))
    (heard,) = recordings(tmp_path)
    assert is_whole(found(heard, agent_says("greeting")))
    refused = ("srtp_unauthenticated", "srtp_replayed", "srtp_unprotected")
    assert [ended["rtp"][name] for name in refused] == [0, 0, 0]


async def test_baresip_without_srtp_is_refused_where_that_is_required(
    speech: Path, tmp_path: Path
) -> None:
    require("baresip")
    async with scene(settings=secured("required")) as stage:
        async with baresip(tmp_path, speech, free_ports(2)) as phone:
            await phone.tell("dial", stage.uri())
            await phone.until("CALL_CLOSED")
        (refused,) = stage.notes.named("gateway.refused")
    assert refused["status"] == 488
    assert "in the clear" in refused["why"]


def tone(hertz: int, rate: int, seconds: float) -> bytes:
    time = np.arange(int(rate * seconds)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16).tobytes()


def share_of(hertz: int, rate: int, pcm: bytes) -> float:
    """How much of the second before the last tenth is a tone of `hertz`."""
    samples = np.frombuffer(pcm, np.int16)[-rate - rate // 10 : -rate // 10].astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    place = round(hertz * len(samples) / rate)
    return float(spectrum[place - 5 : place + 6].sum() / spectrum.sum())


@pytest.mark.parametrize(
    ("codec", "theirs", "rate"), [(sdp.G722, "g722", 16000), (sdp.OPUS, "opus", 48000)]
)
async def test_a_call_with_baresip_is_wideband_both_ways(
    codec: sdp.Codec, theirs: str, rate: int, tmp_path: Path
) -> None:
    require("baresip")
    said, answered = 6000, 5000
    path = write_wav(tmp_path / "speech.wav", tone(said, rate, 20), rate)
    settings = sip.Settings(listeners=[sip.Listener("udp", "127.0.0.1", 0)])
    async with (
        Media(ports=(22000, 22100)) as media,
        sip.listen(settings) as endpoint,
        baresip(tmp_path, path, free_ports(2), codec=theirs, rate=rate) as phone,
    ):
        await phone.tell("dial", f"sip:wide@127.0.0.1:{endpoint.addresses[0][2]}")
        incoming = await anext(aiter(endpoint.calls()))
        answer, leg = media.answer_to(
            incoming.offer or "", address="127.0.0.1", codecs=[codec, sdp.PCMU]
        )
        await incoming.answer(answer)
        leg.bridge(input=leg.format, output=leg.format, shape="audio", append_ms=20)
        leg.say(tone(answered, codec.audio_rate, 3))
        heard = b""
        async for event in leg.events():
            heard += event.audio if isinstance(event, Audio) else b""
            if len(heard) >= 2 * 2 * codec.audio_rate:
                break
        await phone.tell("hangup")
        await phone.until("CALL_CLOSED")
        counters = leg.counters()
        leg.close()

    assert leg.codec == codec.name
    assert share_of(said, codec.audio_rate, heard) > 0.95
    they_heard = only_recording(tmp_path)
    assert they_heard.rate == rate
    assert share_of(answered, rate, they_heard.pcm) > 0.95
    assert counters["lost"] == 0
    assert counters["malformed"] == 0
