"""Waits are told as they were, and none is counted that nobody had."""

import math

from hypothesis import given
from hypothesis import strategies as st

from fourwire.latency import Falling, Latencies, Waited, spread
from fourwire.transcript import Transcript

MS = st.floats(0, 60_000)


def test_the_callers_wait_ends_with_the_first_sound_of_the_agent() -> None:
    waits = Latencies()
    waits.caller_stopped(1.0)
    assert waits.agent_began(1.75) == Waited(turn_ms=750.0)
    assert waits.agent_began(3.0) == Waited()
    assert waits.summary()["turn"] == {"count": 1, "p50_ms": 750, "p95_ms": 750, "max_ms": 750}


def test_a_caller_who_goes_on_speaking_waits_only_from_the_last_word() -> None:
    waits = Latencies()
    waits.caller_stopped(1.0)
    waits.caller_began()
    assert waits.agent_began(1.5) == Waited()
    waits.caller_stopped(2.0)
    assert waits.agent_began(2.5) == Waited(turn_ms=500.0)


def test_the_greeting_is_waited_for_from_the_answer() -> None:
    waits = Latencies()
    waits.answered(4.0)
    assert waits.agent_began(4.3) == Waited(greeting_ms=300.0)
    assert waits.agent_began(9.0) == Waited()
    assert waits.summary() == {
        "greeting_ms": 300.0,
        "turn": {"count": 0},
        "barge_in": {"count": 0},
    }


def test_a_turn_of_the_agent_tells_for_how_long_it_was_waited_for() -> None:
    transcript = Transcript()
    transcript.user_began("u", 0.5)
    transcript.user_ended("u", 1.0)
    transcript.agent_began("a", 1.6)
    transcript.agent_began("a", 2.0)  # one more run of the same
    transcript.agent_began("b", 3.0)
    assert [turn.latency_ms for turn in transcript.turns] == [600.0, None]


def test_an_order_to_be_silent_counts_for_the_speech_that_was_cut_by_it() -> None:
    falling = Falling()
    falling.began(0.0)
    falling.order(1.0)
    falling.cut()
    assert falling.ended(1.02) == 1.02 - 1.0
    assert falling.ended(2.0) is None


def test_an_order_while_nobody_speaks_is_not_taken_for_a_later_cut() -> None:
    falling = Falling()
    falling.order(1.0)
    falling.began(5.0)
    falling.cut()
    assert falling.ended(7.0) is None


def test_speech_that_began_while_the_order_was_under_way_is_cut_by_it() -> None:
    falling = Falling()
    falling.order(5.001)
    falling.began(5.0)  # told late
    falling.cut()
    assert falling.ended(5.01) is not None


def test_what_waited_and_never_sounded_took_no_time_to_silence() -> None:
    falling = Falling()
    falling.order(1.0)
    falling.cut()
    falling.began(2.0)
    assert falling.ended(3.0) is None


@given(st.lists(MS, min_size=1))
def test_half_and_nineteen_of_twenty_are_no_longer_than_told(values: list[float]) -> None:
    told = spread(values)
    assert told["count"] == len(values)
    for share, name in ((0.5, "p50_ms"), (0.95, "p95_ms"), (1.0, "max_ms")):
        assert told[name] in values
        assert sum(value <= told[name] for value in values) >= math.ceil(share * len(values))
        assert sum(value < told[name] for value in values) < math.ceil(share * len(values))
