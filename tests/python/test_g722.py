"""G.722 beside FFmpeg's, which nobody here wrote, and whole beside in pieces."""

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fourwire import g722

Samples = NDArray[np.int16]


def ffmpeg_encoded(pcm: Samples) -> bytes:
    codec = av.CodecContext.create("g722", "w")
    codec.sample_rate, codec.layout, codec.format = 16_000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.sample_rate = 16_000
    return b"".join(bytes(packet) for part in (frame, None) for packet in codec.encode(part))


def ffmpeg_decoded(octets: bytes) -> bytes:
    codec = av.CodecContext.create("g722", "r")
    codec.sample_rate, codec.layout = 16_000, "mono"
    frames = codec.decode(av.Packet(octets))
    return b"".join(frame.to_ndarray().astype(np.int16).tobytes() for frame in frames)


def signals(seed: int, kind: str, level: int) -> Samples:
    rng, time = np.random.default_rng(seed), np.arange(4000) / 16_000
    wave = {
        "noise": rng.uniform(-1, 1, 4000),
        "square": np.sign(np.sin(2 * np.pi * rng.integers(50, 8000) * time)),
        "tones": np.sin(2 * np.pi * rng.integers(50, 4000) * time)
        * np.sin(2 * np.pi * rng.integers(1, 4000) * time),
        "clicks": np.where(rng.random(4000) > 0.99, 1.0, 0.0),
    }[kind]
    return (wave * level).clip(-32768, 32767).astype(np.int16)


many_signals = st.builds(
    signals,
    st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "square", "tones", "clicks"]),
    st.sampled_from([3, 100, 2000, 20_000, 32_768]),
)


@settings(max_examples=60, deadline=None)
@given(many_signals)
def test_every_signal_is_encoded_and_decoded_as_ffmpeg_does(pcm: Samples) -> None:
    octets = g722.encode(pcm)
    assert octets == ffmpeg_encoded(pcm)
    assert g722.decode(octets) == ffmpeg_decoded(octets)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=2000))
def test_any_octets_are_decoded_as_ffmpeg_does(octets: bytes) -> None:
    assert g722.decode(octets) == ffmpeg_decoded(octets)


@given(st.lists(st.binary(max_size=101), max_size=8))
def test_pieces_are_the_whole(pieces: list[bytes]) -> None:
    decoder, encoder = g722.Decoder(), g722.Encoder()
    pcm = [decoder.decode(piece) for piece in pieces]
    assert b"".join(pcm) == g722.decode(b"".join(pieces))
    assert b"".join(map(encoder.encode, pcm)) == g722.encode(b"".join(pcm))


def test_an_odd_sample_waits_for_the_next() -> None:
    encoder, pcm = g722.Encoder(), signals(1, "noise", 2000)
    octets = encoder.encode(pcm[:161]) + encoder.encode(pcm[161:320])
    assert octets == g722.encode(pcm[:320])


def test_what_is_given_as_out_is_filled() -> None:
    pcm = signals(2, "tones", 9000)[:320]
    octets, samples = bytearray(160), np.zeros(320, np.int16)
    assert g722.Encoder().encode(pcm, octets) == 160
    assert octets == g722.encode(pcm)
    assert g722.Decoder().decode(octets, samples) == 320
    assert samples.tobytes() == g722.decode(octets)
    with pytest.raises(BufferError, match="out has room"):
        g722.Decoder().decode(octets, np.zeros(319, np.int16))
