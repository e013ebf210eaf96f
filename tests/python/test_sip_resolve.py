"""Names lead to addresses as RFC 3263 has it; dnspython asks, and a name server of ours answers."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.sip.flow import Hop
from fourwire.sip.resolve import (
    MAX_POINTERS,
    MAX_RECORDS,
    MAX_TARGETS,
    Pointer,
    Resolver,
    Service,
    hops_to,
    in_order,
)
from fourwire.sip.uri import Uri

ALL = ("udp", "tcp", "tls")


class Book:
    """A domain name system of a few entries."""

    def __init__(
        self,
        addresses: dict[str, list[str]],
        services: dict[str, list[Service]] | None = None,
        pointers: dict[str, list[Pointer]] | None = None,
    ) -> None:
        self.asked: list[str] = []
        self._addresses, self._services = addresses, services or {}
        self._pointers = pointers or {}

    async def addresses(self, host: str) -> list[str]:
        self.asked.append(host)
        return self._addresses.get(host, [])

    async def services(self, name: str) -> list[Service]:
        self.asked.append(name)
        return self._services.get(name, [])

    async def pointers(self, name: str) -> list[Pointer]:
        self.asked.append(name)
        return self._pointers.get(name, [])


async def found(uri: str, book: Book, transports: tuple[str, ...] = ALL) -> list[tuple[str, ...]]:
    hops = await hops_to(Uri.parse(uri), transports, book, random.Random(1))
    assert all(isinstance(hop, Hop) for hop in hops)
    return [(hop.transport, f"{hop.address}:{hop.port}", hop.host) for hop in hops]


A = "192.0.2.1"
B = "192.0.2.2"
C = "192.0.2.3"


@pytest.mark.anyio
async def test_an_address_asks_nobody() -> None:
    book = Book({})
    assert await found(f"sip:x@{A}", book) == [("udp", f"{A}:5060", A)]
    assert await found(f"sips:x@{A}", book) == [("tls", f"{A}:5061", A)]
    assert await found("sip:x@[2001:db8::1]:5080;transport=tcp", book) == [
        ("tcp", "2001:db8::1:5080", "2001:db8::1")
    ]
    assert book.asked == []


@pytest.mark.anyio
@pytest.mark.parametrize("host", [A, "pbx.example", "pbx.example:5060", "pbx"])
async def test_a_transport_that_nobody_here_speaks_leads_nowhere(host: str) -> None:
    book = Book({"pbx.example": [A], "pbx": [A]})
    assert await found(f"sip:x@{host};transport=ws", book) == []


@pytest.mark.anyio
async def test_a_name_with_a_port_has_addresses_alone() -> None:
    book = Book({"pbx.example": [A, B]})
    expected = [("udp", f"{each}:5080", "pbx.example") for each in (A, B)]
    assert await found("sip:x@pbx.example:5080", book) == expected
    assert book.asked == ["pbx.example"]


@pytest.mark.anyio
async def test_a_name_without_dots_is_a_machine_and_no_domain() -> None:
    book = Book({"pbx": [A]})
    assert await found("sip:x@pbx;transport=tcp", book) == [("tcp", f"{A}:5060", "pbx")]
    assert book.asked == ["pbx"]


@pytest.mark.anyio
async def test_pointers_choose_the_transport_and_services_the_machines() -> None:
    book = Book(
        {"a.example": [A], "b.example": [B], "c.example": [C]},
        {
            "_sips._tcp.example.com": [Service(10, 0, "a.example", 5061)],
            "_sip._udp.example.com": [
                Service(20, 0, "c.example", 5062),
                Service(10, 0, "b.example", 5060),
            ],
        },
        {
            "example.com": [
                Pointer(10, 1, "SIPS+D2T", "_sips._tcp.example.com"),
                Pointer(10, 2, "SIP+D2S", "_sip._sctp.example.com"),
                Pointer(20, 1, "SIP+D2U", "_sip._udp.example.com"),
            ]
        },
    )
    # Over TLS the name asked for is to be proven (RFC 5922 §4).
    assert await found("sip:x@example.com", book) == [
        ("tls", f"{A}:5061", "example.com"),
        ("udp", f"{B}:5060", "example.com"),
        ("udp", f"{C}:5062", "example.com"),
    ]
    assert await found("sip:x@example.com", book, ("udp", "tcp")) == [
        ("udp", f"{B}:5060", "example.com"),
        ("udp", f"{C}:5062", "example.com"),
    ]
    assert await found("sips:x@example.com", book) == [("tls", f"{A}:5061", "example.com")]


@pytest.mark.anyio
async def test_without_pointers_services_are_asked_for_and_without_those_addresses() -> None:
    book = Book(
        {"a.example": [A], "example.com": [B]},
        {"_sip._tcp.example.com": [Service(1, 0, "a.example", 5070)]},
    )
    assert await found("sip:x@example.com", book) == [("tcp", f"{A}:5070", "example.com")]
    plain = Book({"example.com": [B]})
    assert await found("sip:x@example.com", plain) == [("udp", f"{B}:5060", "example.com")]
    assert await found("sip:x@nowhere.example", plain) == []


@pytest.mark.anyio
async def test_a_name_with_thousands_of_records_costs_no_more_than_a_few_questions() -> None:
    many = [Service(1, 1, f"h{number}.example", 5060) for number in range(3000)]
    pointers = [Pointer(1, 1, "SIP+D2U", f"p{number}.example") for number in range(3000)]
    names = {pointer.replacement: many for pointer in pointers}
    nowhere = Book({}, names, {"example.com": pointers})
    assert await found("sip:x@example.com", nowhere) == []
    assert len(nowhere.asked) <= 2 + MAX_POINTERS * (1 + MAX_RECORDS)

    everywhere = Book({service.host: [A] for service in many}, names, {"example.com": pointers})
    assert len(await found("sip:x@example.com", everywhere)) == MAX_TARGETS
    assert len(everywhere.asked) <= 1 + MAX_POINTERS * (1 + MAX_TARGETS)


services = st.lists(
    st.builds(Service, st.integers(0, 3), st.integers(0, 65535), st.just("h"), st.integers(1, 9)),
    max_size=12,
)


@given(services, st.integers(0, 2**32))
def test_services_keep_their_priorities_whatever_their_weights(
    given_services: list[Service], seed: int
) -> None:
    ordered = in_order(given_services, random.Random(seed))
    assert Counter(ordered) == Counter(given_services)
    priorities = [service.priority for service in ordered]
    assert priorities == sorted(priorities)


def test_weights_divide_the_load() -> None:
    heavy, light = Service(1, 3, "heavy", 1), Service(1, 1, "light", 1)
    chance = random.Random(1)
    firsts = Counter(in_order([light, heavy], chance)[0].host for _ in range(4000))
    # RFC 2782: a mark from 0 to 4, of which light has 0 and 1 where it stands first.
    assert 0.5 < firsts["heavy"] / 4000 < 0.7


ZONE = {
    ("example.com.", "NAPTR"): '10 5 "s" "SIP+D2U" "" _sip._udp.example.com.',
    ("_sip._udp.example.com.", "SRV"): "10 5 5062 127.0.0.1.",
    ("_sips._tcp.example.com.", "SRV"): "0 0 0 .",
}


@asynccontextmanager
async def name_server() -> AsyncIterator[str]:
    """A name server that knows `ZONE`, and nothing of anything else."""

    async def serve(udp: anyio.abc.UDPSocket) -> None:
        async for packet, peer in udp:
            question = dns.message.from_wire(packet)
            (asked,) = question.question
            reply = dns.message.make_response(question)
            record = ZONE.get((asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)))
            if record is not None:
                reply.answer.append(dns.rrset.from_text(asked.name, 60, "IN", asked.rdtype, record))
            await udp.sendto(reply.to_wire(), *peer)

    async with (
        await anyio.create_udp_socket(local_host="127.0.0.1") as udp,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(serve, udp)
        host, port = udp.extra(anyio.abc.SocketAttribute.local_address)
        yield f"{host}:{port}"
        tasks.cancel_scope.cancel()


@pytest.mark.anyio
async def test_a_name_server_is_asked_in_its_own_language() -> None:
    async with name_server() as server:
        resolver = Resolver([server])
        assert await resolver.pointers("example.com") == [
            Pointer(10, 5, "SIP+D2U", "_sip._udp.example.com")
        ]
        assert await resolver.services("_sip._udp.example.com") == [
            Service(10, 5, "127.0.0.1", 5062)
        ]
        assert await resolver.services("_sips._tcp.example.com") == []
        assert await resolver.services("_sip._tcp.example.com") == []
        hops = await hops_to(Uri.parse("sip:x@example.com"), ALL, resolver, random.Random(1))
    assert hops == [Hop("udp", "example.com", 5062, address="127.0.0.1")]


def test_a_name_server_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="nameservers"):
        Resolver(["no server:53"])
