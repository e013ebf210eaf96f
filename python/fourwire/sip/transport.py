"""Sockets: UDP and TCP as asyncio protocols that know nothing of SIP but where messages end."""

import asyncio
import errno
import ipaddress
import socket
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from .errors import MalformedMessage
from .flow import Address, Flow
from .framing import PING, PONG, Framer
from .settings import Listener, Settings
from .uri import host_and_port

Deliver = Callable[[bytes, Flow], None]

RECEIVE_BUFFER_BYTES = 1 << 20
"""Kernel buffer of a UDP socket: a burst of a thousand INVITEs, while Python does other things."""

MAX_UNSENT_BYTES = 1 << 20
"""A peer that lets this much pile up on its connection is not reading, and is cut off."""


class UdpSocket(asyncio.DatagramProtocol):
    """A bound UDP socket."""

    def __init__(self, number: int, listener: Listener, deliver: Deliver, external: str | None):
        self.number = number
        self.listener = listener
        self.address: Address = ("", 0)
        self.family = 0
        self._external = external
        self._deliver = deliver
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio's protocol."""
        # Event loops do not agree on base classes, so this cannot be an isinstance check.
        self._transport = cast(asyncio.DatagramTransport, transport)
        sock = transport.get_extra_info("socket")
        self.family, self.address = sock.family, sock.getsockname()[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Part of asyncio's protocol."""
        self._deliver(data, self.flow_to((addr[0].partition("%")[0], addr[1])))

    def flow_to(self, remote: Address) -> Flow:
        """The flow between this socket and ``remote``."""
        local = told_address(self._external, self.address, remote[0])
        return Flow("udp", local, remote, self.number)

    def send(self, data: bytes, remote: Address) -> bool:
        """Send a datagram; false where the socket is closed or the address impossible."""
        if self._transport is None or self._transport.is_closing():
            return False
        if (":" in remote[0]) != (self.family == socket.AF_INET6):
            return False
        self._transport.sendto(data, remote)
        return True

    def close(self) -> None:
        """Close the socket once what was sent is out."""
        if self._transport is not None:
            self._transport.close()


class Connection(asyncio.Protocol):
    """A TCP connection, by whichever side it was opened."""

    def __init__(self, shelf: "Connections", external: str | None, listening: Address) -> None:
        self.number = 0
        self.remote: Address = ("", 0)
        self._shelf = shelf
        self._external = external
        self._listening = listening
        self._framer = Framer(shelf.settings.limits)
        self._transport: asyncio.Transport | None = None
        self._flow: Flow | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio's protocol."""
        self._transport = cast(asyncio.Transport, transport)
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if peer is None:  # the peer was gone before we looked
            self.abort()
            return
        self.remote = (peer[0].partition("%")[0], peer[1])
        # Peers are told of the port we listen on, not of the one this connection has.
        local = told_address(self._external, (here[0], self._listening[1]), self.remote[0])
        if not self._shelf.admit(self):
            self.abort()
            return
        self._flow = Flow("tcp", local, self.remote, self.number)
        self._heard = asyncio.get_running_loop().time()
        self._look_again(self._shelf.settings.idle_s)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio's protocol."""
        self._heard = asyncio.get_running_loop().time()
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
            elif self._flow is not None:
                self._shelf.deliver(message, self._flow)
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

    def close(self) -> None:
        """Close once what was sent is out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _look_again(self, seconds: float) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = asyncio.get_running_loop().call_later(seconds, self._check_patience)

    def _check_patience(self) -> None:
        now, settings = asyncio.get_running_loop().time(), self._shelf.settings
        slow = self._framer.waiting and now - self._began >= settings.message_s
        if slow or now - self._heard >= settings.idle_s:
            self._shelf.counters["connections_slow" if slow else "connections_idle"] += 1
            self.abort()
            return
        left = settings.idle_s - (now - self._heard)
        if self._framer.waiting:
            left = min(left, settings.message_s - (now - self._began))
        self._look_again(left)


class Connections:
    """All connections of an endpoint, by number and by peer."""

    def __init__(self, settings: Settings, deliver: Deliver) -> None:
        self.settings = settings
        self.deliver = deliver
        self.counters: Counter[str] = Counter()
        self._all: dict[int, Connection] = {}
        self._count = 1000  # numbers below are those of UDP sockets

    def admit(self, connection: Connection) -> bool:
        """Number a new connection; false where there is no room."""
        if len(self._all) >= self.settings.max_connections:
            self.counters["connections_refused"] += 1
            return False
        self._count += 1
        connection.number = self._count
        self._all[self._count] = connection
        self.counters["connections_opened"] += 1
        return True

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._all.pop(connection.number, None)

    def find(self, number: int) -> Connection | None:
        """The connection of that number, as long as it is open."""
        return self._all.get(number)

    def to_peer(self, remote: Address) -> Connection | None:
        """An open connection to ``remote``."""
        return next((c for c in self._all.values() if c.remote == remote), None)

    def close(self) -> None:
        """Close all connections."""
        for connection in list(self._all.values()):
            connection.close()

    def __len__(self) -> int:
        return len(self._all)


def bind(listener: Listener) -> socket.socket:
    """A socket bound to the listener's address; an :class:`OSError` says what can be done."""
    kind = socket.SOCK_DGRAM if listener.transport == "udp" else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_DGRAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((listener.host, listener.port))
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"{_where(listener)}: {_advice(error)}") from error
    return sock


def _where(listener: Listener) -> str:
    return f"cannot listen for SIP on {listener.transport} {listener.host}:{listener.port}"


def _advice(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; stop the program that holds it, or choose another (0: any)"
    if error.errno == errno.EADDRNOTAVAIL:
        return "no interface of this machine has that address; choose one, or 0.0.0.0 for all"
    if error.errno == errno.EACCES:
        return "ports below 1024 need a privilege; choose a higher one"
    return error.strerror or str(error)


def told_address(external: str | None, bound: Address, peer: str) -> Address:
    """Our address as ``peer`` is told of it: the external one, else the one that faces it."""
    if external is not None:
        host, port = host_and_port(external)
        return host, port or bound[1]
    host, port = bound
    return (facing(peer) if is_wildcard(host) else host.partition("%")[0]), port


def is_wildcard(host: str) -> bool:
    """Whether ``host`` stands for all addresses of the machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def facing(peer: str) -> str:
    """The address of this machine that packets to ``peer`` leave from; nothing is sent."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))
        except OSError:
            return "::1" if family == socket.AF_INET6 else "127.0.0.1"
        host: str = probe.getsockname()[0]
        return host
