"""How good what was heard is, and how late it came."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pesq import PesqError, pesq
from pystoi import stoi
from scipy.signal import correlate

from benches.quality.engines import Heard
from benches.quality.speech import RATE, Passage, Speech

WINDOW = 4000
HOP = 1600

#: A window is found where it is at least so alike.
ALIKE = 0.6

#: How much later than it was sent speech is looked for, in seconds.
LATEST = 1.5

#: What PESQ says of no speech at all.
WORST_PESQ = 1.0

#: A packet's length: a sample is sent when its packet is full.
PACKET = 0.02


@dataclass(frozen=True, slots=True)
class Score:
    """A mean over all voices."""

    #: MOS-LQO by ITU-T P.862.1, 1.0 to 4.55.
    pesq: float
    #: Short-time objective intelligibility, 0 to 1.
    stoi: float
    #: From sending to coming out, the network included.
    delay_ms: float
    concealed: float | None

    @classmethod
    def mean(cls, scores: Sequence["Score"]) -> "Score":
        """That of several calls; where one does not tell a figure, the others do."""
        of_all = [[getattr(it, name) for it in scores] for name in cls.__dataclass_fields__]
        told = [[it for it in figures if it is not None] for figures in of_all]
        return cls(*(float(np.nanmean(it)) if it else None for it in told))


def score(speech: Speech, heard: Heard) -> Score:
    """What was heard beside what was said."""
    passages = [_score(speech.pcm, passage, heard) for passage in speech.passages]
    quality, intelligibility, delay = np.nanmean(np.array(passages), axis=0)
    return Score(float(quality), float(intelligibility), float(delay), heard.concealed)


def _score(said: np.ndarray, passage: Passage, heard: Heard) -> tuple[float, float, float]:
    found = list(_find(said, passage, heard))
    if not found:
        return WORST_PESQ, 0.0, float("nan")
    starts, places = np.array(found).T
    delay = heard.times[places] - starts / RATE - PACKET
    reference = said[passage.start : passage.stop]
    at = np.arange(passage.start, passage.stop)
    lag = np.interp(at, starts + WINDOW / 2, places - starts)
    aligned = _take(heard.pcm, np.round(at + lag).astype(int))
    first = passage.start + int(places[0] - starts[0])
    raw = _take(heard.pcm, np.arange(first, first + len(reference) + RATE // 2))
    return _pesq(reference, raw), _stoi(reference, aligned), 1000 * float(delay.mean())


def _find(said: np.ndarray, passage: Passage, heard: Heard) -> Iterator[tuple[int, int]]:
    """Where in what was heard each window of what was said begins, as far as it can be found."""
    loud = np.abs(said[passage.start : passage.stop].astype(float)).mean() / 3
    for start in range(passage.start, passage.stop - WINDOW, HOP):
        if np.abs(said[start : start + WINDOW].astype(float)).mean() < loud:
            continue
        place = find(said, start, heard)
        if place is not None:
            yield start, place


def find(said: np.ndarray, start: int, heard: Heard) -> int | None:
    """Where the half second that was said from ``start`` on begins in what was heard."""
    sent = start / RATE + PACKET
    first, last = np.searchsorted(heard.times, [sent - PACKET, sent + LATEST])
    around = heard.pcm[first : last + WINDOW].astype(float)
    place = _best(said[start : start + WINDOW].astype(float), around)
    return None if place is None else int(first) + place


def _best(window: np.ndarray, around: np.ndarray) -> int | None:
    if len(around) < len(window):
        return None
    sums = np.concatenate([[0.0], np.cumsum(around**2)])
    energy = sums[len(window) :] - sums[: -len(window)]
    alike = correlate(around, window, "valid", "fft")
    alike /= np.sqrt(np.maximum(energy, 1.0) * (window**2).sum())
    place = int(alike.argmax())
    return place if alike[place] >= ALIKE else None


def _take(pcm: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The samples at these places; silence where there are none."""
    there = (at >= 0) & (at < len(pcm))
    taken = np.zeros(len(at), "<i2")
    taken[there] = pcm[at[there]]
    return taken


def _pesq(reference: np.ndarray, heard: np.ndarray) -> float:
    try:
        return float(pesq(RATE, reference, heard, "nb"))
    except PesqError:
        return WORST_PESQ


def _stoi(reference: np.ndarray, heard: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(stoi(reference / 32768, heard / 32768, RATE))
