"""A REFER of ours: what it says, and what is made of the NOTIFYs that follow (RFC 3515)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sip import ANSWER, OFFER, Peer, World, answering, established, losing
from support.sip_transfer import last_refer, notify, reply

from fourwire.sip.errors import CallOver, LocalError, MalformedMessage
from fourwire.sip.events import Cause, Ended, Transferring
from fourwire.sip.refer_to import Replaces, target_of

TARGET = "<sip:desk@pbx.example>"


def referring() -> tuple[World, Peer]:
    """The callee of a call that is up has asked its caller, who never answers, to go on."""
    world = World()
    _, callee = established(world)
    world.swallow = losing("REFER")
    world.do(callee, lambda agent, now: agent.refer(now, 1, TARGET))
    return world, callee


def told(peer: Peer) -> list[tuple[int, bool]]:
    return [(e.status, e.over) for e in peer.told(Transferring) if isinstance(e, Transferring)]


def test_a_refer_names_the_target_and_who_asks() -> None:
    world, _ = referring()

    refer = last_refer(world)
    assert refer.headers["Refer-To"] == TARGET
    assert refer.headers["Referred-By"] == "<sip:bob@192.0.2.2:5060>"
    assert refer.headers["Contact"] == "<sip:192.0.2.2:5060>"


def test_a_transfer_that_is_accepted_is_over_with_the_last_notify() -> None:
    world, callee = referring()
    refer = last_refer(world)

    reply(world, callee, refer, 202)
    assert told(callee) == []
    assert notify(world, callee, refer, "SIP/2.0 100 Trying\r\n").status == 200
    assert notify(world, callee, refer, "SIP/2.0 180 Ringing\r\n").status == 200
    done = "SIP/2.0 200 OK\r\n"
    assert notify(world, callee, refer, done, state="terminated;reason=noresource").status == 200

    assert told(callee) == [(100, False), (180, False), (200, True)]
    assert notify(world, callee, refer, done).status == 481


def test_a_notify_may_be_faster_than_the_answer_to_its_refer() -> None:
    world, callee = referring()
    refer = last_refer(world)

    notify(world, callee, refer, "SIP/2.0 486 Busy Here", state="terminated;reason=noresource")
    reply(world, callee, refer, 202)

    assert told(callee) == [(486, True)]


@pytest.mark.parametrize("status", [403, 405, 501, 603])
def test_a_refer_that_is_refused_is_over_at_once_and_the_call_goes_on(status: int) -> None:
    world, callee = referring()

    reply(world, callee, last_refer(world), status)

    assert told(callee) == [(status, True)]
    assert callee.told(Ended) == []


def test_a_refer_that_nobody_answers_is_over_after_timer_f() -> None:
    world, callee = referring()
    world.run(33)

    assert told(callee) == [(408, True)]
    assert callee.told(Ended) == []


def test_a_refer_of_a_dialog_that_the_peer_has_lost_ends_the_call() -> None:
    world, callee = referring()

    reply(world, callee, last_refer(world), 481)

    assert told(callee) == [(481, True)]
    assert callee.told(Ended) == [Ended(1, Cause.LOST, 481, "Whatever")]


def test_where_no_notify_is_to_come_the_acceptance_is_all_there_is() -> None:
    world, callee = referring()

    reply(world, callee, last_refer(world), 202, "Refer-Sub: false")

    assert told(callee) == [(202, True)]


def test_a_subscription_that_ends_without_an_outcome_is_no_transfer() -> None:
    world, callee = referring()
    refer = last_refer(world)

    notify(world, callee, refer, "SIP/2.0 180 Ringing", state="terminated;reason=timeout")

    (event,) = callee.told(Transferring)
    assert event == Transferring(1, refer.cseq.number, 408, "no outcome was told: timeout", True)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("", "message/sipfrag"),
        ("SIP/2.0 999 Odd", "message/sipfrag"),
        ("SIP/2.0 200 OK", "text/plain"),
        ("\x00" * 3000, "message/sipfrag"),
    ],
)
def test_a_notify_that_says_nothing_readable_is_passed_over(said: str, kind: str) -> None:
    world, callee = referring()

    assert notify(world, callee, last_refer(world), said, kind=kind).status == 200
    assert told(callee) == []


@pytest.mark.parametrize(
    ("event", "status"),
    [("presence", 489), ("refer;id=4", 481), ("refer;id=x", 400), ("refer;id=" + "9" * 5000, 400)],
)
def test_a_notify_of_what_nobody_asked_for_is_refused(event: str, status: int) -> None:
    world, callee = referring()

    answer = notify(world, callee, last_refer(world), "SIP/2.0 200 OK", event=event)
    assert answer.status == status
    assert told(callee) == []


def test_of_two_refers_each_hears_its_own_outcome() -> None:
    world, callee = referring()
    first = last_refer(world)
    world.do(callee, lambda agent, now: agent.refer(now, 1, TARGET))
    second = last_refer(world)

    number = second.cseq.number
    notify(world, callee, second, "SIP/2.0 200 OK", event=f"refer;id={number}")
    notify(world, callee, first, "SIP/2.0 404 Not Found")

    ends = [(e.cseq, e.status) for e in callee.told(Transferring) if isinstance(e, Transferring)]
    assert ends == [(number, 200), (first.cseq.number, 404)]


def test_a_caller_is_not_sent_on_without_end() -> None:
    world, callee = referring()
    for _ in range(9):
        world.do(callee, lambda agent, now: agent.refer(now, 1, TARGET))

    with pytest.raises(LocalError, match="10 transfers"):
        callee.agent.refer(world.now, 1, TARGET)


def test_a_call_that_is_over_is_not_transferred() -> None:
    world = World()
    _, callee = established(world)
    world.do(callee, lambda agent, now: agent.hang_up(now, 1))

    with pytest.raises(CallOver):
        callee.agent.refer(world.now, 1, TARGET)


def test_a_call_that_rings_is_not_transferred() -> None:
    world = World()
    caller, callee = world.peer("192.0.2.1"), world.peer("192.0.2.2")
    world.place(caller, callee)
    world.run(0.1)

    with pytest.raises(LocalError, match="answered"):
        callee.agent.refer(world.now, 1, TARGET)


def test_a_successor_is_to_replace_the_dialog_as_its_other_side_knows_it() -> None:
    world = World()
    us, desk = world.peer("192.0.2.2"), world.peer("192.0.2.3")
    answering(world, desk, ANSWER)
    world.place(us, desk, OFFER)
    world.run(1)

    refer_to = us.agent.successor(1)

    invite = world.messages("INVITE")[0].message
    answer = world.messages("200 INVITE")[0].message
    marks = f"%3Bto-tag%3D{answer.to.tag}%3Bfrom-tag%3D{invite.from_.tag}"
    assert refer_to == f"<sip:192.0.2.3:5060?Replaces={invite.call_id}{marks}>"


PIECES = [";to-tag=", ";from-tag=", ";early-only", "a", '"', "\\", "=", "<", ">", ",", " ", "%"]


WHOLE = ("a1@b", ";to-tag=x", ";from-tag=y")
MIXED = st.lists(st.sampled_from(PIECES), max_size=4).flatmap(
    lambda more: st.permutations((*WHOLE, *more))
)


@given(MIXED.map("".join))
def test_a_replaces_is_read_or_refused_and_reads_the_same_again(text: str) -> None:
    try:
        read = Replaces.parse(text)
    except MalformedMessage:
        return
    assert all(read.key)
    assert Replaces.parse(str(read)) == read


def test_a_replaces_reads_as_it_was_written() -> None:
    text = "a1@b;to-tag=x;from-tag=y;early-only"
    assert str(Replaces.parse(text)) == text
    assert Replaces.parse("a1@b; from-tag=y ;to-tag=x").key == ("a1@b", "x", "y")


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("1002", "sip:1002@trunk.example"),
        ("+49 30 123-456", "sip:+4930123456@trunk.example;user=phone"),
        ("tel:+49-30-123", "tel:+49-30-123"),
        ("sip:desk@pbx.example;transport=tcp", "sip:desk@pbx.example;transport=tcp"),
        ("sips:desk@pbx.example", "sips:desk@pbx.example"),
    ],
)
def test_a_target_is_a_uri_or_a_number_of_the_domain(text: str, uri: str) -> None:
    assert target_of(text, "trunk.example") == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "desk",
        "http://pbx.example",
        "sip:desk@pbx.example>\r\nX-Evil: 1",
        "sip:desk@pbx.example\r\nX-Evil: 1",
        "sip:desk@pbx.example?Replaces=a",
        "sip:desk@pbx.example;method=BYE",
        "sip:d@e>,<sip:f@g",
        "tel:+49;phone-context=<x>",
        "tel:12 34",
        "+49" + "0" * 60,
        "sip:" + "a" * 600 + "@b",
    ],
)
def test_what_could_not_be_called_or_would_do_more_is_no_target(text: str) -> None:
    with pytest.raises(LocalError):
        target_of(text, "trunk.example")


@given(st.text(max_size=60))
def test_no_target_breaks_out_of_its_header(text: str) -> None:
    try:
        uri = target_of(text, "trunk.example")
    except LocalError:
        return
    assert not any(sign in uri for sign in '\r\n<>" ')
