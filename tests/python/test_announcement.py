"""Audio of ours that callers hear: to its last sample, whoever else talks."""

import array
import wave
from functools import partial
from pathlib import Path

import anyio
import numpy as np
import pytest
from support.scene import connected, scene

from fourwire import Leg, LegConfig, RtpPacket, g711
from fourwire._core import Interruption, Played, Rtp
from fourwire.announcement import BUNDLED_WORDS, RATES, Announcement, bundled
from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.caller import Caller
from fourwire.life import WrongMoment

pytestmark = pytest.mark.anyio

MS = 1_000_000


def tone(seconds: float, rate: int = 8000, hertz: int = 400) -> bytes:
    """A sine, 16 bit."""
    wave_ = 8000 * np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * hertz / rate)
    return np.round(wave_).astype("<i2").tobytes()


def as_heard(pcm: bytes) -> bytes:
    """What a PCMU caller hears of it."""
    return g711.decode_pcmu(g711.encode_pcmu(pcm))


def wav(path: Path, pcm: bytes, rate: int = 8000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return path


def spoken(leg: Leg, since_ms: int, until_ms: int) -> tuple[bytes, list[object]]:
    """The payloads and events of a span on the virtual clock."""
    codes, events = b"", []
    for now in range(since_ms, until_ms, 20):
        while (output := leg.poll(now * MS)) is not None:
            if isinstance(output, Rtp):
                codes += bytes(RtpPacket.parse(output.datagram).payload)
            elif isinstance(output, Played | Interruption):
                events.append(output)
    return codes, events


def test_an_announcement_needs_no_agent_and_goes_out_to_its_last_sample() -> None:
    leg = Leg(LegConfig(), 0)
    pcm = tone(0.25)[:-2]
    leg.play(7, pcm)
    codes, events = spoken(leg, 0, 400)
    assert codes[: len(pcm) // 2] == g711.encode_pcmu(pcm)
    assert set(codes[len(pcm) // 2 :]) == {0xFF}
    assert events == [Played(7, 1999 / 8, True)]


def test_an_announcement_is_heard_over_the_agent_and_outlives_a_barge_in() -> None:
    leg = Leg(LegConfig(), 0)
    leg.bridge()
    leg.play(1, tone(0.1))
    leg.play(2, tone(0.1), gives_way=True)
    leg.say(g711.encode_pcmu(tone(0.1)), item="item_1")
    spoken(leg, 0, 40)
    leg.barge_in()
    codes, events = spoken(leg, 40, 200)
    assert codes[160:480] == g711.encode_pcmu(tone(0.1))[480:800]
    assert [event for event in events if isinstance(event, Played)] == [
        Played(2, 45.0, False),
        Played(1, 100.0, True),
    ]


@pytest.mark.parametrize("rate", RATES)
def test_every_rate_is_turned_into_the_calls_own(rate: int) -> None:
    leg = Leg(LegConfig(codec="G722"), 0)
    leg.play(1, tone(0.5, rate), format=f"audio/pcm;rate={rate}")
    _, events = spoken(leg, 0, 700)
    assert events == [Played(1, 500.0, True)]
    assert leg.counters()["announced_sent"] == rate // 2


def in_order(caller: Caller) -> bytes:
    return b"".join(chunk.pcm for chunk in caller.heard)


async def test_a_file_is_played_to_a_caller_who_has_no_agent(tmp_path: Path) -> None:
    pcm = tone(0.5)
    app, results = App(), []

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        results.append(await call.play(wav(tmp_path / "word.wav", pcm)))
        results.append(await call.play(pcm, rate=16000))

    async with scene(app) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.ended()
        assert results == [True, True]
        assert as_heard(pcm) in in_order(caller)
        word, _ = stage.notes.named("call.playing")
        assert word == {"audio": str(tmp_path / "word.wav"), "seconds": 0.5, "loop": False}
        assert stage.notes.named("call.played")[0]["whole"]


async def test_hold_audio_goes_round_until_it_is_cancelled() -> None:
    pcm = tone(0.06)
    app = App()

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        with anyio.move_on_after(0.5):
            await call.play(pcm, loop=True)
        await call.play(b"")
        await anyio.sleep_forever()

    async with scene(app) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        await caller.until_silence(200)
        assert as_heard(pcm * 5) in in_order(caller)
        assert [note["whole"] for note in stage.notes.named("call.played")] == [False, True]


async def test_an_announcement_reaches_its_end_though_its_agent_leaves() -> None:
    pcm = tone(1.0)
    app = App()

    def wanted(url: str) -> App:
        @app.call()
        async def answer(call: Call) -> None:
            async with connected(url, call.id) as agent:
                await call.answer()
                await agent.session_update({"instructions": "-"})
                call.bridge(agent, hang_up_with_agent=False)
                call.start_soon(partial(play, call))
            await anyio.sleep_forever()

        return app

    async def play(call: Call) -> None:
        assert await call.play(pcm)
        await call.hang_up()

    async with scene(wanted) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.ended()
        assert stage.causes() == ["hung up"]
        assert as_heard(pcm) in in_order(caller)


async def test_the_end_of_a_call_ends_what_is_played() -> None:
    app, results = App(), []

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        try:
            await call.play(tone(10))
        finally:
            results.append(call.ended)

    async with scene(app) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
        await stage.notes.until("call.ended")
        assert stage.notes.named("call.played") == [{"audio": "audio", "whole": False}]
        assert results[0] is not None


async def test_nothing_is_played_before_there_is_audio() -> None:
    app, errors = App(), []

    @app.call()
    async def answer(call: Call) -> None:
        try:
            await call.play(b"")
        except WrongMoment as error:
            errors.append(str(error))

    async with scene(app) as stage:
        with pytest.raises(Exception, match="480"):
            async with stage.phone.call(stage.uri()):
                pass
    assert errors == [
        "cannot play: the call is offered, it would have to be in early media or answered"
    ]


def test_audio_that_cannot_be_played_is_refused_by_name(tmp_path: Path) -> None:
    stereo = wav(tmp_path / "stereo.wav", bytes(8), channels=2)
    with pytest.raises(ValueError, match=r"stereo.wav has 2 channels, not one"):
        Announcement.load(stereo)
    with pytest.raises(ValueError, match=r"cd.wav has 44100 samples a second"):
        Announcement.load(wav(tmp_path / "cd.wav", bytes(8), 44100))
    with pytest.raises(ValueError, match=r"audio lasts 601 s, more than 600 s"):
        Announcement(bytes(16000 * 601))
    with pytest.raises(OSError, match=r"nothing\.wav"):
        Announcement.load(tmp_path / "nothing.wav")


@pytest.mark.parametrize("name", ["apology", "hold"])
def test_what_comes_along_is_short_and_heard(name: str) -> None:
    announcement = bundled(name)
    assert 1 < announcement.duration_s < 6
    samples = array.array("h", announcement.pcm)
    assert 1000 < max(samples) < 32767
    assert BUNDLED_WORDS
