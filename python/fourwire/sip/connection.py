"""Connections of TCP and TLS, as asyncio protocols that know of SIP but where messages end."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Protocol, cast

import anyio

from .errors import MalformedMessage
from .flow import Address, Flow
from .framing import PING, PONG, Framer
from .settings import Settings
from .tls import names_of

Deliver = Callable[[bytes, Flow], None]

MAX_UNSENT_BYTES = 1 << 20
"""A peer that lets this much pile up on its connection is not reading, and is cut off."""

PONG_SECONDS = 10.0
"""How long a peer has for answering a ping (RFC 5626 §4.4.1)."""

KEPT_FOR_TRUNKS = 4
"""The part of the room that strangers do not get, a fourth: a few addresses could fill all of it,
and keep it full by a ping each half hour."""

PARTING_SECONDS = 0.5
"""How long a peer has for saying that TLS ends, once we have said so (RFC 8446 §6.1): PJSIP says
nothing, and believes that the connection is there until it is closed."""


class Door(Protocol):
    """Where a connection comes in or goes out: its transport, and what peers know it by."""

    @property
    def transport(self) -> str:
        """``"tcp"`` or ``"tls"``."""

    def told(self, host: str, peer: str) -> Address:
        """Our address as ``peer`` is told of it; ``host`` is the connection's own."""


class Connection(asyncio.Protocol):
    """One connection, by whichever side it was opened."""

    def __init__(self, shelf: "Connections", door: Door, sought: str = "") -> None:
        """``sought`` is the name of whom we connect to; empty where the peer connects."""
        self.number = 0
        self.remote: Address = ("", 0)
        self.flow: Flow | None = None
        self.sought = sought
        self.door = door
        self.alias: int | None = None
        """The port of its peer to which requests go by this connection, which the peer opened."""
        self._shelf = shelf
        self._framer = Framer(shelf.settings.limits)
        self._transport: asyncio.Transport | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._began = 0.0
        self._silent = not sought
        """Whether its peer, who opened it, has yet to say why."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio's protocol."""
        self._transport = cast(asyncio.Transport, transport)
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if peer is None:  # the peer was gone before we looked
            self.abort()
            return
        self.remote = (peer[0].partition("%")[0], peer[1])
        if not self._shelf.admit(self):
            self.abort()
            return
        # Peers are told of the port we listen on, not of the one this connection has.
        local = self.door.told(here[0], self.remote[0])
        proven = names_of(transport.get_extra_info("peercert"))
        names = (self.sought, *proven) if self.sought and self.door.transport == "tls" else proven
        self.flow = Flow(self.door.transport, local, self.remote, self.number, names)
        self._heard = asyncio.get_running_loop().time()
        self._look_again(self._patience)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio's protocol."""
        self._heard, self._silent = asyncio.get_running_loop().time(), False
        had_begun = self._framer.waiting > 0
        try:
            messages = self._framer.receive(data)
        except MalformedMessage:
            self._shelf.counters["streams_malformed"] += 1
            self.abort()
            return
        for message in messages:
            if message == PING:
                self.send(PONG)
            elif message != PONG and self.flow is not None:
                self._shelf.deliver(message, self.flow)
        if self._framer.waiting and (messages or not had_begun):
            self._began = self._heard
            self._look_again(self._shelf.settings.message_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio's protocol."""
        if self._watch is not None:
            self._watch.cancel()
        self._shelf.drop(self)

    def send(self, data: bytes) -> bool:
        """Send bytes; false where the connection is closing or its peer does not read."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._shelf.counters["connections_not_reading"] += 1
            self.abort()
            return False
        self._transport.write(data)
        return True

    def leads_to(self, remote: Address) -> bool:
        """Whether requests to that address may go by this connection."""
        host, port = self.remote
        return remote[0] == host and remote[1] in (port, self.alias)

    def ping(self) -> None:
        """Keep the connection open, and close it where the peer does not answer."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        self._framer.expect_pong()
        if self.send(PING):
            loop.call_later(PONG_SECONDS, self._check_pong, asked)

    def _check_pong(self, asked: float) -> None:
        if self._heard < asked and self._transport is not None:
            if not self._transport.is_closing():
                self._shelf.counters["connections_unanswered"] += 1
            self.abort()

    def close(self) -> None:
        """Close once what was sent is out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def _patience(self) -> float:
        """How long nothing may come, in seconds."""
        settings = self._shelf.settings
        return min(settings.silent_s, settings.idle_s) if self._silent else settings.idle_s

    def _look_again(self, seconds: float) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = asyncio.get_running_loop().call_later(seconds, self._check_patience)

    def _check_patience(self) -> None:
        now, settings = asyncio.get_running_loop().time(), self._shelf.settings
        slow = self._framer.waiting and now - self._began >= settings.message_s
        if slow or now - self._heard >= self._patience:
            self._shelf.counters["connections_slow" if slow else "connections_idle"] += 1
            self.abort()
            return
        left = self._patience - (now - self._heard)
        if self._framer.waiting:
            left = min(left, settings.message_s - (now - self._began))
        self._look_again(left)


class Connections:
    """All connections of an endpoint, by number and by peer."""

    def __init__(
        self,
        settings: Settings,
        deliver: Deliver,
        lost: Callable[[int], None],
        knows: Callable[[str], bool],
    ) -> None:
        """``lost`` is told the number of each connection that has closed; ``knows`` says whether
        an address is a trunk's or a registrar's."""
        self.settings = settings
        self.knows = knows
        self._lost = lost
        self.deliver = deliver
        self.counters: Counter[str] = Counter()
        self._all: dict[int, Connection] = {}
        self._hosts: Counter[str] = Counter()
        self._count = 1000  # numbers below are those of UDP sockets
        self._parted = anyio.Event()

    def admit(self, connection: Connection) -> bool:
        """Number a new connection; false where there is no room."""
        host = connection.remote[0]
        room = self.settings.max_connections
        if not (connection.sought or self.knows(host)):
            room -= room // KEPT_FOR_TRUNKS
        full = len(self._all) >= room
        if full or self._hosts[host] >= self.settings.max_connections_a_host:
            self.counters["connections_refused"] += 1
            return False
        self._count += 1
        connection.number = self._count
        self._all[self._count] = connection
        self._hosts[host] += 1
        self.counters["connections_opened"] += 1
        return True

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        if self._all.pop(connection.number, None) is None:
            return
        self._parted.set()
        self._lost(connection.number)
        host = connection.remote[0]
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]

    def find(self, number: int) -> Connection | None:
        """The connection of that number, as long as it is open."""
        return self._all.get(number)

    def to_peer(self, transport: str, remote: Address, name: str) -> Connection | None:
        """An open connection to ``remote``; over TLS one whose peer has proven ``name``.

        The newest: a peer that came back after it had vanished has left older ones half open.
        """
        for connection in reversed(self._all.values()):
            flow = connection.flow
            if flow is None or flow.transport != transport or not connection.leads_to(remote):
                continue
            if transport != "tls" or name.lower() in flow.names:
                return connection
        return None

    def ping(self) -> None:
        """Ping the peers that we have connected to: they are the ones who wait (RFC 5626 §4.4)."""
        for connection in list(self._all.values()):
            if connection.sought:
                connection.ping()

    async def close(self) -> None:
        """Close all connections once what was sent is out, by force where a peer does not part."""
        for connection in self._all.values():
            connection.close()
        with anyio.move_on_after(PARTING_SECONDS):
            while self._all:
                self._parted = anyio.Event()
                await self._parted.wait()
        for connection in self._all.values():
            connection.abort()

    def __len__(self) -> int:
        return len(self._all)
