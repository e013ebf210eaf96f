"""Offers within a call, and the timer that they refresh (RFC 3261 §14, RFC 3311, RFC 4028)."""

from itertools import pairwise

import pytest
from support.sip import (
    ANSWER,
    OFFER,
    Peer,
    World,
    answering,
    established,
    losing,
)
from support.sip_torture import BODY, invite, message

from fourwire.sip.core import Content
from fourwire.sip.errors import LocalError
from fourwire.sip.events import Cause, Ended, Event, Info, Reanswered, Reinvited, Replied
from fourwire.sip.message import Request, Response
from fourwire.sip.responding import response_to
from fourwire.sip.session_timer import Agreement, Wish, agreed


def causes(peer: Peer) -> list[Cause]:
    return [event.cause for event in peer.told(Ended) if isinstance(event, Ended)]


def within(answer: Response, method: str, *lines: str, cseq: int = 9, body: str = "") -> bytes:
    """A request of the caller's in the dialog of our `answer` to `invite()`."""
    return message(
        f"{method} sip:callee@example.com SIP/2.0",
        *lines,
        To=answer.headers["To"],
        Via=f"SIP/2.0/UDP host.example.com;branch=z9hG4bK{method}{cseq}",
        CSeq=f"{cseq} {method}",
        body=body,
    )


def talking(*lines: str, **rules: object) -> tuple[World, Peer, Response]:
    """A call from nobody in this world, answered and acknowledged; and our answer to it."""
    world = World()
    callee = world.peer("192.0.2.2", **rules)
    answering(world, callee)
    world.send(invite(*lines), callee)
    answer = world.replies()[-1]
    world.send(within(answer, "ACK", cseq=8), callee)
    return world, callee, answer


# Patience.


def trying(*statuses: int) -> tuple[World, Peer, int]:
    """A call of ours to a server that answers a re-INVITE by 100, and its CANCEL by the first of
    `statuses` and the re-INVITE by the second, where there is one."""
    world = World()
    us = world.peer("192.0.2.1")
    first = list[Request]()

    def answer(request: Request) -> Response | None:
        headers = (("Contact", "<sip:192.0.2.5>"),)
        if request.method == "ACK":
            return None
        if request.method == "CANCEL":
            if len(statuses) > 1:
                refused = response_to(first[1], statuses[1], to_tag="t")
                world.send(bytes(refused), us, ("192.0.2.5", 5060))
            return response_to(request, statuses[0], to_tag="t")
        first.append(request)
        if request.method == "INVITE" and request.to.tag:
            return response_to(request, 100)
        sdp = ANSWER if request.method == "INVITE" else None
        return response_to(request, 200, to_tag="t", headers=headers, sdp=sdp)

    world.server("192.0.2.5", answer)
    number = world.place(us, Peer(us.agent, ("192.0.2.5", 5060)))
    world.run(1)
    world.do(us, lambda agent, now: agent.reinvite(now, number, OFFER))
    return world, us, number


def test_an_offer_that_is_tried_for_too_long_is_taken_back_and_the_call_goes_on() -> None:
    world, us, number = trying(200, 487)
    world.run(59)
    assert not us.told(Reanswered)
    world.run(2)
    assert us.told(Reanswered) == [Reanswered(number, 487, "Request Terminated", None)]
    assert len(world.messages("CANCEL")) == 1
    world.do(us, lambda agent, now: agent.reinvite(now, number, OFFER))
    assert not us.told(Ended)


def test_who_neither_answers_an_offer_nor_gives_it_back_has_lost_the_call() -> None:
    world, us, number = trying(200)
    world.run(100)
    assert us.told(Reanswered) == [Reanswered(number, 408, "Request Timeout", None)]
    assert causes(us) == [Cause.LOST]
    assert len(world.messages("BYE")) == 1
    world.run(80)
    assert us.agent.idle
    assert us.agent.deadline() is None


# Glare.


def insisting(world: World, peer: Peer) -> None:
    """Let a peer offer once more what met another offer, and answer what it is offered."""
    answering(world, peer)
    answer = peer.on_event

    def act(event: Event) -> None:
        answer(event)
        if isinstance(event, Reanswered) and event.status == 491:
            peer.agent.reinvite(world.now, event.call, OFFER)

    peer.on_event = act


