"""Speech said at one end of a call and looked for at the other: 16-bit samples at 8 kHz."""

import wave
from dataclasses import dataclass
from pathlib import Path

from fourwire.demo.figures import likeness
from fourwire.demo.levels import SPEECH_DBOV, dbov
from fourwire.standin.formats import AudioFormat, Decoder
from fourwire.standin.recordings import recorded

BYTES_A_SECOND = 16_000

SECOND = bytes(BYTES_A_SECOND)
"""A second of silence."""

STRETCH_BYTES = BYTES_A_SECOND // 2
"""What is looked for at once: long enough to be found in one place only."""


def write_wav(path: Path, pcm: bytes, rate: int = 8000) -> Path:
    """A file of somebody who says `pcm`, for a telephone to play."""
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(pcm)
    return path


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of speech, found again in what somebody heard."""

    likeness: float
    """Normalised cross-correlation; 1 is the same."""
    shift_s: float
    """Where it was found, less where it was in the original."""


def found(heard: bytes, said: bytes, seconds: float | None = None) -> list[Found]:
    """Where each half second with speech of `said`, or of its first `seconds`, is in `heard`."""
    until = len(said) if seconds is None else int(seconds * BYTES_A_SECOND)
    places = []
    for start in range(0, until - STRETCH_BYTES + 1, STRETCH_BYTES):
        stretch = said[start : start + STRETCH_BYTES]
        if dbov(stretch) > SPEECH_DBOV:
            score, at = likeness(heard, stretch)
            places.append(Found(score, at - start / BYTES_A_SECOND))
    return places


def is_whole(places: list[Found], *, alike: float = 0.99, drift_s: float = 0.001) -> bool:
    """Whether every stretch is there, and where it belongs beside the others."""
    shifts = [place.shift_s for place in places]
    return (
        bool(places)
        and min(place.likeness for place in places) >= alike
        and max(shifts) - min(shifts) <= drift_s
    )


def is_understood(places: list[Found], *, drift_s: float = 0.25) -> bool:
    """Whether two thirds of the stretches are there, and where they belong beside the others.

    For peers whose own buffers slip now and then: a half second with a slip is not like itself.
    """
    alike = [place for place in places if place.likeness >= 0.9]
    return 3 * len(alike) >= 2 * len(places) and is_whole(alike, alike=0.9, drift_s=drift_s)


def agent_says(name: str) -> bytes:
    """The stand-in's recording `name`, as it leaves it for a caller in G.711."""
    audio = AudioFormat("audio/pcmu", 8000)
    return Decoder(audio).decode(recorded(name, audio).audio)
