"""Who is let in: trunks by address, certificate and password; what all others get."""

import ipaddress
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.door import ALICE, PBX, STRANGER, Door, trunk
from support.sip import World, answering
from support.sip_torture import invite, message, options

from fourwire.sip.access import Access, Trunk
from fourwire.sip.digest import Credentials
from fourwire.sip.events import Invited
from fourwire.sip.flow import Flow
from fourwire.sip.gate import Admitted, Gate
from fourwire.sip.guard import MAX_SOURCES, Guard
from fourwire.sip.identity import identity_of
from fourwire.sip.message import Request, parse
from fourwire.sip.responding import Refusal
from fourwire.sip.timers import SECOND

TLS = Flow("tls", ("192.0.2.2", 5061), STRANGER, 1001)


def test_without_trunks_everybody_may_call() -> None:
    door = Door()
    assert door.call() == 100
    assert door.invited().trunk == ""


def test_once_there_is_a_trunk_a_stranger_is_forbidden_and_the_trunk_has_its_name() -> None:
    door = Door(trunk())
    assert door.call() == 403
    assert door.send(options()) == 403
    assert door.call(source=PBX) == 100
    assert door.invited().trunk == "pbx"
    assert door.counters["refused_strangers"] == 2


def test_strangers_hear_nothing_where_that_is_wished() -> None:
    door = Door(trunk(), strangers="drop")
    assert door.call() is None
    assert door.send(options()) is None
    assert door.send(b"INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\r\n") is None
    assert door.send(options(To="<sip:x@y>;tag=1")) is None
    assert door.counters["dropped_strangers"] == 4
    assert door.counters["transactions"] == 0
    assert door.call(source=PBX) == 100


def test_a_cancel_of_a_stranger_is_heard_only_where_its_invite_was() -> None:
    door = Door(trunk(), strangers="drop")
    cancel = message("CANCEL sip:callee@example.com SIP/2.0", CSeq="8 CANCEL")
    assert door.send(cancel) is None
    assert door.send(invite(), PBX) == 100
    assert door.send(cancel, PBX) == 487


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        (Flow("udp", PBX, ("192.0.2.7", 5060)), "address"),
        (Flow("tls", PBX, ("203.0.113.7", 5060), 0, ("sbc.example",)), "certificate"),
        (Flow("tls", PBX, ("203.0.113.7", 5060), 0, ("other.example",)), None),
        (Flow("tcp", PBX, ("2001:db8::7", 5060)), "six"),
        (Flow("udp", PBX, ("2001:db8::7", 5060)), None),
    ],
)
def test_a_trunk_is_known_by_all_that_is_said_of_it(flow: Flow, name: str | None) -> None:
    access = Access(
        trunks=(
            trunk("address"),
            trunk("certificate", "", certificates=frozenset({"sbc.example"})),
            trunk("six", "2001:db8::/32", transports=frozenset({"tcp"})),
            Trunk(name="called only"),
        )
    )
    request = parse(invite())
    assert isinstance(request, Request)
    judged = Gate(access, random.Random(1)).judge(0, request, flow)
    if name is None:
        assert judged == Refusal(403)
    else:
        assert isinstance(judged, Admitted)
        assert judged.trunk is not None
        assert judged.trunk.name == name


@pytest.mark.parametrize("number", [0, 1])
def test_a_trunk_with_a_password_is_asked_for_it_and_let_in(number: int) -> None:
    roaming = trunk("roaming", "", passwords={"alice": "wonderland"})
    door = Door(roaming, algorithms=("SHA-256", "MD5"))
    assert door.call() == 401
    assert door.prove(ALICE, number=number) == 100
    assert door.invited().trunk == "roaming"


def test_an_algorithm_that_was_not_offered_proves_nothing() -> None:
    roaming = trunk("roaming", "", passwords={"alice": "wonderland"})
    door = Door(roaming, algorithms=("SHA-256",))
    assert door.call() == 401
    weaker = replace(door.challenge(), algorithm="MD5")
    assert door.prove(ALICE, weaker) == 401


def test_the_name_that_is_proven_chooses_among_trunks() -> None:
    door = Door(
        trunk("a", "", passwords={"alice": "wonderland"}),
        trunk("b", "", passwords={"bob": "builder"}),
    )
    assert door.call() == 401
    assert door.prove(Credentials("bob", "builder")) == 100
    assert door.invited().trunk == "b"


def test_a_password_alone_lets_nobody_in_from_elsewhere() -> None:
    door = Door(trunk("pbx", passwords={"alice": "wonderland"}))
    assert door.call() == 403
    assert door.call(source=PBX) == 401
    assert door.prove(ALICE, source=PBX) == 100


