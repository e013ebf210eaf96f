"""The user agent as others see it: every request gets the answer that RFC 3261 says."""

import pytest
from support.sip import OFFER, World, answering, established, pair
from support.sip_torture import invite, message, options

from fourwire.sip.errors import CallOver, LocalError
from fourwire.sip.events import Cause, Ended, Info, Invited
from fourwire.sip.message import Response


def reply_to(data: bytes, **rules: object) -> Response:
    world = World()
    callee = world.peer("192.0.2.2", **rules)
    world.send(data, callee)
    return world.replies()[-1]


def with_tag(method: str, *lines: str, cseq: int = 9, body: str = "") -> bytes:
    return message(
        f"{method} sip:callee@example.com SIP/2.0",
        *lines,
        To="<sip:callee@example.com>;tag=none",
        CSeq=f"{cseq} {method}",
        body=body,
    )


@pytest.mark.parametrize("method", ["SUBSCRIBE", "MESSAGE", "REGISTER"])
def test_a_method_that_is_known_and_not_offered_is_405_with_allow(method: str) -> None:
    reply = reply_to(message(f"{method} sip:callee@example.com SIP/2.0"))

    assert reply.status == 405
    assert "INVITE" in reply.headers["Allow"]
    assert method not in reply.headers["Allow"]


def test_a_method_that_nobody_knows_is_501() -> None:
    assert reply_to(message("DANCE sip:callee@example.com SIP/2.0")).status == 501


@pytest.mark.parametrize("method", ["BYE", "INFO", "PRACK", "NOTIFY", "OPTIONS", "INVITE"])
def test_a_request_of_a_dialog_that_is_not_is_481(method: str) -> None:
    assert reply_to(with_tag(method)).status == 481


@pytest.mark.parametrize("method", ["BYE", "INFO"])
def test_a_request_that_needs_a_dialog_and_names_none_is_481(method: str) -> None:
    assert reply_to(message(f"{method} sip:callee@example.com SIP/2.0")).status == 481


def test_a_cancel_of_nothing_is_481() -> None:
    assert reply_to(message("CANCEL sip:callee@example.com SIP/2.0")).status == 481


def test_options_tells_what_we_can() -> None:
    reply = reply_to(options())

    assert reply.status == 200
    assert reply.headers["Accept"] == "application/sdp"
    allowed = {"invite", "ack", "cancel", "bye", "options", "info"}
    allowed |= {"notify", "prack", "refer", "update"}
    assert reply.headers.tokens("Allow") == allowed


def test_an_extension_that_is_required_and_unknown_is_420_and_named() -> None:
    reply = reply_to(invite("Require: 100rel, timer, precondition"))

    assert reply.status == 420
    assert reply.headers["Unsupported"] == "precondition"


