"""The transcript knows who said what and what of it was heard."""

from fourwire.transcript import Transcript


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
    transcript.agent_was_cut("a", 420.0)
    assert (transcript.turns[0].heard_ms, transcript.turns[0].cut) == (420.0, True)


def test_a_turn_heard_to_its_end_is_not_cut() -> None:
    transcript = Transcript()
    transcript.agent_began("a", 1.0)
    transcript.agent_was_heard("a", 900.0)
    assert (transcript.turns[0].heard_ms, transcript.turns[0].cut) == (900.0, False)


def test_a_better_reading_of_the_same_words_replaces_the_first() -> None:
    transcript = Transcript()
    transcript.user_said("u", "hell", 1.0)
    transcript.user_said("u", "hello", 1.2)
    assert [turn.text for turn in transcript.turns] == ["hello"]


def test_turns_without_an_item_are_all_kept() -> None:
    transcript = Transcript()
    transcript.user_said(None, "one", 1.0)
    transcript.user_said(None, "two", 2.0)
    assert [turn.text for turn in transcript.turns] == ["one", "two"]
