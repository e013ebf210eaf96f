"""All sockets of an endpoint: where it listens, and the ways from it to a peer."""

import asyncio
import contextlib
import logging
import random
import socket
from collections import Counter
from collections.abc import Callable, Coroutine

import anyio

from .connection import Connection, Connections, Deliver
from .errors import LocalError
from .flow import Address, Flow, Hop
from .framing import PING
from .resolve import Lookup, Resolver, hops_of, hops_to
from .responding import default_port
from .settings import Listener, Settings
from .tls import Contexts, Tls
from .transport import UdpSocket, bind, told_address
from .uri import Uri, host_and_port

_log = logging.getLogger("fourwire.sip")

BACKLOG = 1024
"""Connections that the kernel keeps for us while Python does other things."""

MAX_HANDSHAKES = 200
"""TLS handshakes that may be under way at a time; connections above this are closed, but those of
trunks and registrars whose address is known."""

MAX_HANDSHAKES_A_HOST = 40
"""The same of one address, so that nobody keeps all others out by connecting and saying nothing."""

HANDSHAKE_SECONDS = 10.0
"""How long a peer has for its part of a TLS handshake."""

CONNECT_SECONDS = 5.0
"""How long one attempt to open a connection may take."""

EXHAUSTED_SECONDS = 0.2
"""How long no connection is taken after the machine had no room for one."""


UNACKNOWLEDGED_MS = 30_000
"""How long what we send may lie unacknowledged on a connection that a peer has opened. Those that
we opened are pinged; this one's peer pings us, and vanishes without a word."""


