"""A program that records calls to a disk that is soon full, and says what it was told.

`python -m support.full_disk PATH …`: no file may grow beyond `ROOM`, which is to writers as a disk
without space.
"""

import resource
import sys
import time

import numpy as np

from fourwire._core import Engine, LegConfig, Played, RecordingFailed, RecordingStopped

ROOM = 30_000
"""Bytes: a second or two of a call."""

NOISE = np.random.default_rng(1).integers(-9000, 9000, 5 * 8000, dtype=np.int16)
"""Five seconds that no codec makes much smaller."""


def main(paths: list[str]) -> None:
    """Record a call to each path, and play for longer than there is room."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
    engine = Engine(address="127.0.0.1", ports=(23_000, 23_400))
    legs = []
    for path in paths:
        leg = engine.reserve().start(LegConfig(ssrc=1), ("127.0.0.1", 9))
        leg.record(path)
        leg.play(1, NOISE.tobytes(), format="audio/pcm;rate=8000")
        legs.append(leg)
    told, until = 0, time.monotonic() + 20
    while told < 2 * len(legs) and time.monotonic() < until:
        for _, event in engine.take():
            if isinstance(event, RecordingFailed | RecordingStopped):
                print(type(event).__name__, getattr(event, "error", ""))
                told += 1
            elif isinstance(event, Played):
                print("Played", event.whole)
                told += 1
        time.sleep(0.02)
    print("failed", engine.counters()["recordings_failed"])
    engine.close()


if __name__ == "__main__":
    main(sys.argv[1:])
