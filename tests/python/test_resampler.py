"""The resampler as Python calls it, against soxr."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import Resampler

Rate = Literal[8000, 16000, 24000, 48000]
Preset = Literal["standard", "low_delay"]
Samples = npt.NDArray[np.int16]

RATES: tuple[Rate, ...] = (8000, 16000, 24000, 48000)
PAIRS = [(a, b) for a in RATES for b in RATES if a != b]
PRESETS: tuple[Preset, ...] = ("standard", "low_delay")

SPEECH_BAND = (300, 700, 1234, 2000, 2750, 3100)
"""Hertz; what a telephone carries."""

CLEAN = 70
"""Decibels of signal above error; G.711 itself reaches 38."""


def chord(rate: int, frequencies: tuple[int, ...] = SPEECH_BAND, seconds: float = 1) -> Samples:
    time = np.arange(int(rate * seconds)) / rate
    tones = [np.sin(2 * np.pi * frequency * time + frequency) for frequency in frequencies]
    pcm: Samples = np.round(np.sum(tones, axis=0) * 2500).astype(np.int16)
    return pcm


def resample(pcm: Samples, source: Rate, target: Rate, preset: Preset = "standard") -> Samples:
    return np.frombuffer(Resampler(source, target, preset).process(pcm), dtype=np.int16)


def delayed(signal: npt.NDArray[np.float64], samples: float) -> npt.NDArray[np.float64]:
    """`signal`, later by a number of samples that need not be whole."""
    spectrum = np.fft.rfft(signal)
    turns = np.fft.rfftfreq(len(signal)) * samples
    return np.fft.irfft(spectrum * np.exp(-2j * np.pi * turns), len(signal))


def decibels(signal: npt.NDArray[Any], noise: npt.NDArray[Any]) -> float:
    power = float((signal.astype(float) ** 2).sum() / (noise.astype(float) ** 2).sum())
    return float(10 * np.log10(power))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_speech_comes_out_as_soxr_would_give_it(source: Rate, target: Rate, preset: Preset) -> None:
    soxr = pytest.importorskip("soxr", reason="soxr is not installed")
    pcm = chord(source)
    ours = resample(pcm, source, target, preset)
    theirs = soxr.resample(pcm.astype(np.float64), source, target, quality="VHQ")
    length = min(len(ours), len(theirs))
    delay = Resampler(source, target, preset).delay_ms * target / 1000
    expected = delayed(theirs[:length], delay)
    middle = slice(length // 8, -length // 8)  # the ends see the shift wrap around
    assert decibels(expected[middle], ours[:length][middle] - expected[middle]) > CLEAN


@pytest.mark.parametrize(("source", "target"), [(48000, 8000), (24000, 8000), (16000, 8000)])
def test_what_the_lower_rate_cannot_carry_does_not_come_back_as_an_alias(
    source: Rate, target: Rate
) -> None:
    out_of_band = chord(source, (5000,))
    assert np.abs(resample(out_of_band, source, target)[200:-200]).max() <= 3


@pytest.mark.parametrize(("preset", "limit"), [("standard", 3.0), ("low_delay", 2.0)])
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_delay_is_within_what_the_preset_promises(
    source: Rate, target: Rate, preset: Preset, limit: float
) -> None:
    assert 0 < Resampler(source, target, preset).delay_ms <= limit


@given(
    pair=st.sampled_from(PAIRS),
    samples=st.lists(st.integers(-32768, 32767), min_size=1, max_size=400),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_pieces_give_what_the_whole_gives(
    pair: tuple[Rate, Rate], samples: list[int], cuts: list[int]
) -> None:
    pcm = np.array(samples, dtype=np.int16)
    resampler = Resampler(*pair)
    pieces = [resampler.process(piece) for piece in np.split(pcm, sorted(cuts))]
    assert b"".join(pieces) == resample(pcm, *pair).tobytes()


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_packet_in_is_a_packet_out(source: Rate, target: Rate) -> None:
    resampler = Resampler(source, target)
    for _ in range(5):
        assert len(resampler.process(bytes(2 * source // 50))) == 2 * target // 50


def test_equal_rates_pass_samples_through() -> None:
    pcm = chord(16000)
    assert resample(pcm, 16000, 16000).tobytes() == pcm.tobytes()
    assert Resampler(16000, 16000).delay_ms == 0


def test_a_reset_forgets_what_was_fed() -> None:
    resampler = Resampler(8000, 24000)
    first = resampler.process(chord(8000))
    resampler.reset()
    assert resampler.process(chord(8000)) == first


def test_samples_go_into_a_given_buffer() -> None:
    out = np.zeros(480, dtype=np.int16)
    assert Resampler(8000, 24000).process(chord(8000)[:160], out=out) == 480
    assert out.tobytes() == resample(chord(8000)[:160], 8000, 24000).tobytes()


def test_a_buffer_that_is_too_small_costs_no_samples() -> None:
    resampler = Resampler(8000, 24000)
    with pytest.raises(BufferError, match="room for 100 bytes, where 960 are needed"):
        resampler.process(chord(8000)[:160], out=bytearray(100))
    assert resampler.process(chord(8000)) == resample(chord(8000), 8000, 24000).tobytes()


@pytest.mark.parametrize("rate", [0, -8000, 44100, 2**40])
def test_a_rate_that_is_not_known_is_named(rate: Any) -> None:
    with pytest.raises(ValueError, match=f"one of 8000, 16000, 24000, 48000 Hz, not {rate}"):
        Resampler(8000, rate)


def test_a_preset_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match=r'preset is one of "standard", "low_delay", not \'best\''):
        Resampler(8000, 16000, "best")  # type: ignore[arg-type]
