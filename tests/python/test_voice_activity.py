"""Whether a caller speaks, and what a call makes of it before the agent knows."""

from pathlib import Path

import numpy as np
import pytest
from test_leg import Call, tone

from fourwire import EarlyBargeIn, VoiceActivity, g711
from fourwire._core import ClearedEarly, Ducked, Interruption, Restored
from fourwire.agent_file import AgentFile
from fourwire.settings import Settings, SettingsError

RATE = 8000


def vowel(seconds: float, pitch: int = 120) -> np.ndarray:
    """A voice: many harmonics of a pitch that falls, strongest where a vowel is."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * pitch * (time - 0.1 * time**2)
    strength = {n: 1 / (1 + abs(n * pitch - 600) / 300) for n in range(2, 3000 // pitch)}
    wave = sum(gain * np.sin(n * phase + n * n) for n, gain in strength.items())
    return np.round(2500 * wave).astype(np.int16)


def quiet(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 15, int(seconds * RATE)).astype(np.int16)


def test_a_voice_is_speech_and_a_tone_is_not() -> None:
    for sound, speech in [
        (vowel(0.2), True),
        (np.frombuffer(g711.decode_pcmu(tone(1600)), "<i2"), False),
    ]:
        activity = VoiceActivity(RATE)
        assert not activity.hear(quiet(1.0))
        assert activity.hear(sound) is speech
        assert activity.speech is speech
    assert activity.counters()["tone"] > 10


def test_our_own_echo_is_no_speech_and_is_told() -> None:
    said = np.concatenate(
        [np.r_[vowel(0.2 + 0.01 * n, 100 + 20 * n), quiet(0.15)] for n in range(10)]
    )
    heard = np.r_[quiet(0.12), (said * 0.1).astype(np.int16)][: len(said)]
    activity = VoiceActivity(RATE)
    for at in range(0, len(said) - 160, 160):
        activity.say(said[at : at + 160])
        assert not activity.hear(heard[at : at + 160])
    assert activity.echo is not None
    delay_ms, return_loss_db = activity.echo
    assert abs(delay_ms - 120) <= 20
    assert abs(return_loss_db - 20) < 3


def test_what_was_made_up_or_is_a_key_is_no_speech() -> None:
    activity = VoiceActivity(RATE)
    activity.hear(quiet(1.0))
    assert activity.skip(8000) is False
    for at in range(0, 1600, 160):
        activity.key()
        assert not activity.hear(vowel(0.2)[at : at + 160])


def test_a_detector_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match=r"detector is one of .*, not 'other'"):
        VoiceActivity(RATE, detector="other")  # type: ignore[arg-type]


def call_with(caller: np.ndarray, **options: object) -> Call:
    call = Call.bridged(**options)
    call.leg.say(tone(8000 + len(caller)), response="r", item="i")
    return call.run(len(caller) // 8, codes=g711.encode_pcmu(caller))


@pytest.mark.parametrize("early", ["duck", EarlyBargeIn("duck", confirm_ms=400)])
def test_a_reply_gives_way_and_is_restored(early: object) -> None:
    call = call_with(np.r_[quiet(2.0), vowel(1.0)], early_barge_in=early)
    ducked, restored = (
        next(event for event in call.events if isinstance(event, kind))
        for kind in (Ducked, Restored)
    )
    assert ducked.item == restored.item == "i"
    assert 2000 < ducked.heard_ms <= 2100
    assert 400 <= restored.softened_ms <= 440
    assert call.leg.counters()["early_false_starts"] == 1


def test_a_barge_in_tells_how_much_was_soft() -> None:
    call = call_with(np.r_[quiet(2.0), vowel(0.3)], early_barge_in="duck")
    cut = call.leg.barge_in()
    assert 180 <= cut.softened_ms <= 300


def test_it_clears_by_itself_where_it_is_told_to() -> None:
    early = EarlyBargeIn("pause", clear_after_ms=300)
    call = call_with(np.r_[quiet(2.0), vowel(1.0)], early_barge_in=early)
    kinds = [type(event) for event in call.events]
    assert kinds.index(ClearedEarly) < kinds.index(Interruption)


@pytest.mark.parametrize("off", [None, "off"])
def test_switched_off_nothing_is_listened_for(off: object) -> None:
    call = call_with(np.r_[quiet(1.0), vowel(0.5)], early_barge_in=off)
    assert not any(isinstance(event, Ducked) for event in call.events)
    assert call.leg.counters()["early_onsets"] == 0


def test_early_barge_in_shows_what_it_was_told() -> None:
    early = EarlyBargeIn("pause", confirm_ms=300, clear_after_ms=600)
    assert (early.how, early.confirm_ms, early.clear_after_ms) == ("pause", 300, 600)
    assert early == EarlyBargeIn("pause", confirm_ms=300, clear_after_ms=600)
    assert early != EarlyBargeIn()
    assert repr(EarlyBargeIn()) == (
        'EarlyBargeIn("duck", depth_db=15, confirm_ms=400, clear_after_ms=None, detector="own")'
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"depth_db": 0}, "from 1 to 60 decibels are needed, not 0"),
        ({"confirm_ms": 5}, "a span from 20 to 10000 ms is needed, not 5"),
        ({"how": "off"}, 'how a reply gives way is one of "duck", "pause", not \'off\''),
    ],
)
def test_what_does_not_fit_is_named(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        EarlyBargeIn(**options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='early barge-in is one of "off", "duck", "pause"'):
        Call.bridged(early_barge_in="loud")


@pytest.mark.parametrize(
    ("toml", "early"),
    [
        ("", None),
        ('early_barge_in = "off"', "off"),
        ('early_barge_in = "pause"', "pause"),
        (
            "[early_barge_in]\ndepth_db = 20\nconfirm_ms = 300",
            EarlyBargeIn(depth_db=20, confirm_ms=300),
        ),
    ],
)
def test_an_agent_file_says_it_in_a_word_or_in_a_table(
    tmp_path: Path, toml: str, early: object
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(toml)
    assert AgentFile.load(path).early() == early


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ('early_barge_in = "loud"', "Invalid enum value"),
        (
            "[early_barge_in]\ndepth = 20",
            "depth in early_barge_in; did you mean depth_db",
        ),
        ("[early_barge_in]\ndepth_db = 99", "early_barge_in: from 1 to 60 decibels are needed"),
    ],
)
def test_a_wrong_one_in_an_agent_file_is_named(tmp_path: Path, toml: str, complaint: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(toml)
    with pytest.raises(SettingsError, match=complaint):
        AgentFile.load(path)


def test_a_gateway_is_told_by_a_setting() -> None:
    assert Settings.load(environ={}).early_barge_in == "off"
    assert Settings.load(environ={"FOURWIRE_EARLY_BARGE_IN": "duck"}).early_barge_in == "duck"
