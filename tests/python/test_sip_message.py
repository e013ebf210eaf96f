"""Messages: read once at the edge, written back unchanged."""

import time

import pytest
from support.sip_torture import invite, message, options

from fourwire.sip.errors import MalformedMessage
from fourwire.sip.fields import Address, CSeq, Via
from fourwire.sip.grammar import quote, split, unquote
from fourwire.sip.headers import Headers
from fourwire.sip.message import Answerable, Limits, Request, Response, Unanswerable, parse
from fourwire.sip.uri import Uri, host_and_port


def request(data: bytes) -> Request:
    parsed = parse(data)
    assert isinstance(parsed, Request)
    return parsed


@pytest.mark.parametrize(
    ("uri", "subscriber"),
    [
        ("sip:bob@b.example", "bob"),
        ("sip:b.example", ""),
        ("sip:bob;day=tuesday@b.example", "bob;day=tuesday"),
        ("sip:user;par=u%40example.net@example.com", "user;par=u@example.net"),
        ("sip:+15551234;npdi;rn=+15550000@sbc.example:5060;user=phone", "+15551234"),
        ("sip:5551234;phone-context=+1@sbc.example", "5551234"),
        ("sip:+1-555-1234@sbc.example;user=phone", "+15551234"),
        ("sip:+1-555@sbc.example", "+1-555"),
        ("sip:*43#@pbx.example", "*43#"),
        ("sip:operator;cpc=op@sbc.example;user=Phone", "operator"),
        ("tel:+1(555)123.4;isup-oli=62", "+15551234"),
        ("TEL:863-1234;phone-context=example.com", "8631234"),
        ("mailto:a@b.example", ""),
    ],
)
def test_a_number_is_told_without_its_parameters(uri: str, subscriber: str) -> None:
    assert Uri.parse(uri).subscriber == subscriber


@pytest.mark.parametrize(
    ("sender", "name", "tag"),
    [
        ("Jürgen Müller <sip:a@b.example>;tag=1", "Jürgen Müller", "1"),
        ("O'Brien & Sons (Cork)  Ltd. <sip:a@b.example>;tag=1", "O'Brien & Sons (Cork) Ltd.", "1"),
        ("<sip:a@b.example>;tag=Zm9vYg==", "", "Zm9vYg=="),
        ("<sip:a@b.example>;tag=10.0.0.1:5060|a@b", "", "10.0.0.1:5060|a@b"),
        ("<sip:a@b.example;did=Zm9vYg==>;tag=1;", "", "1"),
        ("<sip:a@b.example>;tag=1;x=<y", None, ""),
        ("<sip:a@b.example>;tag=1;;", None, ""),
        ("<sip:a@b.example>;tag=a b", None, ""),
        ("Bell, Alexander <sip:a@b.example>;tag=1", None, ""),
        ("B\x07 <sip:a@b.example>;tag=1", None, ""),
    ],
)
def test_what_devices_write_against_the_grammar_is_read_as_it_is_meant(
    sender: str, name: str | None, tag: str
) -> None:
    if name is None:
        with pytest.raises(MalformedMessage):
            Address.parse(sender)
    else:
        read = Address.parse(sender)
        assert (read.display_name, read.tag) == (name, tag)


def test_a_parameter_of_a_uri_may_be_in_base64() -> None:
    text = "sip:192.0.2.9;lr;did=Zm9vYg=="
    assert Uri.parse(text).parameter("did") == "Zm9vYg=="
    assert str(Uri.parse(text)) == text


def test_compact_names_are_spelled_out() -> None:
    data = (
        b"OPTIONS sip:a@b.example SIP/2.0\r\nv: SIP/2.0/UDP c.example\r\nf: <sip:d@e.example>\r\n"
        b"t: <sip:a@b.example>\r\ni: 1\r\nCSeq: 1 OPTIONS\r\nk: timer\r\nl: 0\r\n\r\n"
    )

    read = request(data)

    assert list(read.headers) == [
        "Via", "From", "To", "Call-ID", "CSeq", "Supported", "Content-Length",
    ]  # fmt: skip
    assert read.headers["k"] == read.headers["SUPPORTED"] == "timer"


