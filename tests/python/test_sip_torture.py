"""The torture messages of RFC 4475: each is read or refused as the RFC says, none crashes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sip_torture import ALL, DROPPED, NEW_CALL, ODD_METHOD, Torture
from support.sip_torture_ipv6 import ALL as IPV6

from fourwire.sip.core import Rules
from fourwire.sip.errors import MalformedMessage
from fourwire.sip.events import Invited
from fourwire.sip.fields import Address
from fourwire.sip.flow import Flow
from fourwire.sip.message import Request, Response, parse
from fourwire.sip.transaction import Transmit
from fourwire.sip.user_agent import UserAgent

FLOW = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.7", 5070), 1)


def by_label(label: str) -> bytes:
    return next(torture.data for torture in ALL if torture.label == label)


def request(label: str) -> Request:
    message = parse(by_label(label))
    assert isinstance(message, Request)
    return message


def outcome(data: bytes) -> int:
    agent = UserAgent(Rules(), random.Random(1))
    agent.receive(0, data, FLOW)
    final = DROPPED
    while (output := agent.poll(0)) is not None:
        if isinstance(output, Transmit):
            reply = parse(output.data)
            assert isinstance(reply, Response)
            final = reply.status
        else:
            assert isinstance(output, Invited)
    return final


def test_all_forty_nine_are_here() -> None:
    assert len(ALL) == len({torture.label for torture in ALL}) == 49


@pytest.mark.parametrize("torture", [*ALL, *IPV6], ids=lambda torture: torture.label)
def test_it_is_read_exactly_where_it_is_legal(torture: Torture) -> None:
    if torture.readable:
        assert bytes(parse(torture.data))
    else:
        with pytest.raises(MalformedMessage):
            parse(torture.data)


@pytest.mark.parametrize("torture", ALL, ids=lambda torture: torture.label)
def test_it_is_answered_as_the_rfc_asks(torture: Torture) -> None:
    if torture.label == "insuf":
        agent = UserAgent(Rules(), random.Random(1))
        agent.receive(0, torture.data, FLOW)
        answer = agent.poll(0)
        assert isinstance(answer, Transmit)
        assert answer.data.startswith(b"SIP/2.0 400 ")
    elif torture.outcome in (NEW_CALL, DROPPED) or torture.readable:
        assert outcome(torture.data) == torture.outcome
    else:
        assert bare_status(torture.data) == torture.outcome


def bare_status(data: bytes) -> int:
    agent = UserAgent(Rules(), random.Random(1))
    agent.receive(0, data, FLOW)
    answer = agent.poll(0)
    assert isinstance(answer, Transmit)
    return int(answer.data.split(b" ")[1])


def test_folded_fields_are_one_line() -> None:
    wsinv = request("wsinv")

    assert wsinv.headers["newfangled"] == "new and continued"
    assert wsinv.headers["Unknown"] == ";;,,;;,;"
    assert wsinv.headers["Subject"] == ""
    assert (wsinv.cseq.number, wsinv.cseq.method) == (9, "INVITE")
    assert wsinv.from_.display_name == 'A. Caller \\"'
    assert wsinv.via.branch == "390old"
    assert len(wsinv.headers.values_of("Via")) == 3
    contact = Address.parse(wsinv.headers["Contact"])
    assert contact.display_name == 'Quoted ""'
    assert contact.parameters == {"new": "value", "flag": None, "q": "0.33"}


def test_every_sign_of_a_token_may_stand_in_a_method() -> None:
    intmeth = request("intmeth")

    assert intmeth.method == ODD_METHOD
    assert intmeth.to.display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert intmeth.from_.tag == "_t~'"


def test_escaped_signs_of_a_user_are_resolved_once() -> None:
    assert request("esc01").uri.user == "sips:user@example.com"
    assert request("semiuri").uri.user == "user;par=u@example.net"
    assert request("esc02").method == "RE%47IST%45R"


def test_what_follows_the_content_length_is_no_part_of_the_message() -> None:
    assert request("dblreq").body == b""


def test_an_unbracketed_contact_with_headers_is_refused_where_it_is_read() -> None:
    with pytest.raises(MalformedMessage):
        Address.parse(request("regbadct").headers["Contact"])


def test_a_parameter_belongs_to_the_uri_in_brackets_and_to_the_header_without() -> None:
    bare = Address.parse(request("cparam01").headers["Contact"])
    bracketed = Address.parse(request("cparam02").headers["Contact"])

    assert (bare.parameters, bare.uri.parameters) == ({"unknown": None}, ())
    assert (bracketed.parameters, bracketed.uri.parameters) == ({}, (("unknown", None),))


mutations = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["set", "insert", "delete", "cut"]),
        st.sampled_from([0, 9, 10, 13, 32, 34, 44, 59, 60, 62, 64, 92, 128, 255]),
    ),
    max_size=12,
)


@given(st.sampled_from(ALL), mutations)
def test_no_mutation_of_any_of_them_crashes(
    torture: Torture, changes: list[tuple[float, str, int]]
) -> None:
    data = bytearray(torture.data)
    for where, how, byte in changes:
        at = int(where * len(data)) if data else 0
        if how == "insert":
            data.insert(at, byte)
        elif how == "set" and data:
            data[at] = byte
        elif how == "delete":
            del data[at : at + 1]
        elif how == "cut":
            del data[at:]
    agent = UserAgent(Rules(), random.Random(1))
    agent.receive(0, bytes(data), FLOW)
    while agent.poll(0) is not None:
        pass


@given(st.binary(max_size=300))
def test_no_bytes_crash_it(data: bytes) -> None:
    agent = UserAgent(Rules(), random.Random(1))
    agent.receive(0, data, FLOW)
    while agent.poll(0) is not None:
        pass
