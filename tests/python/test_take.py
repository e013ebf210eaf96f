"""A moment of a call has its place in a recording, whatever was left out before it."""

from hypothesis import given
from hypothesis import strategies as st

from fourwire.take import Take


def test_a_place_is_counted_from_the_first_sample() -> None:
    take = Take("a.wav", 2.0)
    assert [take.place(t) for t in (1.0, 2.0, 3.5)] == [0.0, 0.0, 1.5]


def test_a_gap_is_left_out_and_a_pause_of_silence_is_not() -> None:
    gap, silence = Take("a.wav", 0.0), Take("a.wav", 0.0)
    for take, how in ((gap, "gap"), (silence, "silence")):
        take.pause(1.0, how)  # type: ignore[arg-type]
        take.pause(3.0, None)
    assert [gap.place(t) for t in (0.5, 1.0, 2.0, 3.0, 4.0)] == [0.5, 1.0, 1.0, 1.0, 2.0]
    assert silence.place(4.0) == 4.0


def test_one_kind_of_pause_takes_the_place_of_another() -> None:
    take = Take("a.wav", 0.0)
    take.pause(1.0, "silence")
    take.pause(2.0, "gap")
    take.pause(3.0, None)
    assert take.place(4.0) == 3.0
    assert take.is_withheld(1.5, 1.6)
    assert take.is_withheld(2.5, 2.6)


def test_what_lies_in_a_pause_even_by_half_is_withheld() -> None:
    take = Take("a.wav", 0.0)
    take.pause(2.0, "silence")
    assert not take.is_withheld(1.0, 2.0)
    assert take.is_withheld(1.0, 2.1)
    assert take.is_withheld(9.0, 9.0)
    take.pause(10.0, None)
    assert not take.is_withheld(10.0, 11.0)


def test_a_recording_holds_what_was_said_while_it_ran() -> None:
    take = Take("a.wav", 2.0, ended=4.0)
    spans = [(0.0, 1.0), (1.0, 2.5), (3.0, 3.0), (3.5, 9.0), (4.5, 5.0)]
    assert [take.holds(*span) for span in spans] == [False, True, True, True, False]


@given(
    st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["gap", "silence", None])), max_size=8),
    st.lists(st.floats(0, 100), min_size=2, max_size=6),
)
def test_later_moments_lie_no_earlier(pauses: list[tuple[float, str]], times: list[float]) -> None:
    take = Take("a.wav", 1.0)
    for t, how in sorted(pauses, key=lambda pause: pause[0]):
        take.pause(t, how)  # type: ignore[arg-type]
    times = sorted(times)
    places = [round(take.place(t), 6) for t in times]
    assert places == sorted(places)
    for place, t in zip(places, times, strict=True):
        assert place <= max(0.0, t - 1.0) + 1e-6
