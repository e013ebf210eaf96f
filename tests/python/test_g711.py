"""G.711 and levels as Python calls them, against an oracle that nobody here wrote."""

import array
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import g711, level_dbov, peak

Decode = Callable[[bytes], bytes]

ALL_CODES = bytes(range(256))
ALL_SAMPLES = np.arange(-32768, 32768, dtype=np.int16)

LAWS = [
    pytest.param(g711.decode_pcmu, g711.encode_pcmu, "ulaw", id="PCMU"),
    pytest.param(g711.decode_pcma, g711.encode_pcma, "alaw", id="PCMA"),
]


def oracle(name: str) -> Callable[[bytes, int], bytes]:
    """A function of the standard library's `audioop`, where this Python still has it."""
    audioop = pytest.importorskip("audioop", reason="audioop left the standard library in 3.13")
    function: Callable[[bytes, int], bytes] = getattr(audioop, name)
    return function


@pytest.mark.filterwarnings("ignore:'audioop' is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("decode", "encode", "law"), LAWS)
class TestEveryValue:
    def test_every_code_decodes_as_audioop_decodes_it(
        self, decode: Decode, encode: Decode, law: str
    ) -> None:
        assert decode(ALL_CODES) == oracle(f"{law}2lin")(ALL_CODES, 2)

    def test_every_sample_encodes_as_audioop_encodes_it(
        self, decode: Decode, encode: Decode, law: str
    ) -> None:
        samples = ALL_SAMPLES.tobytes()
        assert encode(samples) == oracle(f"lin2{law}")(samples, 2)

    def test_what_was_decoded_encodes_to_a_code_of_the_same_sample(
        self, decode: Decode, encode: Decode, law: str
    ) -> None:
        samples = decode(ALL_CODES)
        assert decode(encode(samples)) == samples


@given(st.binary(max_size=2000))
def test_the_length_of_a_buffer_changes_no_code(codes: bytes) -> None:
    whole = g711.decode_pcmu(codes)
    assert whole == b"".join(g711.decode_pcmu(codes[i : i + 1]) for i in range(len(codes)))


@given(st.lists(st.integers(-32768, 32767), max_size=500))
def test_a_sample_survives_within_the_step_of_its_segment(samples: list[int]) -> None:
    pcm = np.array(samples, dtype=np.int16)
    heard = np.frombuffer(g711.decode_pcma(g711.encode_pcma(pcm)), dtype=np.int16)
    error = np.abs(heard.astype(int) - pcm.astype(int))
    assert np.all(error <= np.maximum(16, np.abs(pcm.astype(int)) // 16))


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(np.array([0, 1000, -1000], dtype=np.int16), id="numpy"),
        pytest.param(array.array("h", [0, 1000, -1000]), id="array"),
        pytest.param(memoryview(array.array("h", [0, 1000, -1000])), id="memoryview"),
        pytest.param(np.array([0, 9, 1000, 9, -1000], dtype=np.int16)[::2], id="strided"),
        pytest.param(np.array([0, 1000, -1000], dtype=np.int16).tobytes(), id="bytes"),
        pytest.param(bytearray(np.array([0, 1000, -1000], dtype=np.int16)), id="bytearray"),
    ],
)
def test_samples_come_in_any_buffer(pcm: object) -> None:
    assert g711.encode_pcmu(pcm) == bytes([255, 206, 78])  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, memoryview, lambda codes: np.frombuffer(codes, np.uint8)]
)
def test_codes_come_in_any_buffer(kind: Callable[[bytes], bytes]) -> None:
    assert g711.decode_pcma(kind(ALL_CODES)) == g711.decode_pcma(ALL_CODES)


def test_samples_go_into_the_head_of_a_buffer_of_samples() -> None:
    out = np.full(300, 7, dtype=np.int16)
    assert g711.decode_pcmu(ALL_CODES, out=out) == 256
    assert out[:256].tobytes() == g711.decode_pcmu(ALL_CODES)
    assert set(out[256:]) == {7}


def test_samples_go_into_the_head_of_a_buffer_of_bytes() -> None:
    out = bytearray(1000)
    assert g711.decode_pcmu(ALL_CODES, out=out) == 256
    assert out[:512] == g711.decode_pcmu(ALL_CODES)


def test_codes_go_into_a_given_buffer() -> None:
    out = bytearray(65536)
    assert g711.encode_pcma(ALL_SAMPLES, out=out) == 65536
    assert out == g711.encode_pcma(ALL_SAMPLES)


def test_a_long_buffer_gives_what_its_pieces_give() -> None:
    codes = ALL_CODES * 200
    assert g711.decode_pcmu(codes) == g711.decode_pcmu(ALL_CODES) * 200


class TestWhatDoesNotFit:
    def test_half_a_sample_is_refused(self) -> None:
        with pytest.raises(ValueError, match="3 bytes are not a whole number of 16-bit samples"):
            g711.encode_pcmu(b"abc")

    def test_text_is_no_buffer(self) -> None:
        with pytest.raises(TypeError, match="a buffer of bytes is needed, not str"):
            g711.decode_pcmu("abc")  # type: ignore[call-overload]

    def test_samples_are_no_codes(self) -> None:
        with pytest.raises(TypeError, match='not one of format "h"'):
            g711.decode_pcmu(ALL_SAMPLES)  # type: ignore[arg-type]

    def test_floats_are_no_samples(self) -> None:
        with pytest.raises(TypeError, match='16-bit samples is needed, not one of format "d"'):
            g711.encode_pcmu(np.zeros(4))  # type: ignore[arg-type]

    def test_a_small_buffer_is_named_with_what_is_needed(self) -> None:
        with pytest.raises(BufferError, match="room for 4 bytes, where 6 are needed"):
            g711.decode_pcmu(b"abc", out=bytearray(4))

    def test_a_buffer_that_cannot_be_written_is_refused(self) -> None:
        with pytest.raises(BufferError, match="out cannot be written to: bytes"):
            g711.decode_pcmu(b"abc", out=b"123456")


def test_a_full_square_wave_is_at_0_dbov() -> None:
    wave = np.tile(np.array([32767, -32768], dtype=np.int16), 400)
    assert level_dbov(wave) == pytest.approx(0, abs=0.01)
    assert peak(wave) == 32768


def test_a_full_sine_is_3_db_below_a_square_wave() -> None:
    sine = np.round(32767 * np.sin(np.arange(8000) * 2 * math.pi / 80)).astype(np.int16)
    assert level_dbov(sine) == pytest.approx(-3.01, abs=0.02)


def test_silence_has_the_lowest_level() -> None:
    assert level_dbov(bytes(320)) == -127
    assert peak(b"") == 0
