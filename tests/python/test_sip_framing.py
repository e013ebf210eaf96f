"""Messages on a stream: cut out whole, however the bytes were split on the way."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sip_torture import invite, options

from fourwire.sip.errors import MalformedMessage
from fourwire.sip.framing import PING, PONG, Framer
from fourwire.sip.message import Limits

STREAM = [invite(), PING, options(), options(Call_ID="two@there"), PING, invite(body="x" * 999)]


@given(st.lists(st.integers(0, 4000)))
def test_any_split_gives_the_same_messages(cuts: list[int]) -> None:
    whole = b"".join(STREAM)
    framer = Framer()
    bounds = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

    taken = [
        message for start, end in pairwise(bounds) for message in framer.receive(whole[start:end])
    ]

    assert taken == STREAM
    assert framer.waiting == 0


def test_byte_by_byte_gives_the_same_messages() -> None:
    framer = Framer()

    taken = [m for byte in b"".join(STREAM) for m in framer.receive(bytes([byte]))]

    assert taken == STREAM


def test_one_blank_line_between_messages_means_nothing() -> None:
    assert Framer().receive(b"\r\n" + options() + b"\r\n" + options()) == [options(), options()]


@given(st.lists(st.integers(0, 4000)))
def test_a_pong_is_told_from_pings_however_it_is_split(cuts: list[int]) -> None:
    whole = PONG + b"".join(STREAM)
    framer = Framer()
    framer.expect_pong()
    bounds = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

    taken = [
        message for start, end in pairwise(bounds) for message in framer.receive(whole[start:end])
    ]

    assert taken == [PONG, *STREAM]


def test_blank_lines_alone_are_no_message_that_has_begun() -> None:
    framer = Framer()
    assert framer.receive(PONG) == []
    assert framer.waiting == 0


@pytest.mark.parametrize(
    "data",
    [
        options().replace(b"Content-Length: 0\r\n", b""),
        options("Content-Length: 5", "Content-Length: 7"),
        options("Content-Length: many"),
        options("Content-Length: 999999"),
        b"x" * 20_000,
        options(f"X: {'x' * 20_000}"),
    ],
)
def test_a_stream_that_cannot_be_cut_is_at_its_end(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Framer().receive(data)


def drip(framer: Framer, count: int) -> None:
    for _ in range(count):
        framer.receive(b"X: 1\r\n")


def test_what_waits_never_grows_past_the_limits() -> None:
    framer = Framer(Limits(header_bytes=1000, body_bytes=500))

    with pytest.raises(MalformedMessage):
        drip(framer, 10_000)

    assert framer.waiting < 1100


pieces = st.lists(
    st.one_of(
        st.sampled_from(
            [b"\r\n", b"\r\n\r\n", b"\r", b"\n", b"Content-Length: 5", b"l:0", b"L : 3"]
        ),
        st.sampled_from([options(), invite(), b"OPTIONS sip:a SIP/2.0\r\n", b"hello", b"x" * 400]),
        st.binary(max_size=20),
    ),
    max_size=12,
).map(b"".join)


def cut(data: list[bytes]) -> tuple[list[bytes], bool, int]:
    """What a framer makes of pieces of a stream, whether it gave up, and what waits."""
    framer, found = Framer(Limits(header_bytes=1000, body_bytes=500)), list[bytes]()
    for piece in data:
        try:
            found += framer.receive(piece)
        except MalformedMessage:
            return found, True, 0
    return found, False, framer.waiting


@given(pieces)
def test_any_bytes_are_cut_the_same_whole_and_byte_by_byte(stream: bytes) -> None:
    found, ended, waiting = cut([bytes([byte]) for byte in stream])
    whole, ended_too, waiting_too = cut([stream])
    assert ended == ended_too
    assert waiting == waiting_too <= 1000 + 4 + 500
    if not ended:  # else what came before the end in the same piece is gone with it
        assert found == whole
    assert all(message == PING or b"\r\n\r\n" in message for message in found)
