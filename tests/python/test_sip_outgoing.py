"""Calls of ours that are asked for proofs, sent elsewhere, or find the first server silent."""

import pytest
from support.carrier import ALICE, FIRST, SECOND_HOST, THIRD, Carrier
from support.sip import ANSWER

from fourwire.sip.digest import Credentials
from fourwire.sip.events import Answered
from fourwire.sip.flow import Flow
from fourwire.sip.message import Request, Response
from fourwire.sip.responding import response_to


@pytest.mark.parametrize(
    ("status", "field"), [(401, "Authorization"), (407, "Proxy-Authorization")]
)
def test_a_proof_is_given_for_the_call_its_ack_and_its_end(status: int, field: str) -> None:
    carrier = Carrier()
    carrier.asking(FIRST, status)
    number = carrier.call(credentials=ALICE)
    carrier.world.run(1)
    assert len(carrier.us.told(Answered)) == 1
    assert len(carrier.hosts()) == 2
    assert field in carrier.last("ACK").headers  # RFC 3261 §22.1
    carrier.world.do(carrier.us, lambda agent, now: agent.hang_up(now, number))
    carrier.world.run(40)
    assert len(carrier.hosts("BYE")) == 2
    assert field in carrier.last("BYE").headers
    assert carrier.us.agent.idle


def test_a_wrong_password_is_given_once() -> None:
    carrier = Carrier()
    carrier.asking(FIRST)
    carrier.call(credentials=Credentials("alice", "wrong"))
    carrier.world.run(80)
    assert len(carrier.hosts()) == 2
    assert carrier.endings() == [407]
    assert carrier.us.agent.idle


@pytest.mark.parametrize("credentials", [None, Credentials("alice", "wonderland", "elsewhere")])
def test_without_credentials_for_the_realm_the_challenge_is_the_end(
    credentials: Credentials | None,
) -> None:
    carrier = Carrier()
    carrier.asking(FIRST)
    carrier.call(credentials=credentials)
    carrier.world.run(1)
    assert len(carrier.hosts()) == 1
    assert carrier.endings() == [407]


def test_a_call_that_was_taken_back_is_not_placed_again_by_a_challenge() -> None:
    carrier = Carrier()
    carrier.asking(FIRST)
    number = carrier.call(credentials=ALICE)
    carrier.us.agent.hang_up(carrier.world.now, number)
    carrier.world.run(80)
    assert len(carrier.hosts()) == 1
    assert carrier.us.agent.idle


def test_a_server_without_room_and_a_silent_one_are_passed_over() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 503)
    carrier.server(SECOND_HOST, 0)
    carrier.server(THIRD, 200)
    carrier.call(SECOND_HOST, THIRD)
    carrier.world.run(10)
    assert carrier.hosts() == [FIRST, SECOND_HOST, THIRD]
    assert len(carrier.us.told(Answered)) == 1
    assert carrier.us.agent.counters()["servers_passed_over"] == 2
    assert len({request.call_id for _, request in carrier.asked}) == 1


def test_a_server_that_refuses_for_good_is_not_passed_over() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 486)
    carrier.server(SECOND_HOST, 200)
    carrier.call(SECOND_HOST)
    carrier.world.run(80)
    assert carrier.hosts() == [FIRST]
    assert carrier.endings() == [486]


def test_when_no_server_has_room_the_call_fails_once() -> None:
    carrier = Carrier()
    for host in (FIRST, SECOND_HOST):
        carrier.server(host, 503)
    carrier.call(SECOND_HOST)
    carrier.world.run(80)
    assert carrier.endings() == [503]
    assert carrier.us.agent.idle


def test_a_server_that_answers_after_it_was_given_up_is_hung_up_on() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 0, 0, 0, 0, 200)  # the fifth copy of the INVITE, after 7.5 s
    carrier.server(SECOND_HOST, 180)
    carrier.call(SECOND_HOST)
    carrier.world.run(20)
    assert carrier.hosts("BYE") == [FIRST]
    assert carrier.us.told(Answered) == []


