"""Provisional responses that are acknowledged, and what may change before the answer."""

import pytest
from support.sip import ANSWER, OFFER, Peer, World, losing, pair
from support.sip_torture import BODY, invite, message

from fourwire.sip.errors import LocalError
from fourwire.sip.events import (
    Acknowledged,
    Answered,
    Cause,
    Ended,
    Progressed,
    Reanswered,
    Reinvited,
)
from fourwire.sip.message import Request, Response


def early() -> tuple[World, Peer, Peer]:
    """A call whose callee has sent early media, which the caller has acknowledged."""
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    world.run(0.1)
    return world, caller, callee


def prack(to: Response, rack: str, cseq: int, body: str = "") -> bytes:
    return message(
        "PRACK sip:callee@example.com SIP/2.0",
        f"RAck: {rack}",
        To=to.headers["To"],
        Via=f"SIP/2.0/UDP host.example.com;branch=z9hG4bKprack{cseq}",
        CSeq=f"{cseq} PRACK",
        body=body,
    )


def test_early_media_is_acknowledged_and_answered_all_the_same() -> None:
    world, caller, callee = early()
    world.do(callee, lambda agent, now: agent.answer(now, 1, ANSWER))
    world.run(1)

    whats = [sent.what for sent in world.sent]
    assert whats == [
        "INVITE", "100 INVITE", "183 INVITE", "PRACK", "200 PRACK", "200 INVITE", "ACK",
    ]  # fmt: skip
    assert caller.told(Progressed) == [Progressed(1, 183, "Session Progress", ANSWER)]
    assert caller.told(Answered) == [Answered(1, ANSWER)]
    assert callee.told(Acknowledged) == [Acknowledged(1, None)]
    cseqs = [s.message.cseq.number for s in world.sent if isinstance(s.message, Request)]
    assert cseqs == [cseqs[0], cseqs[0] + 1, cseqs[0]]
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(80)
    assert caller.agent.idle
    assert callee.agent.idle


def test_early_media_is_repeated_until_it_is_acknowledged() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)
    world.swallow = losing("183 INVITE")
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    world.run(4)
    assert world.times_ms("183 INVITE") == [0, 500, 1500, 3500]
    world.swallow = losing()
    world.run(10)
    assert len(world.messages("183 INVITE")) == 5
    assert len(caller.told(Progressed)) == 1


def test_an_answer_waits_for_the_prack_to_early_media() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)
    world.swallow = losing("PRACK")
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    world.do(callee, lambda agent, now: agent.answer(now, 1, ANSWER))
    world.run(0.3)
    assert world.messages("200 INVITE") == []
    with pytest.raises(LocalError, match="answered already"):
        callee.agent.answer(world.now, 1, ANSWER)

    world.swallow = losing()
    world.run(5)
    assert len(caller.told(Answered)) == 1


def test_early_media_that_nobody_acknowledges_ends_the_call() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)
    world.swallow = losing("PRACK")
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    world.run(33)

    assert callee.told(Ended) == [Ended(1, Cause.UNACKNOWLEDGED, 504, "Server Time-out")]
    world.run(80)
    assert caller.agent.idle
    assert callee.agent.idle


def test_a_caller_that_insists_gets_ringing_too_so_and_each_in_its_turn() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite("Require: 100rel"), callee)
    world.do(callee, lambda agent, now: agent.ring(now, 1))
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    ringing = world.replies()[-1]
    assert (ringing.status, ringing.headers["Require"]) == (180, "100rel")

    rseq = int(ringing.headers["RSeq"])
    wrong = (f"{rseq + 1} 8 INVITE", f"{rseq} 9 INVITE", f"{rseq} 8 BYE", "x", "")
    for cseq, rack in enumerate(wrong, 100):
        world.send(prack(ringing, rack, cseq), callee)
        assert world.replies()[-1].status == 481
    world.send(prack(ringing, f"{rseq} 8 INVITE", 200), callee)
    assert [r.status for r in world.replies()[-2:]] == [183, 200]
    assert int(world.replies()[-2].headers["RSeq"]) == rseq + 1


def test_a_caller_that_knows_nothing_of_it_gets_plain_responses() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite(), callee)
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    assert "RSeq" not in world.replies()[-1].headers
    world.run(5)
    assert len(world.messages("183 INVITE")) == 1


def test_who_wants_plain_responses_alone_gives_and_asks_for_no_others() -> None:
    world = World()
    callee = world.peer("192.0.2.2", provisionals="plain")
    world.send(invite("Supported: 100rel", body=BODY), callee)
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    assert "RSeq" not in world.replies()[-1].headers
    world.place(callee, world.peer("192.0.2.3"))
    assert world.messages("INVITE", callee)[0].message.headers["Supported"] == "timer, replaces"
    via = "SIP/2.0/UDP host.example.com;branch=z9hG4bKanother"
    world.send(invite("Require: 100rel", Via=via, Call_ID="another", body=BODY), callee)
    assert world.replies()[-1].status == 420
    assert world.replies()[-1].headers["Unsupported"] == "100rel"


