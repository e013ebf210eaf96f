"""The end of a call: a farewell, one record of it, and everything given back."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio

from fourwire.faults import places
from fourwire.journal import CallJournal
from fourwire.life import Ended, Farewell
from fourwire.line import Headers, Line

__all__ = ["Parting"]

FAREWELL_SECONDS = 5.0
"""How long a farewell may take; a caller who does not answer a BYE is gone anyway."""


class Parting:
    """What is done when a call is over; once, however often and by whomever it is asked for."""

    def __init__(
        self,
        line: Line,
        journal: CallJournal,
        unbridge: Callable[[], None],
        account: Callable[[], dict[str, Any]],
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        """`settle` waits for what comes before the record of the end; `account` adds to it."""
        self.headers: Headers | None = None
        """What the farewell carries."""
        self.reason: str | None = None
        """The words of a refusal."""
        self.answered_at: float | None = None
        """When the call was answered, by the journal's clock."""
        self._line = line
        self._journal = journal
        self._unbridge = unbridge
        self._account = account
        self._settle = settle
        self._lock = anyio.Lock()
        self._parted = False

    async def part(self, ended: Ended) -> None:
        """Say farewell, write the end down, and close the line."""
        async with self._lock:
            if self._parted:
                return
            self._parted = True
            with anyio.CancelScope(shield=True):
                with self._going_on():
                    self._unbridge()
                await self._say_farewell(ended)
                with self._going_on():
                    await self._settle()
                self._write_end(ended)
                with self._going_on():
                    await self._line.close()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """A fault in one part of the end costs none of the others."""
        try:
            yield
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            self._journal.write("call.error", error=what, traceback=places(error))

    async def _say_farewell(self, ended: Ended) -> None:
        try:
            with anyio.move_on_after(FAREWELL_SECONDS):
                if ended.farewell is Farewell.REJECT:
                    await self._line.reject(ended.status, self.reason, self.headers)
                elif ended.farewell is Farewell.HANG_UP:
                    await self._line.hang_up(self.headers)
        except Exception as error:
            self._journal.write("call.farewell_failed", error=f"{type(error).__name__}: {error}")

    def _write_end(self, ended: Ended) -> None:
        """The one record of the call's end."""
        since = self.answered_at
        self._journal.write(
            "call.ended",
            cause=ended.cause.value,
            detail=ended.detail,
            answered=since is not None,
            talked_s=0.0 if since is None else round(self._journal.now - since, 3),
            status=ended.status if ended.farewell is Farewell.REJECT else None,
            **self._told(),
        )

    def _told(self) -> dict[str, Any]:
        """What else is known of the call; a fault in finding it out costs no record."""
        try:
            return self._account()
        except Exception as error:
            return {"account_failed": f"{type(error).__name__}: {error}"}
