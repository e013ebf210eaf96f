"""What callers say: short utterances of several people, and when each begins."""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fourwire as fw
from benches.quality.speech import FALLBACK, LEVEL_DBOV, PROMPTS

RATE = 8000
FRAME = RATE // 200

#: Debian's asterisk-core-sounds-*-wav (CC-BY-SA 3.0); each folder is one person's voice.
VOICES = [
    "en_US_f_Allison",
    "es_MX_f_Allison",
    "fr_CA_f_June",
    "it_IT_f_Menardi",
    "it_IT_m_Carlo",
    "ru_RU_f_IvrvoiceRU",
]

#: What in these folders is no voice.
NO_VOICE = ("silence", "beep", "tt-", "ascending", "descending", "confbridge-j", "confbridge-l")


@dataclass(frozen=True, slots=True)
class Talk:
    """A line with utterances between pauses."""

    pcm: np.ndarray
    begins: list[int]
    """First samples of the utterances."""
    ends: list[int]


def talks(utterances: int, seed: int, level_dbov: float = LEVEL_DBOV) -> list[Talk]:
    """One line for each voice that is installed; else one of synthetic voices."""
    dice = np.random.default_rng(seed)
    chosen = []
    for folder in [PROMPTS / voice for voice in VOICES]:
        paths = [path for path in sorted(folder.rglob("*.wav")) if not _is_no_voice(path, folder)]
        if paths:
            picks = dice.permutation(len(paths))[:utterances]
            chosen.append(_talk([_read(paths[at]) for at in picks], level_dbov, dice))
    return chosen or [_talk([_read(path) for path in sorted(FALLBACK.glob("*.wav"))], -26, dice)]


def babble(talks: list[Talk]) -> np.ndarray:
    """Other people who talk in the same room: all voices at once, each three times."""
    length = min(len(talk.pcm) for talk in talks)
    shifts = [
        (talk, turn * length // 3 + 5000 * at) for at, talk in enumerate(talks) for turn in range(3)
    ]
    return np.sum([np.roll(talk.pcm[:length], shift) for talk, shift in shifts], axis=0)


def source() -> str:
    """Where the voices come from."""
    installed = [voice for voice in VOICES if (PROMPTS / voice).exists()]
    return ", ".join(installed) or "synthetic speech, as asterisk-core-sounds-*-wav is missing"


def _is_no_voice(path: Path, folder: Path) -> bool:
    return str(path.relative_to(folder)).startswith(NO_VOICE)


def _talk(recordings: list[np.ndarray], level_dbov: float, dice: np.random.Generator) -> Talk:
    pieces, begins, ends = [np.zeros(int(1.5 * RATE))], [], []
    at = len(pieces[0])
    for spoken in _utterances(recordings, level_dbov):
        begins.append(at + begin_of(spoken))
        pieces += [spoken, np.zeros(int(dice.uniform(0.6, 1.5) * RATE))]
        ends.append(at + len(spoken))
        at += len(spoken) + len(pieces[-1])
    return Talk(np.concatenate(pieces), begins, ends)


def _utterances(recordings: list[np.ndarray], level_dbov: float) -> Iterator[np.ndarray]:
    """Each at its level, with 50 ms before its beginning."""
    for recording in (it for it in recordings if len(it) > RATE // 10):
        spoken = _at_level(recording, level_dbov)
        begin = begin_of(spoken)
        if begin >= 0:
            yield spoken[max(0, begin - RATE // 20) :]


def _read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as recording:
        rate, pcm = recording.getframerate(), recording.readframes(recording.getnframes())
    return np.frombuffer(fw.Resampler(rate, RATE).process(pcm), "<i2").astype(float)


def _at_level(pcm: np.ndarray, level_dbov: float) -> np.ndarray:
    """`pcm` with its active parts at `level_dbov`, pauses not counted (as ITU-T P.56 has it)."""
    levels = _levels(pcm, 2 * FRAME)
    active = levels[levels > np.percentile(levels, 95) - 20]
    return pcm * 10 ** ((level_dbov - 10 * np.log10(np.mean(10 ** (active / 10)))) / 20)


def begin_of(clean: np.ndarray) -> int:
    """The first sample of speech in a clean recording at -26 dBov: from where 5 ms are louder than
    -46 dBov, and the 60 ms that follow louder than -40; -1 where there is none.
    """
    levels = _levels(clean, FRAME)
    for at in range(len(levels) - 12):
        follows = 10 * np.log10(np.mean(10 ** (levels[at : at + 12] / 10)))
        if levels[at] > -46 and follows > -40:
            return at * FRAME
    return -1


def _levels(pcm: np.ndarray, frame: int) -> np.ndarray:
    frames = pcm[: len(pcm) // frame * frame].reshape(-1, frame)
    return 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-3) / 2**30)
