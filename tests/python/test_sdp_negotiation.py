"""Offer and answer: one codec and one telephone-event, and both sides agree on all of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.sdp import (
    ALL_CODECS,
    CODECS,
    G722,
    OPUS,
    PCMA,
    PCMU,
    Direction,
    MalformedSdp,
    MediaPolicy,
    NegotiatedMedia,
    NoCommonCodec,
    OpusParameters,
    SessionDescription,
    accept,
    answer_to,
    offer,
)

OURS = MediaPolicy(address="192.0.2.2", port=10_000)
THEIRS = MediaPolicy(address="192.0.2.1", port=20_000)

DIRECTIONS: tuple[Direction, ...] = ("sendrecv", "sendonly", "recvonly", "inactive")


def sdp(*media: str, session: tuple[str, ...] = ("c=IN IP4 192.0.2.1",)) -> str:
    lines = ["v=0", "o=- 7 3 IN IP4 192.0.2.1", "s=-", "t=0 0", *session, *media]
    return "\r\n".join(lines) + "\r\n"


def answered(*media: str, policy: MediaPolicy = OURS, **more: tuple[str, ...]) -> NegotiatedMedia:
    return answer_to(sdp(*media, **more), policy).media


def media_lines(text: str) -> list[str]:
    return [line for line in text.split("\r\n") if line.startswith("m=")]


ELEVEN = (
    "m=audio 4000 RTP/AVP 96 97 98 99 3 0 8 9 120 121 122",
    "a=rtpmap:96 speex/16000",
    "a=rtpmap:97 opus/48000/2",
    "a=rtpmap:120 telephone-event/16000",
    "a=rtpmap:121 telephone-event/8000",
    "a=fmtp:121 0-16",
    "a=rtpmap:122 telephone-event/48000",
)


def test_an_answer_holds_one_codec_and_one_telephone_event() -> None:
    text = answer_to(sdp(*ELEVEN), OURS).sdp

    assert media_lines(text) == ["m=audio 10000 RTP/AVP 9 121"]
    assert "a=rtpmap:9 G722/8000" in text
    assert "a=rtpmap:121 telephone-event/8000" in text
    assert "a=fmtp:121 0-16" in text


def test_wideband_is_taken_wherever_it_stands_in_the_offer() -> None:
    assert answered("m=audio 4000 RTP/AVP 0 8 9").codec == "G722"
    dynamic = answered("m=audio 4000 RTP/AVP 8 100", "a=rtpmap:100 G722/8000")
    assert (dynamic.codec, dynamic.payload_type, dynamic.receive_payload_type) == ("G722", 100, 100)


WITH_OPUS = replace(OURS, codecs=(OPUS, *CODECS))


def test_opus_is_answered_with_what_is_ours_and_sent_as_the_peer_wishes() -> None:
    wishes = "a=fmtp:97 minptime=10; maxplaybackrate=16000;useinbandfec=1; usedtx=1;cbr=1"
    answer = answer_to(sdp(*ELEVEN, wishes), WITH_OPUS)

    assert media_lines(answer.sdp) == ["m=audio 10000 RTP/AVP 97 122"]
    assert "a=rtpmap:97 opus/48000/2" in answer.sdp
    assert "a=fmtp:97 maxplaybackrate=24000;" in answer.sdp
    assert "a=rtpmap:122 telephone-event/48000" in answer.sdp
    assert answer.media.event_rate == 48000
    assert answer.media.opus == OpusParameters(
        max_playback_rate=16000, max_average_bitrate=510_000, fec=True, dtx=True, cbr=True
    )


def test_opus_with_events_at_8_khz_alone_takes_those() -> None:
    media = answered(
        "m=audio 4000 RTP/AVP 96 101",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=ptime:30",
        policy=WITH_OPUS,
    )
    assert (media.telephone_event, media.event_rate) == (101, 8000)
    assert media.packet_time_ms == 20  # no frame of Opus lasts 30 ms


@given(st.text(max_size=60) | st.from_regex(r"(maxplaybackrate|cbr)=[^;]*;.*", fullmatch=True))
def test_whatever_a_peer_says_of_its_opus_means_something(fmtp: str) -> None:
    opus = OpusParameters.parse(fmtp)
    assert 8000 <= opus.max_playback_rate <= 48000
    assert 6000 <= opus.max_average_bitrate <= 510_000


def test_an_offer_has_events_for_every_clock() -> None:
    text = offer(WITH_OPUS)
    assert media_lines(text) == ["m=audio 10000 RTP/AVP 111 9 0 8 110 101"]
    assert "a=rtpmap:110 telephone-event/48000" in text


def test_our_order_decides_between_codecs_of_different_width() -> None:
    narrow_first = replace(OURS, codecs=(PCMA, G722, PCMU))
    assert answered("m=audio 4000 RTP/AVP 9 0 8", policy=narrow_first).codec == "PCMU"
    assert answered("m=audio 4000 RTP/AVP 9", policy=narrow_first).codec == "G722"


def test_the_offerers_order_decides_between_the_laws_of_g711() -> None:
    assert answered("m=audio 4000 RTP/AVP 8 0").codec == "PCMA"
    assert answered("m=audio 4000 RTP/AVP 0 8").codec == "PCMU"
    assert (
        answered("m=audio 4000 RTP/AVP 0 8", policy=replace(OURS, codecs=(PCMA,))).codec == "PCMA"
    )


def test_static_numbers_need_no_rtpmap_and_dynamic_ones_are_taken_as_mapped() -> None:
    assert answered("m=audio 4000 RTP/AVP 8").payload_type == 8
    dynamic = answered(
        "m=audio 4000 RTP/AVP 96 97", "a=rtpmap:96 x/8000", "a=rtpmap:97 pcma/8000/1"
    )
    assert (dynamic.codec, dynamic.payload_type, dynamic.receive_payload_type) == ("PCMA", 97, 97)


def test_a_static_number_that_is_mapped_to_something_else_is_something_else() -> None:
    with pytest.raises(NoCommonCodec):
        answered("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 mystery/8000")


@pytest.mark.parametrize("more", [(), ("a=rtpmap:13 CN/8000",)])
def test_comfort_noise_is_agreed_on_where_both_want_it(more: tuple[str, ...]) -> None:
    quiet = replace(OURS, idle="comfort_noise")
    answer = answer_to(sdp("m=audio 4000 RTP/AVP 8 13", *more), quiet)

    assert media_lines(answer.sdp) == ["m=audio 10000 RTP/AVP 8 13"]
    assert "a=rtpmap:13 CN/8000" in answer.sdp
    assert (answer.media.comfort_noise, answer.media.receive_comfort_noise) == (13, 13)
    assert answer.media.idle == "comfort_noise"


def test_comfort_noise_is_not_agreed_on_where_one_does_not_want_it() -> None:
    for line, policy, idle in (
        ("m=audio 4000 RTP/AVP 8 13", OURS, "silence"),
        ("m=audio 4000 RTP/AVP 8 13", replace(OURS, idle="noise"), "noise"),
        ("m=audio 4000 RTP/AVP 8", replace(OURS, idle="comfort_noise"), "noise"),
    ):
        answer = answer_to(sdp(line), policy)
        assert media_lines(answer.sdp) == ["m=audio 10000 RTP/AVP 8"]
        assert answer.media.comfort_noise is None
        assert answer.media.idle == idle


def test_each_side_sends_comfort_noise_by_the_number_of_the_other() -> None:
    quiet = replace(OURS, idle="comfort_noise")
    offered = offer(quiet)
    answer = sdp("m=audio 4000 RTP/AVP 0 110", "a=rtpmap:110 CN/8000")
    media = accept(offered, answer, quiet)

    assert media_lines(offered) == ["m=audio 10000 RTP/AVP 9 0 8 13 101"]
    assert (media.comfort_noise, media.receive_comfort_noise) == (110, 13)


def test_without_a_telephone_event_in_the_offer_there_is_none_in_the_answer() -> None:
    media = answered("m=audio 4000 RTP/AVP 0")

    assert media.telephone_event is None
    assert answered(*ELEVEN, policy=replace(OURS, telephone_event=False)).telephone_event is None


def test_other_streams_are_refused_in_their_places() -> None:
    text = answer_to(
        sdp(
            "m=video 5000 RTP/AVP 31 34",
            "m=audio 4000 RTP/SAVP 0",
            "m=audio 4002 RTP/AVP 0",
            "m=audio 4004 RTP/AVP 8",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        ),
        OURS,
    ).sdp

    assert media_lines(text) == [
        "m=video 0 RTP/AVP 31 34",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 10000 RTP/AVP 0",
        "m=audio 0 RTP/AVP 8",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    ]


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        ("m=audio 4000 RTP/AVP 18 3 9", "G722"),
        ("m=audio 4000 RTP/SAVP 0", "RTP/SAVP"),
        ("m=audio 4000 UDP/TLS/RTP/SAVPF 0", "SAVPF"),
        ("m=audio 0 RTP/AVP 0", "switched off"),
        ("m=video 4000 RTP/AVP 0", "video"),
    ],
)
def test_an_offer_with_nothing_for_us_earns_a_488_that_says_what_was_offered(
    media: str, reason: str
) -> None:
    with pytest.raises(NoCommonCodec, match=reason) as caught:
        answered(media, policy=replace(OURS, codecs=(PCMU, PCMA)))

    assert caught.value.status == 488


def test_an_offer_of_no_stream_or_to_a_crowd_is_488() -> None:
    with pytest.raises(NoCommonCodec, match="no stream"):
        answered()
    with pytest.raises(NoCommonCodec, match=r"239\.1\.1\.1"):
        answered("m=audio 4000 RTP/AVP 0", session=("c=IN IP4 239.1.1.1/127",))


def test_an_offer_without_an_address_is_malformed() -> None:
    with pytest.raises(MalformedSdp, match="connection"):
        answered("m=audio 4000 RTP/AVP 0", session=())


@pytest.mark.parametrize(
    ("lines", "packet_time_ms"),
    [
        ((), 20),
        (("a=ptime:30",), 30),
        (("a=ptime:20.0",), 20),
        (("a=ptime:35",), 30),
        (("a=ptime:500",), 60),
        (("a=ptime:5",), 10),
        (("a=maxptime:10",), 10),
        (("a=ptime:60", "a=maxptime:40"), 40),
        (("a=ptime:0",), 20),
    ],
)
def test_the_packet_time_is_the_peers_as_far_as_we_can_send_it(
    lines: tuple[str, ...], packet_time_ms: int
) -> None:
    assert answered("m=audio 4000 RTP/AVP 0", *lines).packet_time_ms == packet_time_ms


@pytest.mark.parametrize(
    ("theirs", "ours", "agreed"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendonly", "sendrecv", "recvonly"),
        ("recvonly", "sendrecv", "sendonly"),
        ("inactive", "sendrecv", "inactive"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
        ("sendrecv", "inactive", "inactive"),
    ],
)
def test_the_direction_is_what_both_sides_want(
    theirs: Direction, ours: Direction, agreed: Direction
) -> None:
    answer = answer_to(sdp("m=audio 4000 RTP/AVP 0", f"a={theirs}"), replace(OURS, direction=ours))

    assert answer.media.direction == agreed
    assert f"a={agreed}" in answer.sdp
    assert answer.media.sends == (agreed in ("sendrecv", "sendonly"))


def test_the_direction_of_the_stream_overrules_that_of_the_session() -> None:
    session = ("c=IN IP4 192.0.2.1", "a=inactive")

    assert answered("m=audio 4000 RTP/AVP 0", session=session).direction == "inactive"
    assert answered("m=audio 4000 RTP/AVP 0", "a=sendrecv", session=session).direction == "sendrecv"


def test_the_null_address_is_hold() -> None:
    held = answered("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0")

    assert held.direction == "recvonly"
    assert held.remote[1] == 4000


def test_rtcp_goes_to_the_next_port_to_the_named_one_or_to_the_same() -> None:
    line = "m=audio 4000 RTP/AVP 0"

    assert answered(line).remote_rtcp == ("192.0.2.1", 4001)
    assert answered(line, "a=rtcp:5555").remote_rtcp == ("192.0.2.1", 5555)
    assert answered(line, "a=rtcp:5555 IN IP4 192.0.2.9").remote_rtcp == ("192.0.2.9", 5555)
    mux = answered(line, "a=rtcp-mux")
    assert (mux.remote_rtcp, mux.rtcp_mux) == (("192.0.2.1", 4000), True)
    assert not answered(line, "a=rtcp-mux", policy=replace(OURS, rtcp_mux=False)).rtcp_mux


def test_rtcp_mux_is_answered_only_where_it_was_offered() -> None:
    assert "rtcp-mux" not in answer_to(sdp("m=audio 4000 RTP/AVP 0"), OURS).sdp


def test_ipv6_on_both_sides() -> None:
    answer = answer_to(
        sdp("m=audio 4000 RTP/AVP 0", session=("c=IN IP6 2001:db8::5",)),
        replace(OURS, address="2001:db8::2"),
    )

    assert answer.media.remote == ("2001:db8::5", 4000)
    assert "c=IN IP6 2001:db8::2" in answer.sdp


def test_the_profile_is_answered_as_it_was_offered() -> None:
    assert media_lines(answer_to(sdp("m=audio 4000 RTP/AVPF 0"), OURS).sdp) == [
        "m=audio 10000 RTP/AVPF 0"
    ]


def origin(text: str) -> tuple[int, int]:
    parsed = SessionDescription.parse(text).origin
    return parsed.session_id, parsed.version


def test_the_version_of_a_session_rises_only_when_it_changes() -> None:
    active, held = sdp("m=audio 4000 RTP/AVP 0"), sdp("m=audio 4000 RTP/AVP 0", "a=sendonly")

    first = answer_to(active, OURS, session_id=77).sdp
    refreshed = answer_to(active, OURS, previous=first).sdp
    on_hold = answer_to(held, OURS, previous=refreshed).sdp
    back = answer_to(active, OURS, previous=on_hold).sdp

    assert refreshed == first
    assert [origin(text) for text in (first, on_hold, back)] == [(77, 1), (77, 2), (77, 3)]


def test_a_reoffer_keeps_session_and_places() -> None:
    first = answer_to(sdp("m=video 5000 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"), OURS).sdp

    again = offer(replace(OURS, direction="sendonly"), previous=first)

    assert media_lines(again) == ["m=video 0 RTP/AVP 31", "m=audio 10000 RTP/AVP 9 0 8 101"]
    assert origin(again) == (origin(first)[0], 2)


def test_of_an_answer_with_several_codecs_the_first_is_spoken() -> None:
    media = accept(offer(OURS), sdp("m=audio 4000 RTP/AVP 8 9 0"), OURS)

    assert media.codec == "PCMA"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (sdp("m=audio 0 RTP/AVP 0"), NoCommonCodec),
        (sdp("m=audio 4000 RTP/AVP 3"), NoCommonCodec),
        (sdp("m=audio 4000 RTP/AVP 8"), NoCommonCodec),
        (sdp(), MalformedSdp),
        ("", MalformedSdp),
    ],
)
def test_an_answer_that_does_not_fit_the_offer_is_refused(
    answer: str, error: type[Exception]
) -> None:
    ours = offer(replace(OURS, codecs=(PCMU,)))

    with pytest.raises(error):
        accept(ours, answer, replace(OURS, codecs=(PCMU, PCMA)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"address": "phone.example.com"}, "must be an IPv4 or IPv6 address"),
        ({"port": 0}, "port is 0, must be from 1 to 65535"),
        ({"codecs": ()}, "codecs is empty"),
        ({"codecs": (PCMU, G722, PCMU)}, "codecs names PCMU twice"),
        ({"packet_time_ms": 25}, "packet_time_ms is 25"),
    ],
)
def test_a_policy_that_cannot_be_says_what_is_allowed(
    wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        replace(OURS, **wrong)  # type: ignore[arg-type]


policies = st.builds(
    MediaPolicy,
    address=st.sampled_from(["192.0.2.1", "10.1.2.3"]),
    port=st.integers(1024, 65000),
    codecs=st.lists(st.sampled_from(ALL_CODECS), min_size=1, unique=True).map(tuple),
    telephone_event=st.booleans(),
    packet_time_ms=st.sampled_from([10, 20, 30, 40, 60]),
    direction=st.sampled_from(DIRECTIONS),
    rtcp_mux=st.booleans(),
)

REVERSE = {"sendonly": "recvonly", "recvonly": "sendonly"}


@given(policies, policies)
def test_offer_answer_and_accept_agree_on_both_sides(
    caller: MediaPolicy, callee: MediaPolicy
) -> None:
    offered = offer(caller)
    if not set(caller.codecs) & set(callee.codecs):
        with pytest.raises(NoCommonCodec):
            answer_to(offered, callee)
        return

    answer = answer_to(offered, callee)
    theirs = accept(offered, answer.sdp, caller)
    ours = answer.media

    assert theirs.codec == ours.codec
    assert theirs.payload_type == ours.receive_payload_type
    assert theirs.receive_payload_type == ours.payload_type
    assert theirs.telephone_event == ours.receive_telephone_event
    assert theirs.receive_telephone_event == ours.telephone_event
    assert theirs.direction == REVERSE.get(ours.direction, ours.direction)
    assert theirs.rtcp_mux == ours.rtcp_mux
    assert theirs.packet_time_ms == ours.packet_time_ms
    assert theirs.event_rate == ours.event_rate or ours.telephone_event is None
    assert (theirs.opus is None) == (ours.opus is None)
    assert theirs.remote == (callee.address, callee.port)
    assert ours.remote == (caller.address, caller.port)


pieces = st.sampled_from(
    [
        *ELEVEN,
        "m=audio 4000 RTP/AVP 0",
        "m=video 1 RTP/AVP 31",
        "m=audio 0 RTP/AVP 8",
        "c=IN IP4 0.0.0.0",
        "c=IN IP6 ::1",
        "c=IN IP4 x.example",
        "a=ptime:x",
        "a=ptime:-3",
        "a=maxptime:",
        "a=rtcp:",
        "a=rtcp:x IN IP4",
        "a=rtcp-mux",
        "a=rtpmap:",
        "a=rtpmap:0",
        "a=rtpmap:300 PCMU/8000",
        "m=audio 9 RTP/AVP 300",
        "a=inactive",
        "a=sendonly:x",
    ]
)


@given(st.lists(pieces, max_size=12))
def test_any_mixture_of_lines_is_answered_or_refused_with_a_status(lines: list[str]) -> None:
    text = sdp(*lines)
    try:
        answer = answer_to(text, OURS)
    except (MalformedSdp, NoCommonCodec):
        return
    description = SessionDescription.parse(answer.sdp)
    live = [media for media in description.media if media.port]
    assert len(description.media) == len(SessionDescription.parse(text).media)
    assert len(live) == 1
    assert len(live[0].formats) == (1 if answer.media.telephone_event is None else 2)