def crossing() -> tuple[World, Peer, Peer]:
    """Both sides of a call have changed it at the same moment."""
    world = World()
    caller, callee = established(world)
    for peer in (caller, callee):
        insisting(world, peer)
    for peer in (caller, callee):
        world.do(peer, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(10)
    return world, caller, callee


def test_two_changes_that_cross_are_both_made_in_the_end() -> None:
    world, caller, callee = crossing()

    assert len(world.messages("491 INVITE")) == 2
    for peer in (caller, callee):
        told = [event.status for event in peer.told(Reanswered) if isinstance(event, Reanswered)]
        assert told == [491, 200]
        assert len(peer.told(Reinvited)) == 1


def test_who_owns_the_call_id_waits_longer_after_a_glare() -> None:
    world, caller, callee = crossing()

    met, again = world.messages("INVITE", caller)[1:]
    assert 2100 <= again.at_ms - met.at_ms <= 4020
    met, again = world.messages("INVITE", callee)
    assert 0 <= again.at_ms - met.at_ms <= 2020


def test_who_hears_of_a_glare_may_let_it_be() -> None:
    world = World()
    caller, callee = established(world)
    for peer in (caller, callee):
        world.do(peer, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(40)

    for peer in (caller, callee):
        assert peer.told(Reanswered) == [Reanswered(1, 491, "Request Pending", None)]
    assert len(world.messages("INVITE")) == 3
    assert (caller.agent.calls, callee.agent.calls) == (1, 1)


def test_an_offer_while_the_peer_s_waits_for_us_is_told_when_it_may_be_made() -> None:
    world = World()
    caller, callee = established(world)
    callee.on_event = lambda event: None
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(0.1)
    asked = callee.told(Reinvited)[-1]
    assert isinstance(asked, Reinvited)

    world.do(callee, lambda agent, now: agent.reinvite(now, 1, OFFER))
    with pytest.raises(LocalError, match="has to wait"):
        callee.agent.reinvite(world.now, 1, OFFER)
    insisting(world, callee)
    world.do(callee, lambda agent, now: agent.answer_reinvite(now, 1, asked.cseq, ANSWER))
    answering(world, caller)
    world.run(10)

    assert world.messages("491 INVITE") == []
    told = [event.status for event in callee.told(Reanswered) if isinstance(event, Reanswered)]
    assert told == [491, 200]


def test_a_refresh_does_not_repeat_an_offer_that_was_refused() -> None:
    world, callee, _ = talking(
        "Session-Expires: 400;refresher=uas", "Supported: timer", "Allow: INVITE, ACK, BYE"
    )
    held = ANSWER + "a=sendonly\r\n"
    world.do(callee, lambda agent, now: agent.reinvite(now, 1, held))
    request = world.messages("INVITE", callee)[-1].message
    copied = {name: request.headers[name] for name in ("Via", "From", "To", "CSeq")}
    world.send(message("SIP/2.0 488 Not Here", Call_ID=request.call_id, **copied), callee)
    world.run(201)

    refresh = world.messages("INVITE", callee)[-1].message
    assert refresh.body.decode() == ANSWER


# UPDATE.


def test_an_update_with_an_offer_is_answered_without_an_ack() -> None:
    world, callee, answer = talking()

    world.send(within(answer, "UPDATE", body=BODY), callee)

    reply = world.replies()[-1]
    assert (reply.status, reply.body.decode()) == (200, ANSWER)
    assert "Contact" in reply.headers
    world.run(40)
    assert causes(callee) == []


def test_an_update_without_an_offer_is_answered_at_once_and_told_to_nobody() -> None:
    world, callee, answer = talking()

    world.send(within(answer, "UPDATE"), callee)

    assert (world.replies()[-1].status, world.replies()[-1].body) == (200, b"")
    assert callee.told(Reinvited) == []


def test_an_update_before_the_answer_may_not_offer_anew() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite(), callee)
    world.do(callee, lambda agent, now: agent.ring(now, 1))
    ringing = world.replies()[-1]

    world.send(within(ringing, "UPDATE", body=BODY), callee)
    assert world.replies()[-1].status == 500
    assert "Retry-After" in world.replies()[-1].headers
    world.send(within(ringing, "UPDATE", cseq=10), callee)
    assert world.replies()[-1].status == 200


def test_an_update_that_meets_an_offer_of_ours_is_491() -> None:
    world, callee, answer = talking()
    world.do(callee, lambda agent, now: agent.reinvite(now, 1, OFFER))

    world.send(within(answer, "UPDATE", body=BODY), callee)

    assert world.replies()[-1].status == 491


# Session timers.

TIMER = ("Supported: timer", "Allow: INVITE, ACK, BYE, UPDATE")


@pytest.mark.parametrize(
    ("wish", "ours_s", "agreement"),
    [
        (Wish(None, "", 90, supports=False), 1800, None),
        (Wish(None, "", 90, supports=True), 1800, Agreement(1800, ours=True)),
        (Wish(None, "", 90, supports=True), 0, None),
        (Wish(600, "", 90, supports=True), 1800, Agreement(600, ours=False)),
        (Wish(600, "uas", 90, supports=True), 1800, Agreement(600, ours=True)),
        (Wish(600, "uac", 90, supports=False), 1800, Agreement(600, ours=True)),
        (Wish(7200, "", 90, supports=True), 1800, Agreement(1800, ours=False)),
        (Wish(7200, "", 3600, supports=True), 1800, Agreement(3600, ours=False)),
        (Wish(7200, "", 90, supports=True), 0, Agreement(7200, ours=False)),
        (Wish(1, "", 90, supports=False), 1800, Agreement(90, ours=True)),
    ],
)
def test_what_is_agreed_of_a_timer(wish: Wish, ours_s: int, agreement: Agreement | None) -> None:
    assert agreed(wish, ours_s) == agreement


def test_an_interval_that_is_too_small_is_422_with_the_least() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    answering(world, callee)
    world.send(invite("Supported: timer", "Session-Expires: 89"), callee)

    assert world.replies()[-1].status == 422
    assert world.replies()[-1].headers["Min-SE"] == "90"
    assert callee.events == []


def test_the_least_interval_may_be_longer_and_is_told_to_whom_we_call() -> None:
    world = World()
    callee = world.peer("192.0.2.2", min_se_s=600)
    world.send(invite("Supported: timer", "Session-Expires: 599"), callee)
    assert world.replies()[-1].status == 422
    assert world.replies()[-1].headers["Min-SE"] == "600"

    world.place(callee, world.peer("192.0.2.3"))
    asked = world.messages("INVITE", callee)[0].message
    assert (asked.headers["Session-Expires"], asked.headers["Min-SE"]) == ("1800", "600")


def test_a_timer_that_cannot_be_read_is_400() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite("Session-Expires: soon"), callee)
    assert world.replies()[-1].status == 400


