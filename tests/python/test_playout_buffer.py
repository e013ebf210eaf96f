"""Packets in, samples at the pace of a loudspeaker out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import PlayoutBuffer, RtpPacket, g711

MS = 1_000_000
PACKET_TIME = 20 * MS
TONE = (8000 * np.sin(np.arange(160) * 2 * np.pi / 40)).astype("<i2").tobytes()


def packet(number: int, *, silent: bool = False) -> bytes:
    """The packet of that number of a stream whose first is number 0."""
    return RtpPacket(
        payload_type=0,
        sequence=(65_530 + number) % 65_536,
        timestamp=(2**32 - 800 + 160 * number) % 2**32,
        ssrc=1,
        payload=g711.encode_pcmu(bytes(320) if silent else TONE),
    ).write()


def check(count: dict[str, int]) -> None:
    """All that went in came out, waits, or was counted."""
    fates = ("played", "empty", "duplicate", "late", "stray", "overflow", "discarded", "waiting")
    assert count["received"] == sum(count[fate] for fate in fates)
    made = ("decoded_samples", "inserted_samples", "concealed_samples", "quiet_samples")
    gone = ("out_samples", "removed_samples", "dropped_samples", "waiting_samples")
    assert sum(count[name] for name in made) == sum(count[name] for name in gone)


def test_a_clean_line_is_heard_as_it_was_sent() -> None:
    buffer = PlayoutBuffer()
    heard = b""
    for number in range(100):
        assert buffer.receive(number * PACKET_TIME, packet(number)) == "accepted"
        heard += buffer.play(number * PACKET_TIME, 160)
    sent = np.frombuffer(g711.decode_pcmu(g711.encode_pcmu(TONE)) * 99, dtype="<i2")
    pcm = np.frombuffer(heard, dtype="<i2")
    # It is faded in from the silence before, where the first samples may be zero.
    begin = int(np.flatnonzero(pcm)[0])
    assert begin <= 800
    places = range(begin - 2, begin + 1)
    assert any(np.array_equal(pcm[at + 80 :], sent[80 : len(pcm) - at]) for at in places)
    assert buffer.counters()["concealed_samples"] == 0


def test_before_the_first_packet_there_is_silence() -> None:
    buffer = PlayoutBuffer(codec="PCMA", packet_time_ms=30, longest_delay_ms=200)
    assert buffer.play(0, 441) == bytes(882)
    assert buffer.counters()["quiet_samples"] == 441


def test_wideband_is_heard_at_twice_the_rate() -> None:
    buffer = PlayoutBuffer(codec="G722")
    heard = b""
    for number in range(200):
        if number % 20 != 7:
            buffer.receive(number * PACKET_TIME, packet(number))
        heard += buffer.play(number * PACKET_TIME, 320)
    count = buffer.counters()
    check(count)
    assert len(heard) == 200 * 640
    assert count["decoded_samples"] == 190 * 320
    assert count["concealed_samples"] == 10 * 320


def test_the_delay_follows_the_jitter_and_comes_back() -> None:
    buffer = PlayoutBuffer()
    delays = []
    for number in range(6000):
        jitter = number * 7919 % 91 if 1000 <= number < 2000 else 0
        buffer.receive(number * PACKET_TIME + jitter * MS, packet(number, silent=number % 50 > 40))
        buffer.play((number + 1) * PACKET_TIME, 160)
        delays.append(buffer.delay_ms)
    assert delays[1999] > delays[999] + 40
    assert delays[5999] < delays[999] + 10
    assert abs(buffer.target_ms - buffer.delay_ms) <= 10


def test_the_drift_of_the_clocks_is_told() -> None:
    buffer = PlayoutBuffer()
    for number in range(2000):
        buffer.receive(number * PACKET_TIME * 9999 // 10_000, packet(number))
        buffer.play(number * PACKET_TIME, 160)
    assert buffer.drift_ppm == pytest.approx(100, abs=10)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40), st.integers(0, 500)), max_size=120)
)
def test_there_are_always_as_many_samples_as_asked_for(
    steps: list[tuple[int, int, int]],
) -> None:
    buffer = PlayoutBuffer()
    now = 0
    for number, wait_ms, samples in steps:
        now += wait_ms * MS
        buffer.receive(now, packet(number))
        assert len(buffer.play(now, samples)) == 2 * samples
        check(buffer.counters())


def test_what_does_not_fit_is_refused_where_it_was_handed_in() -> None:
    with pytest.raises(ValueError, match="RTP version is 0"):
        PlayoutBuffer().receive(0, bytes(172))
    with pytest.raises(ValueError, match="a span from 60 to 2000 ms"):
        PlayoutBuffer(longest_delay_ms=5)
    with pytest.raises(ValueError, match="from 0 to 65535"):
        PlayoutBuffer().play(0, -1)
