"""How much of the processors others take while something is measured."""

import os
import resource
import time
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")

IDLE = (3, 4)
"""Columns of `/proc/stat` in which nobody works: idle, and waiting for a disk."""


class Others:
    """Watches a processor, or all of them, from when it is made."""

    def __init__(self, processor: int | None = None) -> None:
        self._line = "cpu" if processor is None else f"cpu{processor}"
        self._busy_s, self._began = _busy_s(self._line), time.monotonic()

    def percent(self, ours_s: float) -> float:
        """Per cent of one processor that others took, where what is measured took `ours_s`."""
        busy_s = _busy_s(self._line) - self._busy_s
        return max(0.0, 100 * (busy_s - ours_s) / (time.monotonic() - self._began))


def ours_s() -> float:
    """Processor time of this program and of all that it has run and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _busy_s(line: str) -> float:
    """Seconds that somebody worked, a machine's other guests included."""
    lines = Path("/proc/stat").read_text().splitlines()
    columns = next(each.split()[1:] for each in lines if each.split()[0] == line)
    work = [int(ticks) for at, ticks in enumerate(columns[:8]) if at not in IDLE]
    return sum(work) / TICKS_PER_S