def test_a_session_that_its_caller_refreshes_goes_on_and_else_ends() -> None:
    world, callee, answer = talking("Session-Expires: 300;refresher=uac", *TIMER)
    assert answer.headers["Session-Expires"] == "300;refresher=uac"
    assert "timer" in answer.headers.tokens("Require")

    world.run(200)
    world.send(within(answer, "UPDATE", "Session-Expires: 300;refresher=uac", *TIMER), callee)
    assert world.replies()[-1].headers["Session-Expires"] == "300;refresher=uac"
    world.run(267)
    assert causes(callee) == []
    world.run(2)
    assert causes(callee) == [Cause.EXPIRED]
    assert len(world.messages("BYE", callee)) >= 1


def test_a_session_that_is_ours_to_refresh_is_refreshed_half_way() -> None:
    world = World()
    caller, callee = established(world, session_expires_s=400)
    world.run(2000)

    assert causes(caller) == causes(callee) == []
    times = [sent.at_ms for sent in world.messages("UPDATE")]
    gaps = [round((b - a) / 1000) for a, b in pairwise(times)]
    assert gaps == [200] * 9


def test_a_peer_that_knows_no_update_is_refreshed_by_the_same_offer_again() -> None:
    world, callee, answer = talking(
        "Session-Expires: 400;refresher=uas", "Supported: timer", "Allow: INVITE, ACK, BYE"
    )
    assert answer.headers["Session-Expires"] == "400;refresher=uas"
    world.run(201)

    refresh = world.messages("INVITE", callee)[0].message
    assert refresh.body.decode() == ANSWER
    assert refresh.headers["Session-Expires"] == "400;refresher=uac"
    assert world.messages("UPDATE") == []


def test_a_refresh_that_nobody_answers_ends_the_call() -> None:
    world = World()
    caller, callee = established(world, session_expires_s=400)
    world.swallow = losing("UPDATE")
    world.run(300)
    assert causes(caller) == [Cause.LOST]
    assert causes(callee) == [Cause.BYE]


def test_a_caller_without_a_timer_is_given_none() -> None:
    world, callee, answer = talking()
    assert "Session-Expires" not in answer.headers
    world.run(5000)
    assert causes(callee) == []


# INFO.


def test_an_info_goes_both_ways_and_is_answered() -> None:
    world = World()
    caller, callee = established(world)
    key = Content("application/dtmf-relay", b"Signal=5\r\nDuration=100\r\n")

    world.do(callee, lambda agent, now: agent.inform(now, 1, key))
    world.run(1)

    assert caller.told(Info) == [Info(1, key.kind, key.data)]
    (reply,) = callee.told(Replied)
    assert isinstance(reply, Replied)
    assert (reply.status, reply.reason) == (200, "OK")


def test_a_change_whose_answer_is_lost_leaves_nothing_when_the_call_is_over() -> None:
    world = World()
    caller, callee = established(world)
    callee.on_event = lambda event: None
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(1)
    world.swallow = losing("487 INVITE")
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(100)

    assert caller.agent.idle
