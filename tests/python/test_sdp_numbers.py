"""The numbers of formats: each side has its own, and each means one thing in a session."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.line import LineClosed
from fourwire.line_sdp import Descriptions
from fourwire.sdp import (
    ALL_CODECS,
    G722,
    OPUS,
    PCMU,
    MalformedSdp,
    MediaPolicy,
    NegotiatedMedia,
    NoCommonCodec,
    SessionDescription,
    accept,
    answer_to,
    numbers_in,
    offer,
)

OURS = MediaPolicy(address="192.0.2.2", port=10_000)
THEIRS = MediaPolicy(address="192.0.2.1", port=20_000)
STATIC = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 13: "CN/8000"}


def sdp(*media: str) -> str:
    lines = ["v=0", "o=- 7 3 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", *media]
    return "\r\n".join(lines) + "\r\n"


def described(formats: dict[int, str]) -> str:
    """A description whose numbers have these meanings, in that order."""
    maps = (f"a=rtpmap:{number} {encoding}" for number, encoding in formats.items())
    return sdp(f"m=audio 4000 RTP/AVP {' '.join(map(str, formats))}", *maps)


def key(encoding: str) -> str:
    return "/".join(encoding.upper().split("/")[:2])


def meanings(description: str) -> dict[int, str]:
    """What each number of the audio means in one of our descriptions, as `NAME/RATE`."""
    (line,) = (it for it in SessionDescription.parse(description).media if it.port)
    maps = (value.split(" ") for value in line.values("rtpmap"))
    return {int(number): key(encoding) for number, encoding in maps}


def dynamic(description: str) -> dict[int, str]:
    """Of these, the numbers without a meaning of their own."""
    return {n: meant for n, meant in meanings(description).items() if n in range(96, 128)}


def taken(media: NegotiatedMedia) -> Iterator[tuple[int, str]]:
    """What is taken for what: our numbers, and then those that count beside them."""
    clock = 48000 if media.codec == "opus" else 8000
    events = f"TELEPHONE-EVENT/{media.event_rate}"
    yield media.receive_payload_type, f"{media.codec}/{clock}".upper()
    for number, name in (
        (media.receive_telephone_event, events),
        (media.receive_comfort_noise, "CN/8000"),
        (media.other_payload_type, f"{media.codec}/{clock}".upper()),
        (media.other_telephone_event, events),
        (media.other_comfort_noise, "CN/8000"),
    ):
        if number is not None:
            yield number, name


def test_an_answer_with_other_numbers_than_ours_is_understood() -> None:
    ours = offer(OURS)
    theirs = sdp("m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000")

    media = accept(ours, theirs, OURS)

    assert (media.codec, media.payload_type, media.receive_payload_type) == ("PCMA", 8, 8)
    assert (media.telephone_event, media.receive_telephone_event) == (96, 101)


def test_an_answer_that_numbers_a_codec_anew_is_sent_by_its_number_and_heard_by_ours() -> None:
    policy = replace(OURS, codecs=(replace(G722, payload_type=98), PCMU))
    theirs = sdp("m=audio 4000 RTP/AVP 105 96", "a=rtpmap:105 G722/8000")

    media = accept(offer(policy), theirs, policy)

    assert (media.codec, media.payload_type, media.receive_payload_type) == ("G722", 105, 98)


def test_what_a_number_meant_in_a_session_it_means_in_our_offers_too() -> None:
    ours = replace(OURS, codecs=(OPUS, PCMU))
    opus = ("a=rtpmap:101 opus/48000/2", "a=rtpmap:111 telephone-event/48000")
    answer = answer_to(sdp("m=audio 4000 RTP/AVP 101 0 111", *opus), ours).sdp

    again = offer(ours, previous=answer)

    assert all(line in again for line in opus)
    (line,) = SessionDescription.parse(again).media
    assert len(set(line.formats)) == len(line.formats) == 4
    assert offer(ours, previous=again) == again
    agreed = accept(again, answer_to(again, replace(THEIRS, codecs=ours.codecs)).sdp, ours)
    assert (agreed.payload_type, agreed.receive_payload_type) == (101, 101)


def test_a_number_keeps_its_meaning_through_descriptions_that_leave_it_out() -> None:
    ours = replace(OURS, codecs=(OPUS, PCMU))
    opus = ("a=rtpmap:101 opus/48000/2", "a=rtpmap:100 telephone-event/48000")
    first = answer_to(sdp("m=audio 4000 RTP/AVP 101 100", *opus), ours).sdp
    narrow = answer_to(sdp("m=audio 4000 RTP/AVP 0"), ours, previous=first).sdp

    again = offer(ours, previous=narrow, numbers=numbers_in(first))

    assert all(line in again for line in opus)
    assert "a=rtpmap:101 telephone-event/8000" in offer(ours, previous=narrow)
    assert "a=rtpmap:101 telephone-event/8000" not in again


def test_a_number_that_the_peer_gives_another_meaning_has_that_from_then_on() -> None:
    ours = replace(OURS, codecs=(OPUS, PCMU))
    first = answer_to(
        sdp("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"), ours
    ).sdp
    opus = "a=rtpmap:101 opus/48000/2"
    late = answer_to(sdp("m=audio 4000 RTP/AVP 101", opus), ours, previous=first)
    assert (late.media.codec, late.media.receive_payload_type) == ("opus", 101)
    assert late.media.telephone_event is None

    again = offer(ours, previous=late.sdp, numbers=numbers_in(first))

    assert opus in again
    (line,) = SessionDescription.parse(again).media
    assert len(set(line.formats)) == len(line.formats) == 4


def test_what_comes_by_their_number_is_taken_beside_ours_and_goes_out_by_theirs() -> None:
    ours = replace(OURS, codecs=(OPUS, PCMU))
    media = accept(offer(ours), described({96: "opus/48000/2", 97: "telephone-event/48000"}), ours)

    assert (media.payload_type, media.receive_payload_type) == (96, 111)
    assert media.other_payload_type == 96
    assert (media.telephone_event, media.receive_telephone_event) == (97, 110)
    assert media.other_telephone_event == 97


def test_where_both_have_the_same_numbers_there_is_no_other() -> None:
    for media in (
        accept(offer(OURS), described({0: "PCMU/8000", 101: "telephone-event/8000"}), OURS),
        answer_to(described({8: "PCMA/8000", 96: "telephone-event/8000"}), OURS).media,
    ):
        assert media.other_payload_type is media.other_telephone_event is None


@pytest.mark.parametrize(
    ("answer", "other"),
    [
        ({0: "PCMU/8000", 8: "telephone-event/8000"}, None),
        ({0: "PCMU/8000", 18: "telephone-event/8000"}, None),
        ({0: "PCMU/8000", 111: "telephone-event/8000", 112: "opus/48000/2"}, None),
        ({0: "PCMU/8000", 111: "telephone-event/8000"}, 111),
        ({0: "PCMU/8000", 110: "telephone-event/8000"}, 110),
    ],
)
def test_a_number_that_may_mean_something_else_is_not_taken_for_keys(
    answer: dict[int, str], other: int | None
) -> None:
    ours = replace(OURS, codecs=(OPUS, PCMU))
    media = accept(offer(ours), described(answer), ours)

    assert media.receive_telephone_event == 101
    assert media.other_telephone_event == other


def test_a_static_number_is_taken_for_the_codec_that_it_is_of() -> None:
    policy = replace(OURS, codecs=(replace(G722, payload_type=98), PCMU))

    assert accept(offer(policy), sdp("m=audio 4000 RTP/AVP 9"), policy).other_payload_type == 9


def test_a_number_of_ours_is_taken_still_when_a_later_offer_brings_another() -> None:
    line = Descriptions(None, OURS)
    line.take(described({0: "PCMU/8000", 96: "telephone-event/8000"}))
    for _ in range(2):  # a peer that refreshes the session does so again and again
        line.answer(described({0: "PCMU/8000", 96: "telephone-event/8000"}))
        assert line.media is not None
        assert (line.media.telephone_event, line.media.receive_telephone_event) == (96, 96)
        assert line.media.other_telephone_event == 101

    line.answer(described({0: "PCMU/8000", 96: "telephone-event/8000", 101: "x/8000"}))
    assert line.media.other_telephone_event is None


def test_what_is_new_in_our_offer_has_no_number_that_means_something_to_them() -> None:
    line = Descriptions(described({0: "PCMU/8000", 101: "opus/48000/2"}), OURS)

    assert meanings(line.offer())[127] == "TELEPHONE-EVENT/8000"


def test_a_peer_that_uses_up_all_numbers_leaves_us_an_offer_to_make() -> None:
    line = Descriptions(described({0: "PCMU/8000"}), replace(OURS, codecs=(OPUS, PCMU)))
    for number in range(96, 128):
        line.answer(described({0: "PCMU/8000", number: "telephone-event/8000"}))

    ours = meanings(line.offer())

    assert {"OPUS/48000", "TELEPHONE-EVENT/48000"} <= set(ours.values())
    assert ours[127] == "TELEPHONE-EVENT/8000"


FORMATS = ["opus/48000/2", "G722/8000", "PCMU/8000", "PCMA/8000", "CN/8000"]
FORMATS += ["telephone-event/8000", "telephone-event/48000", "x/8000"]

descriptions = st.dictionaries(
    st.sampled_from([*STATIC, 3, 18, 35, 72, *range(96, 128), 101, 110, 111]),
    st.sampled_from(FORMATS),
    min_size=1,
    max_size=8,
)

policies = st.builds(
    MediaPolicy,
    address=st.just("192.0.2.2"),
    port=st.just(10_000),
    codecs=st.lists(st.sampled_from(ALL_CODECS), min_size=1, unique=True).map(tuple),
    idle=st.sampled_from(["noise", "comfort_noise"]),
)


@given(policies, descriptions)
def test_whatever_numbers_an_answer_has_each_is_taken_for_one_thing(
    policy: MediaPolicy, answer: dict[int, str]
) -> None:
    offered = offer(policy)
    try:
        media = accept(offered, described(answer), policy)
    except NoCommonCodec:
        return
    ours, theirs = meanings(offered), {n: key(name) for n, name in answer.items()}
    heard = dict(taken(media))

    assert len(heard) == len(list(taken(media)))
    for number, meant in heard.items():
        assert STATIC.get(number, meant) == meant
        if ours.get(number) != meant:
            assert theirs[number] == meant
            assert number in range(96, 128) or STATIC[number] == meant
            assert ours.get(number) not in theirs.values()
    named = {name: number for number, name in reversed(theirs.items())}
    for meant in set(heard.values()):
        number = named[meant]
        free = number in range(96, 128) and ours.get(number) not in {*theirs.values()} - {meant}
        assert number in heard or not free, "what can mean nothing else is taken"


turns = st.lists(st.tuples(st.booleans(), descriptions), max_size=4)


@given(policies, turns)
def test_no_offer_gives_a_number_another_meaning_than_it_had(
    policy: MediaPolicy, session: list[tuple[bool, dict[int, str]]]
) -> None:
    line = Descriptions(None, policy)
    ours = dynamic(line.said)
    theirs: dict[int, str] = {}
    for we_offer, formats in session:
        described_by_them = described(formats)
        with suppress(NoCommonCodec, MalformedSdp, LineClosed):
            if we_offer:
                now = dynamic(line.offer())
                for number, meant in now.items():
                    assert ours.get(number, meant) == meant
                    assert number in ours or theirs.get(number, meant) == meant
                ours |= now
                line.take(described_by_them)
            else:
                line.answer(described_by_them)
                ours |= dynamic(line.said)
            theirs |= {n: key(name) for n, name in formats.items() if n in range(96, 128)}
            assert line.media is not None
            assert len(dict(taken(line.media))) == len(list(taken(line.media)))
