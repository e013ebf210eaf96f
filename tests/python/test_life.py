"""The two tables of a call's life."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.life import FAREWELL, NEXT, REFUSAL, Cause, Farewell, Life, State, Step, WrongMoment

ANSWERED = (Step.ANSWER, Step.CONFIRM)


def lived(*steps: Step) -> Life:
    life = Life()
    for step in steps:
        life.take(step)
    return life


def test_a_call_may_ring_open_early_media_and_be_answered() -> None:
    assert lived(Step.RING, Step.RING, Step.PROGRESS, *ANSWERED).state is State.ANSWERED


@pytest.mark.parametrize(("state", "step"), list(itertools.product(State, Step)))
def test_a_step_that_is_not_in_the_table_is_an_error_that_names_both(
    state: State, step: Step
) -> None:
    life = Life()
    life.state = state
    if step in NEXT[state]:
        assert life.take(step) is NEXT[state][step]
        return
    with pytest.raises(WrongMoment, match=f"cannot {step.value}: the call is {state.value}"):
        life.take(step)


def test_an_unanswered_call_is_refused_and_an_answered_one_hung_up() -> None:
    refused = lived(Step.RING).end(Cause.HANDLER_ERROR)
    hung_up = lived(*ANSWERED).end(Cause.HANDLER_ERROR)
    assert refused is not None
    assert (refused.farewell, refused.status) == (Farewell.REJECT, 500)
    assert hung_up is not None
    assert hung_up.farewell is Farewell.HANG_UP


@pytest.mark.parametrize("cause", [Cause.CALLER_HUNG_UP, Cause.CANCELLED, Cause.LINE_FAILED])
def test_a_caller_who_is_gone_is_owed_nothing(cause: Cause) -> None:
    ended = lived(*ANSWERED).end(cause)
    assert ended is not None
    assert ended.farewell is Farewell.NOTHING


def test_a_chosen_refusal_wins_over_that_of_the_cause() -> None:
    ended = Life().end(Cause.REJECTED, status=486)
    assert ended is not None
    assert ended.status == 486


@given(st.lists(st.sampled_from(Cause), min_size=1))
def test_whatever_ends_a_call_and_however_often_it_ends_once_by_the_first(
    causes: list[Cause],
) -> None:
    life = Life()
    records = [life.end(cause) for cause in causes]
    assert records[0] is life.ended
    assert records[0] is not None
    assert records[0].cause is causes[0]
    assert records[1:] == [None] * (len(causes) - 1)
    assert life.state is State.ENDED


def test_every_state_has_a_row_in_both_tables() -> None:
    assert set(NEXT) == set(FAREWELL) == set(State)
    assert all(300 <= status < 700 for status in REFUSAL.values())