def test_a_redirect_is_followed_to_the_most_wanted() -> None:
    carrier = Carrier()
    contacts = f"<sip:a@{THIRD}>;q=0.1, <sip:bob@{SECOND_HOST}>;q=0.9, <tel:+1>"
    carrier.server(FIRST, 302, headers=(("Contact", contacts),))
    carrier.server(SECOND_HOST, 200)
    carrier.call()
    carrier.world.run(1)
    assert carrier.hosts() == [FIRST, SECOND_HOST]
    assert str(carrier.last("INVITE").uri) == f"sip:bob@{SECOND_HOST}"
    assert len(carrier.us.told(Answered)) == 1


def test_a_redirect_in_a_circle_ends() -> None:
    carrier = Carrier()
    back = (("Contact", f"<sip:bob@{FIRST}>"),)
    carrier.server(FIRST, 302, headers=(("Contact", f"<sip:bob@{SECOND_HOST}>"),))
    carrier.server(SECOND_HOST, 302, headers=back)
    carrier.call()
    carrier.world.run(80)
    assert carrier.hosts() == [FIRST, SECOND_HOST]
    assert carrier.endings() == [302]
    assert carrier.us.agent.idle


def test_where_the_most_wanted_is_not_there_the_next_is_called() -> None:
    carrier = Carrier()
    contacts = f"<sip:a@{SECOND_HOST}>;q=0.9, <sip:b@{THIRD}>;q=0.5"
    carrier.server(FIRST, 302, headers=(("Contact", contacts),))
    carrier.server(SECOND_HOST, 404)
    carrier.server(THIRD, 200)
    carrier.call()
    carrier.world.run(1)
    assert carrier.hosts() == [FIRST, SECOND_HOST, THIRD]
    assert len(carrier.us.told(Answered)) == 1
    assert carrier.endings() == []


@pytest.mark.parametrize(("status", "hosts"), [(603, 2), (486, 3), (0, 3)])
def test_who_declines_for_all_places_is_not_looked_for_elsewhere(status: int, hosts: int) -> None:
    carrier = Carrier()
    contacts = f"<sip:a@{SECOND_HOST}>, <sip:b@{THIRD}>"
    carrier.server(FIRST, 302, headers=(("Contact", contacts),))
    carrier.server(SECOND_HOST, status)
    carrier.server(THIRD, 480)
    carrier.call()
    carrier.world.run(100)
    assert len(carrier.hosts()) == hosts
    assert carrier.endings() == [480 if hosts == 3 else 603]
    assert carrier.us.agent.idle


def test_a_secure_call_is_redirected_to_secure_places_alone() -> None:
    carrier = Carrier()
    contacts = f"<sip:a@{SECOND_HOST}>"
    carrier.server(FIRST, 302, headers=(("Contact", contacts),))
    carrier.server(SECOND_HOST, 200)
    uri = f"sips:bob@{FIRST}"
    flow = Flow("udp", carrier.us.address, (FIRST, 5060), 1)
    carrier.us.agent.invite(0, uri, local=carrier.us.address, from_user="alice", to=flow)
    carrier.world.drain(carrier.us)
    carrier.world.run(1)
    assert carrier.hosts() == [FIRST]
    assert carrier.endings() == [302]


def test_a_server_that_was_given_up_and_rings_twice_is_cancelled_once() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 0)
    carrier.server(SECOND_HOST, 180)
    carrier.call(SECOND_HOST)
    carrier.world.run(5)
    _, invite = carrier.asked[0]
    for _ in range(2):
        ringing = carrier.response(invite, FIRST, 180)
        carrier.world.send(bytes(ringing), carrier.us, (FIRST, 5060))
        carrier.world.run(0.1)
    assert [host for host, request in carrier.asked if request.method == "CANCEL"] == [FIRST]


def test_a_second_party_that_answers_once_the_call_is_over_is_let_go() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 200)
    number = carrier.call()
    carrier.world.run(1)
    carrier.us.agent.hang_up(carrier.world.now, number)
    carrier.world.drain(carrier.us)
    carrier.world.run(1)
    invite = carrier.last("INVITE")
    byes = len(carrier.hosts("BYE"))
    for tag in (FIRST, "another"):
        answer = response_to(
            invite, 200, to_tag=tag, headers=(("Contact", f"<sip:{tag}@{FIRST}>"),), sdp=ANSWER
        )
        carrier.world.send(bytes(answer), carrier.us, (FIRST, 5060))
    carrier.world.run(1)
    assert carrier.hosts("BYE")[byes:] == [FIRST]
    assert carrier.last("BYE").to.tag == "another"
    assert carrier.us.agent.counters()["responses_without_call"] >= 2
    carrier.world.run(80)
    assert carrier.us.agent.idle


