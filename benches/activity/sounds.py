"""What is on a telephone line besides speech, and what a line does to either."""

import itertools
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import fourwire as fw
from fourwire import g711
from fourwire._core import G722Decoder, G722Encoder

RATE = 8000

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)

#: Debian's asterisk-moh-opsound-wav: music on hold (CC-BY-SA).
MUSIC = Path("/usr/share/asterisk/moh")

#: Hertz, seconds on, seconds off.
SIGNALS = {
    "ringing (US)": ((440, 480), 2.0, 4.0),
    "ringing (Europe)": ((425,), 1.0, 4.0),
    "busy (US)": ((480, 620), 0.5, 0.5),
    "busy (UK)": ((400,), 0.375, 0.375),
    "dial tone": ((350, 440), 10.0, 1.0),
    "fax calling (CNG)": ((1100,), 0.5, 3.0),
    "fax answering (CED)": ((2100,), 2.6, 1.0),
}


def line(sound: np.ndarray, noise_dbov: float = -65.0, seed: int = 9) -> np.ndarray:
    """`sound` over the noise of a line, as G.711 carries it."""
    hiss = np.random.default_rng(seed).normal(0, amplitude(noise_dbov), len(sound))
    pcm = np.clip(np.round(sound + hiss), -32768, 32767).astype("<i2")
    return np.frombuffer(g711.decode_pcmu(g711.encode_pcmu(pcm)), "<i2")


def wideband_line(sound: np.ndarray) -> np.ndarray:
    """The same as G.722 carries it, brought back to the rate that all detectors take."""
    hiss = np.random.default_rng(9).normal(0, amplitude(-65.0), len(sound))
    pcm = np.clip(np.round(sound + hiss), -32768, 32767).astype("<i2")
    codes = G722Encoder().encode(fw.Resampler(RATE, 2 * RATE).process(pcm))
    heard = fw.Resampler(2 * RATE, RATE).process(G722Decoder().decode(codes))
    return np.frombuffer(heard, "<i2")


