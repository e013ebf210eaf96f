"""New calls are refused for the load, neither for one hiccup nor longer than it lasts."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.health import Standing, why_not_ready
from fourwire.load import Load, Overload, Reading, Throttle, load_between, too_much

LIMITS = Overload(cpu=0.8, loop_lag_ms=100, late_ticks=0.1, calm_s=3)
CALM = Load(cpu=0.5, loop_lag_s=0.01, late_ticks=0.0)
BUSY = Load(cpu=0.9)


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (CALM, None),
        (BUSY, "90% of the processors are used"),
        (Load(loop=0.97), "the event loop uses 97% of its core"),
        (Load(workers=0.9), "the audio workers are busy for 90% of the time"),
        (Load(loop_lag_s=0.2), "the event loop is 200 ms late"),
        (Load(late_ticks=0.25), "25% of the ticks come late"),
    ],
)
def test_what_there_is_too_much_of_is_named(load: Load, words: str | None) -> None:
    assert too_much(load, LIMITS) == words


def test_a_limit_of_zero_is_none() -> None:
    boundless = Overload(cpu=0, loop_lag_ms=0, late_ticks=0)
    most = Load(cpu=1, loop=1, workers=1, loop_lag_s=9, late_ticks=1)
    assert too_much(most, boundless) is None


START = Reading(at_s=10, program_s=3, loop_s=2, workers_s=1, ticks=100, late_ticks=7)


def load_of(processors: int, workers: int, **grown: float) -> Load:
    """The load of half a second in which these grew by so much."""
    after = {name: getattr(START, name) + by for name, by in ({"at_s": 0.5} | grown).items()}
    return load_between(
        START, replace(START, **after), loop_lag_s=0, processors=processors, workers=workers
    )


def test_an_event_loop_that_fills_its_core_is_too_much_however_many_cores_there_are() -> None:
    load = load_of(64, 1, program_s=0.49, loop_s=0.48)
    assert (load.cpu, load.loop) == (pytest.approx(0.0153, abs=1e-4), pytest.approx(0.96))
    assert too_much(load, Overload()) == "the event loop uses 96% of its core"


def test_workers_without_rest_are_too_much_however_many_cores_there_are() -> None:
    assert too_much(load_of(64, 4, workers_s=1.95), Overload()) == (
        "the audio workers are busy for 98% of the time"
    )
    assert too_much(load_of(64, 4, workers_s=1.0), Overload()) is None


def test_lateness_is_a_share_of_the_ticks_since_the_last_reading() -> None:
    assert load_of(2, 1, ticks=100, late_ticks=25).late_ticks == 0.25
    assert load_of(2, 1).late_ticks == 0


def test_one_bad_look_refuses_nobody_and_two_do_until_it_was_calm_for_long() -> None:
    throttle = Throttle(LIMITS)
    looks = [(0, BUSY), (1, CALM), (2, BUSY), (3, BUSY), (4, CALM), (6, CALM), (7, CALM)]
    refused = []
    for at, load in looks:
        throttle.receive(at, load)
        refused.append(throttle.why is not None)
    assert refused == [False, False, False, True, True, True, False]


def test_a_bad_look_in_between_begins_the_calm_anew() -> None:
    throttle = Throttle(LIMITS)
    changes = [throttle.receive(at, BUSY) for at in range(2)]
    assert changes == [False, True]
    for at, load in ((2.0, CALM), (4.0, BUSY), (4.5, CALM), (7.0, CALM)):
        assert not throttle.receive(at, load)
    assert throttle.receive(7.5, CALM)
    assert throttle.why is None


@given(st.lists(st.booleans(), max_size=60))
def test_a_change_is_told_exactly_when_the_answer_changes(bad: list[bool]) -> None:
    throttle = Throttle(LIMITS)
    for at, busy in enumerate(bad):
        before = throttle.why is not None
        changed = throttle.receive(at, BUSY if busy else CALM)
        assert changed == ((throttle.why is not None) != before)


STANDING = Standing(listeners=1, calls=2, max_calls=5)


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (STANDING, None),
        (Standing(listeners=1, calls=2, max_calls=5, draining=True), "draining"),
        (Standing(listeners=0, calls=2, max_calls=5), "no listener"),
        (Standing(listeners=1, calls=5, max_calls=5), "full: 5 calls of 5"),
        (Standing(listeners=1, calls=0, max_calls=5, overloaded="x"), "overloaded: x"),
    ],
)
def test_a_gateway_is_ready_while_it_would_take_a_call(standing: Standing, why: str | None) -> None:
    assert why_not_ready(standing) == why


def test_limits_are_shares_and_times_that_can_be() -> None:
    for wrong in ({"cpu": 1.5}, {"late_ticks": -0.1}, {"loop_lag_ms": -1}, {"calm": 3}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, Overload)