def test_a_second_call_with_a_proof_that_was_used_is_asked_again_as_stale() -> None:
    door = Door(trunk("t", "", passwords={"alice": "wonderland"}))
    door.call()
    challenge = door.challenge()
    assert door.prove(ALICE, challenge) == 100
    assert door.prove(ALICE, challenge) == 401
    assert door.challenge().stale
    assert door.prove(ALICE) == 100
    assert door.counters["challenged_stale"] == 1


def test_three_hundred_guesses_let_nobody_in_and_shut_the_guesser_out() -> None:
    door = Door(trunk("t", "", passwords={"alice": "wonderland"}), ban_after=5, rate=0)
    answers = []
    for guess in range(300):
        if door.call() == 401:
            answers.append(door.prove(Credentials("alice", f"guess {guess}")))
    assert answers == [403] * 5
    assert door.callee.told(Invited) == []
    assert door.counters["sources_banned"] == 1
    assert door.counters["dropped_banned"] == 300 - 5
    # Another source is heard, and so is the guesser once the ban is over.
    assert door.call(source=("203.0.113.50", 5060)) == 401
    door.world.run(601)
    assert door.call() == 401


def test_a_ban_and_a_challenge_last_as_long_as_the_settings_say() -> None:
    door = Door(
        trunk("t", "", passwords={"alice": "wonderland"}), ban_after=1, ban_s=30.0, nonce_s=20.0
    )
    door.call()
    door.world.run(19)
    assert door.prove(ALICE) == 100
    door.call()
    door.world.run(21)
    assert door.prove(ALICE) == 401
    assert door.prove(Credentials("alice", "a guess")) == 403
    door.world.run(29)
    assert door.call() is None
    door.world.run(2)
    assert door.call() == 401


def test_nobody_can_be_shut_out_in_his_name() -> None:
    door = Door(trunk("t", "", passwords={"alice": "wonderland"}), ban_after=2, rate=0)
    door.call(source=("203.0.113.66", 5060))
    stolen = door.challenge()
    for _ in range(10):  # answers to somebody else's challenge, from the victim's address
        assert door.prove(Credentials("alice", "x"), stolen) == 401
    assert door.counters.get("sources_banned") is None
    door.call()
    assert door.prove(ALICE) == 100


def test_a_stranger_may_ask_so_much_and_a_trunk_as_much_as_it_likes() -> None:
    door = Door(trunk(), rate=10.0, burst=20)
    answers = [door.call() for _ in range(50)]
    assert answers == [403] * 20 + [None] * 30
    assert door.counters["dropped_over_rate"] == 30
    assert all(door.call(source=PBX) for _ in range(100))
    door.world.run(1)
    assert [door.call() for _ in range(11)] == [403] * 10 + [None]


def test_who_has_proven_a_password_may_ask_as_much_as_it_likes_for_a_while() -> None:
    """A PBX that is known by its password alone has many calls at a time."""
    door = Door(trunk("t", "", passwords={"alice": "wonderland"}), rate=10.0, burst=20)
    door.call()
    assert door.prove(ALICE) == 100
    assert all(door.call() == 401 for _ in range(100))
    door.world.run(601)
    assert [door.call() for _ in range(21)] == [401] * 20 + [None]


def test_who_shows_the_certificate_of_a_trunk_may_ask_as_much_as_it_likes() -> None:
    sbc = trunk("sbc", "", certificates=frozenset({"sbc.example.com"}))
    gate = Gate(Access(trunks=(sbc,), rate=1.0, burst=1), random.Random(1))
    shown = replace(TLS, names=("sbc.example.com",))
    assert all(gate.hears(0, options(), shown) for _ in range(10))
    assert [gate.hears(0, options(), TLS) for _ in range(3)] == [True, False, False]


def test_a_carrier_that_we_call_may_hang_up_as_many_calls_as_it_has() -> None:
    """It is of no trunk that calls, and hundreds of calls may end at a time."""
    world = World()
    access = Access(strangers="refuse", rate=1.0, burst=2)
    us, carrier = world.peer("192.0.2.1", access=access), world.peer("192.0.2.5")
    answering(world, carrier)
    for _ in range(30):
        world.place(us, carrier)
    world.run(1)
    assert us.agent.calls == 30
    for number in range(1, 31):
        carrier.agent.hang_up(world.now, number)
    world.drain(carrier)
    world.run(0.1)
    assert us.agent.calls == 0
    assert "dropped_over_rate" not in us.agent.counters()
    for _ in range(5):
        world.send(options(), us, STRANGER)
    assert us.agent.counters()["dropped_over_rate"] == 3


def test_what_is_read_anew_measures_strangers_from_then_on() -> None:
    door = Door()
    assert all(door.call() == 100 for _ in range(10))
    door.callee.agent.admit(Access(trunks=(trunk(),), rate=1.0, burst=2))
    assert [door.call() for _ in range(3)] == [403, 403, None]
    word = trunk("t", "", passwords={"alice": "wonderland"})
    door.callee.agent.admit(Access(trunks=(word,), realm="other", rate=0))
    assert door.call() == 401
    assert door.challenge().realm == "other"


