"""A registration on a clock of ours: kept up, corrected, taken back, and never hammering."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sip import World
from support.sip_torture import invite

from fourwire.sip.access import Access, Trunk
from fourwire.sip.authenticator import Authenticator, Outcome
from fourwire.sip.digest import Credentials
from fourwire.sip.events import Invited, NotRegistered, Registered, Unregistered
from fourwire.sip.flow import Flow
from fourwire.sip.message import Request, Response
from fourwire.sip.registration import LONGEST_PAUSE_S, Registrar
from fourwire.sip.responding import response_to
from fourwire.sip.timers import SECOND
from fourwire.sip.uri import Uri

HOST = "192.0.2.5"
ALICE = Credentials("alice", "wonderland")


class Office:
    """A registrar that does as a test says, and what it was asked."""

    def __init__(self, transport: str = "udp", **registrar: object) -> None:
        self.world = World(transport=transport)
        self.asked: list[Request] = []
        self.status = 200
        self.headers: tuple[tuple[str, str], ...] = ()
        self.granted: int | None = None
        self.guard: Authenticator | None = None
        self.silent = False
        self.old: int | None = None
        """Seconds that an address is kept still which we had before."""
        self.world.server(HOST, self.answer)
        self.us = self.world.peer("192.0.2.1", access=Access(strangers="refuse"))
        registrar.setdefault("expires_s", 600)
        self.registrar = Registrar(uri=Uri.parse(f"sip:{HOST}"), user="alice", **registrar)  # type: ignore[arg-type]
        to = Flow(transport, ("192.0.2.1", 5060), (HOST, 5060), 1)
        self.number = self.us.agent.register(
            self.world.now, self.registrar, to, Trunk(name="carrier")
        )
        self.world.drain(self.us)

    def answer(self, request: Request) -> Response | None:
        self.asked.append(request)
        if self.silent:
            return None
        if self.guard is not None:
            outcome, _ = self.guard.judge(self.world.now, request, "us", {"alice": "wonderland"})
            if outcome is not Outcome.PROVEN:
                stale = outcome is Outcome.STALE
                asks = self.guard.challenges(self.world.now, "us", stale=stale)
                return response_to(request, 401, to_tag="r", headers=asks)
        if self.status != 200:
            return response_to(request, self.status, to_tag="r", headers=self.headers)
        seconds = self.granted if self.granted is not None else int(request.headers["Expires"])
        contact = request.headers["Contact"].rpartition(";expires=")[0]
        ours = f"{contact};expires={seconds}"
        if self.old is not None:
            ours = f"{contact.replace('192.0.2.1', '192.0.2.8')};expires={self.old}, {ours}"
        kept = ("Contact", f"<sip:old@192.0.2.77>;expires=9, {ours}")
        return response_to(request, 200, to_tag="r", headers=(kept,))

    def told(self, kind: type) -> list[object]:
        return list(self.us.told(kind))

    def times_s(self) -> list[float]:
        """When it was asked, counted from the first."""
        return [at / 1000 for at in self.world.times_ms("REGISTER", self.us)]


def test_a_registration_is_kept_up_before_it_ends() -> None:
    office = Office()
    office.world.run(3600)
    pauses = [later - at for at, later in pairwise(office.times_s())]
    assert len(pauses) >= 6
    assert all(0.6 * 600 < pause <= 0.75 * 600 for pause in pauses)
    first = office.told(Registered)[0]
    assert isinstance(first, Registered)
    assert (first.expires_s, first.flow is not None) == (600, True)
    assert len({request.call_id for request in office.asked}) == 1
    numbers = [request.cseq.number for request in office.asked]
    assert numbers == sorted(set(numbers))


def test_the_registrar_decides_for_how_long() -> None:
    office = Office()
    office.granted = 60
    office.world.run(0.1)
    office.world.run(500)
    pauses = [later - at for at, later in pairwise(office.times_s())]
    assert all(pause <= 600 * 0.75 for pause in pauses)
    assert all(pause <= 45 for pause in pauses[1:])


def test_a_challenge_is_answered_and_a_stale_nonce_costs_one_request_more() -> None:
    office = Office(credentials=ALICE)
    office.guard = Authenticator("pbx", 100 * SECOND, random.Random(1), ("SHA-256", "MD5"))
    office.world.run(1000)
    assert len(office.told(Registered)) >= 2
    assert office.told(NotRegistered) == []
    # Each time: asked, proven.
    assert len(office.asked) == 2 * len(office.told(Registered))
    assert "SHA-256" in office.asked[1].headers["Authorization"]


def test_a_wrong_password_is_tried_once_and_then_seldom() -> None:
    office = Office(credentials=Credentials("alice", "wrong"))
    office.guard = Authenticator("pbx", 100 * SECOND, random.Random(1))
    office.world.run(1)
    assert len(office.asked) == 2
    failed = office.told(NotRegistered)[0]
    assert isinstance(failed, NotRegistered)
    assert failed.status == 401
    office.world.run(24 * 3600)
    # 30 s doubled up to half an hour, two requests each time (RFC 5626 §4.5).
    assert len(office.asked) < 2 * 24 * 6


def test_an_interval_that_is_too_brief_is_lengthened() -> None:
    office = Office(expires_s=60)
    office.status, office.headers = 423, (("Min-Expires", "1800"),)
    office.world.run(0.008)
    office.status = 200
    office.world.run(1)
    assert [request.headers["Expires"] for request in office.asked] == ["60", "1800"]
    assert len(office.told(Registered)) == 1


def test_a_registrar_that_is_never_content_is_not_asked_for_ever() -> None:
    office = Office(expires_s=60)
    office.status, office.headers = 423, (("Min-Expires", "90000"),)
    office.world.run(1)
    assert len(office.asked) == 1
    assert len(office.told(NotRegistered)) == 1


@given(st.integers(0, 2**32))
def test_pauses_after_failures_double_up_to_half_an_hour(seed: int) -> None:
    office = Office()
    office.status = 503
    office.world.run(6 * 3600)
    pauses = [
        event.retry_s for event in office.us.told(NotRegistered) if isinstance(event, NotRegistered)
    ]
    for number, pause in enumerate(pauses, start=1):
        bound = min(LONGEST_PAUSE_S, 30 * 2**number)
        assert bound / 2 <= pause <= bound


def test_retry_after_is_respected() -> None:
    office = Office()
    office.status, office.headers = 503, (("Retry-After", "900 (busy);duration=5"),)
    office.world.run(800)
    assert len(office.asked) == 1
    office.world.run(200)
    assert len(office.asked) == 2


def test_silence_is_told_and_survived() -> None:
    office = Office()
    office.silent = True
    office.world.run(40)
    failed = office.told(NotRegistered)[0]
    assert isinstance(failed, NotRegistered)
    assert failed.status == 408
    office.silent = False
    office.world.run(70)
    assert len(office.told(Registered)) == 1


def test_whoever_leaves_says_so_and_is_told_once() -> None:
    office = Office()
    office.world.run(1)
    for _ in range(2):
        office.world.do(office.us, lambda agent, now: agent.unregister(now, office.number))
    office.world.run(100)
    assert office.asked[-1].headers["Expires"] == "0"
    assert ";expires=0" in office.asked[-1].headers["Contact"]
    assert len(office.told(Unregistered)) == 1
    assert len(office.asked) == 2
    assert office.us.agent.idle


def test_whoever_was_never_known_leaves_without_a_word() -> None:
    office = Office()
    office.status = 403
    office.world.run(1)
    office.world.do(office.us, lambda agent, now: agent.unregister(now, office.number))
    assert len(office.told(Unregistered)) == 1
    office.world.run(100)
    assert len(office.asked) == 1
    assert office.us.agent.idle


def test_whoever_leaves_while_it_is_let_in_is_not_left_there() -> None:
    office = Office()
    office.world.do(office.us, lambda agent, now: agent.unregister(now, office.number))
    assert office.told(Unregistered) == []
    office.world.run(100)
    assert [request.headers["Expires"] for request in office.asked] == ["600", "0"]
    assert len(office.told(Unregistered)) == 1
    assert office.told(Registered) == []
    assert office.us.agent.idle


@pytest.mark.parametrize("status", [0, 401, 403, 503])
def test_whoever_leaves_before_it_is_let_in_asks_for_nothing_more(status: int) -> None:
    office = Office(credentials=ALICE)
    office.silent = status == 0
    office.status = status
    if status == 401:
        office.guard = Authenticator("pbx", 100 * SECOND, random.Random(1))
    office.world.do(office.us, lambda agent, now: agent.unregister(now, office.number))
    office.world.run(100)
    assert len({request.cseq.number for request in office.asked}) == 1
    assert len(office.told(Unregistered)) == 1
    assert office.us.agent.idle


def test_a_challenge_to_our_goodbye_is_answered() -> None:
    office = Office(credentials=ALICE)
    office.world.run(1)
    office.guard = Authenticator("pbx", 100 * SECOND, random.Random(1))
    office.world.do(office.us, lambda agent, now: agent.unregister(now, office.number))
    office.world.run(100)
    assert [r.headers["Expires"] for r in office.asked] == ["600", "0", "0"]
    assert "Authorization" in office.asked[-1].headers
    assert len(office.told(Unregistered)) == 1


@pytest.mark.parametrize("granted", [1, 5, 10, 20])
def test_however_little_is_granted_it_is_kept_up_and_not_hammered(granted: int) -> None:
    office = Office()
    office.granted = granted
    office.world.run(100)
    pauses = [later - at for at, later in pairwise(office.times_s())]
    assert all(0.999 < pause <= max(1.02, 0.76 * granted) for pause in pauses)


def test_a_new_address_of_ours_is_told_at_once_and_the_old_one_a_few_seconds_longer() -> None:
    office = Office()
    office.world.run(1)
    new = ("192.0.2.11", 5060)
    for _ in range(2):
        office.world.do(office.us, lambda agent, now: agent.relocate(now, office.number, new))
    office.world.run(1)
    first, second = office.asked
    assert "alice@192.0.2.1:5060;" in first.headers["Contact"]
    assert "alice@192.0.2.11:5060;" in second.headers["Contact"]
    assert second.via.host == "192.0.2.11"
    assert len(office.told(Registered)) == 2


def test_a_new_address_is_told_when_it_is_time_where_the_registrar_has_refused() -> None:
    office = Office()
    office.status = 503
    office.world.run(1)
    new = ("192.0.2.11", 5060)
    office.world.do(office.us, lambda agent, now: agent.relocate(now, office.number, new))
    assert len(office.asked) == 1
    office.status = 200
    office.world.run(100)
    assert "alice@192.0.2.11:5060;" in office.asked[1].headers["Contact"]


def test_what_is_granted_is_what_our_newest_address_has() -> None:
    office = Office()
    office.old = 7
    office.world.run(0.1)
    registered = office.told(Registered)[0]
    assert isinstance(registered, Registered)
    assert registered.expires_s == 600


def test_a_lost_connection_is_made_good_at_once() -> None:
    office = Office("tcp")
    office.world.run(10)
    office.world.do(office.us, lambda agent, now: agent.flow_lost(now, 1))
    office.world.run(3)
    assert len(office.told(Registered)) == 2


@pytest.mark.parametrize("source", ["192.0.2.5", "203.0.113.9"])
def test_a_call_that_comes_by_a_registration_is_of_its_trunk(source: str) -> None:
    office = Office()
    office.world.run(1)
    contact = office.asked[0].headers["Contact"]
    uri = contact.partition("<")[2].partition(">")[0]
    office.world.send(invite(uri=uri), office.us, (source, 5060))
    (invited,) = office.told(Invited)
    assert isinstance(invited, Invited)
    assert invited.trunk == "carrier"
    assert invited.request.uri.user == "alice"


def test_a_stranger_who_does_not_know_the_registration_is_refused() -> None:
    office = Office()
    office.world.run(1)
    guess = f"sip:alice@192.0.2.1:5060;line={'0' * 16}"
    office.world.send(invite(uri=guess), office.us, ("203.0.113.9", 5060))
    assert office.told(Invited) == []
    assert office.world.replies()[-1].status == 403
