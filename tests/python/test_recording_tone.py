"""Callers hear that they are recorded, when and as often as was wished."""

from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from support.virtual import PACKET_S, Stage, VirtualClockLoop, conversing, stage

from fourwire import _core
from fourwire._core import RecordingFailed
from fourwire.announcement import Announcement
from fourwire.call_options import CallOptions
from fourwire.life import Cause
from fourwire.recording_settings import RecordingSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> Any:
    return "asyncio", {"loop_factory": VirtualClockLoop}


def options(**recording: Any) -> CallOptions:
    return CallOptions(recording=RecordingSettings(transcripts=(), **recording))


def beeps(it: Stage) -> list[tuple[float, float]]:
    """When each sound began and how long it was, on the clock of the call."""
    found: list[list[float]] = []
    for at in it.loud():
        if not found or at - found[-1][-1] > 0.1:
            found.append([])
        found[-1].append(at)
    return [(round(run[0], 2), round(run[-1] - run[0] + PACKET_S, 2)) for run in found]


async def test_the_tone_comes_every_fifteen_seconds_while_a_recording_runs() -> None:
    async def scenario(it: Stage) -> None:
        await it.call.answer()
        await anyio.sleep(1.0)
        it.call.record("call.wav")
        await anyio.sleep(40.0)
        it.call.record(None)
        await anyio.sleep(20.0)

    async with stage(scenario, options=options(tone="repeat")) as it:
        pass
    assert [length for _, length in beeps(it)] == pytest.approx([0.5] * 3, abs=0.03)
    assert [at for at, _ in beeps(it)] == pytest.approx([1.0, 16.0, 31.0], abs=0.05)
    begin = round(1.1 / PACKET_S)
    samples = np.frombuffer(b"".join(pcm for _, pcm in it.leg.heard[begin : begin + 15]), "<i2")
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 8000 / len(samples) == pytest.approx(1400, abs=5)


async def test_at_the_start_it_comes_once_and_again_after_a_pause_in_which_it_is_silent() -> None:
    async def scenario(it: Stage) -> None:
        await it.call.answer()
        it.call.record("call.wav")
        await anyio.sleep(20.0)
        it.call.pause_recording()
        await anyio.sleep(20.0)
        it.call.pause_recording(None)
        it.call.pause_recording(None)
        await anyio.sleep(20.0)

    async with stage(scenario, options=options(tone="start")) as it:
        pass
    assert [at for at, _ in beeps(it)] == pytest.approx([0.0, 40.0], abs=0.05)


async def test_a_recording_that_failed_is_not_told_of_any_more() -> None:
    async def scenario(it: Stage) -> None:
        await it.call.answer()
        it.call.record("call.wav")
        await anyio.sleep(20.0)
        it.leg.receive(RecordingFailed("call.wav", "No space left on device"))
        await anyio.sleep(40.0)

    async with stage(scenario, options=options(tone="repeat")) as it:
        pass
    assert [at for at, _ in beeps(it)] == pytest.approx([0.0, 15.0], abs=0.05)


async def test_without_a_tone_a_recording_is_silent() -> None:
    async def scenario(it: Stage) -> None:
        await it.call.answer()
        it.call.record("call.wav")
        await anyio.sleep(20.0)

    async with stage(scenario, options=options()) as it:
        pass
    assert beeps(it) == []


async def test_a_recording_is_announced_before_the_agent_is_heard() -> None:
    notice = Announcement(_core.tone(8000, 500, 3000), 8000, "notice")
    told = CallOptions(
        recording=RecordingSettings(dir="calls", transcripts=()), announcement=notice
    )
    async with stage(conversing(), options=told) as it:
        await it.until(lambda: it.notes.named("Inworld.Events.WebSocketMediaStarted"))
        it.call.end(Cause.SHUTDOWN)
    events = [entry.event for entry in it.notes]
    order = ["call.answered", "call.recording", "call.played", "bridge.opened"]
    assert sorted(order, key=events.index) == order
    (path,) = [note["path"] for note in it.notes.named("call.recording") if note["path"]]
    assert path == str(Path("calls") / "c1.wav")


async def test_what_is_not_recorded_by_itself_is_not_announced() -> None:
    notice = Announcement(_core.tone(8000, 500, 3000), 8000, "notice")

    async def scenario(it: Stage) -> None:
        await it.call.answer()

    async with stage(scenario, options=CallOptions(announcement=notice)) as it:
        pass
    assert it.notes.named("call.playing") == []
