"""An INVITE with Replaces: who may take whose place, and what the others hear (RFC 3891 §3)."""

import ipaddress
from collections.abc import Callable
from dataclasses import replace

import pytest
from support.sip import ANSWER, OFFER, Peer, World, answering, losing

from fourwire.sip.access import Access, Trunk
from fourwire.sip.departed import Departed
from fourwire.sip.events import Cause, Ended, Event, Invited, Progressed
from fourwire.sip.message import Request
from fourwire.sip.refer_to import Replaces

US, CALLER, HEIR = "192.0.2.2", "192.0.2.1", "192.0.2.3"


def trunk(name: str, *hosts: str) -> Trunk:
    return Trunk(name=name, networks=tuple(map(ipaddress.ip_network, hosts)))


PBX = Access(trunks=(trunk("pbx", CALLER, HEIR),))


class Office:
    """A caller who talks with us, and somebody who would like to be in his place."""

    def __init__(self, access: Access = PBX, **rules: object) -> None:
        self.world = World()
        self.us = self.world.peer(US, access=access, **rules)
        self.caller, self.heir = self.world.peer(CALLER), self.world.peer(HEIR)

    def talk(self) -> "Office":
        """Let the caller's call be answered; what comes later waits."""
        answering(self.world, self.us)
        self.world.place(self.caller, self.us)
        self.world.run(1)
        self.us.on_event = lambda event: None
        return self

    def ask(self, *fields: str, offer: str | None = OFFER) -> int:
        """Let the heir ask for the place; the status that it gets, 100 where it is to wait."""
        headers = tuple(("Replaces", field) for field in fields)
        self.world.place(self.heir, self.us, offer, headers=headers)
        self.world.run(0.1)
        return self.world.replies()[-1].status

    def place(self, *, early_only: bool = False) -> str:
        """The caller's place, as we know it."""
        invite = self.world.messages("INVITE", self.caller)[0].message
        tagged = [r for r in self.world.replies() if r.to.tag and r.call_id == invite.call_id]
        marks = (tagged[0].to.tag or "", invite.from_.tag or "")
        return str(Replaces(invite.call_id, *marks, early_only))

    def answer(self) -> None:
        """Let us answer whoever rang last."""
        asked = self.us.told(Invited)[-1]
        assert isinstance(asked, Invited)
        self.world.do(self.us, lambda agent, now: agent.answer(now, asked.call, ANSWER))
        self.world.run(1)


def ends(peer: Peer) -> list[Cause]:
    return [event.cause for event in peer.told(Ended) if isinstance(event, Ended)]


def test_who_is_answered_has_the_place_and_who_had_it_gets_a_bye() -> None:
    office = Office().talk()
    assert office.ask(office.place()) == 100
    first, second = office.us.told(Invited)
    assert isinstance(first, Invited)
    assert isinstance(second, Invited)
    assert (first.replaces, second.replaces, second.offer) == (0, first.call, OFFER)
    assert ends(office.us) == []

    office.answer()

    assert ends(office.us) == [Cause.REPLACED]
    assert ends(office.caller) == [Cause.BYE]
    assert ends(office.heir) == []
    assert office.us.agent.calls == 1
    office.world.do(office.heir, lambda agent, now: agent.hang_up(now, 1))
    office.world.run(100)
    assert ends(office.us) == [Cause.REPLACED, Cause.BYE]
    assert office.us.agent.idle


def test_what_was_asked_for_in_vain_leaves_the_call_as_it_was() -> None:
    office = Office().talk()
    office.ask(office.place())
    office.world.do(office.us, lambda agent, now: agent.reject(now, 2, 488))
    office.world.run(100)
    assert ends(office.caller) == []
    assert office.us.agent.calls == 1

    assert office.ask(office.place()) == 100
    office.world.do(office.heir, lambda agent, now: agent.hang_up(now, 2))
    office.world.run(100)
    assert ends(office.us) == [Cause.REJECTED, Cause.CANCELLED]
    assert office.us.agent.calls == 1


def test_a_place_is_promised_to_one_at_a_time() -> None:
    office = Office().talk()
    assert office.ask(office.place()) == 100
    assert office.ask(office.place()) == 500
    assert office.world.replies()[-1].headers["Retry-After"] == "1"


def test_a_place_that_was_never_there_is_481_and_one_that_is_no_more_603() -> None:
    office = Office().talk()
    place = office.place()
    assert office.ask("nobody@nowhere;to-tag=a;from-tag=b") == 481
    assert office.ask(place.replace("to-tag=", "to-tag=x")) == 481
    office.world.do(office.caller, lambda agent, now: agent.hang_up(now, 1))
    office.world.run(1)
    assert office.ask(place) == 603
    office.world.run(40)
    assert office.ask(place) == 481
    assert len(office.us.told(Invited)) == 1


def test_a_call_that_we_are_leaving_is_603() -> None:
    office = Office().talk()
    office.world.swallow = losing("200 BYE")
    office.world.do(office.us, lambda agent, now: agent.hang_up(now, 1))
    assert office.ask(office.place()) == 603


