"""Sends what a user agent has to send, by a socket that there is or a connection that it opens."""

import asyncio
from collections.abc import Callable

import anyio

from .errors import LocalError
from .flow import Flow, Hop
from .sockets import Sockets
from .transaction import Transmit

OPENING_SECONDS = 15.0
"""How long looking up a name and opening a connection may take: well within Timer B and F."""

STREAM_SECONDS = 3.0
"""How long this may take of a request that goes by UDP where TCP is not taken: a SYN that is lost
comes again after a second, and a caller waits."""

MAX_OPENING = 256
"""Messages that may wait for a connection to open or a name to be found; more are given up."""


class Postman:
    """The way from transmits to sockets."""

    def __init__(
        self,
        sockets: Sockets,
        went: Callable[[Transmit, int], None],
        gave_up: Callable[[Transmit], None],
    ) -> None:
        """``went`` is told by which connection something went, ``gave_up`` what cannot be sent."""
        self._sockets = sockets
        self._went = went
        self._gave_up = gave_up
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, transmit: Transmit) -> None:
        """Send at once where that can be, else as soon as there is a connection."""
        to = transmit.to
        number = self._sockets.send(transmit.data, to) if isinstance(to, Flow) else 0
        if number:
            self._went(transmit, number)
            return
        hop = to if isinstance(to, Hop) else transmit.otherwise
        if hop is None or len(self._tasks) >= MAX_OPENING:
            self._gave_up(transmit)
            return
        task = asyncio.get_running_loop().create_task(self._open_and_send(transmit, hop))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Wait for no connection any longer."""
        for task in self._tasks:
            task.cancel()

    async def _open_and_send(self, transmit: Transmit, hop: Hop) -> None:
        patience = OPENING_SECONDS if transmit.small is None else STREAM_SECONDS
        number = 0
        try:
            with anyio.fail_after(patience):
                number = await self._sockets.send_to(transmit.data, hop)
        except (OSError, TimeoutError, LocalError, ValueError):  # a name that TLS cannot take, too
            pass
        if number:
            self._went(transmit, number)
        else:
            self._gave_up(transmit)
