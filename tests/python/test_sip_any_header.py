"""Whatever stands in a header, it is taken or called malformed, and no call comes to harm."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.sip import ANSWER, OFFER, Peer, World, answering
from support.sip_torture import invite, message

from fourwire.sip.access import Access, Trunk
from fourwire.sip.client_call import Terms
from fourwire.sip.core import Rules
from fourwire.sip.digest import Challenge, Credentials, Proof
from fourwire.sip.errors import MalformedMessage
from fourwire.sip.events import Ended, Invited
from fourwire.sip.fields import Address, CSeq, Via
from fourwire.sip.flow import Flow
from fourwire.sip.headers import Headers
from fourwire.sip.message import Request, Response, parse
from fourwire.sip.refer_to import Referred, Replaces
from fourwire.sip.registration import Registrar
from fourwire.sip.responding import response_to
from fourwire.sip.session_timer import Wish
from fourwire.sip.uri import Uri
from fourwire.sip.user_agent import UserAgent

PIECES = [
    *'"<>;,=?&@:/\\%()[] \t*',
    *("a", "7", "00000001", "4294967296", "9" * 30, "-1", "+5", "0x1", "1.5", "é", "٣", "\udcff"),
    *("sip:", "sips:a@b", "tel:+1", "<sip:a@b>", "<sip:a@b;lr>", "[::1]", "192.0.2.1", "b:5060"),
    *("SIP/2.0/UDP", "SIP/2.0/TLS host", ";branch=z9hG4bK", ";rport", ";received=1", ";alias"),
    *("Digest ", 'realm="r"', 'nonce="n"', "nc=", 'qop="auth"', "qop=auth-int", "algorithm=MD5"),
    *('username="alice"', 'response="0"', 'uri="sip:x"', "stale=true", "algorithm=SHA-256", ", "),
    *(";to-tag=1", ";from-tag=2", ";early-only", "?Replaces=", "%3Bto-tag%3D1", "%3Bfrom-tag%3D2"),
    *("1800", ";refresher=uac", ";refresher=uas", "100rel", "timer", "INVITE", ";q=0.5", ";q=x"),
    *(";expires=60", ";expires=x", ";tag=1", ";line=1", "\x00", "\x7f", "\u2028"),
]
"""What headers are made of, whole and in crumbs."""

values = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(max_size=40),
).map(lambda text: text.replace("\r", "").replace("\n", ""))

READERS: dict[str, Callable[[str], object]] = {
    "Via": Via.parse,
    "Contact": Address.parse,
    "CSeq": CSeq.parse,
    "Replaces": Replaces.parse,
    "Authorization": Proof.parse,
    "WWW-Authenticate": Challenge.parse,
    "Request-URI": Uri.parse,
    "Session-Expires": lambda text: Wish.of(Headers([("Session-Expires", text)])),
    "Min-SE": lambda text: Wish.of(Headers([("Min-SE", text)])),
    "Refer-To": lambda text: Referred.parse(_request(f"Refer-To: {text}")),
}


def _request(*lines: str) -> Request:
    made = parse(_bytes(invite, *lines))
    assert isinstance(made, Request)
    return made


def _bytes(make: Callable[..., bytes], *lines: str, **changes: str) -> bytes:
    """A message whose headers may hold any bytes, written as surrogates."""
    marks = {f"@@{number}@@": line for number, line in enumerate([*lines, *changes.values()])}
    names = list(marks)
    swapped = dict(zip(changes, names[len(lines) :], strict=True))
    data = make(*names[: len(lines)], **swapped)
    for mark, line in marks.items():
        data = data.replace(mark.encode(), line.encode("utf-8", "surrogateescape"))
    return data


@pytest.mark.parametrize("name", READERS)
@given(values)
def test_a_reader_takes_a_value_or_says_that_it_is_malformed(name: str, text: str) -> None:
    try:
        READERS[name](text)
    except MalformedMessage:
        return


@pytest.mark.parametrize("read", [Via.parse, Replaces.parse, CSeq.parse, Challenge.parse])
@given(text=values)
def test_what_was_read_is_written_so_that_it_reads_the_same(
    read: Callable[[str], object], text: str
) -> None:
    try:
        value = read(text)
    except MalformedMessage:
        return
    assert read(str(value)) == value


ASKING = [
    *("Contact", "Authorization", "Proxy-Authorization", "Require", "Supported", "Allow"),
    *("Session-Expires", "Min-SE", "Replaces", "P-Asserted-Identity", "Diversion", "Privacy"),
    *(
        "Content-Type",
        "Content-Disposition",
        "Accept",
        "Record-Route",
        "User-Agent",
        "Max-Forwards",
    ),
]


def is_accounted_for(peer: Peer) -> bool:
    """Whether the calls that live are those that were told of and have not ended."""
    return peer.agent.calls == len(peer.told(Invited)) - len(peer.told(Ended))


@pytest.mark.parametrize("name", ASKING)
def test_an_invite_with_a_quotation_that_does_not_end_leaves_nothing(name: str) -> None:
    leave_nothing(name, '"')


@given(st.sampled_from(ASKING), values)
def test_an_invite_with_any_header_is_answered_and_leaves_nothing(name: str, text: str) -> None:
    leave_nothing(name, text)


def leave_nothing(name: str, text: str) -> None:
    """Let a caller ask with any text in a header, and see that it is answered and forgotten."""
    world = World()
    open_to_all = world.peer("192.0.2.2")
    trunk = Trunk(name="pbx", passwords={"alice": "wonderland"})
    guarded = world.peer("192.0.2.3", access=Access(trunks=(trunk,)))
    for peer in (open_to_all, guarded):
        if name == "Contact":
            world.send(_bytes(invite, Contact=text), peer)
        else:
            world.send(_bytes(invite, f"{name}: {text}"), peer)
        assert is_accounted_for(peer)
        if "malformed_dropped" not in peer.agent.counters():
            assert any(sent.source == peer.address for sent in world.sent)
    if open_to_all.told(Invited):
        world.do(open_to_all, lambda agent, now: agent.answer(now, 1, ANSWER))
        world.do(open_to_all, lambda agent, now: agent.hang_up(now, 1))
    assert open_to_all.agent.calls == guarded.agent.calls == 0


WITHIN = ["Contact", "Require", "Allow", "Session-Expires", "Min-SE", "Refer-To", "RAck", "Event"]
METHODS = ["INVITE", "UPDATE", "REFER", "NOTIFY", "PRACK", "INFO", "BYE"]


@pytest.mark.parametrize("method", METHODS)
@given(st.sampled_from([*WITHIN, "Content-Type", "Info-Package", "Subscription-State"]), values)
@example("Allow", '"')
@example("Require", '"')
def test_a_request_within_a_call_with_any_header_is_answered(
    method: str, name: str, text: str
) -> None:
    world = World()
    callee = world.peer("192.0.2.2", takes_referrals=True)
    answering(world, callee)
    world.send(invite(), callee)
    to = world.replies()[-1].headers["To"]
    told = {"To": to, "Via": "SIP/2.0/UDP host.example.com;branch=z9hG4bK2"}
    line = f"{method} sip:callee@example.com SIP/2.0"
    world.send(message(line.replace(method, "ACK"), **told, CSeq="8 ACK"), callee)
    before = len(world.sent)
    changed = {"Contact": text} if name == "Contact" else {}
    lines = [] if changed else [f"{name}: {text}"]
    world.send(
        _bytes(
            lambda *more, **changes: message(line, *more, **told, CSeq=f"9 {method}", **changes),
            *lines,
            **changed,
        ),
        callee,
    )
    assert is_accounted_for(callee)
    if "malformed_dropped" not in callee.agent.counters():
        assert len(world.sent) > before


def marked(response: Response, name: str, text: str) -> Response:
    """A response with any text in the header that holds the mark."""
    fields = response.headers.fields()
    named = [(name, text) if each == "X-Mark" else (each, value) for each, value in fields]
    return replace(response, headers=Headers(named))


RESPONSES = [
    (180, ["Contact", "Require", "RSeq", "Allow", "Record-Route"]),
    (200, ["Contact", "Session-Expires", "Require", "Allow", "Record-Route", "Content-Type"]),
    (302, ["Contact"]),
    (401, ["WWW-Authenticate"]),
    (407, ["Proxy-Authenticate"]),
    (422, ["Min-SE"]),
    (503, ["Retry-After"]),
]


@pytest.mark.parametrize("status", [status for status, _ in RESPONSES])
@given(st.data(), values)
def test_a_response_with_any_header_ends_a_call_once_at_most(
    status: int, data: st.DataObject, text: str
) -> None:
    name = data.draw(st.sampled_from(dict(RESPONSES)[status]))
    world = World()
    us = world.peer("192.0.2.1")

    def answer(request: Request) -> Response | None:
        if request.method == "ACK":
            return None
        headers = [("X-Mark", "@@")]
        if name != "Contact" and status in (180, 200):
            headers.append(("Contact", "<sip:192.0.2.2>"))
        sdp = ANSWER if request.method == "INVITE" and status == 200 else None
        made = response_to(request, status, to_tag="t", headers=tuple(headers), sdp=sdp)
        return marked(made, name, text)

    world.server("192.0.2.2", answer)
    terms = Terms(credentials=Credentials("alice", "wonderland"))
    number = us.agent.invite(
        world.now,
        "sip:bob@192.0.2.2",
        local=us.address,
        from_user="alice",
        offer=OFFER,
        to=Flow("udp", us.address, ("192.0.2.2", 5060), 1),
        terms=terms,
    )
    world.drain(us)
    world.run(1)
    world.do(us, lambda agent, now: agent.hang_up(now, number))
    world.run(200)
    assert len(us.told(Ended)) == 1
    assert us.agent.calls == 0
    assert us.agent.idle


@given(
    st.sampled_from([200, 401, 423, 503]),
    st.sampled_from(["Contact", "Expires", "Min-Expires", "WWW-Authenticate", "Retry-After"]),
    values,
)
def test_a_registrar_may_say_what_it_likes(status: int, name: str, text: str) -> None:
    world = World()
    us = world.peer("192.0.2.1")

    def answer(request: Request) -> Response | None:
        made = response_to(request, status, to_tag="t", headers=(("X-Mark", "@@"),))
        return marked(made, name, text)

    world.server("192.0.2.2", answer)
    registrar = Registrar(
        uri=Uri.parse("sip:192.0.2.2"), user="a", credentials=Credentials("alice", "wonderland")
    )
    to = Flow("udp", us.address, ("192.0.2.2", 5060), 1)
    number = us.agent.register(world.now, registrar, to, Trunk(name="carrier"))
    world.drain(us)
    world.run(30)
    assert len(world.messages("REGISTER", us)) <= 40
    world.do(us, lambda agent, now: agent.unregister(now, number))
    world.run(100)
    assert us.agent.idle


@pytest.mark.parametrize("place", ["first", "second"])
@given(text=values)
@example(text='"')
def test_no_via_brings_the_agent_down(place: str, text: str) -> None:
    agent = UserAgent(Rules(), random.Random(1))
    flow = Flow("udp", ("192.0.2.2", 5060), ("192.0.2.99", 5060), 1)
    given_by = {"Via": text} if place == "first" else {}
    lines = [] if place == "first" else [f"Via: {text}"]
    agent.receive(0, _bytes(invite, *lines, **given_by), flow)
    while agent.poll(0) is not None:
        pass
    assert agent.calls <= 1
