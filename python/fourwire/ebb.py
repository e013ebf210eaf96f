"""The ebb after many calls: what they took of memory goes back to the system.

CPython and glibc keep what was freed for whoever asks next. That is right while calls come and go;
once most have gone, the peak of the day would stay with the process for good.
"""

import asyncio
import ctypes
import gc
import urllib.parse
from collections.abc import Callable

import anyio.to_thread

__all__ = ["QUIET_S", "Ebb", "give_back", "set_aside"]

FEWEST = 20
"""Calls at a time that are worth the trouble; they take some 5 MB."""

LOW = 0.1
"""The share of the most calls at a time below which the others count as gone."""

QUIET_S = 40.0
"""How long they must have gone: SIP remembers a call for half a minute (RFC 3261 §17.2.2), and who
comes again in a moment is not to be served from new pages."""


class Ebb:
    """Tells when most of the calls that there were are gone."""

    def __init__(self) -> None:
        self._most = 0
        self._low_since: float | None = None

    def receive(self, now_s: float, calls: int) -> bool:
        """Take in how many calls there are; whether it is time, once each ebb."""
        self._most = max(self._most, calls)
        if self._most < FEWEST or calls > self._most * LOW:
            self._low_since = None
            return False
        if self._low_since is None:
            self._low_since = now_s
        if now_s - self._low_since < QUIET_S:
            return False
        self._most, self._low_since = calls, None
        return True


def set_aside() -> None:
    """Spare the collector what is there when a program has started: it stays anyway."""
    gc.collect()
    gc.freeze()


async def give_back() -> None:
    """Give the system what nobody uses any more.

    The collector, which stops Python meanwhile, has little to look at: calls leave it nothing, and
    of the start it was told. The heap is looked through in a thread, without Python's lock.
    """
    _drop_cancelled_timers()
    await asyncio.sleep(0)
    urllib.parse.clear_cache()  # type: ignore[attr-defined]  # it keeps a hundred agents' addresses
    gc.collect()
    if _trim is not None:
        await anyio.to_thread.run_sync(_trim, 0)


def _drop_cancelled_timers() -> None:
    """Have asyncio forget timers that were cancelled, which it does when most of all timers are.

    Else some of calls long gone lie about until they would have been due: hours, for the longest
    that a call may take.
    """
    loop = asyncio.get_running_loop()
    for _ in range(MOST_TIMERS):
        loop.call_later(LATER_S, gc.isenabled).cancel()


MOST_TIMERS = 500
"""More than wait for anything in a program of few calls."""

LATER_S = 3600.0
"""So late that none of them is due before."""


def _heap_trimmer() -> Callable[[int], int] | None:
    """`malloc_trim` of glibc; None where the C library is another, which does it by itself."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


_trim = _heap_trimmer()
