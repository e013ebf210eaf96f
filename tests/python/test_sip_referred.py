"""A REFER of the peer's: refused unless the rules allow it, then followed by NOTIFY."""

from support.sip import Peer, World, answering, established, losing
from support.sip_torture import message

from fourwire.sip.events import Cause, Ended, TransferAsked, Transferring
from fourwire.sip.message import Request


def referred(target: str = "<sip:desk@pbx.example>", **rules: object) -> tuple[World, Peer, Peer]:
    """The caller of a call that is up asks its callee to call somebody else."""
    world = World()
    caller, callee = established(world, **rules)
    world.do(caller, lambda agent, now: agent.refer(now, 1, target))
    world.run(0.1)
    return world, caller, callee


def asked_of(peer: Peer) -> TransferAsked:
    (asked,) = peer.told(TransferAsked)
    assert isinstance(asked, TransferAsked)
    return asked


def heard(peer: Peer) -> list[tuple[int, bool]]:
    return [(e.status, e.over) for e in peer.told(Transferring) if isinstance(e, Transferring)]


def test_nobody_is_sent_on_by_a_peer_unless_that_is_allowed() -> None:
    world, caller, callee = referred()
    assert heard(caller) == [(403, True)]
    assert callee.told(TransferAsked) == []
    assert world.messages("NOTIFY") == []


def test_a_peer_is_told_how_the_transfer_goes_that_it_asked_for() -> None:
    world, caller, callee = referred(takes_referrals=True)
    asked = asked_of(callee)
    assert (asked.target, asked.replaces) == ("sip:desk@pbx.example", None)
    assert asked.referred_by is not None

    world.do(callee, lambda agent, now: agent.accept_referral(now, 1, asked.cseq))
    world.run(0.1)
    for status in (180, 200):
        world.do(callee, lambda agent, now, s=status: agent.tell_referral(now, 1, asked.cseq, s))
        world.run(0.1)

    assert heard(caller) == [(100, False), (180, False), (200, True)]
    last = world.messages("NOTIFY")[-1].message
    assert last.headers["Subscription-State"] == "terminated;reason=noresource"
    world.do(callee, lambda agent, now: agent.tell_referral(now, 1, asked.cseq, 200))
    assert len(world.messages("NOTIFY")) == 3


def test_a_replaces_in_the_target_is_told_apart_from_it() -> None:
    world = World()
    us, desk = world.peer("192.0.2.9"), world.peer("192.0.2.3")
    answering(world, desk)
    world.place(us, desk)
    world.run(1)
    successor = us.agent.successor(1)
    _, _, callee = referred(successor, takes_referrals=True)
    asked = asked_of(callee)
    assert asked.target == "sip:192.0.2.3:5060"
    assert asked.replaces is not None
    assert ";to-tag=" in asked.replaces


def test_a_refusal_reaches_the_peer() -> None:
    world, caller, callee = referred(takes_referrals=True)
    cseq = asked_of(callee).cseq
    world.do(callee, lambda agent, now: agent.refuse_referral(now, 1, cseq, 480))
    world.run(0.1)
    assert heard(caller) == [(480, True)]


def test_a_call_that_ends_declines_what_nobody_has_decided_on() -> None:
    world, caller, callee = referred(takes_referrals=True)
    world.do(callee, lambda agent, now: agent.hang_up(now, 1))
    world.run(80)
    assert len(world.messages("603 REFER")) == 1
    assert caller.agent.idle
    assert callee.agent.idle


def test_a_peer_that_knows_of_no_transfer_is_told_no_more() -> None:
    world, caller, callee = referred(takes_referrals=True)
    cseq = asked_of(callee).cseq
    world.swallow = losing("202 REFER")
    world.do(callee, lambda agent, now: agent.accept_referral(now, 1, cseq))
    world.run(40)  # the caller has given its REFER up by now, but has heard of it by NOTIFY
    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(80)
    assert [e.cause for e in caller.told(Ended) if isinstance(e, Ended)] == [Cause.HUNG_UP]
    assert callee.agent.idle


def test_a_peer_may_not_ask_without_end() -> None:
    world = World()
    caller, callee = established(world, takes_referrals=True)
    for _ in range(6):
        world.do(caller, lambda agent, now: agent.refer(now, 1, "<sip:desk@pbx.example>"))
        world.run(0.1)
    assert len(callee.told(TransferAsked)) == 4
    assert len(world.messages("486 REFER")) == 2


def test_a_refer_to_nothing_readable_is_400() -> None:
    world, _, callee = referred("<sip:>", takes_referrals=True)
    assert len(world.messages("400 REFER")) == 1
    assert callee.told(TransferAsked) == []


def test_a_refer_outside_a_call_is_403() -> None:
    world = World()
    callee = world.peer("192.0.2.2", takes_referrals=True)
    world.send(message("REFER sip:callee@example.com SIP/2.0", "Refer-To: <sip:a@b>"), callee)
    assert world.replies()[-1].status == 403


def test_a_notify_bears_the_number_of_its_refer() -> None:
    world, _, callee = referred(takes_referrals=True)
    cseq = asked_of(callee).cseq
    world.do(callee, lambda agent, now: agent.accept_referral(now, 1, cseq))
    world.run(0.1)
    notify = world.messages("NOTIFY")[0].message
    assert isinstance(notify, Request)
    assert notify.headers["Event"] == f"refer;id={cseq}"
    assert notify.body == b"SIP/2.0 100 Trying\r\n"
