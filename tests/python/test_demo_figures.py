"""The demo's figures are right on calls that are known, so they can be trusted on real ones."""

import math

import numpy as np
import pytest

from fourwire.demo.caller import Heard
from fourwire.demo.figures import (
    Figure,
    Verdict,
    barge_in_ms,
    gaps_ms,
    likeness,
    percentile,
)
from fourwire.demo.levels import dbov

MS = 1_000_000


def call(*levels: float, start_ms: float = 0.0) -> list[Heard]:
    """A packet each 20 ms, as loud as told."""
    return [
        Heard(int((start_ms + 20 * index) * MS), level, b"") for index, level in enumerate(levels)
    ]


LOUD, QUIET = -20.0, -80.0


def test_gaps_are_those_between_arrivals() -> None:
    assert gaps_ms([Heard(at * MS, LOUD, b"") for at in (0, 20, 39, 85)]) == [20, 19, 46]


def test_gaps_of_a_call_without_packets_are_none() -> None:
    assert gaps_ms([]) == []
    assert percentile([], 0.99) == 0.0


def test_a_barge_in_lasts_until_the_last_packet_with_speech() -> None:
    heard = call(LOUD, LOUD, LOUD, LOUD, QUIET, QUIET, LOUD)
    assert barge_in_ms(heard, 45 * MS, 110 * MS) == pytest.approx(15)


def test_a_barge_in_after_which_nothing_more_came_took_no_time() -> None:
    assert barge_in_ms(call(LOUD, LOUD, QUIET), 30 * MS, None) == 0.0


def test_a_pausing_agent_cannot_be_interrupted() -> None:
    assert barge_in_ms(call(LOUD, *[QUIET] * 10, LOUD), 200 * MS, None) is None


def test_an_agent_that_goes_on_talking_is_found_out() -> None:
    assert barge_in_ms(call(*[LOUD] * 50), 100 * MS, None) == pytest.approx(880)


def noise(seconds: float, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.standard_normal(int(8000 * seconds)) * 3000).astype("<i2")


def test_a_recording_that_contains_a_piece_is_like_it_there() -> None:
    piece, other = noise(0.5, 1), noise(1.0, 2)
    score, at = likeness(np.concatenate([other, piece, other]).tobytes(), piece.tobytes())
    assert score == pytest.approx(1.0, abs=1e-6)
    assert at == pytest.approx(1.0)


def test_a_recording_of_something_else_is_not_like_it() -> None:
    score, _ = likeness(noise(2.0, 3).tobytes(), noise(0.5, 1).tobytes())
    assert abs(score) < 0.2


@pytest.mark.parametrize("hay", [b"", bytes(16000)])
def test_silence_is_like_nothing(hay: bytes) -> None:
    assert likeness(hay, noise(0.5, 1).tobytes())[0] == pytest.approx(0.0, abs=1e-6)


def test_levels_are_against_full_scale() -> None:
    loudest = (np.ones(160) * -32768).astype("<i2").tobytes()
    sine = (32767 * np.sin(np.arange(160) * math.tau / 16)).astype("<i2").tobytes()
    assert dbov(loudest) == pytest.approx(0.0)
    assert dbov(sine) == pytest.approx(-3.01, abs=0.01)
    assert dbov(bytes(320)) == -127.0
    assert dbov(b"") == -127.0


@pytest.mark.parametrize(
    ("value", "held_up", "verdict"),
    [
        (40.0, False, Verdict.GOOD),
        (40.1, False, Verdict.WRONG),
        (40.1, True, Verdict.UNJUDGED),
        (39.0, True, Verdict.GOOD),
    ],
)
def test_a_timing_is_not_blamed_on_the_call_where_the_machine_was_held_up(
    value: float, held_up: bool, verdict: Verdict
) -> None:
    figure = Figure(name="gap", value=value, unit="ms", limit=40.0)
    assert figure.verdict(held_up=held_up) is verdict


def test_what_is_no_timing_is_judged_in_any_case() -> None:
    figure = Figure(name="likeness", value=0.5, unit="", limit=0.9, at_most=False, timing=False)
    assert figure.verdict(held_up=True) is Verdict.WRONG
