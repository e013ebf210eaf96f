"""How late this machine wakes a sleeper, measured by a process that does nothing else.

A figure that was taken while the machine itself was held up says nothing about the call.
"""

import asyncio
import json
import select
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Lag", "watch"]

STEP_NS = 2_000_000
"""How long each sleep is: well below a packet time."""


@dataclass(slots=True)
class Lag:
    """How late wake-ups were; zeros until the watch is over."""

    p99_ms: float = 0.0
    max_ms: float = 0.0


@asynccontextmanager
async def watch() -> AsyncIterator[Lag]:
    """Measure while the block runs; the values are there after it."""
    lag = Lag()
    watcher = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield lag
    finally:
        told, _ = await watcher.communicate(b"\n")
        lag.p99_ms, lag.max_ms = json.loads(told)


def measure() -> tuple[float, float]:
    """Sleep and wake until something comes on standard input; p99 and maximum in ms."""
    late: list[int] = []
    due = time.monotonic_ns()
    told = False
    while not told:  # at least once, however short the block is
        told = bool(select.select([sys.stdin], [], [], 0)[0])
        due += STEP_NS
        time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        over = time.monotonic_ns() - due
        late.append(over)
        due += over if over > STEP_NS else 0
    late.sort()
    return late[len(late) * 99 // 100] / 1e6, late[-1] / 1e6


if __name__ == "__main__":
    print(json.dumps(measure()))