def test_calls_of_a_registrar_are_of_the_trunk_as_it_is_read_anew() -> None:
    old = trunk(trusted=True, max_calls=5, credentials=ALICE)
    gate = Gate(Access(trunks=(old,)), random.Random(1))
    gate.lines["secret"] = old
    new = trunk(trusted=False, max_calls=1)
    gate.admit(Access(trunks=(new,)))
    request = parse(invite(uri="sip:us@192.0.2.2;line=secret"))
    assert isinstance(request, Request)
    flow = Flow("udp", ("192.0.2.2", 5060), STRANGER, 1)
    assert gate.judge(0, request, flow) == Admitted(replace(new, credentials=ALICE))
    gate.admit(Access(trunks=()))  # what is gone from the settings stays until a restart
    assert gate.judge(0, request, flow) == Admitted(replace(new, credentials=ALICE))


@pytest.mark.parametrize("name", ["friendly-scanner", "SIPVicious 0.3", "VaxSIPUserAgent/3.1"])
def test_a_scanner_hears_nothing_even_where_strangers_may_call(name: str) -> None:
    door = Door()
    assert door.call(f"User-Agent: {name}") is None
    assert door.counters["dropped_scanners"] == 1
    assert door.call("User-Agent: Zoiper") == 100


def test_a_scanner_is_refused_where_that_is_wished_and_let_be_from_a_trunk() -> None:
    assert Door(scanners="refuse").call("User-Agent: sipvicious") == 403
    assert Door(trunk()).call("User-Agent: sipcli/v1.8", source=PBX) == 100


def test_a_trunk_has_no_more_calls_than_it_may() -> None:
    door = Door(trunk(max_calls=2), trunk("other", "203.0.113.0/24"))
    assert [door.call(source=PBX) for _ in range(3)] == [100, 100, 503]
    assert door.send(options(), PBX) == 503
    assert door.call(source=("203.0.113.1", 5060)) == 100
    first = door.callee.told(Invited)[0]
    assert isinstance(first, Invited)
    door.world.do(door.callee, lambda agent, now: agent.hang_up(now, first.call))
    assert door.call(source=PBX) == 100


ASSERTED = ('P-Asserted-Identity: "The Boss" <sip:+15551@carrier.example>', "Privacy: none")


def test_an_identity_is_believed_of_a_trusted_trunk_alone() -> None:
    door = Door(trunk("safe", trusted=True), trunk("other", "203.0.113.0/24"))
    door.call(*ASSERTED, source=PBX)
    assert identity_of(door.invited().request).user == "+15551"
    door.call(*ASSERTED, source=("203.0.113.1", 5060))
    assert identity_of(door.invited().request).user == ""
    assert "P-Asserted-Identity" not in door.invited().request.headers
    assert door.counters["identities_not_believed"] == 1


def test_who_wants_to_be_withheld_is_and_who_was_called_first_is_told() -> None:
    request = parse(
        invite(
            "P-Asserted-Identity: tel:+15551;phone-context=x",
            "Privacy: id;critical",
            'Diversion: "Front" <sip:200@pbx.example>;reason=no-answer',
        )
    )
    assert isinstance(request, Request)
    identity = identity_of(request)
    assert (identity.user, identity.private, identity.diverted_from) == ("+15551", True, "200")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**9)), max_size=60))
def test_no_source_ever_gets_more_than_its_measure(steps: list[tuple[int, int]]) -> None:
    guard = Guard(2.0, 5, 0, 0)
    now = 0
    allowed = dict.fromkeys(range(4), 0)
    for host, pause in steps:
        now += pause
        allowed[host] += guard.allows(now, f"192.0.2.{host}")
    assert all(count <= 5 + 2.0 * now / SECOND for count in allowed.values())


def test_what_is_remembered_of_sources_has_a_brim() -> None:
    guard = Guard(1.0, 1, 1, SECOND)
    for number in range(MAX_SOURCES + 1):
        address = str(ipaddress.IPv4Address(number))
        assert guard.allows(0, address)
        guard.failed(0, address)
    assert guard.allows(0, "0.0.0.0")  # noqa: S104 - the first, forgotten
    assert not guard.is_banned(0, "0.0.0.0")  # noqa: S104
    assert guard.is_banned(0, "0.0.0.1")


def test_a_site_of_ipv6_is_one_source() -> None:
    guard = Guard(1.0, 1, 0, 0)
    assert guard.allows(0, "2001:db8:0:1::1")
    assert not guard.allows(0, "2001:db8:0:1:ffff::2")
    assert guard.allows(0, "2001:db8:0:2::1")
