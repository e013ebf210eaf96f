"""Back-channels: when the stand-in says "uh-huh", and when it does not."""

import itertools
from typing import Any

import pytest
from support.standin_talk import Talk, tone

from fourwire import _core
from fourwire.standin import OnClear

DELTA = "response.backchannel.audio.delta"
SAID = "response.backchannel.audio.done"
SKIPPED = "response.backchannel.skipped"


def listening(*, knobs: dict[str, Any] | None = None, **wish: Any) -> Talk:
    """A conversation whose session enables back-channels."""
    talk = Talk(**(knobs or {}))
    talk.update(providerData={"backchannel": {"enabled": True, **wish}})
    talk.forget()
    return talk


def test_a_long_turn_is_acknowledged_while_it_lasts() -> None:
    talk = listening()

    talk.say(tone(1500))

    deltas = talk.all(DELTA)
    done = talk.only(SAID)
    assert {event["backchannel_id"] for event in [*deltas, done]} == {done["backchannel_id"]}
    assert all("response_id" not in event for event in deltas)
    assert done["phrase"] == "Uh-huh."
    assert 300 < len(talk.audio(DELTA)) / 8 < 600


def test_none_comes_before_the_least_speech() -> None:
    talk = listening(min_speech_ms=2000)

    talk.say(tone(1980))
    assert talk.all(DELTA) == []
    talk.say(tone(600))

    assert talk.only(SAID)


def test_two_of_one_turn_keep_their_gap() -> None:
    talk = listening(min_speech_ms=500, min_gap_ms=2000)

    talk.say(tone(6000))

    times = talk.when(SAID)
    assert len(times) == 3
    assert min(later - sooner for sooner, later in itertools.pairwise(times)) >= 2000


def test_a_turn_has_no_more_than_its_session_allows() -> None:
    talk = listening(min_gap_ms=500, max_per_turn=2)

    talk.say(tone(6000))
    assert len(talk.all(SAID)) == 2
    talk.speak(0, silence_ms=1000)
    talk.settle()
    talk.say(tone(2000))

    assert len(talk.all(SAID)) == 4


def test_the_gain_is_applied_by_the_server() -> None:
    loud, quiet = (listening(volume_gain=gain) for gain in (1.0, 0.5))

    for talk in (loud, quiet):
        talk.say(tone(1500))

    levels = [_core.level_dbov(_core.decode_pcmu(talk.audio(DELTA))) for talk in (loud, quiet)]
    assert levels[0] - levels[1] == pytest.approx(6, abs=0.3)


@pytest.mark.parametrize(
    "silence",
    [{"volume_gain": 0}, {"enabled": False}, {"max_per_turn": 0}],
)
def test_a_session_can_have_none(silence: dict[str, Any]) -> None:
    talk = listening(**silence)

    talk.say(tone(3000))

    assert talk.all(DELTA) == talk.all(SAID) == []


def test_an_account_without_them_has_none() -> None:
    talk = listening(knobs={"back_channels": False})

    talk.say(tone(3000))

    assert talk.all(DELTA) == []


def test_one_that_takes_too_long_is_skipped_at_its_deadline() -> None:
    talk = listening(knobs={"back_channel_delay_ms": 2000}, hard_deadline_ms=500)

    talk.say(tone(1500))

    assert talk.only(SKIPPED)["reason"] == "deadline_missed"
    assert talk.all(DELTA) == []


def test_one_that_says_no_allowed_phrase_is_skipped() -> None:
    talk = listening(allowed_phrases=["I see"])

    talk.say(tone(1500))

    assert talk.only(SKIPPED)["reason"] == "no_phrase"


def test_one_that_would_come_after_the_turn_is_skipped() -> None:
    talk = listening(knobs={"back_channel_delay_ms": 1200})

    talk.speak(900)

    assert talk.only(SKIPPED)
    assert talk.all(DELTA) == []


def test_clearing_the_output_drops_one_that_is_on_its_way() -> None:
    talk = listening(knobs={"back_channel_delay_ms": 500, "on_clear": OnClear.CLEARED})
    talk.say(tone(960))

    talk.send("output_audio_buffer.clear")
    talk.say(tone(1000))

    assert talk.all(DELTA) == []


def test_barge_in_leaves_them_alone() -> None:
    talk = listening()
    talk.send("response.create")
    talk.run(500)

    talk.say(tone(1500))

    assert talk.only("response.done")["response"]["status"] == "cancelled"
    assert talk.only(SAID)


def test_their_format_can_differ_from_the_replies() -> None:
    talk = listening(knobs={"back_channel_format": "audio/pcm"})

    talk.say(tone(1500))

    assert 300 < len(talk.audio(DELTA)) / 48 < 600
