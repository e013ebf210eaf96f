"""A call is recorded: begun, paused and ended by its scenario, and told of in its journal."""

import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import av
import msgspec
import numpy as np
import pytest
from support.peers import require
from support.scene import SETTINGS, Scene, scene

from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.speech import recording
from fourwire.recording_settings import RecordingSettings
from fourwire.wav import read_wav

pytestmark = pytest.mark.anyio

SPEECH = recording("question")[: 16_000 * 2]
"""Two seconds of ours at 8 kHz, loud enough to be found again."""


async def recorded(tell: Callable[[Call], Awaitable[None]], **wanted: Any) -> Scene:
    """A call whose scenario answers and does `tell`, after its end; the caller speaks meanwhile."""
    settings = msgspec.structs.replace(SETTINGS, recording=RecordingSettings(**wanted))
    app = App()

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        await tell(call)

    async with scene(app, settings=settings) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            caller.say(SPEECH)
            await caller.ended()
        await stage.notes.until("call.ended")
    return stage


def loudness(samples: "np.ndarray") -> float:
    """The root mean square of samples."""
    return float(np.sqrt(np.mean(np.square(samples.astype(float)))))


def paths(folder: Path) -> list[Path]:
    """What lies there."""
    return sorted(folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    """What lies there, by suffix."""
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


async def test_a_recording_begins_and_is_whole_before_the_record_of_the_end(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"

    async def tell(call: Call) -> None:
        call.record(str(path))
        await call.play(SPEECH)

    notes = (await recorded(tell)).notes
    told = [entry.event for entry in notes]
    assert told.index("call.recording_started") < told.index("call.recording_stopped")
    assert told.index("call.recording_stopped") < told.index("call.ended")
    (started,), (stopped,) = map(notes.named, ("call.recording_started", "call.recording_stopped"))
    wav = read_wav(path)
    assert (wav.rate, wav.channels) == (started["rate"], 2)
    assert stopped["duration_s"] == pytest.approx(wav.duration_s, abs=0.001)
    assert (stopped["bytes"], stopped["lost_ms"]) == (path.stat().st_size, 0.0)
    assert 0.0 <= started["began"] < 5.0
    caller, agent = np.frombuffer(wav.pcm, "<i2").reshape(-1, 2).T
    assert loudness(caller) > 300
    assert loudness(agent) > 300


async def test_turns_tell_where_they_lie_in_the_recording(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, recordings=str(tmp_path))
    async with scene(settings=settings) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            await caller.until_silence()
            caller.say(recording("question"))
            await caller.until_speech()
            await caller.until_silence()
        (end,) = await stage.notes.until("call.ended")
    (started,) = stage.notes.named("call.recording_started")
    greeting, question, reply = end["transcript"][:3]
    assert [turn.speaker for turn in (greeting, question, reply)] == ["agent", "user", "agent"]
    assert greeting.begin < greeting.end < question.begin < question.end < reply.begin < reply.end
    assert reply.latency_ms == pytest.approx((reply.begin - question.end) * 1000, abs=1.0)
    assert (greeting.latency_ms, end["latency"]["turn"]["count"]) == (None, 1)
    assert end["latency"]["turn"]["max_ms"] == reply.latency_ms
    assert end["latency"]["greeting_ms"] is not None
    missed_s = 0.02 * end["rtp"]["turns_missed"]  # turns at which the machine did not come
    took_s = greeting.end - greeting.begin
    assert -0.005 <= took_s - greeting.heard_ms / 1000 <= 0.005 + missed_s
    wav = read_wav(started["path"])
    agent = np.frombuffer(wav.pcm, "<i2").reshape(-1, 2)[:, 1]
    begin, finish = (
        round((t - started["began"]) * wav.rate) for t in (greeting.begin, greeting.end)
    )
    assert begin >= -wav.rate // 50  # the greeting and the recording begin with the same packet
    begin = max(begin, 0)
    assert not agent[: max(begin - wav.rate // 100, 0)].any()
    assert loudness(agent[begin:finish]) > 300
    files = contents(tmp_path)
    assert files.keys() == {".wav", ".json", ".txt", ".vtt"}
    transcript = msgspec.json.decode(files[".json"])
    first = transcript["turns"][0]
    assert transcript["recording"] == Path(started["path"]).name
    assert transcript["duration_s"] == pytest.approx(wav.duration_s, abs=0.001)
    for key, place in (("begin", greeting.begin), ("end", greeting.end)):
        assert first[key] == pytest.approx(max(place - started["began"], 0.0), abs=0.0015)
    told = [entry.event for entry in stage.notes]
    assert told.index("call.recording_stopped") < told.index("call.transcript")
    assert told.index("call.transcript") < told.index("call.ended")


async def speaks(call: Call) -> None:
    """What a scenario does whose agent says a word."""
    call.transcript.agent_began("a", call.journal.now)
    call.transcript.agent_said("a", "Hello!", call.journal.now)
    await call.play(SPEECH[:8000])
    call.transcript.agent_was_heard("a", 500.0, call.journal.now)


async def test_transcripts_lie_beside_every_recording_in_the_formats_wished(
    tmp_path: Path,
) -> None:
    wanted = {"format": "flac", "transcripts": ("text", "vtt")}
    stage = await recorded(speaks, dir=str(tmp_path), **wanted)
    (wrote,) = stage.notes.named("call.transcript")
    assert [path[-4:] for path in wrote["paths"]] == [".txt", ".vtt"]
    files = contents(tmp_path)
    assert files.keys() == {".flac", ".txt", ".vtt"}
    assert b"Hello!" in files[".txt"]
    assert b"<v Agent>Hello!" in files[".vtt"]


async def test_a_call_that_is_not_recorded_has_its_transcript_where_that_is_wished(
    tmp_path: Path,
) -> None:
    stage = await recorded(speaks, dir=str(tmp_path), audio=False, transcripts=("json",))
    files = contents(tmp_path)
    read = msgspec.json.decode(files.pop(".json"))
    assert (files, read["recording"], read["cause"]) == ({}, None, "hung up")
    assert [turn["text"] for turn in read["turns"]] == ["Hello!"]
    assert stage.notes.named("call.recording_started") == []


async def test_no_transcript_is_written_where_none_is_wished(tmp_path: Path) -> None:
    stage = await recorded(speaks, dir=str(tmp_path), transcripts=())
    assert contents(tmp_path).keys() == {".wav"}
    assert stage.notes.named("call.transcript") == []


async def test_what_the_agent_was_saying_at_the_end_is_told_as_cut(tmp_path: Path) -> None:
    wanted = RecordingSettings(dir=str(tmp_path), audio=False, transcripts=("json",))
    async with scene(settings=msgspec.structs.replace(SETTINGS, recording=wanted)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            await anyio.sleep(0.2)
        (end,) = await stage.notes.until("call.ended")
    (turn,) = end["transcript"]
    assert (turn.cut, turn.heard_ms > 0, turn.unheard_ms > 0) == (True, True, True)
    (written,) = msgspec.json.decode(contents(tmp_path)[".json"])["turns"]
    assert (written["heard"], written["heard_ms"]) == ("part", turn.heard_ms)


async def test_a_mono_recording_has_one_channel(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"

    async def tell(call: Call) -> None:
        call.record(str(path), mono=True)
        await call.play(SPEECH)

    await recorded(tell)
    assert read_wav(path).channels == 1


async def test_a_flac_recording_is_read_alike_by_others(tmp_path: Path) -> None:
    path = tmp_path / "call.flac"

    async def tell(call: Call) -> None:
        call.record(str(path))
        await call.play(SPEECH)

    notes = (await recorded(tell)).notes
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)]
        rate = file.streams.audio[0].rate
    samples = np.concatenate(frames)
    (stopped,) = notes.named("call.recording_stopped")
    assert len(samples) / 2 / rate == pytest.approx(stopped["duration_s"], abs=0.001)
    assert loudness(samples[1::2]) > 300
    how = [require("flac"), "-s", "-d", "-c", "--endian=little", "--sign=signed"]
    raw = subprocess.run(  # noqa: ASYNC221 a short file
        [*how, "--force-raw-format", str(path)], check=True, capture_output=True
    )
    assert np.array_equal(np.frombuffer(raw.stdout, "<i2"), samples)


async def test_a_pause_leaves_a_gap_that_the_recording_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"

    async def tell(call: Call) -> None:
        call.record(str(path))
        await call.play(SPEECH)
        call.pause_recording("gap")
        await call.play(SPEECH)
        call.pause_recording(None)
        await call.play(SPEECH)

    notes = (await recorded(tell)).notes
    assert [note["by"] for note in notes.named("call.recording_paused")] == ["gap", None]
    assert read_wav(path).duration_s < 2.5 * (len(SPEECH) / 16_000)


async def test_a_paused_recording_holds_silence(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"

    async def tell(call: Call) -> None:
        call.record(str(path))
        call.pause_recording()
        await call.play(SPEECH)

    await recorded(tell)
    wav = read_wav(path)
    paused = np.frombuffer(wav.pcm, "<i2").reshape(-1, 2)[wav.rate // 5 :]
    assert len(paused) > wav.rate
    assert not paused.any()


async def test_one_recording_takes_the_place_of_another(tmp_path: Path) -> None:
    paths = [tmp_path / "first.wav", tmp_path / "second.wav"]

    async def tell(call: Call) -> None:
        for path in paths:
            call.record(str(path))
            await call.play(SPEECH[:8000])

    notes = (await recorded(tell)).notes
    stopped = [note["path"] for note in notes.named("call.recording_stopped")]
    assert sorted(stopped) == [str(path) for path in paths]
    assert all(read_wav(path).duration_s > 0.4 for path in paths)


async def test_a_recording_replaces_no_file_and_its_transcript_lies_beside_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "call.wav").write_bytes(b"of another call")

    async def tell(call: Call) -> None:
        for words in ("First.", "Second."):
            call.record(tmp_path / "call.wav")
            await call.play(SPEECH[:4000])
            call.transcript.user_said(words, words, call.journal.now)
            await call.play(SPEECH[:4000])

    notes = (await recorded(tell, transcripts=("text",))).notes
    assert (tmp_path / "call.wav").read_bytes() == b"of another call"
    for name, said, not_said in (("call.2", "First.", "Second."), ("call.3", "Second.", "First.")):
        text = (tmp_path / f"{name}.txt").read_text()
        assert (said in text, not_said in text) == (True, False)
        assert read_wav(tmp_path / f"{name}.wav").duration_s > 0.4
    told = [(note["path"], note["taken"]) for note in notes.named("call.recording_stopped")]
    wanted = str(tmp_path / "call.wav")
    assert told == [(str(tmp_path / f"call.{n}.wav"), wanted) for n in (2, 3)]
    assert len(paths(tmp_path)) == 5


async def test_a_disk_that_takes_nothing_ends_the_recording_and_not_the_call(
    tmp_path: Path,
) -> None:
    played: list[bool] = []

    async def tell(call: Call) -> None:
        call.record(str(tmp_path / "no such folder" / "call.wav"))
        played.append(await call.play(SPEECH[:8000]))

    stage = await recorded(tell)
    (failed,) = stage.notes.named("call.recording_failed")
    assert "No such file" in failed["error"]
    assert played == [True]
    assert stage.causes() == ["hung up"]


async def test_what_nobody_may_see_is_in_no_transcript(tmp_path: Path) -> None:
    async def tell(call: Call) -> None:
        call.record(str(tmp_path / "call.wav"))
        await call.play(SPEECH[:8000])
        call.transcript.agent_said("a", "You typed 4 7 1 1.", call.journal.now)
        call.journal.hide("4711")

    await recorded(tell)
    files = contents(tmp_path)
    assert files.keys() == {".wav", ".json", ".txt", ".vtt"}
    del files[".wav"]
    for text in files.values():
        assert b"You typed ***." in text
        assert b"4 7 1 1" not in text


async def test_a_transcript_that_cannot_be_written_is_told_of_and_the_end_as_well(
    tmp_path: Path,
) -> None:
    async def tell(call: Call) -> None:
        call.record(str(tmp_path / "no such folder" / "call.wav"))

    notes = (await recorded(tell)).notes
    (failed,) = notes.named("call.transcript_failed")
    assert "No such file" in failed["error"]
    assert len(notes.named("call.ended")) == 1


async def test_a_gateway_that_is_cut_off_leaves_the_recordings_of_its_calls(
    tmp_path: Path,
) -> None:
    path = tmp_path / "call.wav"
    scopes: list[anyio.CancelScope] = []
    app = App()

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        call.record(path)
        await call.play(SPEECH[:8000])
        scopes[0].cancel()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        scopes.append(tasks.cancel_scope)
        async with scene(app) as stage, stage.phone.call(stage.uri()) as caller:
            await caller.ended()
    told = [entry.event for entry in stage.notes]
    assert told.index("call.recording_stopped") < told.index("call.ended")
    assert told.index("call.transcript") < told.index("call.ended")
    assert read_wav(path).duration_s > 0.4
    assert contents(tmp_path).keys() == {".wav", ".json", ".txt", ".vtt"}


def test_a_disk_that_is_full_ends_recordings_and_leaves_what_it_took(tmp_path: Path) -> None:
    names = ["call.flac", "call.wav"]
    ran = subprocess.run(
        [sys.executable, "-m", "support.full_disk", *(str(tmp_path / name) for name in names)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = ran.stdout.splitlines()
    assert told.count("Played True") == 2
    assert sum(line.startswith("RecordingFailed File too large") for line in told) == 2
    assert told[-1] == "failed 2"
    assert [path.name for path in paths(tmp_path)] == [f"{name}.part" for name in names]
    for path, kind in zip(paths(tmp_path), ("flac", "wav"), strict=True):
        assert playable(path, kind) > 4000


def playable(path: Path, kind: str) -> int:
    """How many samples a player makes of a file that breaks off."""
    heard = 0
    with av.open(str(path), format=kind) as file, contextlib.suppress(av.error.InvalidDataError):
        for frame in file.decode(audio=0):
            heard += frame.samples
    return heard


async def test_the_tone_that_tells_of_a_recording_is_in_it(tmp_path: Path) -> None:
    await recorded(speaks, dir=str(tmp_path), tone="start", transcripts=())
    (path,) = paths(tmp_path)
    wav = read_wav(path)
    agent = np.frombuffer(wav.pcm, "<i2").reshape(-1, 2)[: wav.rate * 4 // 10, 1]
    loudest = np.argmax(np.abs(np.fft.rfft(agent))) * wav.rate / len(agent)
    assert loudest == pytest.approx(1400, abs=5)
