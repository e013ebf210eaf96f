"""A change of format in one call, against its parts."""

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fourwire as fw
from fourwire import g711

SPEECH = (9000 * np.sin(np.arange(24_000) * 0.37)).astype("<i2")


def test_a_telephone_becomes_what_an_agent_hears() -> None:
    codes = g711.encode_pcmu(SPEECH)
    converter = fw.Converter("audio/pcmu", "audio/pcm;rate=24000")
    assert converter.convert(codes) == fw.Resampler(8000, 24000).process(g711.decode_pcmu(codes))
    assert converter.delay_ms == fw.Resampler(8000, 24000).delay_ms


def test_an_agent_becomes_what_a_telephone_hears() -> None:
    converter = fw.Converter("audio/pcm", "audio/pcma")
    expected = g711.encode_pcma(fw.Resampler(24000, 8000).process(SPEECH))
    assert converter.convert(SPEECH) == expected
    assert (converter.input, converter.output) == ("audio/pcm;rate=24000", "audio/pcma")
    assert repr(converter) == 'Converter("audio/pcm;rate=24000", "audio/pcma")'


def test_audio_comes_in_any_buffer() -> None:
    expected = fw.Converter("audio/pcm", "audio/pcmu").convert(SPEECH.tobytes())
    for audio in (SPEECH, array("h", SPEECH.tolist()), memoryview(SPEECH.tobytes())):
        assert fw.Converter("audio/pcm", "audio/pcmu").convert(audio) == expected


def test_codes_are_not_taken_for_samples() -> None:
    with pytest.raises(TypeError, match="bytes"):
        fw.Converter("audio/pcmu", "audio/pcm").convert(SPEECH)


@given(st.lists(st.binary(max_size=400), max_size=6))
def test_pieces_give_what_the_whole_gives(pieces: list[bytes]) -> None:
    converter, whole = (fw.Converter("audio/pcm", "audio/pcmu") for _ in range(2))
    converted = b"".join(converter.convert(piece) for piece in pieces)
    assert converted == whole.convert(b"".join(pieces))


def test_after_a_reset_nothing_is_left_of_what_came_before() -> None:
    converter = fw.Converter("audio/pcmu", "audio/pcm", "low_delay")
    converter.convert(g711.encode_pcmu(SPEECH))
    converter.reset()
    assert converter.convert(b"\xff" * 160) == bytes(960)


def test_a_format_that_nobody_knows_is_named() -> None:
    with pytest.raises(ValueError, match="audio/opus"):
        fw.Converter("audio/opus", "audio/pcm")
