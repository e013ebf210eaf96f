"""Peers whose Contact is an address of a network that we are not in are reached where they are."""

import pytest
from support.sip import ANSWER, Peer, World, answering
from support.sip_torture import invite, message

from fourwire.sip.events import Cause, Ended
from fourwire.sip.message import Request, Response
from fourwire.sip.nat import is_behind, is_hidden
from fourwire.sip.responding import response_to

PUBLIC = "192.0.2.2"


@pytest.mark.parametrize(
    ("host", "source", "hidden"),
    [
        ("10.0.0.5", PUBLIC, True),
        ("192.168.1.20", PUBLIC, True),
        ("172.31.0.1", PUBLIC, True),
        ("172.32.0.1", PUBLIC, False),
        ("100.64.3.4", PUBLIC, True),
        ("fd00::1", "2001:db8::1", True),
        ("10.0.0.5", "10.9.9.9", False),
        ("10.0.0.5", "192.168.0.1", False),
        ("192.0.2.77", PUBLIC, False),
        ("pbx.example.com", PUBLIC, False),
        ("10.0.0.5", "pbx.example.com", False),
    ],
)
def test_a_private_address_of_a_public_peer_leads_nowhere(
    host: str, source: str, hidden: bool
) -> None:
    assert is_hidden(host, source) is hidden


@pytest.mark.parametrize(
    ("via", "contact", "behind"),
    [
        (PUBLIC, "192.0.2.77", False),
        ("192.0.2.9", "192.0.2.77", True),
        ("10.0.0.5", "10.0.0.5", True),
        ("proxy.example.com", "192.0.2.77", False),
        ("phone.local", "Phone.local", True),
    ],
)
def test_who_tells_another_address_than_it_sends_from_is_behind_nat(
    via: str, contact: str, behind: bool
) -> None:
    assert is_behind(via, contact, PUBLIC) is behind


def test_an_address_of_ipv6_may_be_written_in_any_way() -> None:
    assert not is_behind("2001:DB8:0:0::2", "phone.example.com", "2001:db8::2")


def server(world: World, asked: list[Request], *headers: tuple[str, str]) -> None:
    """A server at a public address that tells a private one in its Contact."""

    def answer(request: Request) -> Response | None:
        asked.append(request)
        if request.method == "ACK":
            return None
        told = (("Contact", "<sip:bob@10.0.0.5>"), *headers)
        sdp = ANSWER if request.method == "INVITE" else None
        return response_to(request, 200, to_tag="t", headers=told, sdp=sdp)

    world.server(PUBLIC, answer)


def call(world: World) -> Peer:
    us = world.peer("192.0.2.1")
    number = world.place(us, Peer(us.agent, (PUBLIC, 5060)))
    world.run(1)
    world.do(us, lambda agent, now: agent.hang_up(now, number))
    world.run(1)
    return us


def test_whom_we_call_behind_nat_is_acknowledged_and_hung_up_where_its_answer_came_from() -> None:
    world, asked = World(), list[Request]()
    server(world, asked)
    call(world)
    assert [request.method for request in asked] == ["INVITE", "ACK", "BYE"]
    assert {str(request.uri) for request in asked[1:]} == {"sip:bob@10.0.0.5"}


def test_who_is_reached_by_a_proxy_is_reached_by_it_whatever_its_contact_says() -> None:
    world, asked = World(), list[Request]()
    proxied = list[Request]()
    server(world, asked, ("Record-Route", "<sip:192.0.2.9;lr>"))
    world.server("192.0.2.9", lambda request: proxied.append(request))
    call(world)
    assert [request.method for request in asked] == ["INVITE"]
    assert [request.method for request in proxied][:2] == ["ACK", "BYE"]


def test_a_caller_behind_a_proxy_that_leaves_us_alone_is_hung_up_where_its_contact_says() -> None:
    world = World()
    us = world.peer("192.0.2.1")
    answering(world, us)
    asked = list[Request]()
    world.server("192.0.2.77", lambda request: asked.append(request))
    via = "SIP/2.0/UDP proxy.example.com;branch=z9hG4bKproxied"
    world.send(invite(Via=via, Contact="<sip:alice@192.0.2.77>"), us, source=(PUBLIC, 5060))
    answer = world.replies()[-1]
    ack = message(
        "ACK sip:callee@example.com SIP/2.0",
        To=answer.headers["To"],
        Via="SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKack",
        CSeq=f"{answer.cseq.number} ACK",
    )
    world.send(ack, us, source=("192.0.2.77", 5060))
    world.do(us, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)
    assert [request.method for request in asked] == ["BYE"]


def test_a_caller_whose_router_changes_its_via_alone_is_hung_up_where_it_calls_from() -> None:
    world = World()
    us = world.peer("192.0.2.1")
    answering(world, us)
    via = f"SIP/2.0/UDP {PUBLIC}:5060;branch=z9hG4bKalg"
    asked = list[Request]()
    server(world, asked)
    world.send(invite(Via=via, Contact="<sip:alice@192.168.1.20:5060>"), us, source=(PUBLIC, 5060))
    answer = world.replies()[-1]
    ack = message(
        "ACK sip:callee@example.com SIP/2.0",
        To=answer.headers["To"],
        Via=f"SIP/2.0/UDP {PUBLIC}:5060;branch=z9hG4bKack",
        CSeq=f"{answer.cseq.number} ACK",
    )
    world.send(ack, us, source=(PUBLIC, 5060))
    world.do(us, lambda agent, now: agent.hang_up(now, 1))
    world.run(1)
    assert [request.method for request in asked] == ["BYE"]
    assert us.told(Ended) == [Ended(1, Cause.HUNG_UP, 0, "")]
    assert us.agent.unfinished == 0
