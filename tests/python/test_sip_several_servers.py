"""Calls that may go by several servers, and several who answer one call."""

import pytest
from support.carrier import ALICE, FIRST, SECOND_HOST, Carrier
from support.sip import ANSWER

from fourwire.sip.digest import Challenge
from fourwire.sip.events import Answered
from fourwire.sip.flow import Flow
from fourwire.sip.message import Request, Response
from fourwire.sip.responding import response_to


@pytest.mark.parametrize("said", [100, 180])
def test_a_server_that_was_trying_and_has_no_room_after_all_is_passed_over(said: int) -> None:
    """Nearly every server says 100 Trying at once, and where it finds no way 503 afterwards."""
    carrier = Carrier()
    carrier.server(SECOND_HOST, 200)

    def tries(request: Request) -> Response | None:
        carrier.asked.append((FIRST, request))
        if request.method != "INVITE":
            return None
        provisional = carrier.response(request, FIRST, said)
        flow = Flow("udp", carrier.us.address, (FIRST, 5060), 1)
        carrier.us.agent.receive(carrier.world.now, bytes(provisional), flow)
        return carrier.response(request, FIRST, 503)

    carrier.world.server(FIRST, tries)
    carrier.call(SECOND_HOST)
    carrier.world.run(40)
    assert carrier.hosts() == [FIRST, SECOND_HOST]
    assert len(carrier.us.told(Answered)) == 1
    assert not carrier.endings()


def test_a_server_that_rings_is_not_passed_over_for_its_patience() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 180)
    carrier.server(SECOND_HOST, 200)
    carrier.call(SECOND_HOST)
    carrier.world.run(60)
    assert carrier.hosts() == [FIRST]


def test_a_server_that_answers_without_ringing_is_not_passed_over_afterwards() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 200)
    carrier.server(SECOND_HOST, 200)
    number = carrier.call(SECOND_HOST)
    carrier.world.run(60)
    assert carrier.hosts() == [FIRST]
    assert len(carrier.us.told(Answered)) == 1
    carrier.world.do(carrier.us, lambda agent, now: agent.hang_up(now, number))
    carrier.world.run(80)
    assert carrier.us.agent.idle


def test_a_server_that_was_passed_over_is_given_no_proof() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 0)
    carrier.server(SECOND_HOST, 180)
    carrier.call(SECOND_HOST, credentials=ALICE)
    carrier.world.run(6)
    _, invite = carrier.asked[0]
    asks = (("Proxy-Authenticate", str(Challenge("carrier", "nonce", qop="auth"))),)
    late = carrier.response(invite, FIRST, 407, asks)
    carrier.world.send(bytes(late), carrier.us, (FIRST, 5060))
    carrier.world.run(6)
    assert carrier.hosts() == [FIRST, SECOND_HOST]


def answered_by(carrier: Carrier, invite: Request, tag: str) -> None:
    """Another party answers an INVITE, from where nobody has to."""
    contact = (("Contact", f"<sip:{tag}@{SECOND_HOST}>"),)
    answer = response_to(invite, 200, to_tag=tag, headers=contact, sdp=ANSWER)
    carrier.world.send(bytes(answer), carrier.us, (FIRST, 5060))
    carrier.world.run(0.1)


@pytest.mark.parametrize("over", [False, True])
def test_nobody_has_us_flood_a_third_party_by_answers_of_many(over: bool) -> None:
    """Each would get an ACK, and a BYE that is sent eleven times where nobody answers it."""
    carrier = Carrier()
    carrier.server(FIRST, 200)
    carrier.server(SECOND_HOST, 0)
    number = carrier.call()
    carrier.world.run(1)
    if over:
        carrier.world.do(carrier.us, lambda agent, now: agent.hang_up(now, number))
        carrier.world.run(1)
    invite = carrier.last("INVITE")
    for each in range(100):
        answered_by(carrier, invite, f"party{each}")
    let_go = [host for host in carrier.hosts("BYE") if host == SECOND_HOST]
    assert len(let_go) == 16
    assert carrier.us.agent.counters()["transactions"] < 25


def test_who_answers_too_and_repeats_it_is_acknowledged_each_time_and_hung_up_once() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 200)
    carrier.server(SECOND_HOST, 200)
    carrier.call()
    carrier.world.run(1)
    invite = carrier.last("INVITE")
    for _ in range(3):
        answered_by(carrier, invite, "another")
    theirs = [request.method for host, request in carrier.asked if host == SECOND_HOST]
    assert theirs == ["ACK", "BYE", "ACK", "ACK"]


def test_who_answers_without_a_contact_is_acknowledged_and_hung_up_where_it_was_called() -> None:
    carrier = Carrier()

    def answer(request: Request) -> Response | None:
        carrier.asked.append((FIRST, request))
        sdp = ANSWER if request.method == "INVITE" else None
        return None if request.method == "ACK" else response_to(request, 200, to_tag="t", sdp=sdp)

    carrier.world.server(FIRST, answer)
    number = carrier.call()
    carrier.world.run(1)
    assert len(carrier.us.told(Answered)) == 1
    carrier.world.do(carrier.us, lambda agent, now: agent.hang_up(now, number))
    carrier.world.run(40)
    assert [request.method for _, request in carrier.asked] == ["INVITE", "ACK", "BYE"]
    assert carrier.us.agent.idle
