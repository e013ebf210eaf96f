"""The transcript knows who said what and what of it was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.transcript import MOST_UNREAD, Transcript


def test_turns_stand_in_the_order_in_which_they_began() -> None:
    transcript = Transcript()
    transcript.agent_began("a", 1.0)
    transcript.user_said("u", "wait", 2.0)
    transcript.agent_said("a", "Hello, this is Voxi.", 3.0)
    assert [(turn.speaker, turn.text) for turn in transcript.turns] == [
        ("agent", "Hello, this is Voxi."),
        ("user", "wait"),
    ]


def test_an_interrupted_turn_keeps_how_much_was_heard() -> None:
    transcript = Transcript()
    transcript.agent_said("a", "A long answer.", 1.0)
    transcript.agent_was_cut("a", 420.0, 900.0)
    (turn,) = transcript.turns
    assert (turn.heard_ms, turn.unheard_ms, turn.cut) == (420.0, 900.0, True)


@pytest.mark.parametrize(
    ("heard_ms", "unheard_ms", "heard"),
    [
        (1100.0, 900.0, "Hello, this"),
        (1090.0, 1000.0, "Hello,"),
        (0.0, 2000.0, ""),
        (2000.0, 0.0, "Hello, this is Voxi."),
        (1900.0, 100.0, "Hello, this is"),
        (0.0, 0.0, ""),
        (100.0, 1900.0, ""),
    ],
)
def test_of_an_interrupted_turn_the_words_that_were_heard_are_marked(
    heard_ms: float, unheard_ms: float, heard: str
) -> None:
    for words_first in (True, False):
        transcript = Transcript()
        transcript.agent_began("a", 1.0)
        if words_first:
            transcript.agent_said("a", "Hello, this is Voxi.", 1.0)
        transcript.agent_was_cut("a", heard_ms, unheard_ms)
        if not words_first:
            transcript.agent_said("a", "Hello, this is Voxi.", 2.0)
        assert transcript.turns[0].heard_text == heard


@given(st.text(), st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_words_that_were_heard_begin_the_turn(
    text: str, heard_ms: float, unheard_ms: float
) -> None:
    transcript = Transcript()
    transcript.agent_said("a", text, 1.0)
    transcript.agent_was_cut("a", heard_ms, unheard_ms)
    (turn,) = transcript.turns
    assert turn.heard_text is not None
    assert turn.text.startswith(turn.heard_text)


def test_marks_for_the_voice_are_not_shown_and_yet_kept() -> None:
    transcript = Transcript()
    transcript.agent_said("a", "[speak warmly] Hello!", 1.0)
    transcript.agent_said("b", "Hello!", 1.0)
    assert [(turn.text, turn.raw) for turn in transcript.turns] == [
        ("Hello!", "[speak warmly] Hello!"),
        ("Hello!", None),
    ]


def test_a_turn_heard_to_its_end_is_not_cut() -> None:
    transcript = Transcript()
    transcript.agent_began("a", 1.0)
    transcript.agent_was_heard("a", 900.0, 2.0)
    assert (transcript.turns[0].heard_ms, transcript.turns[0].cut) == (900.0, False)


def test_a_better_reading_of_the_same_words_replaces_the_first() -> None:
    transcript = Transcript()
    transcript.user_said("u", "hell", 1.0)
    transcript.user_said("u", "hello", 1.2)
    assert [turn.text for turn in transcript.turns] == ["hello"]


def test_speech_that_is_waited_for_in_words_too_long_is_forgotten_and_counted() -> None:
    transcript = Transcript()
    for number in range(MOST_UNREAD + 3):
        transcript.user_began(f"u{number}", number)
    assert transcript.forgotten == 3
    transcript.user_said("u0", "Late.", 100)
    transcript.user_said("u3", "In time.", 100)
    assert [turn.begin for turn in transcript.turns] == [None, 3]


def test_turns_without_an_item_are_all_kept() -> None:
    transcript = Transcript()
    transcript.user_said(None, "one", 1.0)
    transcript.user_said(None, "two", 2.0)
    assert [turn.text for turn in transcript.turns] == ["one", "two"]