class StreamDoor:
    """Where connections of TCP or TLS come in, and what those that we open call their home."""

    def __init__(self, listener: Listener, external: str | None, sock: socket.socket) -> None:
        self.transport = listener.transport
        self.address: Address = sock.getsockname()[:2]
        self._external = external
        self._sock = sock
        sock.listen(BACKLOG)

    def told(self, host: str, peer: str) -> Address:
        """Our address as ``peer`` is told of it."""
        return told_address(self._external, (host, self.address[1]), peer)

    async def take(self, serve: Callable[[socket.socket], None], counters: Counter[str]) -> None:
        """Take connections until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(self._sock)
            except OSError:  # no descriptors left, or the peer is gone already
                counters["connections_not_taken"] += 1
                await asyncio.sleep(EXHAUSTED_SECONDS)
                continue
            try:
                serve(sock)
            except Exception:  # a mistake of ours, which is not to close the door
                counters["internal_errors"] += 1
                _log.exception("a connection was not taken")
                sock.close()

    def close(self) -> None:
        """Stop listening."""
        self._sock.close()


class NoDoor:
    """Home of connections of a transport that we open and do not listen on."""

    def __init__(self, transport: str, external: str | None) -> None:
        self.transport = transport
        self._external = external

    def told(self, host: str, peer: str) -> Address:
        """Our address as ``peer`` is told of it."""
        return told_address(self._external, (host, default_port(self.transport)), peer)


class Sockets:
    """The sockets, and what is sent by them."""

    def __init__(
        self,
        settings: Settings,
        deliver: Deliver,
        lost: Callable[[int], None],
        lookup: Lookup | None = None,
        knows: Callable[[str], bool] = lambda _host: False,
    ) -> None:
        """``knows`` says whether an address is a trunk's or a registrar's."""
        self.connections = Connections(settings, deliver, lost, knows)
        self.counters: Counter[str] = Counter()
        self.lookup = lookup or Resolver(settings.nameservers)
        self._settings = settings
        self._deliver = deliver
        self._contexts = Contexts(settings.tls or Tls())
        self._udp: dict[int, UdpSocket] = {}
        self._doors: list[StreamDoor] = []
        self._addresses: list[tuple[str, str, int]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._handshakes: Counter[str] = Counter()
        self._kept: dict[int, Flow] = {}
        self._random = random.SystemRandom()

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """What is bound: transport, host and port of each listener, in their order."""
        return list(self._addresses)

    @property
    def told_ports(self) -> dict[str, int]:
        """The port of the first listener of each transport, as peers are told of it."""
        ports: dict[str, int] = {}
        for listener, (transport, _, bound) in zip(
            self._settings.listeners, self._addresses, strict=True
        ):
            external = listener.external or self._settings.external
            named = host_and_port(external)[1] if external else None
            ports.setdefault(transport, named or bound)
        return ports

    @property
    def offers_alias(self) -> bool:
        """Whether connections of TLS that we open may serve requests to us: we prove our name."""
        tls = self._settings.tls
        listens = any(listener.transport == "tls" for listener in self._settings.listeners)
        return listens and tls is not None and bool(tls.certificate)

    @property
    def transports(self) -> list[str]:
        """Those that we can send by, in the order of the listeners; TLS needs none."""
        listened = dict.fromkeys(transport for transport, _, _ in self._addresses)
        return [*listened, *({"tls"} - set(listened))]

    def transport_to(self, uri: Uri) -> str:
        """By what a name is asked that nobody can look up (yet)."""
        if uri.parameter("transport") or uri.scheme == "sips":
            return uri.transport
        return "udp" if "udp" in self.transports else self.transports[0]

    async def open(self) -> None:
        """Listen; an :class:`OSError` says what can be done where that fails."""
        for number, listener in enumerate(self._settings.listeners, start=1):
            sock = bind(listener)
            external = listener.external or self._settings.external
            if listener.transport == "udp":
                await self._open_udp(number, listener, sock, external)
            else:
                self._open_door(StreamDoor(listener, external, sock))
            self._addresses.append((listener.transport, *_bound(sock)))
        self._start(self._keep_alive())
        self._start(self._watch_certificates())

    async def _open_udp(
        self, number: int, listener: Listener, sock: socket.socket, external: str | None
    ) -> None:
        made = UdpSocket(number, listener, self._deliver, external)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: made, sock=sock)
        self._udp[number] = made

    def _open_door(self, door: StreamDoor) -> None:
        self._doors.append(door)
        self._start(door.take(lambda sock: self._serve(sock, door), self.counters))

    async def close(self) -> None:
        """Close everything, connections once what was sent is out."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # no socket is closed under them
        for door in self._doors:
            door.close()
        await self.connections.close()
        for udp in self._udp.values():
            udp.close()

    # Ways out.

    def send(self, data: bytes, to: Flow) -> int:
        """Send at once; returns by which socket or connection, 0 where there is none (any more)."""
        if to.transport == "udp":
            udp = self._udp.get(to.connection)
            return udp.number if udp is not None and udp.send(data, to.remote) else 0
        connection = self.connections.find(to.connection)
        if connection is None and to.transport != "tls":
            connection = self.connections.to_peer(to.transport, to.remote, "")
        return connection.number if connection is not None and connection.send(data) else 0

    async def send_to(self, data: bytes, hop: Hop) -> int:
        """Send to a hop: its addresses are tried in turn until one takes a connection.

        Returns by which socket or connection it went; 0 where none could be had.
        """
        for found in await self.addressed(hop):
            remote = (found.address, found.port or 0)
            if hop.transport == "udp":
                return self.send(data, self.way_to("udp", remote))
            with contextlib.suppress(OSError, TimeoutError):
                connection = await self._connection_to(hop, remote)
                return connection.number if connection.send(data) else 0
            self.counters["connections_failed"] += 1
        return 0

    async def addressed(self, hop: Hop) -> list[Hop]:
        """The addresses behind a hop that a socket of ours can reach, in order."""
        if hop.address:
            return [hop]
        found = await hops_of(hop.transport, hop.host, hop.port, self.lookup, self._random)
        reached = [each for each in found if self.reaches(each)]
        turn = hop.turn % len(reached) if reached else 0
        return reached[turn:] + reached[:turn]

    async def hops_to(self, uri: Uri) -> list[Hop]:
        """Where a request to ``uri`` may go, with addresses that we can reach, in order."""
        found = await hops_to(uri, self.transports, self.lookup, self._random)
        return [each for each in found if self.reaches(each)]

    def reaches(self, hop: Hop) -> bool:
        """Whether we have a socket for the address of ``hop``."""
        wanted = ":" in hop.address
        if hop.transport == "udp":
            return any(udp.reaches_ipv6 == wanted for udp in self._udp.values())
        return not wanted or any(":" in host for _, host, _ in self._addresses)

    def way_to(self, transport: str, remote: Address) -> Flow:
        """A flow to ``remote`` by a listener of ours, as far as it is known before it is open."""
        if transport == "udp":
            wanted = ":" in remote[0]
            for udp in self._udp.values():
                if udp.reaches_ipv6 == wanted:
                    return udp.flow_to(remote)
            raise LocalError(f"no udp listener here can reach {remote[0]}")
        if transport not in ("tcp", "tls"):
            raise LocalError(f"no {transport} transport: SIP here runs over udp, tcp and tls")
        home = "::" if ":" in remote[0] else "0.0.0.0"  # noqa: S104 - stands for any of ours
        door = self._door(transport, remote)
        bound = door.address[0] if isinstance(door, StreamDoor) else home
        return Flow(transport, door.told(bound, remote[0]), remote)

    async def _connection_to(self, hop: Hop, remote: Address) -> Connection:
        known = self.connections.to_peer(hop.transport, remote, hop.host)
        return known or await self._connect(hop, remote)

    async def _connect(self, hop: Hop, remote: Address) -> Connection:
        door = self._door(hop.transport, remote)
        name = hop.host.lower()
        secure = hop.transport == "tls"
        with anyio.fail_after(CONNECT_SECONDS):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self.connections, door, name),
                remote[0],
                remote[1],
                ssl=self._contexts.client() if secure else None,
                server_hostname=name if secure else None,
            )
        return connection

    def _door(self, transport: str, remote: Address) -> StreamDoor | NoDoor:
        wanted = ":" in remote[0]
        for door in self._doors:
            if door.transport == transport and (":" in door.address[0]) == wanted:
                return door
        return NoDoor(transport, self._settings.external)

    def alias(self, number: int, port: int) -> None:
        """Requests to that port of the peer of a connection go by it from now on (RFC 5923)."""
        connection = self.connections.find(number)
        if connection is not None and connection.alias != port:
            connection.alias = port
            self.counters["connections_aliased"] += 1

    # Ways in.

    def _serve(self, sock: socket.socket, door: StreamDoor) -> None:
        _give_up_the_vanished(sock)
        host = _host_of(sock)
        secure = door.transport == "tls"
        under_way = self._handshakes.total()
        full = under_way >= MAX_HANDSHAKES and not self.connections.knows(host)
        if secure and (full or self._handshakes[host] >= MAX_HANDSHAKES_A_HOST):
            self.counters["connections_refused"] += 1
            sock.close()
            return
        if secure:
            self._handshakes[host] += 1
            self._start(self._shake_hands(sock, door, host))
        else:
            self._start(self._take_in(sock, door))

    async def _take_in(self, sock: socket.socket, door: StreamDoor) -> None:
        with contextlib.suppress(OSError):  # the peer is gone already
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self.connections, door), sock
            )

    async def _shake_hands(self, sock: socket.socket, door: StreamDoor, host: str) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self.connections, door),
                sock,
                ssl=self._contexts.server,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except (OSError, TimeoutError):  # ssl.SSLError is an OSError
            self.counters["tls_handshakes_failed"] += 1
        finally:
            self._handshakes[host] -= 1
            self._handshakes += Counter()  # forgets those who have none

    # What goes on all the time.

    def keep(self, number: int, flow: Flow) -> None:
        """Keep the way of registration ``number`` open, by which calls are to come (RFC 5626)."""
        if flow.transport == "udp":  # connections that we opened are kept without being told
            self._kept[number] = flow

    def drop(self, number: int) -> None:
        """Keep it open no longer."""
        self._kept.pop(number, None)

    async def _keep_alive(self) -> None:
        while self._settings.keep_alive_s:
            # RFC 5626 §4.4.1: not all at the same moment, and never later than was said.
            await asyncio.sleep(self._settings.keep_alive_s * self._random.uniform(0.8, 1.0))
            self.connections.ping()
            for flow in self._kept.values():
                self.send(PING, flow)

    async def _watch_certificates(self) -> None:
        while self._settings.tls is not None:
            await asyncio.sleep(self._settings.certificate_check_s)
            self.renew_certificates()

    def renew_certificates(self) -> None:
        """Look for certificates that have been replaced, and use them from now on."""
        try:
            if self._contexts.renew():
                self.counters["certificates_renewed"] += 1
        except OSError:
            self.counters["certificates_unusable"] += 1

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _give_up_the_vanished(sock: socket.socket) -> None:
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # RFC 5482, where the system has it
        with contextlib.suppress(OSError):  # the peer is gone already
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)


def _host_of(sock: socket.socket) -> str:
    try:
        return str(sock.getpeername()[0])
    except OSError:  # gone already
        return ""


def _bound(sock: socket.socket) -> Address:
    name = sock.getsockname()
    return name[0], name[1]
