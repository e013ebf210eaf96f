"""Calls between two of our user agents: how they begin, change, cross and end."""

import pytest
from support.sip import ANSWER, OFFER, Peer, World, answering, established, losing, pair

from fourwire.sip.errors import CallOver
from fourwire.sip.events import (
    Acknowledged,
    Answered,
    Cause,
    Ended,
    Invited,
    Progressed,
    Reanswered,
    ReinviteAcknowledged,
    Reinvited,
    ReinviteOver,
)

BOTH = pytest.mark.parametrize("transport", ["udp", "tcp"])


def causes(peer: Peer) -> list[Cause]:
    return [event.cause for event in peer.told(Ended) if isinstance(event, Ended)]


def ringing(world: World) -> tuple[Peer, Peer]:
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)
    world.do(callee, lambda agent, now: agent.ring(now, 1))
    world.run(0.1)
    return caller, callee


def settled(world: World, *peers: Peer) -> None:
    """Nothing of any call is left behind, once its last timer has run out."""
    world.run(80)
    for peer in peers:
        assert peer.agent.idle
        assert len(peer.told(Ended)) == 1


@BOTH
def test_a_call_rings_is_answered_and_hung_up(transport: str) -> None:
    world = World(transport=transport)
    caller, callee = ringing(world)
    world.do(callee, lambda agent, now: agent.answer(now, 1, ANSWER))
    world.run(0.1)
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    whats = [sent.what for sent in world.sent]
    assert whats == [
        "INVITE", "100 INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE",
    ]  # fmt: skip
    assert callee.events[0].offer == OFFER
    assert callee.told(Acknowledged) == [Acknowledged(1, None)]
    assert caller.told(Answered) == [Answered(1, ANSWER)]
    assert causes(caller) == [Cause.HUNG_UP]
    assert causes(callee) == [Cause.BYE]
    settled(world, caller, callee)


def test_the_callee_can_hang_up_too() -> None:
    world = World()
    caller, callee = established(world)

    world.do(callee, lambda agent, now: agent.hang_up(now, 1, (("Reason", "SIP;cause=200"),)))
    world.run(0.1)

    assert world.messages("BYE")[0].message.headers["Reason"] == "SIP;cause=200"
    assert (causes(caller), causes(callee)) == ([Cause.BYE], [Cause.HUNG_UP])
    settled(world, caller, callee)


def test_early_media_comes_before_the_answer() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)

    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    world.run(0.1)

    assert caller.told(Progressed) == [Progressed(1, 183, "Session Progress", ANSWER)]
    assert world.messages("183 INVITE")[0].message.to.tag


@pytest.mark.parametrize("status", [302, 404, 486, 603])
def test_a_refusal_reaches_the_caller_with_its_reason(status: int) -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)

    world.do(callee, lambda agent, now: agent.reject(now, 1, status, "Not now", (("X-A", "1"),)))
    world.run(0.1)

    assert caller.told(Ended) == [Ended(1, Cause.REJECTED, status, "Not now")]
    assert callee.told(Ended) == [Ended(1, Cause.REJECTED, status, "Not now")]
    assert [sent.what for sent in world.sent][-1] == "ACK"
    settled(world, caller, callee)


def test_a_late_offer_is_answered_in_the_ack() -> None:
    world = World()
    caller, callee = pair(world)
    answering(world, callee, OFFER)
    world.place(caller, callee, offer=None)
    world.run(1)
    assert world.messages("ACK") == []
    world.do(caller, lambda agent, now: agent.acknowledge(now, 1, ANSWER))
    world.run(1)

    assert callee.events[0].offer is None
    assert caller.told(Answered) == [Answered(1, OFFER)]
    assert callee.told(Acknowledged) == [Acknowledged(1, ANSWER)]
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    settled(world, caller, callee)


def test_a_cancelled_call_ends_once_on_both_sides() -> None:
    world = World()
    caller, callee = ringing(world)

    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    assert [s.what for s in world.sent][-4:] == ["CANCEL", "200 CANCEL", "487 INVITE", "ACK"]
    assert (causes(caller), causes(callee)) == ([Cause.HUNG_UP], [Cause.CANCELLED])
    cancelled, terminated = world.messages("200 CANCEL"), world.messages("487 INVITE")
    assert cancelled[0].message.to.tag == terminated[0].message.to.tag
    settled(world, caller, callee)


def test_no_cancel_leaves_before_a_provisional_response_has_come() -> None:
    world = World()
    caller, callee = pair(world)
    world.swallow = losing("100 INVITE")
    world.place(caller, callee)
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.3)
    assert world.messages("CANCEL") == []

    world.swallow = losing()
    world.run(1)

    assert len(world.messages("CANCEL")) == 1
    assert causes(callee) == [Cause.CANCELLED]
    settled(world, caller, callee)