@pytest.mark.parametrize(
    ("lines", "status", "header"),
    [
        (["Content-Type: text/plain"], 415, "Accept"),
        (["Content-Encoding: gzip"], 415, "Accept-Encoding"),
        (["Accept: text/plain"], 406, "Accept"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_with_what_could(
    lines: list[str], status: int, header: str
) -> None:
    reply = reply_to(invite(*lines))

    assert reply.status == status
    assert header in reply.headers


def test_a_body_that_is_optional_and_unknown_is_passed_over() -> None:
    data = invite("Content-Type: text/plain", "Content-Disposition: render;handling=optional")

    assert reply_to(data).status == 100


def test_the_offer_is_found_in_a_body_of_several_parts() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    body = (
        "--b1\r\nContent-Type: application/pidf+xml\r\n\r\n<presence/>\r\n"
        f"--b1\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n--b1--\r\n"
    )

    world.send(invite("Content-Type: multipart/mixed; boundary=b1", body=body), callee)

    (invited,) = callee.told(Invited)
    assert isinstance(invited, Invited)
    assert invited.offer == OFFER


@pytest.mark.parametrize("uri", ["sips:callee@example.com", "mailto:a@b.example", "x-tel:+1"])
def test_a_scheme_that_is_not_sip_is_416(uri: str) -> None:
    assert reply_to(invite(uri=uri)).status == 416


def test_a_number_may_be_called_by_its_tel_uri() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite(uri="tel:+1-555-1234;npdi;rn=+15550000"), callee)
    (invited,) = callee.told(Invited)
    assert isinstance(invited, Invited)
    assert invited.request.uri.subscriber == "+15551234"


def test_an_invite_without_a_contact_is_400() -> None:
    assert reply_to(invite(without="Contact")).status == 400


def test_an_invite_with_an_unreadable_record_route_is_400() -> None:
    assert reply_to(invite("Record-Route: <nothing")).status == 400


def test_max_forwards_of_zero_reaches_its_goal() -> None:
    assert reply_to(invite(Max_Forwards="0")).status == 100


@pytest.mark.parametrize(("full_status", "expected"), [(503, 503), (486, 486)])
def test_above_max_calls_a_new_one_is_refused_and_options_says_so(
    full_status: int, expected: int
) -> None:
    world = World()
    callee = world.peer("192.0.2.2", max_calls=1, full_status=full_status, retry_after_s=7)
    world.send(invite(), callee)

    for data in (invite, options):
        via = f"SIP/2.0/UDP host.example.com;branch=z9hG4bK{data.__name__}"
        world.send(data(Call_ID="two@there", Via=via), callee)

    refusals = world.replies()[1:]
    assert [reply.status for reply in refusals] == [expected, expected]
    assert (refusals[0].headers.get("Retry-After") == "7") == (expected == 503)
    assert callee.agent.calls == 1


def test_while_draining_new_calls_are_refused_and_calls_that_run_go_on() -> None:
    world = World()
    caller, callee = established(world)
    callee.agent.draining = True

    world.send(invite(), callee)
    world.send(options(), callee)
    refused = [reply.status for reply in world.replies()[-2:]]
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(1)

    assert refused == [503, 503]
    assert len(world.messages("200 INVITE")) == 2
    assert callee.agent.calls == 1


def test_what_a_response_repeats_is_the_same_to_the_byte() -> None:
    to = '"Näme, \\"quoted\\"" <sip:callee@example.com;x=y>;unknown="a;b,c"'
    data = options('v: SIP/2.0/TCP far.example.com;branch=z9hG4bK+*`~;odd="q,;"', To=to)

    reply = reply_to(data)

    assert reply.headers["To"].startswith(to + ";tag=")
    assert (
        reply.headers.get_all("Via")[1]
        == 'SIP/2.0/TCP far.example.com;branch=z9hG4bK+*`~;odd="q,;"'
    )
    assert reply.headers["Call-ID"] == "torture@192.0.2.7"


def test_rport_and_received_tell_the_sender_how_it_looks_from_here() -> None:
    reply = reply_to(options(Via="SIP/2.0/UDP 10.0.0.1:5999;rport;branch=z9hG4bKnat"))

    assert reply.via.parameters["received"] == "192.0.2.99"
    assert reply.via.parameters["rport"] == "5060"
    assert reply.via.branch == "z9hG4bKnat"


def test_received_and_rport_of_the_senders_own_making_are_replaced() -> None:
    via = "SIP/2.0/UDP 10.0.0.1;received=6.6.6.6;rport=1;branch=z9hG4bKnat"

    reply = reply_to(options(Via=via))

    assert reply.via.parameters["received"] == "192.0.2.99"
    assert reply.headers["Via"].count("received") == 1


def test_a_repeated_cseq_in_a_dialog_is_500() -> None:
    world = World()
    caller, callee = established(world)
    world.do(caller, lambda agent, now: agent.reinvite(now, 1, OFFER))
    world.run(1)
    again = world.messages("INVITE")[-1].message
    stale = bytes(again).replace(b"branch=z9hG4bK", b"branch=z9hG4bKnew")

    world.send(stale, callee)

    assert world.replies()[-1].status == 500


def test_info_within_a_call_is_told_and_answered() -> None:
    world = World()
    _, callee = established(world)
    world.send(from_caller(world, "INFO", 1, "Signal=5", "application/dtmf-relay"), callee)

    assert world.replies()[-1].status == 200
    (info,) = callee.told(Info)
    assert isinstance(info, Info)
    assert (info.content_type, info.body) == ("application/dtmf-relay", b"Signal=5")


@pytest.mark.parametrize(("method", "status"), [("UPDATE", 200), ("OPTIONS", 200), ("PRACK", 481)])
def test_other_requests_within_a_call_leave_it_be(method: str, status: int) -> None:
    world = World()
    _, callee = established(world)

    world.send(from_caller(world, method, 1), callee)

    assert world.replies()[-1].status == status
    assert callee.agent.calls == 1


def from_caller(
    world: World, method: str, step: int, body: str = "", kind: str = "text/plain"
) -> bytes:
    """A request in the dialog of the call that is up, as the caller would send it."""
    ack = world.messages("ACK")[-1].message
    return message(
        f"{method} sip:callee@example.com SIP/2.0",
        f"Content-Type: {kind}",
        Via=f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{method}{step}",
        From=ack.headers["From"],
        To=ack.headers["To"],
        Call_ID=ack.call_id,
        CSeq=f"{ack.cseq.number + step} {method}",
        body=body,
    )


def test_our_requests_follow_the_recorded_route() -> None:
    world = World()
    _, proxy, callee = (world.peer(f"192.0.2.{n}") for n in (1, 5, 2))
    answering(world, callee)
    route = "Record-Route: <sip:192.0.2.5;lr>, <sip:192.0.2.6:5070;lr>"
    world.send(invite(route), callee)
    world.send(ack_to(world), callee)

    world.do(callee, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    (bye,) = world.messages("BYE")
    assert bye.message.headers.get_all("Route") == [
        "<sip:192.0.2.5;lr>",
        "<sip:192.0.2.6:5070;lr>",
    ]
    assert str(bye.message.uri) == "sip:caller@192.0.2.7"
    assert proxy.agent.counters()["received_bye"] == 1


def test_a_strict_router_gets_its_own_address_as_request_uri() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    answering(world, callee)
    world.send(invite("Record-Route: <sip:old.example.com>"), callee)
    world.send(ack_to(world), callee)

    world.do(callee, lambda agent, now: agent.hang_up(now, 1))

    (bye,) = world.messages("BYE")
    assert str(bye.message.uri) == "sip:old.example.com"
    assert bye.message.headers["Route"] == "<sip:caller@192.0.2.7>"


def test_a_caller_behind_nat_is_answered_where_its_packets_come_from() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    outside = world.peer("192.0.2.99")
    answering(world, callee)
    world.send(invite(Via="SIP/2.0/UDP 10.0.0.5;rport;branch=z9hG4bKn"), callee)
    world.send(ack_to(world), callee)

    world.do(callee, lambda agent, now: agent.hang_up(now, 1))
    world.run(0.1)

    assert outside.agent.counters()["received_bye"] == 1


def ack_to(world: World) -> bytes:
    """The ACK to the 2xx that just left."""
    ok = world.messages("200 INVITE")[-1].message
    return message(
        "ACK sip:callee@example.com SIP/2.0",
        Via="SIP/2.0/UDP host.example.com;branch=z9hG4bKack",
        To=ok.headers["To"],
        From=ok.headers["From"],
        Call_ID=ok.call_id,
        CSeq=f"{ok.cseq.number} ACK",
    )


def test_keep_alives_and_noise_are_counted_and_never_answered() -> None:
    world = World()
    callee = world.peer("192.0.2.2")

    for data in (b"\r\n\r\n", b"\0", b"", b"GET / HTTP/1.1\r\n\r\n", b"ACK\r\n\r\n", b"\xff" * 99):
        world.send(data, callee)

    assert world.sent == []
    counters = callee.agent.counters()
    assert counters["keep_alives"] == 3
    assert counters["malformed_dropped"] == 3


def test_a_message_over_the_limits_is_513() -> None:
    world = World()
    callee = world.peer("192.0.2.2")

    world.send(options(f"X: {'x' * 20_000}"), callee)
    world.send(options(*(f"X: {n}" for n in range(300))), callee)
    world.send(options(body="x" * 40_000), callee)

    assert [sent.message.status for sent in world.sent] == [513, 513, 513]


def test_a_command_that_does_not_fit_says_why() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)
    agent = callee.agent

    with pytest.raises(LocalError, match="must be from 300 to 699"):
        agent.reject(world.now, 1, 200)
    with pytest.raises(LocalError, match="placed by us"):
        caller.agent.ring(world.now, 1)
    with pytest.raises(LocalError, match="the one before it"):
        agent.reinvite(world.now, 1, OFFER)
    with pytest.raises(CallOver):
        agent.ring(world.now, 77)
    with pytest.raises(LocalError, match="must begin with 'sip:'"):
        agent.invite(world.now, "tel:1", local=("192.0.2.2", 5060), from_user="a")


def test_a_header_that_would_break_the_message_is_refused() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)

    with pytest.raises(ValueError, match="cannot stand in one line"):
        callee.agent.ring(world.now, 1, (("X-Note", "a\r\nEvil: b"),))


def test_ringing_is_repeated_each_minute() -> None:
    world = World()
    caller, callee = pair(world)
    world.place(caller, callee)
    world.run(0.1)
    world.do(callee, lambda agent, now: agent.ring(now, 1))

    world.run(150)

    assert world.times_ms("180 INVITE") == [0, 60_000, 120_000]


def test_the_end_of_a_call_says_why() -> None:
    world = World()
    _, callee = established(world)
    world.do(callee, lambda agent, now: agent.hang_up(now, 1))

    assert callee.told(Ended) == [Ended(1, Cause.HUNG_UP, 0, "")]
