"""Calls of ours that are asked for proofs, sent elsewhere, or find the first server silent."""

import random
from dataclasses import replace

import pytest
from support.sip import ANSWER, OFFER, Peer, World

from fourwire.sip.authenticator import Authenticator, Outcome
from fourwire.sip.client_call import Terms
from fourwire.sip.digest import Credentials
from fourwire.sip.events import Answered, Ended
from fourwire.sip.flow import Flow, Hop
from fourwire.sip.headers import Headers
from fourwire.sip.message import Request, Response
from fourwire.sip.proving import PROOFS
from fourwire.sip.responding import response_to
from fourwire.sip.timers import SECOND

FIRST, SECOND_HOST, THIRD = "192.0.2.5", "192.0.2.6", "192.0.2.7"
ALICE = Credentials("alice", "wonderland")


class Carrier:
    """A caller of ours, and servers that do as a test says."""

    def __init__(self) -> None:
        self.world = World()
        self.us: Peer = self.world.peer("192.0.2.1")
        self.asked: list[tuple[str, Request]] = []

    def server(self, host: str, *statuses: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """A server that answers INVITEs by these in turn, the last for ever; 0 is silence."""
        left = list(statuses)

        def answer(request: Request) -> Response | None:
            self.asked.append((host, request))
            if request.method == "ACK":
                return None
            status = 200
            if request.method == "INVITE":
                status = left.pop(0) if len(left) > 1 else left[0]
            return None if status == 0 else self.response(request, host, status, headers)

        self.world.server(host, answer)

    def asking(self, host: str, status: int = 407) -> None:
        """A server that wants a proof for every request."""
        guard = Authenticator("carrier", 100 * SECOND, random.Random(1))

        def answer(request: Request) -> Response | None:
            self.asked.append((host, request))
            if request.method in ("ACK", "CANCEL"):
                return None
            proofs = request.headers.get_all(PROOFS[status])
            read = Headers([*request.headers.fields(), *(("Authorization", p) for p in proofs)])
            request = replace(request, headers=read)
            outcome, _ = guard.judge(self.world.now, request, "us", {"alice": "wonderland"})
            if outcome is Outcome.PROVEN:
                return self.response(request, host, 200)
            asks = guard.challenges(self.world.now, "us", stale=outcome is Outcome.STALE)
            name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
            named = tuple((name, value) for _, value in asks)
            return self.response(request, host, status, named)

        self.world.server(host, answer)

    def response(
        self,
        request: Request,
        host: str,
        status: int,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Response:
        sdp = ANSWER if status == 200 and request.method == "INVITE" else None
        contact = (("Contact", f"<sip:{host}>"),) if status == 200 else ()
        return response_to(request, status, to_tag=host, headers=(*headers, *contact), sdp=sdp)

    def call(self, *others: str, **terms: object) -> int:
        number = self.us.agent.invite(
            self.world.now,
            f"sip:bob@{FIRST}",
            local=self.us.address,
            from_user="alice",
            offer=OFFER,
            to=self.flow(FIRST),
            terms=Terms(others=tuple(self.flow(each) for each in others), **terms),  # type: ignore[arg-type]
        )
        self.world.drain(self.us)
        return number

    def flow(self, host: str) -> Flow | Hop:
        return Flow("udp", self.us.address, (host, 5060), 1)

    def hosts(self, method: str = "INVITE") -> list[str]:
        """Who was asked, repeats left out."""
        asked = [(host, str(r.via.branch)) for host, r in self.asked if r.method == method]
        return [host for host, _ in dict.fromkeys(asked)]

    def last(self, method: str) -> Request:
        return [request for _, request in self.asked if request.method == method][-1]

    def endings(self) -> list[int]:
        return [event.status for event in self.us.told(Ended) if isinstance(event, Ended)]


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
