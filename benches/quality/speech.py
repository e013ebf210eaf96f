"""What is said: recordings of people, by several voices, one after the other."""

import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fourwire as fw

RATE = 8000

#: Debian's asterisk-core-sounds-*-wav: a long prompt, recorded for the telephone (CC-BY-SA 3.0).
PROMPTS = Path("/usr/share/asterisk/sounds")
VOICES = {
    "Allison, English": "en_US_f_Allison/demo-instruct.wav",
    "Carlo, Italian": "it_IT_m_Carlo/demo-instruct.wav",
    "June, French": "fr_CA_f_June/demo-instruct.wav",
    "Ivrvoice, Russian": "ru_RU_f_IvrvoiceRU/demo-instruct.wav",
}

#: Synthetic, but always there.
FALLBACK = Path(__file__).parents[2] / "python" / "fourwire" / "demo" / "recordings"

#: The level of speech in tests of telephony (ITU-T P.830 section 7.2.2).
LEVEL_DBOV = -26.0

PAUSE = RATE // 2


@dataclass(frozen=True, slots=True)
class Passage:
    """What one voice says, and where in the call."""

    voice: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Speech:
    """All that is said in a call, with a second of silence around."""

    pcm: np.ndarray
    passages: tuple[Passage, ...]
    source: str


def speech(voices: int, seconds: float) -> Speech:
    """So many voices, each for so long."""
    spoken = list(_recordings(seconds))[:voices]
    silence = np.zeros(RATE, "<i2")
    pieces, passages, at = [silence], [], RATE
    for voice, pcm in spoken:
        passages.append(Passage(voice, at, at + len(pcm)))
        pieces += [_at_level(pcm), np.zeros(PAUSE, "<i2")]
        at += len(pcm) + PAUSE
    return Speech(np.concatenate([*pieces, silence]), tuple(passages), _source())


def _source() -> str:
    here = "Asterisk's prompts" if any((PROMPTS / it).exists() for it in VOICES.values()) else ""
    return here or "synthetic speech, as asterisk-core-sounds-*-wav are not installed"


def _recordings(seconds: float) -> Iterator[tuple[str, np.ndarray]]:
    found = {voice: PROMPTS / path for voice, path in VOICES.items() if (PROMPTS / path).exists()}
    found = found or {path.stem: path for path in sorted(FALLBACK.glob("*.wav"))}
    for voice, path in found.items():
        yield voice, _read(path, seconds)


def _read(path: Path, seconds: float) -> np.ndarray:
    with wave.open(str(path)) as recording:
        rate = recording.getframerate()
        pcm = recording.readframes(int(rate * seconds))
    return np.frombuffer(fw.Resampler(rate, RATE).process(pcm), "<i2")


def _at_level(pcm: np.ndarray) -> np.ndarray:
    gain = 10 ** ((LEVEL_DBOV - fw.level_dbov(pcm)) / 20)
    return np.clip(np.round(pcm * gain), -32768, 32767).astype("<i2")


def silent(pcm: Sequence[int] | np.ndarray) -> bool:
    """Whether a sender with silence suppression would not send this."""
    return fw.level_dbov(np.asarray(pcm, "<i2")) < -55