def test_unknown_headers_and_their_order_are_kept() -> None:
    read = request(options("X-One: 1", "x-two: a, b", "X-One: 3"))

    assert read.headers.get_all("x-one") == ["1", "3"]
    assert read.headers.values_of("X-TWO") == ["a", "b"]
    assert read.headers.get("X-None") is None
    names = [name for name, _ in read.headers.fields()]
    assert names.index("X-One") < names.index("x-two")


def test_a_message_is_written_as_it_was_read() -> None:
    data = invite('X-Odd: a;b="c,d"', To='"Q \\" x" <sip:a@[2001:db8::9]:5070;lr>')

    assert bytes(parse(data)) == data


def test_bytes_that_are_no_utf8_survive() -> None:
    data = options("Subject: x").replace(b"Subject: x", b"Subject: \xff\xfe caf\xe9")

    assert bytes(parse(data)) == data


def test_a_response_has_a_status_a_reason_and_a_kind() -> None:
    ok = parse(message("SIP/2.0 200 All is well"))
    ringing = parse(message("SIP/2.0 180"))

    assert isinstance(ok, Response)
    assert isinstance(ringing, Response)
    assert (ok.status, ok.reason, ok.is_success, ok.is_provisional) == (
        200,
        "All is well",
        True,
        False,
    )
    assert (ringing.status, ringing.reason, ringing.is_provisional) == (180, "", True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"INVITE\r\n\r\n",
        b"INVITE sip:a@b.example SIP/2.0\r\n\r\n",
        options().replace(b"\r\n\r\n", b"\r\n"),
        options("X: a\nEvil: b"),
        options("X: a\rEvil: b"),
        message("SIP/2.0 99 Low"),
        message("SIP/2.0 ٢٠٠ Arabic"),
        message("ACK sip:a@b.example SIP/2.0", CSeq="1 INVITE"),
        message("OPTIONS sip:a@b.example SIP/2.0", Via="nonsense"),
    ],
)
def test_what_nobody_can_be_told_of_is_unanswerable(data: bytes) -> None:
    with pytest.raises(Unanswerable):
        parse(data)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (options(CSeq="1_0 OPTIONS"), 400),
        (options(CSeq="+8 OPTIONS"), 400),
        (options(Call_ID="a b"), 400),
        (options("no colon here"), 400),
        (options("Bad Name: x"), 400),
        (options(uri="sip:"), 400),
        (options(uri="sip:@"), 400),
        (options(uri="sip:a@b.example:99999"), 400),
        (options(uri="sip:a@[::g]"), 400),
        (options(To="<sip:a@b.example"), 400),
        (options(From="sip:a@b.example;tag=1;=2"), 400),
        (message("OPTIONS sip:a@b.example SIP/3.0"), 505),
        (options(body="x" * 33_000), 513),
        (options(*["X: y"] * 257), 513),
    ],
)
def test_a_malformed_request_that_has_a_way_back_earns_a_status(data: bytes, status: int) -> None:
    with pytest.raises(Answerable) as caught:
        parse(data)

    assert caught.value.status == status


def test_the_limits_are_for_the_program_to_choose() -> None:
    with pytest.raises(Answerable):
        parse(options("A: 1", "B: 2"), Limits(header_fields=8))


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:alice@example.com", "alice", "example.com", None),
        ("SIP:alice:secret@example.com:5070;transport=tcp", "alice", "example.com", 5070),
        ("sip:+1-555;phone-context=x@10.0.0.1", "+1-555;phone-context=x", "10.0.0.1", None),
        ("sip:%61lice@[2001:db8::1]:5061", "alice", "2001:db8::1", 5061),
        ("sip:*67#@gw_1.example.com", "*67#", "gw_1.example.com", None),
        ("sip:node1", None, "node1", None),
    ],
)
def test_uris_of_all_shapes(text: str, user: str | None, host: str, port: int | None) -> None:
    uri = Uri.parse(text)

    assert (uri.user, uri.host, uri.port, str(uri)) == (user, host, port, text)


