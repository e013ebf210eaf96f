"""How loud samples are, against `audioop` and NumPy."""

from __future__ import annotations

import math
import warnings
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fourwire as fw

PCM = st.lists(st.integers(-32768, 32767), max_size=300).map(lambda it: array("h", it))


@given(PCM)
def test_levels_are_those_of_another_implementation(pcm: array[int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop", reason="Python has no audioop any more")
    levels = fw.levels(pcm)
    assert levels.samples == len(pcm)
    assert levels.peak == audioop.max(pcm, 2)
    assert int(levels.rms) == audioop.rms(pcm, 2)


@given(PCM)
def test_each_function_tells_what_levels_tell(pcm: array[int]) -> None:
    levels = fw.levels(pcm)
    assert fw.peak(pcm) == levels.peak
    assert fw.rms(pcm) == levels.rms
    assert fw.level_dbov(pcm) == levels.dbov
    assert fw.clipped(pcm) == levels.clipped
    for limit in (-90.0, -60.0, 0.0):
        assert fw.is_silent(pcm, limit) == levels.is_silent(limit)


@given(PCM, PCM)
def test_levels_of_two_runs_add_up(first: array[int], second: array[int]) -> None:
    assert fw.levels(first) + fw.levels(second) == fw.levels(first + second)


def test_a_tone_has_the_level_that_it_was_made_with() -> None:
    tone = np.round(1000 * np.sin(np.arange(8000) * 0.1)).astype(np.int16)
    assert fw.rms(tone) == pytest.approx(1000 / math.sqrt(2), abs=1)
    assert fw.level_dbov(tone) == pytest.approx(
        20 * math.log10(1000 / math.sqrt(2) / 32768), abs=0.1
    )


def test_what_g711_has_clipped_is_counted() -> None:
    loud = np.array([-32768, -100, 0, 100, 32767] * 40, dtype=np.int16)
    for encode, decode in [
        (fw.g711.encode_pcmu, fw.g711.decode_pcmu),
        (fw.g711.encode_pcma, fw.g711.decode_pcma),
    ]:
        assert fw.clipped(decode(encode(loud))) == 80
    assert fw.clipped(np.full(100, 32000, dtype=np.int16)) == 0


def test_a_line_on_which_nobody_speaks_is_silent() -> None:
    hiss = np.random.default_rng(1).integers(-16, 17, 1600).astype(np.int16)
    assert fw.is_silent(hiss)
    assert fw.is_silent(b"")
    assert not fw.is_silent(hiss * 100)
    assert not fw.is_silent(hiss, below_dbov=-80)
    assert fw.level_dbov(bytes(320)) == -127.0


def test_levels_show_themselves() -> None:
    shown = repr(fw.levels(array("h", [32767, -32767])))
    assert shown == "Levels(samples=2, peak=32767, rms=32767.0, dbov=-0.0, clipped=2)"
