"""`fourwire.audioop` beside the module that it stands in for."""

import array
import inspect
import itertools
import json
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.audioop_calls import FUNCTIONS, calls, outcome

import fourwire
from fourwire import Resampler
from fourwire import audioop as ours

VECTORS = Path(__file__).parent / "data" / "audioop.jsonl"
SPEECHLIKE = (9000 * np.sin(np.arange(4000) * 0.37 + np.sin(np.arange(4000) / 90))).astype("<i2")


@pytest.fixture(scope="module")
def theirs() -> ModuleType:
    """The oracle: the standard library's module, or where that has none what goes by its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        reason = "audioop left the standard library in Python 3.13"
        module: ModuleType = pytest.importorskip("audioop", reason=reason)
        return module


@pytest.mark.parametrize("function", FUNCTIONS)
@given(data=st.data())
def test_a_call_gives_or_raises_what_audioop_does(
    theirs: ModuleType, function: str, data: st.DataObject
) -> None:
    arguments = data.draw(calls(function))
    assert outcome(ours, function, arguments) == outcome(theirs, function, arguments)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_vectors_of_python_3_11_are_met(function: str) -> None:
    vectors = [
        vector
        for vector in map(json.loads, VECTORS.read_text().splitlines())
        if vector[0] == function
    ]
    assert len(vectors) >= 10
    for _, arguments, expected in vectors:
        # Written as Python is, by scripts/make_audioop_vectors.py.
        values = eval(arguments, {"inf": float("inf"), "nan": float("nan")})
        actual = outcome(ours, function, values)
        assert actual == (tuple(expected) if isinstance(expected, list) else expected), arguments


def test_no_function_is_missing_and_none_is_added(theirs: ModuleType) -> None:
    names = {name for name in dir(theirs) if not name.startswith("_")}
    assert set(ours.__all__) == names | {"PolyphaseState"}
    assert set(FUNCTIONS) == names - {"error"}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("count", range(10))
def test_the_number_of_arguments_is_checked_in_the_same_words(
    theirs: ModuleType, function: str, count: int
) -> None:
    arguments = (None,) * count
    assert outcome(ours, function, arguments) == outcome(theirs, function, arguments)


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "ratecv"])
def test_no_argument_goes_by_name(theirs: ModuleType, function: str) -> None:
    for module in (ours, theirs):
        with pytest.raises(TypeError, match=rf"audioop\.{function}\(\) takes no keyword arguments"):
            getattr(module, function)(b"", width=2)


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "ratecv"])
def test_signatures_read_the_same(theirs: ModuleType, function: str) -> None:
    assert inspect.signature(getattr(ours, function)) == inspect.signature(
        getattr(theirs, function)
    )


WORDS = np.arange(-40, 40, dtype=np.int16)


@pytest.mark.parametrize(
    "fragment",
    [
        pytest.param(WORDS, id="samples"),
        pytest.param(WORDS.astype(np.float64), id="floats"),
        pytest.param(WORDS.reshape(4, 20), id="rows"),
        pytest.param(WORDS[::2], id="strided"),
        pytest.param(WORDS.reshape(4, 20).T, id="columns"),
        pytest.param(array.array("i", [1, 2, 3]), id="array"),
        pytest.param(bytearray(b"12345678"), id="bytearray"),
        pytest.param(memoryview(b"12345678")[2:], id="view"),
        pytest.param(memoryview(b"12345678")[::2], id="strided view"),
        pytest.param(memoryview(WORDS).cast("B").cast("h"), id="cast view"),
        pytest.param("12345678", id="text"),
        pytest.param([1, 2], id="list"),
        pytest.param(None, id="none"),
        pytest.param(12, id="number"),
    ],
)
def test_the_same_objects_are_taken_for_fragments(theirs: ModuleType, fragment: object) -> None:
    for arguments in [(fragment, 2), (fragment, 9), (fragment, "x")]:
        assert outcome(ours, "reverse", arguments) == outcome(theirs, "reverse", arguments)


def test_a_view_that_was_let_go_is_refused_alike(theirs: ModuleType) -> None:
    view = memoryview(b"1234")
    view.release()
    assert outcome(ours, "max", (view, 1)) == outcome(theirs, "max", (view, 1))


def test_sums_that_a_double_rounds_are_rounded_in_the_same_places(theirs: ModuleType) -> None:
    noise = np.random.default_rng(3).integers(-32768, -32700, 2**23 + 1001, dtype=np.int16)
    fragment = noise.tobytes()
    for function, arguments in [
        ("rms", (fragment, 2)),
        ("avg", (fragment[: 2**24 + 4000], 4)),
        ("findfactor", (fragment, fragment[2:] + fragment[:2])),
    ]:
        assert outcome(ours, function, arguments) == outcome(theirs, function, arguments)


@given(
    st.sampled_from([(8000, 24000), (44100, 8000), (3, 7)]),
    st.integers(1, 4),
    st.integers(1, 3),
    st.binary(max_size=2000),
    st.lists(st.integers(0, 160), max_size=5),
)
def test_a_conversion_goes_on_where_it_stood(
    rates: tuple[int, int], width: int, channels: int, octets: bytes, cuts: list[int]
) -> None:
    frame = width * channels
    octets = octets[: len(octets) // frame * frame]
    whole = ours.ratecv(octets, width, channels, *rates, None)
    edges = [0, *sorted(frame * cut for cut in cuts), len(octets)]
    state, out = None, b""
    for start, end in itertools.pairwise(edges):
        part, state = ours.ratecv(octets[start : max(start, end)], width, channels, *rates, state)
        out += part
    assert (out, state) == whole


@given(st.binary(max_size=600), st.integers(1, 4), st.integers(0, 600))
def test_adpcm_goes_on_where_it_stood(codes: bytes, width: int, cut: int) -> None:
    whole = ours.adpcm2lin(codes, width, None)
    first, state = ours.adpcm2lin(codes[:cut], width, None)
    second, state = ours.adpcm2lin(codes[cut:], width, state)
    assert (first + second, state) == whole


@given(st.binary(max_size=600), st.integers(0, 300))
def test_adpcm_is_coded_alike_however_a_stream_is_cut(octets: bytes, cut: int) -> None:
    pcm, cut = octets[: len(octets) & ~1], 4 * cut
    whole = ours.lin2adpcm(pcm, 2, None)
    first, state = ours.lin2adpcm(pcm[:cut], 2, None)
    second, state = ours.lin2adpcm(pcm[cut:], 2, state)
    assert (first + second, state) == whole


class TestPolyphase:
    """`ratecv` by the filter of the resampler, which has to be asked for."""

    def test_it_is_the_filter_of_the_resampler(self) -> None:
        converted, _ = ours.ratecv(
            SPEECHLIKE.tobytes(), 2, 1, 8000, 24000, None, quality="polyphase"
        )
        assert converted == Resampler(8000, 24000).process(SPEECHLIKE)

    @given(st.lists(st.integers(0, 4000), max_size=4))
    def test_however_a_stream_is_cut_it_sounds_the_same(self, cuts: list[int]) -> None:
        whole, _ = ours.ratecv(SPEECHLIKE, 2, 1, 8000, 16000, None, quality="polyphase")
        edges = [0, *sorted(cuts), 4000]
        state, out = None, b""
        for start, end in itertools.pairwise(edges):
            part, state = ours.ratecv(
                SPEECHLIKE[start:end], 2, 1, 8000, 16000, state, quality="polyphase"
            )
            out += part
        assert out == whole

    def test_a_state_gives_the_same_however_often_it_is_used(self) -> None:
        _, state = ours.ratecv(SPEECHLIKE, 2, 1, 24000, 8000, None, quality="polyphase")
        once, _ = ours.ratecv(SPEECHLIKE, 2, 1, 24000, 8000, state, quality="polyphase")
        again, _ = ours.ratecv(SPEECHLIKE, 2, 1, 24000, 8000, state, quality="polyphase")
        assert once == again

    def test_channels_do_not_hear_each_other(self) -> None:
        left, right = SPEECHLIKE, SPEECHLIKE[::-1]
        frames = np.stack([left, right], axis=1)
        converted, _ = ours.ratecv(frames.tobytes(), 2, 2, 16000, 8000, None, quality="polyphase")
        heard = np.frombuffer(converted, "<i2").reshape(-1, 2)
        assert heard[:, 0].tobytes() == Resampler(16000, 8000).process(left)
        assert heard[:, 1].tobytes() == Resampler(16000, 8000).process(right)

    def test_what_lines_fold_back_is_filtered_out(self) -> None:
        whistle = (9000 * np.sin(np.arange(24_000) * 2 * np.pi * 7000 / 24_000)).astype("<i2")
        lines, _ = ours.ratecv(whistle, 2, 1, 24000, 8000, None)
        filtered, _ = ours.ratecv(whistle, 2, 1, 24000, 8000, None, quality="polyphase")
        assert ours.rms(lines, 2) > 2000
        assert ours.rms(filtered[400:-400], 2) <= 1

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((b"", 2, 1, 8000, 44100, None), "knows 8000, 16000, 24000 and 48000 Hz, not 44100"),
            ((b"", 4, 1, 8000, 16000, None), "takes samples of 2 bytes, not of 4"),
            ((b"", 2, 65, 8000, 16000, None), "takes 64 channels, not 65"),
            ((b"", 2, 1, 8000, 16000, None, 2), "leave weightA 1 and weightB 0"),
            ((b"1", 2, 1, 8000, 16000, None), "not a whole number of frames"),
            ((b"", 9, 1, 8000, 16000, None), "Size should be 1, 2, 3 or 4"),
        ],
    )
    def test_what_it_cannot_do_is_refused(self, arguments: Any, message: str) -> None:
        with pytest.raises(ours.error, match=message):
            ours.ratecv(*arguments, quality="polyphase")

    def test_a_state_of_other_rates_is_refused(self) -> None:
        _, state = ours.ratecv(b"", 2, 1, 8000, 16000, None, quality="polyphase")
        with pytest.raises(ours.error, match="between other rates or of other channels"):
            ours.ratecv(b"", 2, 1, 8000, 24000, state, quality="polyphase")

    def test_the_states_of_lines_and_of_the_filter_are_told_apart(self) -> None:
        _, filtered = ours.ratecv(b"", 2, 1, 8000, 16000, None, quality="polyphase")
        _, lines = ours.ratecv(b"", 2, 1, 8000, 16000, None)
        with pytest.raises(TypeError, match="state must be a tuple or None"):
            ours.ratecv(b"", 2, 1, 8000, 16000, filtered)  # type: ignore[call-overload]
        with pytest.raises(TypeError, match='state must be one of quality "polyphase", or None'):
            ours.ratecv(b"", 2, 1, 8000, 16000, lines, quality="polyphase")  # type: ignore[call-overload]

    def test_another_quality_is_refused_by_name(self) -> None:
        with pytest.raises(ValueError, match='quality is one of "linear", "polyphase", not \'x\''):
            ours.ratecv(b"", 2, 1, 8000, 16000, None, quality="x")  # type: ignore[call-overload]


def test_no_state_and_no_rate_makes_more_than_there_is_room_for() -> None:
    out, (position, _) = ours.ratecv(b"", 2, 1, 8000, 16000, (9, ((0, 0),)))
    assert (len(out), position) == (20, -1)
    with pytest.raises(MemoryError, match="not enough memory for output buffer"):
        ours.ratecv(bytes(4000), 4, 1, 1, 2**31 - 1, None)


def test_other_programs_find_it_under_the_old_name() -> None:
    script = (
        "import sys, fourwire\n"
        "sys.modules['audioop'] = fourwire.audioop\n"
        "import audioop\n"
        "assert audioop.max(b'\\x05\\xfb', 1) == 5\n"
        "try:\n"
        "    audioop.max(b'1', 2)\n"
        "except audioop.error as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout == "not a whole number of frames\n"


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda pcm: ours.findfit(pcm, pcm[:8000]), id="findfit"),
        pytest.param(lambda pcm: ours.lin2adpcm(pcm * 40, 2, None), id="lin2adpcm"),
        pytest.param(lambda pcm: ours.mul(pcm * 40, 2, 0.3), id="mul"),
    ],
)
def test_threads_share_long_fragments(work: Callable[[bytes], object]) -> None:
    pcm = SPEECHLIKE.tobytes() * 10
    alone = work(pcm)
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.append(work(pcm))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [alone] * 3


def test_it_is_a_part_of_the_package() -> None:
    assert fourwire.audioop is ours