def test_nobody_is_redirected_who_does_not_wish_it() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 302, headers=(("Contact", f"<sip:bob@{SECOND_HOST}>"),))
    carrier.call(redirects=0)
    carrier.world.run(1)
    assert carrier.endings() == [302]


def test_another_host_is_not_given_the_hash_of_our_password() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 302, headers=(("Contact", f"<sip:bob@{SECOND_HOST}>"),))
    carrier.asking(SECOND_HOST)
    carrier.call(credentials=ALICE)
    carrier.world.run(1)
    assert carrier.hosts() == [FIRST, SECOND_HOST]
    assert carrier.endings() == [407]
    assert all("Proxy-Authorization" not in request.headers for _, request in carrier.asked)


def impatient(carrier: Carrier, least_s: int, granted: str) -> None:
    """A server behind one that wants sessions as long as ``least_s``."""

    def answer(request: Request) -> Response | None:
        carrier.asked.append((FIRST, request))
        if request.method == "ACK":
            return None
        if request.method == "INVITE" and int(request.headers["Session-Expires"]) < least_s:
            return carrier.response(request, FIRST, 422, (("Min-SE", str(least_s)),))
        timer = (("Session-Expires", granted),) if request.method == "INVITE" else ()
        return carrier.response(request, FIRST, 200, timer)

    carrier.world.server(FIRST, answer)


def test_a_session_that_is_too_short_for_the_carrier_is_asked_for_as_long_as_it_wants() -> None:
    carrier = Carrier()
    impatient(carrier, 3600, "3600;refresher=uac")
    carrier.call()
    carrier.world.run(1)

    first, again = (r for _, r in carrier.asked if r.method == "INVITE")
    assert (first.headers["Session-Expires"], first.headers.get("Min-SE")) == ("1800", None)
    assert (again.headers["Session-Expires"], again.headers["Min-SE"]) == ("3600", "3600")
    same = [(r.call_id, str(r.from_), str(r.to), r.body) for r in (first, again)]
    assert same[0] == same[1]
    assert again.cseq.number == first.cseq.number + 1
    assert len(carrier.us.told(Answered)) == 1
    assert carrier.endings() == []


def test_a_carrier_that_wants_it_longer_each_time_is_not_asked_for_ever() -> None:
    carrier = Carrier()
    least = iter(range(3600, 4000))

    def answer(request: Request) -> Response | None:
        carrier.asked.append((FIRST, request))
        if request.method == "ACK":
            return None
        return carrier.response(request, FIRST, 422, (("Min-SE", str(next(least))),))

    carrier.world.server(FIRST, answer)
    carrier.call()
    carrier.world.run(1)
    assert len(carrier.hosts()) == 6
    assert carrier.endings() == [422]


@pytest.mark.parametrize("least", ["90", "soon", ""])
def test_a_refusal_that_names_no_longer_session_is_the_end(least: str) -> None:
    carrier = Carrier()
    carrier.server(FIRST, 422, headers=(("Min-SE", least),))
    carrier.call()
    carrier.world.run(1)
    assert carrier.hosts() == [FIRST]
    assert carrier.endings() == [422]


def test_a_call_that_was_taken_back_is_not_placed_again_for_a_longer_session() -> None:
    carrier = Carrier()
    impatient(carrier, 3600, "3600")
    number = carrier.call()
    carrier.world.do(carrier.us, lambda agent, now: agent.hang_up(now, number))
    carrier.world.run(1)
    assert carrier.hosts() == [FIRST]


def test_from_names_our_domain_where_one_is_agreed() -> None:
    carrier = Carrier()
    carrier.server(FIRST, 200)
    carrier.call(domain="ours.example")
    carrier.world.run(1)
    assert carrier.last("INVITE").from_.uri.host == "ours.example"