def no_speech(seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Everything that should not be taken for speech, each with its name, half a minute or so."""
    dice = np.random.default_rng(seed)
    for level in (-10, -26):
        yield f"DTMF, 16 keys, {level} dBov", _keys(level, dice)
    keys = _keys(-16, dice)
    yield "DTMF in noise of -46 dBov", keys + _white(len(keys), -46, dice)
    for name, (hertz, on, off) in SIGNALS.items():
        yield name, _repeated(np.r_[tone(hertz, on, -16), np.zeros(int(off * RATE))], 24.0)
    yield "fax preamble (V.21)", _repeated(np.r_[_v21(2.0, dice), np.zeros(RATE)], 24.0)
    for level in (-50, -40, -30, -20):
        yield f"white noise, {level} dBov", _white(30 * RATE, level, dice)
        yield f"pink noise, {level} dBov", _pink(30 * RATE, level, dice)
    yield "noise that comes and goes", _bursts(dice)
    yield "breathing", _breath(dice)
    yield "clicks", _clicks(dice)
    yield "knocks", _knocks(dice)
    yield "mains hum", tone((50, 100, 150, 250), 30, -28)


def music() -> Iterator[tuple[str, np.ndarray]]:
    """Music on hold, where it is installed: nothing tells it from voices reliably."""
    for path in sorted(MUSIC.glob("*.wav")):
        with wave.open(str(path)) as recording:
            pcm = np.frombuffer(recording.readframes(30 * RATE), "<i2")
        yield f"music: {path.stem}", pcm.astype(float)


def echo(said: np.ndarray, loss_db: float, delay_ms: int, seed: int = 4) -> np.ndarray:
    """What a loudspeaker, a small room and a telephone's filter make of `said`."""
    dice = np.random.default_rng(seed)
    length = RATE // 5
    room = dice.normal(size=length) * np.exp(-np.arange(length) / (0.15 * RATE / 6.9))
    room[0] = 3.0
    whole = len(said) + length
    hertz = np.fft.rfftfreq(whole, 1 / RATE)
    telephone = (hertz > 350) * (hertz < 3300) * (1 + 0.5 * np.sin(hertz / 300))
    heard = np.fft.irfft(np.fft.rfft(said, whole) * np.fft.rfft(room, whole) * telephone, whole)
    heard = heard[: len(said)] * np.std(said) / np.std(heard) * 10 ** (-loss_db / 20)
    return np.r_[np.zeros(delay_ms * RATE // 1000), heard][: len(said)]


def noise(kind: str, samples: int, level_dbov: float, seed: int = 5) -> np.ndarray:
    """Steady noise, `white` or `pink`."""
    make = {"white": _white, "pink": _pink}[kind]
    return make(samples, level_dbov, np.random.default_rng(seed))


def amplitude(level_dbov: float) -> float:
    """The root mean square of a sound at `level_dbov`."""
    return float(32768 * 10 ** (level_dbov / 20))


def tone(hertz: tuple[int, ...], seconds: float, level_dbov: float) -> np.ndarray:
    """Sines, together at `level_dbov`."""
    time = np.arange(int(seconds * RATE)) / RATE
    return at_level(sum(np.sin(2 * np.pi * it * time) for it in hertz), level_dbov)


def at_level(sound: np.ndarray, level_dbov: float) -> np.ndarray:
    """`sound` brought to `level_dbov` over all."""
    return sound * amplitude(level_dbov) / np.sqrt(np.mean(sound**2))


def _keys(level_dbov: float, dice: np.random.Generator) -> np.ndarray:
    pieces = []
    for pair in itertools.product(LOW, HIGH):
        for _ in range(6):
            pause = np.zeros(int(dice.integers(640, 720)))
            pieces += [pause, tone(pair, 0.08, level_dbov)]
    return np.concatenate(pieces)


def _repeated(sound: np.ndarray, seconds: float) -> np.ndarray:
    # From a different place in its frame each time.
    return np.concatenate(
        [np.r_[np.zeros(17 * n), sound] for n in range(max(2, int(seconds * RATE / len(sound))))]
    )


def _v21(seconds: float, dice: np.random.Generator) -> np.ndarray:
    bits = dice.integers(0, 2, int(seconds * 300))
    hertz = np.repeat(np.where(bits, 1650, 1850), RATE // 300)
    return at_level(np.sin(2 * np.pi * np.cumsum(hertz) / RATE), -18)


def _white(samples: int, level_dbov: float, dice: np.random.Generator) -> np.ndarray:
    return dice.normal(0, amplitude(level_dbov), samples)


def _pink(samples: int, level_dbov: float, dice: np.random.Generator) -> np.ndarray:
    lines = np.fft.rfft(dice.normal(size=samples))
    lines /= np.sqrt(np.maximum(np.arange(len(lines)), samples * 50 / RATE))
    return at_level(np.fft.irfft(lines, samples), level_dbov)


def _bursts(dice: np.random.Generator) -> np.ndarray:
    pieces = []
    for make in (_white, _pink) * 10:
        pieces += [
            np.zeros(RATE // 2),
            make(int(dice.uniform(0.1, 1.5) * RATE), dice.uniform(-40, -15), dice),
        ]
    return np.concatenate(pieces)


def _breath(dice: np.random.Generator) -> np.ndarray:
    one = _pink(12 * RATE // 10, -34, dice) * np.hanning(12 * RATE // 10) * 1.6
    return np.tile(np.r_[one, np.zeros(RATE)], 12)


def _clicks(dice: np.random.Generator) -> np.ndarray:
    sound = np.zeros(30 * RATE)
    sound[dice.integers(0, len(sound), 40)] = 25_000
    return sound


def _knocks(dice: np.random.Generator) -> np.ndarray:
    sound = np.zeros(30 * RATE)
    for at in dice.integers(0, len(sound) - 800, 40):
        sound[at : at + 800] += np.exp(-np.arange(800) / 80) * dice.normal(size=800) * 8000
    return sound
