"""Packets in, one unbroken line of samples out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import Dejitter, RtpPacket, g711

MS = 1_000_000
PACKET_TIME = 20 * MS


def packet(number: int, *, sound: int = 0, ssrc: int = 1) -> bytes:
    """The packet of that number of a stream whose first is number 0."""
    payload = bytes([0x80 + (number + sound) % 100]) * 160
    return RtpPacket(
        payload_type=0,
        sequence=(65_530 + number) % 65_536,
        timestamp=(2**32 - 800 + 160 * number) % 2**32,
        ssrc=ssrc,
        payload=payload,
    ).write()


def drain(dejitter: Dejitter, now_ns: int) -> bytes:
    pieces = []
    while (pcm := dejitter.poll(now_ns)) is not None:
        pieces.append(pcm)
    return b"".join(pieces)


def test_packets_in_order_come_out_at_once_and_unchanged() -> None:
    dejitter = Dejitter()
    for number in range(20):
        now = number * PACKET_TIME
        assert dejitter.receive(now, packet(number)) == "accepted"
        expected = g711.decode_pcmu(RtpPacket.parse(packet(number)).payload)
        assert drain(dejitter, now) == expected


def test_two_packets_that_changed_places_come_out_in_their_order() -> None:
    dejitter = Dejitter()
    heard = b""
    for number in (0, 2, 1, 3):
        dejitter.receive(number * PACKET_TIME, packet(number))
        heard += drain(dejitter, number * PACKET_TIME)
    expected = b"".join(RtpPacket.parse(packet(number)).payload for number in range(4))
    assert heard == g711.decode_pcmu(expected)
    assert dejitter.counters()["reordered"] == 1


def test_a_lost_packet_is_replaced_by_as_many_samples() -> None:
    dejitter = Dejitter()
    heard = b""
    for number in (0, 1, 2, 4, 5, 6, 7, 8):
        dejitter.receive(number * PACKET_TIME, packet(number))
        heard += drain(dejitter, number * PACKET_TIME)
    assert len(heard) == 9 * 320
    assert dejitter.counters()["concealed_samples"] == 160


def test_a_packet_that_comes_twice_is_heard_once() -> None:
    dejitter = Dejitter()
    assert dejitter.receive(0, packet(0)) == "accepted"
    assert dejitter.receive(0, packet(0)) == "duplicate"
    assert len(drain(dejitter, 0)) == 320


def heard_until(dejitter: Dejitter, end_ns: int) -> int:
    """How many samples come out, if nobody polls but when it is due."""
    heard = 0
    while (deadline := dejitter.deadline_ns) is not None and deadline <= end_ns:
        heard += len(drain(dejitter, deadline)) // 2
    return heard


def test_real_time_goes_on_when_nothing_comes() -> None:
    dejitter = Dejitter()
    dejitter.receive(0, packet(0))
    heard_until(dejitter, 1000 * MS)
    assert heard_until(dejitter, 2000 * MS) == 8000


def test_a_new_ssrc_begins_anew() -> None:
    dejitter = Dejitter()
    dejitter.receive(0, packet(0))
    drain(dejitter, 0)
    said = [dejitter.receive(20 * MS * n, packet(n + 4000, ssrc=2)) for n in range(1, 4)]
    assert "new ssrc" in said
    assert dejitter.counters()["restarts"] == 1


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=120))
def test_every_packet_is_accounted_for(arrivals: list[tuple[int, int]]) -> None:
    dejitter = Dejitter()
    now = 0
    samples = 0
    for number, wait_ms in arrivals:
        now += wait_ms * MS
        dejitter.receive(now, packet(number))
        samples += len(drain(dejitter, now)) // 2
    count = dejitter.counters()
    assert (
        count["received"]
        == len(arrivals)
        == sum(
            count[fate]
            for fate in (
                "played",
                "empty",
                "duplicate",
                "late",
                "stray",
                "overflow",
                "discarded",
                "waiting",
            )
        )
    )
    assert samples == (
        count["played_samples"] + count["concealed_samples"] + count["quiet_samples"]
    )


def test_the_other_law_reads_other_samples() -> None:
    codes = RtpPacket.parse(packet(0)).payload
    dejitter = Dejitter(codec="PCMA")
    dejitter.receive(0, packet(0))
    heard = np.frombuffer(drain(dejitter, 0), dtype=np.int16)
    assert heard.tobytes() == g711.decode_pcma(codes)


def test_what_is_no_packet_is_refused_where_it_was_handed_in() -> None:
    with pytest.raises(ValueError, match="RTP version is 0"):
        Dejitter().receive(0, bytes(172))
    with pytest.raises(ValueError, match="time is from 0 to 18446744073709551615 ns, not -1"):
        Dejitter().receive(-1, packet(0))
    with pytest.raises(ValueError, match="codec is one of"):
        Dejitter(codec="G729")  # type: ignore[arg-type]
