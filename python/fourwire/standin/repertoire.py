"""What the stand-in says next: a greeting, the bundled answers, then the caller's own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fourwire.standin.formats import CALLER_RATE, AudioFormat
from fourwire.standin.recordings import GOODBYE, GREETING, Utterance, recorded

__all__ = ["Repertoire", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the caller said: PCM at 8 kHz, and how long they spoke."""

    pcm: bytes
    speech_ms: int

    @property
    def words(self) -> str:
        """A transcript that does not pretend: the stand-in knows when, not what."""
        return f"[caller speech, {self.speech_ms / 1000:.1f} s]"


class Repertoire:
    """Chooses by the turns so far; the same turns give the same words."""

    def __init__(self, answers: Sequence[str]) -> None:
        self._answers = answers
        self._given = 0

    def next(self, audio_format: AudioFormat, asked: str, turn: Turn | None) -> Utterance:
        """The next thing to say, to typed words (`asked`) or to what the caller said last."""
        given, self._given = self._given, self._given + 1
        if FAREWELL.search(asked):
            return recorded(GOODBYE, audio_format)
        if given == 0:
            return recorded(GREETING, audio_format)
        if given <= len(self._answers):
            return recorded(self._answers[given - 1], audio_format)
        if turn is None:
            return recorded(self._answers[-1] if self._answers else GREETING, audio_format)
        return _repeat(turn, audio_format)


def _repeat(turn: Turn, audio_format: AudioFormat) -> Utterance:
    words = f"[repeats the caller, {turn.speech_ms / 1000:.1f} s]"
    return Utterance(words, audio_format.encoded(turn.pcm, CALLER_RATE), audio_format)


FAREWELL = re.compile(r"\bgood ?bye\b", re.IGNORECASE)
