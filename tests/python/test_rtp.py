"""RTP packets against RFC 3550 and against another implementation."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import RtpPacket
from fourwire._core import is_rtcp

PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=400),
    marker=st.booleans(),
    csrcs=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15),
    extension=st.none()
    | st.tuples(
        st.integers(0, 0xFFFF), st.binary(max_size=40).map(lambda it: it[: len(it) // 4 * 4])
    ),
)


def packet(**fields: Any) -> RtpPacket:
    return RtpPacket(
        **{"payload_type": 0, "sequence": 1, "timestamp": 160, "ssrc": 7, "payload": b"", **fields}
    )


@given(PACKETS)
def test_what_was_written_is_read_again(written: RtpPacket) -> None:
    read = RtpPacket.parse(written.write())
    assert read == written
    assert hash(read) == hash(written)


@given(PACKETS, st.integers(1, 20))
def test_padding_is_no_part_of_a_packet(packet: RtpPacket, padding: int) -> None:
    bare = packet.write()
    padded = bytes([bare[0] | 0x20]) + bare[1:] + bytes(padding - 1) + bytes([padding])
    read = RtpPacket.parse(padded)
    assert read == packet
    assert hash(read) == hash(packet)
    assert read.write() == bare


def test_fields_may_be_given_in_the_order_of_the_header() -> None:
    assert RtpPacket(0, 1, 160, 7, b"") == packet()


def test_a_buffer_that_changes_afterwards_changes_no_packet() -> None:
    datagram = bytearray(packet(payload=b"abc").write())
    read = RtpPacket.parse(datagram)
    datagram[-1] = 0
    assert read.payload == b"abc"


@given(st.binary(max_size=200))
def test_no_datagram_does_worse_than_a_value_error(datagram: bytes) -> None:
    try:
        read = RtpPacket.parse(datagram)
    except ValueError:
        return
    assert RtpPacket.parse(read.write()) == read


@given(PACKETS)
def test_another_implementation_reads_what_we_write(ours: RtpPacket) -> None:
    rtp = pytest.importorskip("aiortc.rtp", reason="aiortc is not installed")
    bare = packet_without_extension(ours)
    theirs = rtp.RtpPacket.parse(bare.write())
    assert theirs.marker == bare.marker
    assert theirs.payload_type == bare.payload_type
    assert theirs.sequence_number == bare.sequence
    assert theirs.timestamp == bare.timestamp
    assert theirs.ssrc == bare.ssrc
    assert theirs.csrc == bare.csrcs
    assert theirs.payload == bare.payload


@given(PACKETS, st.integers(0, 60))
def test_we_read_what_another_implementation_writes(ours: RtpPacket, padding: int) -> None:
    rtp = pytest.importorskip("aiortc.rtp", reason="aiortc is not installed")
    bare = packet_without_extension(ours)
    theirs = rtp.RtpPacket(
        payload_type=bare.payload_type,
        marker=int(bare.marker),
        sequence_number=bare.sequence,
        timestamp=bare.timestamp,
        ssrc=bare.ssrc,
        payload=bare.payload,
    )
    theirs.csrc = bare.csrcs
    theirs.padding_size = padding
    assert RtpPacket.parse(theirs.serialize()) == bare


def packet_without_extension(source: RtpPacket) -> RtpPacket:
    return RtpPacket(
        payload_type=source.payload_type,
        sequence=source.sequence,
        timestamp=source.timestamp,
        ssrc=source.ssrc,
        payload=source.payload,
        marker=source.marker,
        csrcs=source.csrcs,
    )


def test_a_packet_shows_what_it_is() -> None:
    assert repr(packet(payload=bytes(160), marker=True)) == (
        "RtpPacket(payload_type=0, sequence=1, timestamp=160, ssrc=0x00000007, marker=True, "
        "payload=160 bytes)"
    )


def test_rtcp_on_the_same_port_is_told_apart() -> None:
    assert is_rtcp(bytes([0x80, 200]))
    assert not is_rtcp(packet().write())


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"payload_type": 128}, "payload type is from 0 to 127 .*, not 128"),
        ({"sequence": 65536}, "from 0 to 65535 is needed, not 65536"),
        ({"timestamp": -1}, "from 0 to 4294967295 is needed, not -1"),
        ({"csrcs": [1] * 16}, "at most 15 csrcs .*, not 16"),
        ({"extension": (1, b"abc")}, "32-bit words, .* not 3 bytes"),
    ],
)
def test_a_field_that_does_not_fit_is_named(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        packet(**fields)


def test_a_datagram_that_ends_early_is_told_where() -> None:
    with pytest.raises(ValueError, match="ends at byte 5, its header needs 12"):
        RtpPacket.parse(b"\x80\x00abc")
