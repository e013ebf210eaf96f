"""What a conversation still owes the caller, however its events are mixed."""

import pytest

from fourwire.inworld import events
from fourwire.inworld.objects import Response
from fourwire.recall import MOST_CALLS, MOST_ITEMS, REMEMBERED, Recall

Events = list[events.Event]

BEGUN = events.ResponseCreated(response=Response(id="r"))
DONE = events.ResponseDone(response=Response(id="r", status="completed"))


def spoken(item: str | None) -> Events:
    """The caller's say, without its words."""
    return [
        events.SpeechStarted(item_id=item),
        events.SpeechStopped(item_id=item),
        events.InputAudioBufferCommitted(item_id=item),
    ]


def words(item: str | None, text: str = "What are your hours?") -> events.Event:
    return events.UserTranscript(item_id=item, text=text)


def after(happened: Events, recall: Recall | None = None) -> Recall:
    recall = recall or Recall()
    for event in happened:
        recall.receive(0.0, event)
    return recall


TURN = [*spoken("u1"), BEGUN, DONE]


@pytest.mark.parametrize("place", range(1, len(TURN) + 1))
def test_an_answer_is_no_longer_owed_wherever_the_words_come(place: int) -> None:
    turn = [*TURN[:place], words("u1"), *TURN[place:], words("u1", "What are your hours today?")]
    assert not after(turn).unanswered


@pytest.mark.parametrize("item", ["u2", None])
def test_the_next_words_are_owed_an_answer_of_their_own(item: str | None) -> None:
    first = "u1" if item else None
    recall = after([*spoken(first), words(first), BEGUN, DONE, words(first)])
    assert not recall.unanswered
    after([*spoken(item), words(item)], recall)
    assert recall.unanswered
    after([BEGUN], recall)
    assert not recall.unanswered


def test_words_spoken_into_an_answer_are_not_answered_by_it() -> None:
    recall = after([*spoken("u1"), words("u1"), events.SpeechStarted(item_id="u2"), BEGUN])
    after([*spoken("u2")[1:], words("u1"), DONE], recall)
    assert not recall.unanswered
    assert after([words("u2")], recall).unanswered


def test_a_sound_without_words_is_owed_nothing() -> None:
    assert not after([*spoken("u1"), words("u1", " ")]).unanswered


def test_words_of_one_utterance_leave_another_unheard() -> None:
    recall = after([*spoken("u1"), BEGUN, DONE, *spoken("u2"), words("u1")])
    recall.lost()
    assert recall.unanswered
    assert "was lost" in str(recall.note())


@pytest.mark.parametrize("silent", [True, False])
def test_a_result_is_owed_an_answer_unless_it_is_told_in_silence(silent: bool) -> None:
    told = events.ToolAnswered(call_id="c", function="f", output="done", silent=silent)
    recall = after([events.ToolCalled(call_id="c", function="f"), told])
    assert recall.unanswered is not silent


def called(name: str) -> events.Event:
    return events.ToolCalled(call_id=name, function="look_up", arguments="{}")


def answered(name: str) -> events.Event:
    return events.ToolAnswered(call_id=name, function="look_up", output="found")


def told(recall: Recall) -> list[str]:
    """The calls that a new session is told of."""
    return [item["call_id"] for item in recall.items([]) if item["type"] == "function_call"]


def test_no_more_function_calls_are_kept_than_can_be_of_use_the_eldest_go_first() -> None:
    names = [f"f{number}" for number in range(10 * MOST_CALLS)]
    recall = after([event for name in names for event in (called(name), answered(name))])
    assert told(recall) == names[-MOST_ITEMS // 2 :]


def test_a_function_that_runs_is_kept_as_long_as_others_have_their_results() -> None:
    recall = after([called("slow")])
    for number in range(2 * MOST_CALLS):
        after([called(f"f{number}"), answered(f"f{number}"), BEGUN, DONE], recall)
    assert not recall.unanswered
    assert after([answered("slow")], recall).unanswered


def test_of_functions_without_results_the_eldest_go() -> None:
    recall = after([called(f"f{number}") for number in range(2 * MOST_CALLS)])
    recall.lost()
    assert told(recall)[-1] == f"f{2 * MOST_CALLS - 1}"
    assert len(told(recall)) <= MOST_CALLS


def test_only_the_latest_utterances_are_remembered_as_answered() -> None:
    recall = Recall()
    for number in range(REMEMBERED + 1):
        after([*spoken(f"u{number}")[:2], BEGUN, DONE], recall)
    assert not after([words("u1")], recall).unanswered
    assert after([words("u0")], recall).unanswered
