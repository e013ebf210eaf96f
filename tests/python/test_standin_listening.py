"""When speech starts and stops, on the clock of the caller's samples."""

import math
import struct

import numpy as np
import pytest
from support.standin_talk import Talk, hush, tone

from fourwire import _core

STARTED = "input_audio_buffer.speech_started"
STOPPED = "input_audio_buffer.speech_stopped"


def test_speech_starts_when_it_has_lasted_and_is_dated_by_its_first_sample() -> None:
    talk = Talk()

    talk.say(hush(1000) + tone(180))
    assert talk.all(STARTED) == []
    talk.say(tone(60))

    assert talk.only(STARTED)["audio_start_ms"] == 1000


def test_a_click_and_a_short_beep_are_no_speech() -> None:
    talk = Talk()

    for _ in range(5):
        talk.say(tone(100) + hush(200))

    assert talk.all(STARTED) == []


def test_the_pauses_of_plosives_do_not_start_the_onset_anew() -> None:
    talk = Talk()

    for _ in range(3):
        talk.say(tone(80) + hush(60))

    assert talk.only(STARTED)["audio_start_ms"] == 0


def test_quiet_sound_is_no_speech() -> None:
    talk = Talk()

    talk.say(tone(1000, level_dbov=-50))

    assert talk.all(STARTED) == []


@pytest.mark.parametrize(
    ("eagerness", "silence_ms"), [("low", 1000), ("medium", 600), ("auto", 600), ("high", 350)]
)
def test_eagerness_decides_how_much_silence_ends_a_turn(eagerness: str, silence_ms: int) -> None:
    talk = Talk()
    talk.detect(eagerness=eagerness)

    talk.say(tone(1000) + hush(2000))

    stopped = talk.only(STOPPED)
    assert stopped["item_id"] == talk.only(STARTED)["item_id"]
    assert silence_ms <= stopped["audio_end_ms"] - 1000 <= silence_ms + 20


def test_server_vad_counts_its_own_silence_and_dates_speech_by_its_prefix() -> None:
    talk = Talk()
    talk.detect(type="server_vad", silence_duration_ms=200, prefix_padding_ms=300)

    talk.say(hush(1000) + tone(600) + hush(400))

    assert talk.only(STARTED)["audio_start_ms"] == 700
    assert talk.only(STOPPED)["audio_end_ms"] == 1800


def test_a_lower_threshold_of_server_vad_hears_quieter_speech() -> None:
    talk = Talk()

    talk.detect(type="server_vad", threshold=0.0)
    talk.say(tone(400, level_dbov=-50))

    assert talk.only(STARTED)["audio_start_ms"] == 0


def test_the_sample_clock_runs_on_audio_and_not_on_time() -> None:
    talk = Talk()

    talk.run(10_000)
    talk.append(_core.encode_pcmu(hush(400) + tone(400)))

    assert talk.only(STARTED)["audio_start_ms"] == 400


def as_floats(pcm: bytes) -> bytes:
    return (np.frombuffer(pcm, "<i2") / 32768).astype("<f4").tobytes()


@pytest.mark.parametrize("kind", ["audio/pcm", "audio/float32"])
@pytest.mark.parametrize("rate", [8000, 16000, 24000, 32000, 44100, 48000])
def test_audio_of_every_rate_is_heard_on_the_same_clock(rate: int, kind: str) -> None:
    talk = Talk(pcmu=False)
    talk.update(audio={"input": {"format": {"type": kind, "rate": rate}}})

    pcm = hush(500, rate=rate) + tone(500, rate=rate) + hush(1000, rate=rate)
    audio = pcm if kind == "audio/pcm" else as_floats(pcm)
    for start in range(0, len(audio), 1001):  # an odd size: samples are cut in two
        talk.append(audio[start : start + 1001])

    assert abs(talk.only(STARTED)["audio_start_ms"] - 500) <= 20
    assert len(talk.record.heard) == pytest.approx(2000 * 16, abs=4)
    spoken = talk.record.heard[600 * 16 : 900 * 16]
    assert _core.level_dbov(spoken) == pytest.approx(-20, abs=0.5)


def test_floats_that_are_no_sound_are_heard_as_the_loudest_or_as_nothing() -> None:
    talk = Talk(pcmu=False)
    talk.update(audio={"input": {"format": {"type": "audio/float32", "rate": 8000}}})

    talk.append(struct.pack("<6f", 0.5, 7.0, -7.0, math.inf, -math.inf, math.nan))

    heard = struct.unpack("<6h", talk.record.heard)
    assert heard == (16384, 32767, -32768, 32767, -32768, 0)


def test_pcma_is_heard() -> None:
    talk = Talk()
    talk.update(audio={"input": {"format": {"type": "audio/pcma"}}})

    talk.append(_core.encode_pcma(tone(400)))

    assert talk.only(STARTED)["audio_start_ms"] == 0


def test_manual_mode_hears_no_turns() -> None:
    talk = Talk()
    talk.update(audio={"input": {"turn_detection": None}})

    talk.speak(1000)

    assert talk.all(STARTED) == talk.all(STOPPED) == []


def test_what_the_caller_sent_is_kept_up_to_its_cap() -> None:
    talk = Talk()

    talk.say(tone(61_020))

    assert len(talk.record.heard) == 60_000 * 16
    assert talk.record.heard_dropped_ms == 1020
