"""Requests that are too large for a datagram: by TCP, and by UDP where that is not taken."""

import pytest
from support.sip import ANSWER, OFFER, Peer, Sent, World, answering, losing
from support.sip_torture import invite, message

from fourwire.sip.events import Answered, Cause, Ended, Invited
from fourwire.sip.flow import Flow
from fourwire.sip.large import LARGEST_BYTES, MOST_PEERS, Streams
from fourwire.sip.message import Request, Response
from fourwire.sip.responding import response_to
from fourwire.sip.timers import SECOND
from fourwire.sip.transaction import Transmit

BOTH = {"udp": 5060, "tcp": 5070}
LARGE = (("X-Story", "a" * 1300),)


def two(**rules: object) -> tuple[World, Peer, Peer]:
    """A caller that listens for UDP and TCP, and a callee that answers."""
    world = World()
    rules.setdefault("ports", BOTH)
    us, them = world.peer("192.0.2.1", **rules), world.peer("192.0.2.2")
    answering(world, them)
    return world, us, them


def ways(world: World, us: Peer) -> list[tuple[str, str]]:
    return [(s.what, s.transport) for s in world.sent if s.source == us.address]


def first(world: World, us: Peer, what: str = "INVITE") -> Request:
    (request, *_) = (sent.message for sent in world.messages(what, us))
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize(
    ("contact", "way"), [("sip:192.0.2.2", "udp"), ("sip:192.0.2.2;transport=tcp", "tcp")]
)
def test_a_large_invite_goes_by_tcp_and_the_call_lives_where_the_contact_says(
    contact: str, way: str
) -> None:
    world, us, them = two()

    def answer(request: Request) -> Response | None:
        sdp = ANSWER if request.method == "INVITE" else None
        told = (("Contact", f"<{contact}>"),)
        ok = response_to(request, 200, to_tag="t", headers=told, sdp=sdp)
        return None if request.method == "ACK" else ok

    world.server("192.0.2.2", answer)
    number = world.place(us, them, headers=LARGE)
    world.run(60)
    world.do(us, lambda agent, now: agent.hang_up(now, number))
    world.run(60)

    assert ways(world, us) == [("INVITE", "tcp"), ("ACK", way), ("BYE", way)]
    asked = first(world, us)
    assert (asked.via.transport, asked.via.host, asked.via.port) == ("TCP", "192.0.2.1", 5070)
    assert asked.headers["Contact"] == "<sip:alice@192.0.2.1:5060>"
    assert us.told(Answered) == [Answered(number, ANSWER)]
    assert us.agent.counters()["large_by_tcp"] == 1
    assert us.agent.idle


def test_where_tcp_is_not_taken_it_goes_by_udp_and_is_repeated_there() -> None:
    world, us, them = two()
    world.closed.add("192.0.2.2")
    lost: list[Sent] = []
    world.swallow = lambda sent: sent.transport == "udp" and len(lost) < 2 and not lost.append(sent)
    world.place(us, them, headers=LARGE)
    world.run(3)

    sent = world.messages("INVITE", us)
    assert [each.transport for each in sent] == ["tcp", "udp", "udp", "udp"]
    assert [each.at_ms for each in sent] == [0, 0, 500, 1500]
    tcp, udp = (each.message for each in sent[:2])
    assert (tcp.via.transport, udp.via.transport) == ("TCP", "UDP")
    assert tcp.via.branch == udp.via.branch
    assert len(them.told(Invited)) == len(us.told(Answered)) == 1
    assert us.agent.counters()["udp_after_tcp"] == 1


def test_who_takes_no_tcp_is_not_asked_in_each_call() -> None:
    world, us, them = two()
    world.closed.add("192.0.2.2")

    def transports() -> list[str]:
        before = len(world.messages("INVITE", us))
        world.place(us, them, headers=LARGE)
        world.run(1)
        return [sent.transport for sent in world.messages("INVITE", us)[before:]]

    assert transports() == ["tcp", "udp"]
    assert transports() == ["udp"]
    world.closed.clear()
    world.run(600)
    assert transports() == ["tcp"]


@pytest.mark.parametrize(
    "rules", [{"ports": {"udp": 5060}}, {"ports": BOTH, "large_requests": "udp"}]
)
def test_who_does_not_listen_for_tcp_or_does_not_want_it_sends_by_udp(
    rules: dict[str, object],
) -> None:
    world, us, them = two(**rules)
    world.place(us, them, headers=LARGE)
    world.run(1)
    assert ways(world, us) == [("INVITE", "udp"), ("ACK", "udp")]


@pytest.mark.parametrize(("spare", "transport"), [(0, "udp"), (1, "tcp")])
def test_thirteen_hundred_bytes_are_the_most_that_goes_by_udp(spare: int, transport: str) -> None:
    world, us, them = two()
    world.place(us, them, headers=(("X-Story", ""),))
    size = len(bytes(first(world, us)))
    world.sent.clear()
    world.place(us, them, headers=(("X-Story", "a" * (LARGEST_BYTES - size + spare)),))
    assert world.messages("INVITE", us)[0].transport == transport


