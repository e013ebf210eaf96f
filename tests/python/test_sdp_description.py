"""Session descriptions: what RFC 8866 writes is read, all else is malformed, never a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.sdp import Attribute, Connection, MalformedSdp, SessionDescription

PLAIN = """v=0
o=alice 2890844526 2890842807 IN IP4 192.0.2.10
s=A call
c=IN IP4 192.0.2.10
t=0 0
a=tool:something
m=audio 49170/2 RTP/AVP 0 8
c=IN IP4 192.0.2.11/127
a=rtpmap:0 PCMU/8000
a=sendonly
m=video 51372 RTP/AVP 31
""".replace("\n", "\r\n")


def test_session_and_media_lines_are_kept_apart() -> None:
    description = SessionDescription.parse(PLAIN)

    assert description.origin.session_id == 2890844526
    assert description.connection == Connection("192.0.2.10")
    assert description.attributes == (Attribute("tool", "something"),)
    audio, video = description.media
    assert (audio.kind, audio.port, audio.protocol) == ("audio", 49170, "RTP/AVP")
    assert audio.formats == ("0", "8")
    assert audio.connection == Connection("192.0.2.11")
    assert list(audio.values("rtpmap")) == ["0 PCMU/8000"]
    assert audio.has("sendonly")
    assert not video.has("sendonly")


def test_what_is_written_is_read_back_the_same() -> None:
    description = SessionDescription.parse(PLAIN)

    assert SessionDescription.parse(str(description)) == description


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("\r\n", "\n"),
        PLAIN.rstrip("\r\n"),
        PLAIN.replace("t=0 0\r\n", ""),
        PLAIN.replace("s=A call\r\n", ""),
        PLAIN.replace("t=0 0", "b=AS:64\r\nt=0 0\r\nk=clear:x"),
    ],
)
def test_small_liberties_are_forgiven(text: str) -> None:
    assert len(SessionDescription.parse(text).media) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        PLAIN.replace("v=0", "v=1"),
        PLAIN.removeprefix("v=0\r\n"),
        PLAIN.replace("o=alice 2890844526 2890842807 IN IP4 192.0.2.10\r\n", ""),
        PLAIN.replace("2890844526", "many"),
        PLAIN.replace("c=IN IP4 192.0.2.10", "c=IN IP5 192.0.2.10"),
        PLAIN.replace("192.0.2.11/127", "/127"),
        PLAIN.replace("49170/2", "70000"),
        PLAIN.replace("49170/2", "-1"),
        PLAIN.replace("49170/2", "٤٩"),
        PLAIN.replace("m=video 51372 RTP/AVP 31", "m=video 51372"),
        PLAIN.replace("s=A call", "s A call"),
        PLAIN.replace("A call", "A\0call"),
        PLAIN + "a=x\r\n" * 8000,
        PLAIN + "m=audio 1 RTP/AVP 0\r\n" * 80,
    ],
)
def test_what_is_malformed_says_so_and_earns_a_400(text: str) -> None:
    with pytest.raises(MalformedSdp) as caught:
        SessionDescription.parse(text)

    assert caught.value.status == 400
    assert len(str(caught.value)) < 200


def test_an_ipv6_address_is_told_from_an_ipv4_one() -> None:
    assert str(Connection.parse("IN IP6 2001:db8::1")) == "IN IP6 2001:db8::1"
    assert Connection.parse("IN IP4 0.0.0.0").is_null
    assert Connection.parse("IN IP6 ::").is_null
    assert Connection.parse("IN IP4 phone.example.com").address is None


mutations = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(
            ["", "\r", "\n", "\r\n", "=", "m=", "a=", " ", "/", ":", "٣", "99999", "\0"]
        ),
        st.integers(0, 9),
    ),
    max_size=10,
)


@given(mutations)
def test_any_mutation_is_read_or_malformed(changes: list[tuple[float, str, int]]) -> None:
    text = PLAIN
    for where, inserted, removed in changes:
        at = int(where * len(text))
        text = text[:at] + inserted + text[at + removed :]
    try:
        description = SessionDescription.parse(text)
    except MalformedSdp:
        return
    assert SessionDescription.parse(str(description)).media == description.media


@given(st.text(max_size=400))
def test_any_text_is_read_or_malformed(text: str) -> None:
    try:
        SessionDescription.parse(text)
        SessionDescription.parse("v=0\no=- 1 1 IN IP4 1.2.3.4\n" + text)
    except MalformedSdp:
        pass
