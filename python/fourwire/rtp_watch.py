"""The clock of a call whose audio stays away."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio

__all__ = ["RtpWatch"]

Start = Callable[[Callable[[], Awaitable[None]]], None]


class RtpWatch:
    """Tells when no RTP has come for too long; while the caller holds, nobody expects any."""

    def __init__(self, seconds: float | None, start: Start, lost: Callable[[str], None]) -> None:
        self.held = False
        """Whether the caller has put us on hold."""
        self._seconds = seconds
        self._start = start
        self._lost = lost
        self._answered = False
        self._stopped = False
        self._clock: anyio.CancelScope | None = None

    def hold(self, held: bool) -> None:
        """Take notice that the caller holds, or no longer does."""
        self.held = held
        self._look()

    def begin(self) -> None:
        """Take notice that the call is answered: before, nobody has to send anything."""
        self._answered = True
        self._look()

    def stop(self, stopped: bool) -> None:
        """Take notice that RTP stays away, or comes again."""
        self._stopped = stopped
        self._look()

    def _look(self) -> None:
        """Start or stop the clock, as things stand."""
        away = self._answered and self._stopped and not self.held
        if away and self._seconds is not None and self._clock is None:
            self._clock = anyio.CancelScope()
            self._start(partial(self._run, self._seconds, self._clock))
        elif not away and self._clock is not None:
            self._clock.cancel()
            self._clock = None

    async def _run(self, seconds: float, clock: anyio.CancelScope) -> None:
        with clock:
            await anyio.sleep(seconds)
            self._lost(f"no RTP for {seconds:g} s more")
