"""WAV files as they are read and written around a call: 16-bit PCM."""

import wave
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Recording", "read_wav"]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a WAV file holds."""

    rate: int
    """Samples a second in each channel."""
    channels: int
    """How many channels lie side by side in `pcm`."""
    pcm: bytes
    """Samples: 16 bit, little-endian, interleaved."""

    @property
    def duration_s(self) -> float:
        """How long it plays."""
        return len(self.pcm) / (2 * self.channels * self.rate)


def read_wav(path: Path | str) -> Recording:
    """The recording at `path`; ValueError where it is not 16-bit PCM."""
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{path} has {8 * file.getsampwidth()}-bit samples, not 16-bit")
            pcm = file.readframes(file.getnframes())
            return Recording(file.getframerate(), file.getnchannels(), pcm)
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path} is not a PCM WAV file: {error}") from None