@pytest.mark.parametrize("closed", [False, True])
def test_an_ack_with_a_large_answer_follows_the_same_rule(closed: bool) -> None:
    world, us, them = two()
    if closed:
        world.closed.add("192.0.2.2")
    answering(world, them, OFFER)
    number = world.place(us, them, offer=None)
    world.run(0.1)
    answer = ANSWER + "a=story:" + "a" * 1300 + "\r\n"
    world.do(us, lambda agent, now: agent.acknowledge(now, number, answer))
    world.run(1)
    acks = world.messages("ACK", us)
    assert [sent.transport for sent in acks] == (["tcp", "udp"] if closed else ["tcp"])
    assert {sent.message.body.decode() for sent in acks} == {answer}
    assert [sent.message.via.transport for sent in acks] == [s.transport.upper() for s in acks]


def test_a_refused_and_a_cancelled_invite_stay_on_the_way_that_it_took() -> None:
    world, us, them = two()
    them.on_event = lambda event: (
        them.agent.reject(world.now, event.call, 486) if isinstance(event, Invited) else None
    )
    world.place(us, them, headers=LARGE)
    world.run(1)
    assert ways(world, us) == [("INVITE", "tcp"), ("ACK", "tcp")]
    assert first(world, us, "ACK").headers["Via"] == first(world, us).headers["Via"]

    world.sent.clear()
    them.on_event = lambda event: None
    number = world.place(us, them, headers=LARGE)
    world.run(1)
    world.do(us, lambda agent, now: agent.hang_up(now, number))
    world.run(1)
    assert ways(world, us) == [("INVITE", "tcp"), ("CANCEL", "tcp"), ("ACK", "tcp")]
    assert first(world, us, "CANCEL").headers["Via"] == first(world, us).headers["Via"]
    assert [e.cause for e in us.told(Ended) if isinstance(e, Ended)][-1] is Cause.HUNG_UP


def test_nothing_is_sent_by_udp_for_a_call_that_has_failed_meanwhile() -> None:
    world = World()
    us = world.peer("192.0.2.1", ports=BOTH)
    us.agent.invite(
        world.now,
        "sip:bob@192.0.2.2",
        local=us.address,
        from_user="alice",
        offer=OFFER,
        headers=LARGE,
    )
    transmit = us.agent.poll(world.now)
    assert isinstance(transmit, Transmit)
    world.run(40)  # Timer B
    assert isinstance(us.told(Ended)[0], Ended)
    us.agent.undeliverable(world.now, transmit)
    assert us.agent.poll(world.now) is None


def test_a_large_request_to_a_peer_behind_nat_stays_on_the_way_it_came() -> None:
    world = World()
    us = world.peer("192.0.2.2", ports=BOTH)
    answering(world, us)
    via = "SIP/2.0/UDP 198.51.100.9;branch=z9hG4bKinvite"  # another address than it comes from
    world.send(invite(Via=via), us)
    answer = world.replies()[-1]
    ack = message(
        "ACK sip:callee@example.com SIP/2.0",
        To=answer.headers["To"],
        Via="SIP/2.0/UDP host.example.com;branch=z9hG4bKack",
        CSeq=f"{answer.cseq.number} ACK",
    )
    world.send(ack, us)
    world.do(us, lambda agent, now: agent.reinvite(now, 1, OFFER + "a=x:" + "a" * 1300 + "\r\n"))
    assert [sent.transport for sent in world.messages("INVITE", us)] == ["udp"]


@pytest.mark.parametrize(
    ("contact", "ways"),
    [("<sip:a@192.0.2.9>", ["tcp", "udp"]), ("<sip:a@192.0.2.9;transport=tcp>", ["tcp"])],
)
def test_who_came_by_tcp_for_once_is_hung_up_by_udp_when_its_connection_is_gone(
    contact: str, ways: list[str]
) -> None:
    world = World()
    us = world.peer("192.0.2.1", ports=BOTH)
    answering(world, us)
    asked = list[Request]()
    world.server("192.0.2.9", lambda request: asked.append(request) or ok(request))
    via = "SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK"
    flow = Flow("tcp", ("192.0.2.1", 5070), ("192.0.2.9", 40000), 7)
    us.agent.receive(world.now, invite(Via=f"{via}1", Contact=contact), flow)
    world.drain(us)
    answer = world.replies()[-1]
    told = {"To": answer.headers["To"], "Via": f"{via}2", "CSeq": f"{answer.cseq.number} ACK"}
    us.agent.receive(world.now, message("ACK sip:callee@example.com SIP/2.0", **told), flow)
    world.drain(us)

    world.closed.add("192.0.2.9")
    world.do(us, lambda agent, now: agent.hang_up(now, 1))
    world.run(1)
    byes = world.messages("BYE", us)
    assert [sent.transport for sent in byes] == ways
    assert [sent.message.via.transport for sent in byes] == [way.upper() for way in ways]
    assert len({sent.message.via.branch for sent in byes}) == 1
    assert len(asked) == len(ways) - 1
    assert us.agent.unfinished == 0


def ok(request: Request) -> Response:
    return response_to(request, 200, to_tag="t")


def test_what_is_remembered_of_peers_has_a_brim() -> None:
    world, us, them = two()
    world.swallow = losing("INVITE")
    world.place(us, them, headers=LARGE)
    request = first(world, us)
    streams = Streams(5070)
    hops = [Flow("udp", ("192.0.2.1", 5060), ("198.51.100.7", port), 1) for port in range(1, 1202)]
    for number, hop in enumerate(hops):
        streams.closed(number, hop)
    taken = [streams.instead(SECOND, request, hop) is not None for hop in hops]
    assert taken.count(False) == MOST_PEERS
    assert taken == sorted(taken, reverse=True)
