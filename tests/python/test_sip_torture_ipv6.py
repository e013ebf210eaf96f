"""The torture messages of RFC 5118 (IPv6): each is read or refused as the RFC says."""

import random
from ipaddress import ip_address

import pytest
from support.sip_torture import Torture
from support.sip_torture_ipv6 import ALL

from fourwire.sip.core import Rules
from fourwire.sip.errors import MalformedMessage
from fourwire.sip.events import Invited
from fourwire.sip.flow import Flow
from fourwire.sip.message import Request, parse
from fourwire.sip.transaction import Transmit
from fourwire.sip.user_agent import UserAgent

FLOW = Flow("udp", ("2001:db8::10", 5060), ("2001:db8::9:1", 5070), 1)


def request(label: str) -> Request:
    message = parse(next(torture.data for torture in ALL if torture.label == label))
    assert isinstance(message, Request)
    return message


def first_answer(data: bytes) -> tuple[int, bytes]:
    """Status and text of what the user agent sends last."""
    agent = UserAgent(Rules(), random.Random(1))
    agent.receive(0, data, FLOW)
    answer = b""
    while (output := agent.poll(0)) is not None:
        if isinstance(output, Transmit):
            assert output.data.startswith(b"SIP/2.0 ")
            answer = output.data
        else:
            assert isinstance(output, Invited)
    return int(answer.split(b" ")[1]), answer


def test_all_twelve_are_here() -> None:
    assert len(ALL) == len({torture.label for torture in ALL}) == 12


@pytest.mark.parametrize("torture", ALL, ids=lambda torture: torture.label)
def test_it_is_answered_as_the_rfc_asks(torture: Torture) -> None:
    assert first_answer(torture.data)[0] == torture.outcome


def test_what_is_within_the_brackets_is_the_address_and_behind_them_the_port() -> None:
    ambiguous, clear = request("port-ambiguous").uri, request("port-unambiguous").uri
    assert (ip_address(ambiguous.host.strip("[]")), ambiguous.port) == (
        ip_address("2001:db8::10:5070"),
        None,
    )
    assert (ip_address(clear.host.strip("[]")), clear.port) == (ip_address("2001:db8::10"), 5070)


def test_addresses_of_both_kinds_stand_beside_each_other() -> None:
    vias = request("mult-ip-in-header").headers.values_of("Via")
    assert len(vias) == 3
    assert request("mult-ip-in-header").via.port == 6050


def test_three_colons_before_an_ipv4_part_are_two() -> None:
    odd, right = request("ipv6-bug-abnf-3-colons").uri, request("ipv6-correct-abnf-2-colons").uri
    assert odd.host == right.host == "2001:db8::192.0.2.1"


@pytest.mark.parametrize("host", ["2001:db8:::10", "2001:db8::::192.0.2.1", "1:::2::192.0.2.1"])
def test_no_other_colon_too_many_is_taken(host: str) -> None:
    data = next(torture.data for torture in ALL if torture.label == "ipv6-good")
    with pytest.raises(MalformedMessage):
        parse(data.replace(b"[2001:db8::10]", f"[{host}]".encode()))
