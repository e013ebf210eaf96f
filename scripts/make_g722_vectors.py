"""Writes what FFmpeg's G.722 makes of speech, noise and extremes.

Run with PyAV, NumPy and soxr installed::

    .venv/bin/python scripts/make_g722_vectors.py rust/core/tests/data/g722.bin
"""

import sys
import wave
from pathlib import Path

import av
import numpy as np
import soxr

SPEECH = Path(__file__).parent.parent / "python/fourwire/standin/speech/greeting.wav"
SAMPLES = 32_000
OCTETS = 8_000


def signals() -> np.ndarray:
    """Half a second each of speech, noise, square waves at full scale, and a rising tone."""
    part, rng = SAMPLES // 4, np.random.default_rng(722)
    with wave.open(str(SPEECH)) as file:
        speech = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        wide = soxr.resample(speech, file.getframerate(), 16_000)
    loudest = int(np.argmax(np.convolve(np.abs(wide.astype(float)), np.ones(part), "valid")))
    time = np.arange(part) / 16_000
    square = np.where(np.sin(2 * np.pi * (100 + 7000 * time) * time) > 0, 32_767, -32_768)
    sweep = 20_000 * np.sin(2 * np.pi * 7800 * time * time)
    noise = rng.integers(-32_768, 32_768, part)
    return np.concatenate([wide[loudest:][:part], noise, square, sweep]).astype("<i2")


def encoded(pcm: np.ndarray) -> bytes:
    """The octets of `pcm`."""
    codec = av.CodecContext.create("g722", "w")
    codec.sample_rate, codec.layout, codec.format = 16_000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.sample_rate = 16_000
    return b"".join(bytes(packet) for part in (frame, None) for packet in codec.encode(part))


def decoded(octets: bytes) -> bytes:
    """The samples of `octets`."""
    codec = av.CodecContext.create("g722", "r")
    codec.sample_rate, codec.layout = 16_000, "mono"
    return b"".join(f.to_ndarray().astype("<i2").tobytes() for f in codec.decode(av.Packet(octets)))


def main() -> None:
    """Write samples, their octets, and the samples of these; then octets of noise and theirs."""
    pcm = signals()
    octets = encoded(pcm)
    noise = np.random.default_rng(9).integers(0, 256, OCTETS, dtype=np.uint8).tobytes()
    parts = [pcm.tobytes(), octets, decoded(octets), noise, decoded(noise)]
    Path(sys.argv[1]).write_bytes(b"".join(parts))


if __name__ == "__main__":
    main()
