"""What the stand-in can say: a few sentences of synthetic speech that come with the package.

Made by ``scripts/make_speech.sh``; 16 kHz mono 16-bit WAV at -20 dBFS.
"""

import wave
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from fourwire import _core
from fourwire.standin.formats import AudioFormat, Rate, is_rate

__all__ = ["BACK_CHANNEL", "FILLER", "GOODBYE", "GREETING", "WORDS", "Utterance", "recorded"]

GREETING = "greeting"
GOODBYE = "goodbye"
BACK_CHANNEL = "uh-huh"
FILLER = "filler"

WORDS = {
    "greeting": "Hi, this is the fourwire stand-in agent. How can I help you today?",
    "answer-1": "Thanks, I heard you. I am a local stand-in, so I only know a few sentences.",
    "answer-2": "You can interrupt me at any time. From now on, I repeat whatever you say.",
    "goodbye": "Thank you for calling. Goodbye!",
    "uh-huh": "Uh-huh.",
    "filler": "One moment, please.",
}
"""The words of each recording, by its name."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something to say: its words, and its audio in the format of the wire."""

    words: str
    audio: bytes
    format: AudioFormat

    @property
    def duration_ms(self) -> int:
        """How long it plays."""
        return int(self.format.ms(len(self.audio)))


@lru_cache(maxsize=256)
def recorded(name: str, audio_format: AudioFormat, gain: float = 1.0) -> Utterance:
    """The recording `name` in `audio_format`, `gain` times as loud; kept for all sessions."""
    pcm, rate = _read(name)
    scaled = _core.audioop.mul(pcm, 2, gain)
    return Utterance(WORDS[name], audio_format.encoded(scaled, rate), audio_format)


@cache
def _read(name: str) -> tuple[bytes, Rate]:
    source = files("fourwire.standin").joinpath("speech", f"{name}.wav")
    with source.open("rb") as file, wave.open(file) as recording:
        rate = recording.getframerate()
        assert is_rate(rate), "the recordings come with the package"
        return recording.readframes(recording.getnframes()), rate
