"""Pictures of networks, of delay over time, of what a loss sounds like, and of the resampler.

``python -m benches pictures`` writes them to ``docs/pictures``.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np

import fourwire as fw
from benches.quality.engines import ENGINES, Unavailable
from benches.quality.scenarios import NS, Sender
from benches.quality.scores import WINDOW, find
from benches.quality.speech import RATE, Speech, speech
from benches.response import FREQUENCIES, responses

mpl.use("agg")
mpl.rcParams.update(
    {
        "font.size": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "savefig.bbox": "tight",
        "savefig.dpi": 110,
        "svg.fonttype": "none",
        "svg.hashsalt": "fourwire",
    }
)

import matplotlib.pyplot as plt  # noqa: E402 - the settings come first

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"

SHOWN = [
    *("jitter-10", "jitter-60", "heavy-tail", "bufferbloat"),
    *("wifi", "mobile", "stall", "reordering"),
]


def draw() -> Iterator[Path]:
    """All pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        picture()
        path = FOLDER / name
        plt.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
        plt.close()
        yield path


def networks() -> None:
    """The delay of every packet of half a minute, for some profiles."""
    _, places = plt.subplots(2, 4, figsize=(10, 4), sharex=True, sharey=True)
    sent = [number * NS // 50 for number in range(1500)]
    for place, name in zip(places.flat, SHOWN, strict=True):
        arrived = fw.Network(name, seed=1).arrivals(sent)
        seconds = [sent[which] / NS for _, which in arrived]
        delays = [(at - sent[which]) / 1e6 for at, which in arrived]
        place.plot(seconds, delays, ".", markersize=1.5)
        lost = [sent[which] / NS for which in set(range(1500)) - {which for _, which in arrived}]
        place.plot(lost, np.zeros(len(lost)), "|", color="tab:red", markersize=6)
        place.set_title(name)
        place.set_ylim(0, 420)
    for place in places[:, 0]:
        place.set_ylabel("delay, ms")
    for place in places[1]:
        place.set_xlabel("sent, s")


def delay_over_time() -> None:
    """The playout buffer where jitter rises and falls, and the sender's clock is fast."""
    said = speech(4, 14.0)
    network = fw.Network("jitter-10", seed=1, skew_ppm=200)
    changes = {20: fw.Network("jitter-60", skew_ppm=200), 40: fw.Network("jitter-10", skew_ppm=200)}
    sent_at = {}
    for now, datagram in Sender().packets(said.pcm):
        if (change := changes.pop(now // NS, None)) is not None:
            network.change(change)
        network.send(now, datagram)
        sent_at[fw.RtpPacket.parse(datagram).sequence] = now
    buffer, arrivals, lines = fw.PlayoutBuffer(codec="PCMU"), [], []
    for now in range(0, len(said.pcm) * NS // RATE, NS // 50):
        while (arrived := network.poll(now)) is not None:
            buffer.receive(*arrived)
            sent = sent_at[fw.RtpPacket.parse(arrived[1]).sequence]
            arrivals.append((sent / NS, (arrived[0] - sent) / 1e6))
        buffer.play(now, 160)
        lines.append((now / NS, buffer.delay_ms, buffer.target_ms))
    fastest = min(delay for _, delay in arrivals)
    seconds, delays = np.array(arrivals).T
    plt.figure(figsize=(8, 3.2))
    plt.plot(seconds, delays - fastest, ".", markersize=1.5, color="silver", label="packets")
    seconds, delay, target = np.array(lines).T
    plt.plot(seconds, target, color="tab:orange", label="target")
    plt.plot(seconds, delay, color="tab:blue", label="delay of the playout buffer")
    plt.xlabel("s")
    plt.ylabel("above the fastest packet, ms")
    plt.legend(loc="upper right")


def waveforms() -> None:
    """What each engine puts in the place of 40 ms of a vowel."""
    said = speech(1, 6.0)
    first = _loudest(said)
    delays: list[float | None] = [30.0] * 10_000
    delays[first : first + 2] = [None, None]
    network = fw.Network(delay_ms=0, jitter=delays)
    sent = list(Sender().packets(said.pcm))
    arrivals = [(at, sent[which][1]) for at, which in network.arrivals([now for now, _ in sent])]
    drawn = {"sent": said.pcm, **dict(_heard(said, arrivals, 160 * first))}
    _, places = plt.subplots(len(drawn), 1, figsize=(8, 1.1 * len(drawn)), sharex=True, sharey=True)
    at = np.arange(160 * first - 240, 160 * first + 560)
    for place, (name, pcm) in zip(places, drawn.items(), strict=True):
        place.axvspan(0, 40, color="tab:red", alpha=0.1)
        place.plot((at - 160 * first) / 8, pcm[at], linewidth=0.9)
        place.set_title(name, loc="left", y=0.8)
        place.set_yticks([])
    places[-1].set_xlabel("ms after the loss begins")


def response() -> None:
    """What comes out of 24 to 8 kHz of a tone: the pass band, and what folds back above 4 kHz."""
    plt.figure(figsize=(8, 3.2))
    for name, gains in responses():
        plt.plot(FREQUENCIES / 1000, gains, linewidth=1.0, label=name)
    plt.axvline(4, color="grey", linewidth=0.8, linestyle=":")
    plt.ylim(-105, 5)
    plt.xlabel("tone that goes in, kHz; above 4 it is an alias that comes out")
    plt.ylabel("gain, dB")
    plt.legend(loc="center right")


def _loudest(said: Speech) -> int:
    """The packet in whose surroundings most is said, at least two seconds into the speech."""
    frames = said.pcm[: len(said.pcm) // 160 * 160].reshape(-1, 160).astype(float)
    loud = np.convolve((frames**2).mean(axis=1), np.ones(6), "same")
    return 150 + int(loud[150:-100].argmax())


def _heard(said: Speech, arrivals: list[tuple[int, bytes]], loss: int) -> Iterator:
    for name, engine in ENGINES.items():
        try:
            heard = engine().hear(arrivals, arrivals[-1][0])
        except Unavailable:
            continue
        place = find(said.pcm, loss - WINDOW, heard)
        if place is not None:
            yield name, np.roll(heard.pcm, loss - WINDOW - place)


PICTURES: dict[str, Callable[[], None]] = {
    "networks.png": networks,
    "delay-over-time.png": delay_over_time,
    "concealment.svg": waveforms,
    "resampler.svg": response,
}
