"""Where a SIP URI leads (RFC 3263): names become addresses, in the order in which to try them."""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver

from .core import Random
from .errors import MalformedMessage
from .flow import Hop
from .responding import default_port
from .uri import Uri, host_and_port

DNS_SECONDS = 3.0
"""How long one question to the name servers may take."""

MAX_TARGETS = 16
"""Addresses of one name that are tried at most."""

MAX_RECORDS = 64
"""SRV records of one name that are looked at: a name may be a stranger's, and have thousands."""

MAX_POINTERS = 8
"""NAPTR records of one name that are followed: more than there are transports."""

SERVICES = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
"""What NAPTR records call the transports (RFC 3263 §4.1)."""

PREFIXES = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}


@dataclass(frozen=True, slots=True)
class Service:
    """A SRV record (RFC 2782)."""

    priority: int
    weight: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Pointer:
    """A NAPTR record that leads to a SRV record (RFC 3403)."""

    order: int
    preference: int
    service: str
    replacement: str


class Lookup(Protocol):
    """What is asked of the domain name system; nothing found is an empty list."""

    async def pointers(self, name: str) -> list[Pointer]:
        """NAPTR records."""
        ...

    async def services(self, name: str) -> list[Service]:
        """SRV records."""
        ...

    async def addresses(self, host: str) -> list[str]:
        """Addresses of IPv4 and IPv6, the preferred first."""
        ...


class Resolver:
    """The domain name system: records by dnspython, addresses by the machine's own resolver."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        """``nameservers`` are ``address`` or ``address:port``; those of the machine if empty."""
        try:
            self._records = dns.asyncresolver.Resolver(configure=not nameservers)
        except dns.resolver.NoResolverConfiguration:  # a machine without name servers
            self._records = dns.asyncresolver.Resolver(configure=False)
        if nameservers:
            self._records.nameservers = [_server(text) for text in nameservers]
        self._records.lifetime = DNS_SECONDS
        self._records.cache = dns.resolver.LRUCache(1000)

    async def pointers(self, name: str) -> list[Pointer]:
        """NAPTR records that end at a SRV record."""
        found = [
            Pointer(r.order, r.preference, _text(r.service).upper(), r.replacement.to_text(True))
            for r in await self._ask(name, "NAPTR")
            if _text(r.flags).lower() == "s"
        ]
        return sorted(found, key=lambda pointer: (pointer.order, pointer.preference))

    async def services(self, name: str) -> list[Service]:
        """SRV records."""
        return [
            Service(r.priority, r.weight, r.target.to_text(True), r.port)
            for r in await self._ask(name, "SRV")
            if r.target.to_text() != "."  # RFC 2782: the service is decidedly not offered
        ]

    async def addresses(self, host: str) -> list[str]:
        """What the machine, its hosts file included, knows of ``host``."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None)
        except (OSError, UnicodeError):  # a label that is empty or too long
            return []
        return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))

    async def _ask(self, name: str, kind: str) -> list[Any]:
        if not self._records.nameservers:
            return []
        try:
            return list(await self._records.resolve(name, kind, search=False))
        except (dns.exception.DNSException, OSError, UnicodeError):
            return []


def _server(text: str) -> "str | dns.nameserver.Nameserver":
    if is_address(text):
        return text
    try:
        host, port = host_and_port(text)
    except MalformedMessage as error:
        raise ValueError(f"nameservers: {error.reason}") from None
    return dns.nameserver.Do53Nameserver(host, port or 53)


def _text(value: bytes | str) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value


async def hops_to(uri: Uri, transports: Sequence[str], lookup: Lookup, random: Random) -> list[Hop]:
    """Where a request to ``uri`` may go, with addresses, in the order in which to try.

    ``transports`` are those that we speak, the preferred first. An empty list: nowhere.
    """
    host, port = uri.parameter("maddr") or uri.host, uri.port
    named = uri.transport if uri.scheme == "sips" or uri.parameter("transport") else ""
    if named and named not in PREFIXES:
        return []
    if is_address(host) or port is not None or "." not in host:
        transport = named or ("udp" if "udp" in transports else transports[0])
        return await hops_of(transport, host, port or default_port(transport), lookup, random)
    if named:
        return await hops_of(named, host, None, lookup, random)
    return await _chosen_by_name(host, transports, lookup, random)


async def hops_of(
    transport: str, host: str, port: int | None, lookup: Lookup, random: Random
) -> list[Hop]:
    """The same once the transport is known; SRV records are asked for where ``port`` is None."""
    if is_address(host):
        return [Hop(transport, host, port or default_port(transport), address=host)]
    if port is None and "." in host:
        name = f"{PREFIXES[transport]}.{host}"
        found = await _of_services(transport, host, name, lookup, random)
        if found:
            return found
    addresses = await lookup.addresses(host)
    port = port or default_port(transport)
    return [Hop(transport, host, port, address=each) for each in addresses[:MAX_TARGETS]]


async def _chosen_by_name(
    host: str, transports: Sequence[str], lookup: Lookup, random: Random
) -> list[Hop]:
    """The name's owner says by NAPTR, else by SRV records, which transports it takes (§4.1)."""
    names = [
        (SERVICES[pointer.service], pointer.replacement)
        for pointer in (await lookup.pointers(host))[:MAX_POINTERS]
        if SERVICES.get(pointer.service) in transports
    ] or [(transport, f"{PREFIXES[transport]}.{host}") for transport in transports]
    hops: list[Hop] = []
    for transport, name in names:
        hops += await _of_services(transport, host, name, lookup, random)
    if hops:
        return hops[:MAX_TARGETS]
    fallback = "udp" if "udp" in transports else transports[0]
    return await hops_of(fallback, host, default_port(fallback), lookup, random)


async def _of_services(
    transport: str, host: str, name: str, lookup: Lookup, random: Random
) -> list[Hop]:
    # RFC 5922 §4: over TLS the certificate is to prove the name asked for, not that of the record.
    hops: list[Hop] = []
    for service in in_order((await lookup.services(name))[:MAX_RECORDS], random):
        if len(hops) >= MAX_TARGETS:
            break
        addresses = await lookup.addresses(service.host)
        hops += [Hop(transport, host, service.port, address=address) for address in addresses]
    return hops[:MAX_TARGETS]


def in_order(services: Sequence[Service], random: Random) -> list[Service]:
    """Services by priority; among equals by chance, the heavier the likelier first (RFC 2782)."""
    left, ordered = list(services), []
    while left:
        first = min(service.priority for service in left)
        equals = [service for service in left if service.priority == first]
        chosen = _by_weight(equals, random)
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


def _by_weight(services: Sequence[Service], random: Random) -> Service:
    """One of them; those without weight come first in the row, as RFC 2782 has it."""
    row = sorted(services, key=lambda service: service.weight > 0)
    mark = random.getrandbits(32) % (sum(service.weight for service in row) + 1)
    for service in row:
        mark -= service.weight
        if mark <= 0:
            return service
    return row[-1]


def is_address(host: str) -> bool:
    """Whether ``host`` is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
