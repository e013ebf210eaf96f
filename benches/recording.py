"""Telephone speech that is always there: a recording of the package's own."""

import warnings
import wave
from pathlib import Path

import fourwire.standin

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

SPEAKER = Path(fourwire.standin.__file__).with_name("speech") / "answer-1.wav"


def speech(samples: int, rate: int = 8000) -> bytes:
    """16-bit samples from the middle of a sentence on, and again from its start."""
    with wave.open(str(SPEAKER)) as speaker:
        wide = speaker.readframes(speaker.getnframes())
        pcm, _ = audioop.ratecv(wide, 2, 1, speaker.getframerate(), rate, None)
    return (pcm * (2 * samples // len(pcm) + 2))[2 * rate : 2 * rate + 2 * samples]


def frames(audio: bytes, length: int) -> list[bytes]:
    """``audio`` cut into frames of ``length`` bytes; what is left over is dropped."""
    return [audio[at : at + length] for at in range(0, len(audio) - length + 1, length)]