def test_a_2xx_that_crosses_the_cancel_is_acknowledged_and_ended_by_bye() -> None:
    world = World()
    caller, callee = ringing(world)
    world.do(callee, lambda agent, now: agent.answer(now, 1, ANSWER))
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    whats = {sent.what for sent in world.sent}
    assert {"CANCEL", "200 CANCEL", "ACK", "BYE", "200 BYE"} <= whats
    assert "487 INVITE" not in whats
    assert (causes(caller), causes(callee)) == ([Cause.HUNG_UP], [Cause.BYE])
    assert caller.told(Answered) == []
    settled(world, caller, callee)


def test_a_cancel_that_nobody_answers_does_not_hold_the_call_for_ever() -> None:
    world = World()
    caller, _ = ringing(world)
    world.swallow = losing("CANCEL", "487 INVITE")

    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(80)

    assert causes(caller) == [Cause.HUNG_UP]
    assert caller.agent.counters()["calls"] == 0


def test_two_byes_that_cross_are_both_answered() -> None:
    world = World()
    caller, callee = established(world)

    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.do(callee, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    assert len(world.messages("200 BYE")) == 2
    assert (causes(caller), causes(callee)) == ([Cause.HUNG_UP], [Cause.HUNG_UP])
    settled(world, caller, callee)


def test_hanging_up_before_the_ack_waits_with_the_bye_until_it_has_come() -> None:
    world = World()
    world.swallow = losing("ACK")
    caller, callee = established(world)
    world.do(callee, lambda agent, now: agent.hang_up(now, 1))
    world.run(1)
    assert world.messages("BYE") == []

    world.swallow = losing()
    world.run(4)

    assert len(world.messages("BYE")) == 1
    assert (causes(caller), causes(callee)) == ([Cause.BYE], [Cause.HUNG_UP])
    settled(world, caller, callee)


def test_hanging_up_twice_is_hanging_up_once() -> None:
    world = World()
    caller, callee = established(world)

    for _ in range(3):
        world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(1)
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.do(callee, lambda agent, now: agent.hang_up(now, 1))
    world.do(callee, lambda agent, now: agent.reject(now, 1, 486))

    assert len(world.messages("BYE")) == 1
    settled(world, caller, callee)


def test_hanging_up_on_a_call_that_was_never_answered_refuses_it() -> None:
    world = World()
    caller, callee = ringing(world)

    world.do(callee, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    assert caller.told(Ended) == [Ended(1, Cause.REJECTED, 480, "Temporarily Unavailable")]
    settled(world, caller, callee)


def test_what_comes_too_late_for_a_cancelled_call_says_so() -> None:
    world = World()
    caller, callee = ringing(world)
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    for command in (
        lambda: callee.agent.answer(world.now, 1, ANSWER),
        lambda: callee.agent.ring(world.now, 1),
        lambda: callee.agent.reinvite(world.now, 1, OFFER),
    ):
        with pytest.raises(CallOver):
            command()


def test_a_session_can_be_changed_from_both_sides() -> None:
    world = World()
    caller, callee = established(world)
    answering(world, caller)
    held = OFFER + "a=sendonly\r\n"

    world.do(caller, lambda agent, now: agent.reinvite(now, 1, held))
    world.run(1)
    world.do(callee, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(1)

    (asked,) = callee.told(Reinvited)
    assert isinstance(asked, Reinvited)
    assert asked.offer == held
    assert callee.told(ReinviteAcknowledged) == [ReinviteAcknowledged(1, asked.cseq, None)]
    assert caller.told(Reanswered) == [Reanswered(1, 200, "OK", ANSWER)]
    assert callee.told(Reanswered) == [Reanswered(1, 200, "OK", ANSWER)]
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    settled(world, caller, callee)


def test_a_refused_change_leaves_the_call_as_it_was() -> None:
    world = World()
    caller, callee = established(world)
    callee.on_event = lambda event: (
        callee.agent.reject_reinvite(world.now, 1, event.cseq, 488)
        if isinstance(event, Reinvited)
        else None
    )

    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(1)

    assert caller.told(Reanswered) == [Reanswered(1, 488, "Not Acceptable Here", None)]
    assert (caller.agent.calls, callee.agent.calls) == (1, 1)


def test_a_change_while_another_waits_for_our_answer_is_500_with_retry_after() -> None:
    world = World()
    caller, callee = established(world)
    callee.on_event = lambda event: None
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(0.1)
    first = bytes(world.messages("INVITE")[-1].message)
    cseq = world.messages("INVITE")[-1].message.cseq.number
    second = first.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx").replace(
        f"CSeq: {cseq}".encode(), f"CSeq: {cseq + 1}".encode()
    )

    world.send(second, callee)

    refusal = world.replies()[-1]
    assert refusal.status == 500
    assert 0 <= int(refusal.headers["Retry-After"]) <= 10


def test_a_change_that_overtakes_the_ack_shows_that_our_answer_arrived() -> None:
    world = World()
    world.swallow = losing("ACK")
    caller, callee = established(world)

    world.swallow = losing()
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(1)

    assert callee.told(Acknowledged) == [Acknowledged(1, None)]
    assert len(callee.told(ReinviteAcknowledged)) == 1
    assert caller.told(Reanswered) == [Reanswered(1, 200, "OK", ANSWER)]


def test_a_change_before_the_answer_to_our_own_offer_has_come_waits_for_it() -> None:
    world = World()
    caller, callee = pair(world)
    answering(world, callee, OFFER)
    world.place(caller, callee, offer=None)
    world.run(0.1)
    world.swallow = losing("ACK")
    world.do(caller, lambda agent, now: agent.acknowledge(now, 1, ANSWER))
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(0.1)

    assert len(world.messages("491 INVITE")) == 1
    world.swallow = losing()
    world.run(10)
    assert callee.told(Acknowledged) == [Acknowledged(1, ANSWER)]
    assert caller.told(Reanswered) == [Reanswered(1, 491, "Request Pending", None)]
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(1)
    assert caller.told(Reanswered)[1:] == [Reanswered(1, 200, "OK", OFFER)]


def test_a_bye_takes_a_pending_change_with_it() -> None:
    world = World()
    caller, callee = established(world)
    callee.on_event = lambda event: None
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(0.1)

    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    (over,) = callee.told(ReinviteOver)
    assert isinstance(over, ReinviteOver)
    with pytest.raises(CallOver):
        callee.agent.answer_reinvite(world.now, 1, over.cseq, ANSWER)
    assert len(world.messages("487 INVITE")) == 1
    settled(world, caller, callee)


def test_a_peer_that_forgot_the_call_ends_it() -> None:
    world = World()
    caller, callee = established(world)
    callee.agent = world.peer("192.0.2.2").agent

    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(1)

    ended = caller.told(Ended)
    assert ended == [Ended(1, Cause.LOST, 481, "Call/Transaction Does Not Exist")]


def test_a_second_party_that_answers_the_same_call_is_let_go() -> None:
    world = World()
    caller, callee = established(world)
    ok = bytes(world.messages("200 INVITE")[0].message)
    tag = world.messages("200 INVITE")[0].message.to.tag or ""
    fork = ok.replace(tag.encode(), b"another").replace(b"192.0.2.2:5060>", b"192.0.2.3:5060>")
    other = world.peer("192.0.2.3")

    world.send(fork, caller)
    world.run(1)

    assert len(caller.told(Answered)) == 1
    assert other.agent.counters()["received_bye"] == 1
    assert other.agent.counters()["received_ack"] == 1
    assert callee.agent.calls == 1


def test_a_caller_may_send_bye_before_the_answer() -> None:
    world = World()
    _, callee = ringing(world)
    ring = world.messages("180 INVITE")[0].message
    bye = (
        "BYE sip:x@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb\r\n"
        f"From: {ring.headers['From']}\r\nTo: {ring.headers['To']}\r\n"
        f"Call-ID: {ring.call_id}\r\nCSeq: {ring.cseq.number + 1} BYE\r\n\r\n"
    )

    world.send(bye.encode(), callee)

    assert [reply.status for reply in world.replies()][-2:] == [487, 200]
    assert causes(callee) == [Cause.BYE]


def test_a_hundred_calls_at_once_keep_apart() -> None:
    world = World()
    caller, callee = pair(world)
    answering(world, callee)

    for _ in range(100):
        world.place(caller, callee)
    world.run(1)
    assert (caller.agent.calls, callee.agent.calls) == (100, 100)
    for number in range(1, 101):
        world.do(caller, lambda agent, now, number=number: agent.hang_up(now, number))
    world.run(80)

    assert sorted(event.call for event in callee.told(Ended)) == list(range(1, 101))
    assert caller.agent.idle
    assert callee.agent.idle
    assert len(callee.told(Invited)) == 100


def test_a_cancelled_invite_that_never_ends_is_forgotten() -> None:
    world = World()
    caller, _ = ringing(world)
    world.swallow = losing("487 INVITE", "CANCEL")
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(100)

    assert caller.agent.idle
