"""The E-model, held against the tables of the recommendations."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.quality import mos_of, quality, r_factor


# ITU-T G.107 Annex B table B.1 (provisional guide between R and user satisfaction).
@pytest.mark.parametrize(("r", "mos"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_r_means_the_score_of_the_recommendation(r: float, mos: float) -> None:
    assert mos_of(r) == pytest.approx(mos, abs=0.01)


def test_the_default_connection_has_the_rating_of_the_recommendation() -> None:
    assert (r_factor(0, 1, 0), mos_of(93.2)) == (93.2, pytest.approx(4.41, abs=0.005))


# Of a delay of 400 ms the recommendation's own curve leaves R about 70 (G.114 figure 1, no echo).
@pytest.mark.parametrize(("delay", "r", "within"), [(100, 93.2, 0.1), (150, 93, 1), (400, 70, 3)])
def test_delay_takes_what_the_recommendation_says(delay: float, r: float, within: float) -> None:
    assert r_factor(0, 1, delay) == pytest.approx(r, abs=within)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 2000))
def test_more_loss_never_sounds_better(one: float, other: float, delay: float) -> None:
    less, more = sorted((one, other))
    assert r_factor(more, 1, delay) <= r_factor(less, 1, delay)
    assert 1.0 <= mos_of(r_factor(more, 1, delay)) <= 4.5


def test_losses_in_a_row_are_worse_than_as_many_by_chance() -> None:
    assert r_factor(0.05, 3, 50) < r_factor(0.05, 1, 50)


def counted(**counters: int) -> dict[str, int]:
    return defaultdict(int, counters)


def test_each_direction_is_judged_by_what_came_of_it() -> None:
    found = quality(
        counted(
            played=950, lost=50, losses=10, jitter_us=5000, packets_sent=1000, rtcp_received=3,
            remote_lost=10, remote_jitter_us=1000, round_trip_us=80_000,
        )
    )  # fmt: skip
    assert found.heard is not None
    assert found.sent is not None
    assert (found.heard.loss, found.heard.jitter_ms, found.heard.delay_ms) == (0.05, 5, 70)
    assert found.heard.burst_ratio == pytest.approx(4.75)
    assert (found.sent.loss, found.sent.delay_ms) == (0.01, 62)
    assert found.heard.mos < found.sent.mos < 4.41


def test_nothing_is_judged_of_what_did_not_come() -> None:
    found = quality(counted(played=10, packets_sent=1000))
    assert (found.heard, found.sent) == (None, None)
    assert found.entry() == {"heard": None, "sent": None}