def test_a_uri_names_its_transport() -> None:
    assert Uri.parse("sip:a@b.example").transport == "udp"
    assert Uri.parse("sip:a@b.example;Transport=TCP").transport == "tcp"
    assert Uri.parse("sips:a@b.example").transport == "tls"
    assert Uri.parse("tel:+1555").scheme == "tel"


def test_addresses_with_and_without_brackets() -> None:
    named = Address.parse('"A. \\"B\\", C" <sip:a@b.example;x=1>;tag=t1;Q="z;y"')
    bare = Address.parse("sip:a@b.example ; tag = t2")

    assert named.display_name == 'A. "B", C'
    assert named.uri.parameters == (("x", "1"),)
    assert (named.tag, named.parameters["q"]) == ("t1", "z;y")
    assert (bare.tag, bare.uri.parameters) == ("t2", ())


def test_lists_split_at_commas_that_are_commas() -> None:
    parts = split(
        '"a, b" <sip:a@b.example;x=",">, <sip:c@d.example?q=1,2>;p="x,y",sip:e@f.example', ","
    )

    assert len(parts) == 3
    assert parts[2] == "sip:e@f.example"


def test_a_via_keeps_what_it_was_given() -> None:
    via = Via.parse("SIP / 2.0 / udp [2001:db8::1]:5070 ;branch=z9hG4bK+1;rport;ttl=3")

    assert (via.transport, via.host, via.port) == ("UDP", "2001:db8::1", 5070)
    assert via.has_magic_branch
    assert via.parameters == {"branch": "z9hG4bK+1", "rport": None, "ttl": "3"}
    assert Via.parse(str(via)) == via
    assert not Via.parse("SIP/2.0/UDP a;branch=z9hG4bK").has_magic_branch


def test_cseq_is_a_number_and_a_method() -> None:
    assert CSeq.parse(" 2147483647   INVITE ") == CSeq(2**31 - 1, "INVITE")
    with pytest.raises(MalformedMessage):
        CSeq.parse("2147483648 INVITE")


def test_quoting_and_unquoting_are_each_others_reverse() -> None:
    assert unquote(quote('a "b" \\ c')) == 'a "b" \\ c'


def test_host_and_port_allow_blanks_around_the_colon() -> None:
    assert host_and_port("a.example : 5070") == ("a.example", 5070)
    assert host_and_port("[::1]") == ("::1", None)


def test_a_header_given_by_the_program_cannot_smuggle_another() -> None:
    headers = Headers()

    for name, value in (("X", "a\r\nY: b"), ("X Y", "a"), ("", "a"), ("X:", "a")):
        with pytest.raises(ValueError, match="cannot stand in one line"):
            headers.add(name, value)


@pytest.mark.parametrize(
    "line",
    [
        "To: " + '"' * 60_000,
        "To: " + "<" * 60_000,
        "Contact: " + ";" * 60_000,
        "Via: SIP/2.0/UDP " + "a-" * 30_000,
        "To: " + '"\\' * 30_000,
        "To: <sip:" + "a." * 30_000 + "!>",
        "To: <sip:" + "%41" * 20_000,
    ],
)
def test_reading_takes_time_in_proportion_to_the_length_only(line: str) -> None:
    data = message("OPTIONS sip:a@b.example SIP/2.0", line, without="To")
    before = time.process_time()

    with pytest.raises(MalformedMessage):
        parse(data, Limits(header_bytes=100_000, message_bytes=100_000))

    assert time.process_time() - before < 0.5
