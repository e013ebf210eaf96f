"""Sockets of UDP, and what listening is for every transport: an address, bound and told."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from .flow import Address, Flow
from .settings import Listener
from .uri import host_and_port

Deliver = Callable[[bytes, Flow], None]

RECEIVE_BUFFER_BYTES = 1 << 20
"""Kernel buffer of a UDP socket: a burst of a thousand INVITEs, while Python does other things."""


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

    @property
    def reaches_ipv6(self) -> bool:
        """Whether its peers have addresses of IPv6."""
        return ":" in self.address[0]

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


def facing(peer: str) -> str:
    """The address of this machine that packets to ``peer`` leave from; nothing is sent."""
    try:
        return _facing(peer)
    except OSError:  # no network (yet), which is not remembered
        return "::1" if ":" in peer else "127.0.0.1"


def forget_facing() -> None:
    """Look anew from now on: the addresses of this machine may have changed."""
    _facing.cache_clear()


@lru_cache(maxsize=4096)
def _facing(peer: str) -> str:
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, 9))
        host: str = probe.getsockname()[0]
        return host
