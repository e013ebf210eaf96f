"""Who picks up a call of ours takes the place of whoever rings for it (RFC 3891 §3)."""

import ipaddress

import pytest
from support.sip import ANSWER, Peer, Sent, World, losing

from fourwire.sip.access import Access, Trunk
from fourwire.sip.client_call import Terms
from fourwire.sip.events import Cause, Ended, Event, Invited
from fourwire.sip.message import Response
from fourwire.sip.refer_to import Replaces

US, DESK, COLLEAGUE = "192.0.2.2", "192.0.2.1", "192.0.2.3"


def trunk(name: str, *hosts: str) -> Trunk:
    return Trunk(name=name, networks=tuple(map(ipaddress.ip_network, hosts)))


PBX = Access(trunks=(trunk("pbx", DESK, COLLEAGUE),))


class Hall:
    """A desk that rings for a call of ours, and a colleague who might pick it up."""

    def __init__(self, access: Access = PBX, of: str = "pbx", **rules: object) -> None:
        self.world = World()
        self.us = self.world.peer(US, access=access, **rules)
        self.desk, self.colleague = self.world.peer(DESK), self.world.peer(COLLEAGUE)
        self.desk.on_event = self._ring
        self.world.place(self.us, self.desk, terms=Terms(trunk=of))
        self.world.run(0.2)

    def _ring(self, event: Event) -> None:
        if isinstance(event, Invited):
            self.desk.agent.ring(self.world.now, event.call)

    def place(self, *, early_only: bool = False) -> Replaces:
        """What rings, as we know it."""
        ringing = self.world.messages("180 INVITE")[0].message
        assert isinstance(ringing, Response)
        marks = (ringing.from_.tag or "", ringing.to.tag or "")
        return Replaces(ringing.call_id, *marks, early_only)

    def pick_up(self, place: Replaces | str) -> int:
        """Let the colleague ask for it; the status, 100 where it is to wait."""
        self.world.place(self.colleague, self.us, headers=(("Replaces", str(place)),))
        self.world.run(0.1)
        return self.world.replies()[-1].status

    def welcome(self) -> None:
        """Answer the colleague."""
        asked = self.us.told(Invited)[-1]
        assert isinstance(asked, Invited)
        self.world.do(self.us, lambda agent, now: agent.answer(now, asked.call, ANSWER))
        self.world.run(1)


def ends(peer: Peer) -> list[Cause]:
    return [event.cause for event in peer.told(Ended) if isinstance(event, Ended)]


@pytest.mark.parametrize("early_only", [False, True])
@pytest.mark.parametrize("provisionals", ["plain", "required"])
def test_who_picks_up_has_the_call_and_the_desk_rings_no_more(
    early_only: bool, provisionals: str
) -> None:
    hall = Hall(provisionals=provisionals)
    assert hall.pick_up(hall.place(early_only=early_only)) == 100
    (asked,) = hall.us.told(Invited)
    assert isinstance(asked, Invited)
    assert asked.replaces == 1
    assert ends(hall.us) == []

    hall.welcome()

    assert len(hall.world.messages("CANCEL", hall.us)) == 1
    assert ends(hall.us) == [Cause.REPLACED]
    assert ends(hall.desk) == [Cause.CANCELLED]
    assert ends(hall.colleague) == []
    hall.world.do(hall.colleague, lambda agent, now: agent.hang_up(now, 1))
    hall.world.run(100)
    assert ends(hall.us) == [Cause.REPLACED, Cause.BYE]
    assert hall.us.agent.idle


def test_a_desk_that_answers_while_it_is_taken_back_is_acknowledged_and_hung_up() -> None:
    hall = Hall()
    hall.world.swallow = losing("CANCEL")
    assert hall.pick_up(hall.place()) == 100
    hall.welcome()
    hall.world.do(hall.desk, lambda agent, now: agent.answer(now, 1, ANSWER))
    hall.world.run(1)
    assert ends(hall.desk) == [Cause.BYE]
    assert ends(hall.colleague) == []


def test_who_picks_up_in_vain_leaves_the_desk_ringing() -> None:
    hall = Hall()
    assert hall.pick_up(hall.place()) == 100
    assert hall.pick_up(hall.place()) == 500
    hall.world.do(hall.us, lambda agent, now: agent.reject(now, 2, 488))
    hall.world.run(1)
    hall.world.do(hall.desk, lambda agent, now: agent.answer(now, 1, ANSWER))
    hall.world.run(1)
    assert ends(hall.desk) == []
    assert hall.us.agent.calls == 1


def test_nothing_rings_by_other_tags_and_nothing_any_more_once_it_was_answered() -> None:
    hall = Hall()
    place = hall.place()
    assert hall.pick_up(Replaces(place.call_id, place.to_tag, "another")) == 481
    assert hall.pick_up(Replaces(place.call_id, place.from_tag, place.to_tag)) == 481
    hall.world.do(hall.desk, lambda agent, now: agent.answer(now, 1, ANSWER))
    hall.world.run(1)
    assert hall.pick_up(hall.place(early_only=True)) == 486
    assert hall.us.told(Invited) == []


def test_of_several_who_ring_each_may_be_picked_up_until_one_has_answered() -> None:
    for answered in (False, True):
        hall = Hall()
        ringing = hall.world.messages("180 INVITE")[0]
        hall.world.send(_by_tag(ringing, "fork"), hall.us, (DESK, 5060))
        place = hall.place()
        if answered:
            hall.world.do(hall.desk, lambda agent, now: agent.answer(now, 1, ANSWER))
            hall.world.run(1)
        asked = hall.pick_up(Replaces(place.call_id, place.to_tag, "fork"))
        assert asked == (481 if answered else 100)
        assert ends(hall.us) == []


def _by_tag(sent: Sent, tag: str) -> bytes:
    assert isinstance(sent.message, Response)
    theirs = sent.message.to.tag or ""
    return bytes(sent.message).replace(theirs.encode(), tag.encode())


def test_what_was_taken_back_is_603_for_a_while_and_481_then() -> None:
    hall = Hall()
    place = hall.place()
    hall.world.do(hall.us, lambda agent, now: agent.hang_up(now, 1))
    assert hall.pick_up(place) == 603
    hall.world.run(1)
    assert hall.pick_up(place) == 603
    hall.world.run(40)
    assert hall.pick_up(place) == 481


@pytest.mark.parametrize(
    "access",
    [
        Access(trunks=(trunk("pbx", DESK),), strangers="admit"),
        Access(trunks=(trunk("pbx", DESK), trunk("other", COLLEAGUE))),
    ],
)
def test_nobody_of_another_trunk_picks_up(access: Access) -> None:
    hall = Hall(access)
    assert hall.pick_up(hall.place()) == 403
    assert hall.us.agent.counters()["replaces_refused"] == 1


def test_a_full_gateway_lets_its_call_be_picked_up() -> None:
    hall = Hall(max_calls=1)
    assert hall.pick_up(hall.place()) == 100
    hall.welcome()
    assert hall.us.agent.calls == 1
