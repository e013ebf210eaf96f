"""What is turned away leaves nothing behind, so that nobody fills the room that calls need."""

import pytest
from support.door import ALICE, PBX, STRANGER, Door, trunk
from support.sip import Peer, World
from support.sip_torture import invite, options

from fourwire.sip.digest import Credentials
from fourwire.sip.events import Ended, Invited
from fourwire.sip.message import Request, Response, parse

ROOM = 8
"""Transactions in these tests."""


def flooded(door: Door, count: int, **changes: str) -> list[int | None]:
    """What so many requests get, each of a kind of its own."""
    found: list[int | None] = []
    for number in range(count):
        via = f"SIP/2.0/UDP host.example.com;branch=z9hG4bKflood{number};rport"
        named = {"Via": via, "Call_ID": f"flood{number}"}
        cancel = options(**named, CSeq="1 CANCEL").replace(b"OPTIONS", b"CANCEL", 1)
        for data in (
            invite(**named),
            options(**named, CSeq="2 OPTIONS"),
            options(**named, CSeq="3 OPTIONS", To="<sip:a@b>;tag=x"),
            cancel,
        ):
            found.append(door.send(data))
    return found


@pytest.mark.parametrize("more", [{}, {"passwords": {"alice": "wonderland"}}])
def test_a_flood_of_strangers_takes_no_room_from_a_trunk(more: dict[str, object]) -> None:
    others = [trunk("t", "", **more)] if more else []
    door = Door(trunk(), *others, rate=0)
    refused = 401 if more else 403
    assert flooded(door, 50) == [refused, refused, 481, 481] * 50
    assert door.counters["transactions"] == 0
    assert door.call(source=PBX) == 100


def test_what_is_turned_away_twice_is_one_answer() -> None:
    """RFC 3261 §8.2.7: a server without memory answers by the same tag each time."""
    door = Door(trunk())
    first, other = (
        invite(Via=f"SIP/2.0/UDP host.example.com;branch=z9hG4bK{number}") for number in "12"
    )
    for data in (first, first, other):
        assert door.send(data) == 403
    tags = [reply.to.tag for reply in door.world.replies()]
    assert tags[0] == tags[1] != tags[2]
    assert all(tags)


def test_the_ack_of_what_was_turned_away_is_passed_over() -> None:
    door = Door(trunk())
    assert door.call() == 403
    ack = options(CSeq="1 ACK").replace(b"OPTIONS", b"ACK", 1)
    assert door.send(ack) is None
    door.world.run(40)
    assert len(door.world.sent) == 1


def test_a_guess_that_is_sent_twice_is_one_guess() -> None:
    door = Door(trunk("t", "", passwords={"alice": "wonderland"}), ban_after=2, rate=0)
    door.call()
    answer = door.challenge().answer(
        Credentials("alice", "x"), "INVITE", "sip:callee@example.com", 1, "c"
    )
    guess = invite(f"Authorization: {answer}", Via="SIP/2.0/UDP host.example.com;branch=z9hG4bKg")
    assert [door.send(guess) for _ in range(5)] == [403] * 5
    assert door.counters["authentications_failed"] == 1
    door.call()
    assert door.prove(ALICE) == 100


def test_a_cancel_within_a_call_that_means_no_invite_is_481() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite(), callee)
    (invited,) = callee.told(Invited)
    assert isinstance(invited, Invited)
    to = str(_answered(world, callee, invited.call).to)
    via = "SIP/2.0/UDP host.example.com;branch=z9hG4bKother"
    cancel = options(To=to, Via=via, CSeq="1 CANCEL").replace(b"OPTIONS", b"CANCEL", 1)
    world.send(_of_the_same_dialog(cancel), callee)
    assert world.replies()[-1].status == 481
    assert not callee.told(Ended)


def test_what_cannot_be_read_of_a_call_that_is_not_here_is_400() -> None:
    door = Door()
    assert door.send(options('Require: "', To="<sip:a@b>;tag=x")) == 400
    assert door.counters["transactions"] == 0


def test_a_flood_of_those_who_may_call_leaves_room_for_the_calls_that_run() -> None:
    world = World()
    callee = world.peer("192.0.2.2", max_transactions=ROOM, max_calls=1)
    world.send(invite(), callee)
    (invited,) = callee.told(Invited)
    assert isinstance(invited, Invited)
    answered = _answered(world, callee, invited.call)
    for number in range(ROOM):
        via = f"SIP/2.0/UDP host.example.com;branch=z9hG4bK{number}"
        world.send(options(Via=via, Call_ID=f"{number}@there"), callee, STRANGER)
    assert callee.agent.counters()["dropped_over_transaction_limit"] > 0
    bye = options(To=str(answered.to), CSeq="9 BYE").replace(b"OPTIONS", b"BYE", 1)
    world.send(_of_the_same_dialog(bye), callee)
    assert len(callee.told(Ended)) == 1


def _answered(world: World, callee: Peer, call: int) -> Response:
    world.do(callee, lambda agent, now: agent.answer(now, call, "v=0\r\n"))
    return next(reply for reply in world.replies() if reply.status == 200)


def _of_the_same_dialog(data: bytes) -> bytes:
    request, first = parse(data), parse(invite())
    assert isinstance(request, Request)
    assert (request.call_id, request.from_.tag) == (first.call_id, first.from_.tag)
    return data