def test_a_call_that_rings_is_481() -> None:
    office = Office()
    office.world.place(office.caller, office.us)
    office.world.run(0.1)
    office.world.do(office.us, lambda agent, now: agent.ring(now, 1))
    office.world.run(0.1)
    assert office.caller.told(Progressed)
    assert office.ask(office.place()) == 481


def test_who_wants_an_early_place_alone_is_told_that_it_is_taken() -> None:
    office = Office().talk()
    assert office.ask(office.place(early_only=True)) == 486


@pytest.mark.parametrize("fields", [("a;to-tag=b;from-tag=c",) * 2, ("a;to-tag=b",), ("",)])
def test_two_places_or_an_unreadable_one_are_400(fields: tuple[str, ...]) -> None:
    assert Office().talk().ask(*fields) == 400


def told_to(asked: str, *named: str) -> Access:
    pbx, other = trunk("pbx", CALLER), trunk("other", HEIR)
    trunks = (replace(it, takes_over=frozenset(named)) for it in (pbx, other) if it.name == asked)
    return Access(trunks=(*trunks, *(it for it in (pbx, other) if it.name != asked)))


def test_a_trunk_takes_over_the_calls_of_those_that_it_was_told_it_may() -> None:
    office = Office(told_to("other", "pbx")).talk()
    assert office.ask(office.place()) == 100
    office.answer()
    assert ends(office.us) == [Cause.REPLACED]
    assert ends(office.caller) == [Cause.BYE]


@pytest.mark.parametrize("access", [told_to("pbx", "other"), told_to("other", "carrier")])
def test_what_one_trunk_may_another_may_not(access: Access) -> None:
    office = Office(access).talk()
    assert office.ask(office.place()) == 403
    assert ends(office.us) == []


STRANGERS = Access(trunks=(trunk("pbx", CALLER),), strangers="admit")
OTHERS = Access(trunks=(trunk("pbx", CALLER), trunk("other", HEIR)))


@pytest.mark.parametrize("access", [STRANGERS, OTHERS, Access()])
def test_nobody_takes_the_place_of_a_caller_who_is_not_of_the_same_trunk(access: Access) -> None:
    office = Office(access).talk()
    assert office.ask(office.place()) == 403
    assert office.us.agent.counters()["replaces_refused"] == 1
    assert ends(office.caller) == []


def test_a_stranger_s_place_may_be_taken_from_where_the_stranger_is() -> None:
    office = Office(Access()).talk()
    office.heir = office.world.peer(CALLER, 5070)
    assert office.ask(office.place()) == 100


def test_an_acknowledgement_that_is_late_does_not_keep_the_heir_out() -> None:
    office = Office()
    office.world.swallow = losing("ACK")
    office.talk()
    assert office.ask(office.place()) == 100
    office.answer()
    assert ends(office.us) == [Cause.REPLACED]
    assert ends(office.caller) == [Cause.BYE]


def test_a_call_whose_answer_to_our_offer_is_not_here_yet_is_not_given_away() -> None:
    office = Office()
    office.us.on_event = _offering(office)
    office.world.place(office.caller, office.us, offer=None)
    office.world.run(0.3)
    assert office.ask(office.place()) == 500
    assert ends(office.us) == []


def _offering(office: Office) -> Callable[[Event], None]:
    def offer(event: Event) -> None:
        if isinstance(event, Invited):
            office.us.agent.answer(office.world.now, event.call, OFFER)

    return offer


def test_a_full_gateway_lets_a_place_change_hands() -> None:
    office = Office(max_calls=1).talk()
    assert office.ask(office.place()) == 100
    office.answer()
    assert office.us.agent.calls == 1


def test_a_place_in_a_call_of_ours_can_be_taken_too() -> None:
    office = Office(Access())
    answering(office.world, office.caller)
    office.world.place(office.us, office.caller)
    office.world.run(1)
    invite = office.world.messages("INVITE", office.us)[0].message
    answer = office.world.messages("200 INVITE")[0].message
    assert isinstance(invite, Request)
    office.heir = office.world.peer(CALLER, 5070)
    place = Replaces(invite.call_id, invite.from_.tag or "", answer.to.tag or "")
    assert office.ask(str(place)) == 100
    office.answer()
    assert ends(office.us) == [Cause.REPLACED]


def test_who_requires_it_is_served() -> None:
    office = Office().talk()
    headers = (("Replaces", office.place()), ("Require", "replaces"))
    office.world.place(office.heir, office.us, headers=headers)
    office.world.run(0.1)
    assert office.world.replies()[-1].status == 100


def test_dialogs_that_ended_are_forgotten_in_time_though_nobody_calls_any_more() -> None:
    departed = Departed(keep=32)
    for at in range(3):
        departed.note(at, (f"call-{at}", "ours", "theirs"))
    assert departed.deadline() == 32
    departed.forget(33)
    assert [departed.knew(33, (f"call-{at}", "ours", "theirs")) for at in range(3)] == [0, 0, 1]
    assert departed.deadline() == 34
    departed.forget(34)
    assert departed.deadline() is None