def test_who_insists_on_acknowledged_responses_refuses_callers_without() -> None:
    world = World()
    callee = world.peer("192.0.2.2", provisionals="required")
    world.send(invite(body=BODY), callee)
    assert world.replies()[-1].status == 421
    assert world.replies()[-1].headers["Require"] == "100rel"
    assert callee.events == []


def test_who_insists_on_acknowledged_responses_rings_so_and_demands_it_of_whom_it_calls() -> None:
    world = World()
    caller, callee = pair(world, provisionals="required")
    world.place(caller, callee)
    world.run(0.1)
    world.do(callee, lambda agent, now: agent.ring(now, 1))
    world.run(0.1)
    assert "100rel" in world.messages("180 INVITE")[0].message.headers["Require"]
    assert len(world.messages("PRACK", caller)) == 1

    other = world.peer("192.0.2.3", provisionals="plain")
    number = world.place(callee, other)
    world.run(0.1)
    assert world.messages("INVITE", callee)[0].message.headers["Require"] == "100rel"
    assert callee.told(Ended) == [Ended(number, Cause.REJECTED, 420, "Bad Extension")]


def test_an_invite_without_an_offer_wants_plain_responses() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee, offer=None)
    assert "100rel" not in world.sent[0].message.headers.tokens("Supported")
    world.run(0.1)
    with pytest.raises(LocalError, match="came without one"):
        callee.agent.progress(world.now, 1, OFFER)


def test_a_cancel_ends_early_media_that_waits_for_its_prack() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)
    world.swallow = losing("PRACK")
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    world.do(callee, lambda agent, now: agent.answer(now, 1, ANSWER))
    world.run(0.1)
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(80)

    assert callee.told(Ended) == [Ended(1, Cause.CANCELLED, 0, "")]
    assert caller.agent.idle
    assert callee.agent.idle


def test_a_prack_may_hold_an_offer() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite("Supported: 100rel"), callee)
    world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    sent = world.replies()[-1]
    world.send(prack(sent, f"{sent.headers['RSeq']} 8 INVITE", 9, BODY), callee)

    (asked,) = callee.told(Reinvited)
    assert isinstance(asked, Reinvited)
    world.do(callee, lambda agent, now: agent.answer_reinvite(now, 1, asked.cseq, ANSWER))
    assert (world.replies()[-1].status, world.replies()[-1].body.decode()) == (200, ANSWER)


def test_a_prack_that_offers_while_an_update_waits_is_refused_and_both_are_answered() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite("Supported: 100rel"), callee)
    for _ in range(2):
        world.do(callee, lambda agent, now: agent.progress(now, 1, ANSWER))
    first = world.replies()[-1]
    world.send(prack(first, f"{first.headers['RSeq']} 8 INVITE", 9), callee)
    second = next(reply for reply in reversed(world.replies()) if reply.status == 183)
    world.send(prack(first, "0 0 NONE", 10, BODY).replace(b"PRACK", b"UPDATE"), callee)
    world.send(prack(first, f"{second.headers['RSeq']} 8 INVITE", 11, BODY), callee)
    assert (world.replies()[-1].status, world.replies()[-1].cseq.number) == (491, 11)

    assert len(callee.told(Reinvited)) == 1
    world.do(callee, lambda agent, now: agent.answer_reinvite(now, 1, 10, ANSWER))
    assert (world.replies()[-1].status, world.replies()[-1].cseq.number) == (200, 10)
    world.do(callee, lambda agent, now: agent.reject(now, 1, 486))
    world.run(80)
    assert callee.agent.idle


def test_both_sides_may_change_early_media_by_update() -> None:
    world, caller, callee = early()
    for asking, asked in ((caller, callee), (callee, caller)):

        def answer(event: object, peer: Peer = asked) -> None:
            if isinstance(event, Reinvited):
                peer.agent.answer_reinvite(world.now, 1, event.cseq, ANSWER)

        asked.on_event = answer
        world.do(asking, lambda agent, now: agent.reinvite(now, 1, OFFER))
        world.run(0.1)
        assert asking.told(Reanswered) == [Reanswered(1, 200, "OK", ANSWER)]
    assert len(world.messages("UPDATE")) == 2


def test_whoever_rings_twice_is_acknowledged_once() -> None:
    world, caller, _ = early()
    again = bytes(world.messages("183 INVITE")[0].message)
    world.send(again, caller)
    assert len(world.messages("PRACK")) == 1
    assert len(caller.told(Progressed)) == 1


@pytest.mark.parametrize("who", [0, 1])
def test_early_media_whose_change_nobody_answers_ends_the_call_on_both_sides(who: int) -> None:
    world, *peers = early()
    world.do(peers[who], lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(120)

    for peer in peers:
        assert len(peer.told(Ended)) == 1
        assert peer.agent.idle
    (ended,) = peers[who].told(Ended)
    assert isinstance(ended, Ended)
    assert (ended.cause, ended.status) == (Cause.LOST, 408)
