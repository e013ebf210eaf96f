"""SRTP beside libsrtp, which nobody here wrote, in both directions."""

import os
from collections.abc import Callable

import numpy as np
import pylibsrtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import RtpPacket, SrtpError, SrtpReceiver, SrtpSender

PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}
SUITES = sorted(PROFILES)
REPORT = b"\x80\xc9\x00\x01\x00\x00\x00\x07"

#: Some packets from before the first turn of the sequence number to after it, in any order, some
#: again, some with a byte changed.
ARRIVALS = st.lists(
    st.tuples(st.integers(0, 299), st.none() | st.integers(0, 185)), min_size=1, max_size=150
)

each_suite = pytest.mark.parametrize("suite", SUITES)


def key_of(suite: str) -> bytes:
    return bytes(range(28 if suite == "AEAD_AES_128_GCM" else 30))


def peer(suite: str, kind: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(key=key_of(suite), ssrc_type=kind, srtp_profile=PROFILES[suite])
    return pylibsrtp.Session(policy)


def peer_sender(suite: str) -> pylibsrtp.Session:
    return peer(suite, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)


def peer_receiver(suite: str) -> pylibsrtp.Session:
    return peer(suite, pylibsrtp.Policy.SSRC_ANY_INBOUND)


def rtp(number: int, ssrc: int = 7, payload: bytes = bytes(160)) -> bytes:
    return RtpPacket(0, number & 0xFFFF, number * 160 & 0xFFFFFFFF, ssrc, payload).write()


def report(number: int) -> bytes:
    return REPORT + number.to_bytes(4, "big")


def verdict(unprotect: Callable[[bytes], bytes], datagram: bytes) -> bytes | None:
    """What came of a datagram; nothing where it was refused."""
    try:
        return unprotect(datagram)
    except (SrtpError, pylibsrtp.Error):
        return None


def changed(datagram: bytes, at: int | None) -> bytes:
    if at is None:
        return datagram
    at %= len(datagram)
    return datagram[:at] + bytes([datagram[at] ^ 0x41]) + datagram[at + 1 :]


@each_suite
def test_packets_are_protected_to_the_bit_as_libsrtp_does_past_a_turn(suite: str) -> None:
    ours, theirs = SrtpSender(suite, key_of(suite)), peer_sender(suite)
    for number in range(32_000, 140_000, 997):
        for ssrc in (7, 0xFFFFFFFF):
            packet = rtp(number, ssrc, os.urandom(number % 400))
            assert ours.protect(packet) == theirs.protect(packet)


@each_suite
def test_libsrtp_reads_what_we_protect_and_we_what_it_does(suite: str) -> None:
    pairs = [
        (SrtpSender(suite, key_of(suite)), peer_receiver(suite)),
        (peer_sender(suite), SrtpReceiver(suite, key_of(suite))),
    ]
    for sender, receiver in pairs:
        for number in range(65_000, 66_000):
            assert receiver.unprotect(sender.protect(rtp(number))) == rtp(number)
            if number % 10 == 0:
                sealed = sender.protect_rtcp(report(number))
                assert receiver.unprotect_rtcp(sealed) == report(number)


@each_suite
@given(arrivals=ARRIVALS, start=st.sampled_from([0, 100, 32_600, 65_400]))
def test_whatever_comes_we_let_through_what_libsrtp_does(
    suite: str, arrivals: list[tuple[int, int | None]], start: int
) -> None:
    sender = peer_sender(suite)
    packets = [sender.protect(rtp(start + n)) for n in range(300)]
    theirs, ours = peer_receiver(suite), SrtpReceiver(suite, key_of(suite))
    for number, change in [(0, None), *arrivals]:
        datagram = changed(packets[number], change)
        assert verdict(ours.unprotect, datagram) == verdict(theirs.unprotect, datagram)
    assert sum(ours.counters().values()) == len(arrivals) + 1


@each_suite
@given(arrivals=ARRIVALS)
def test_whatever_rtcp_comes_we_let_through_what_libsrtp_does(
    suite: str, arrivals: list[tuple[int, int | None]]
) -> None:
    sender = SrtpSender(suite, key_of(suite))
    packets = [sender.protect_rtcp(report(n)) for n in range(300)]
    theirs, ours = peer_receiver(suite), SrtpReceiver(suite, key_of(suite))
    for number, change in arrivals:
        datagram = changed(packets[number], change)
        assert verdict(ours.unprotect_rtcp, datagram) == verdict(theirs.unprotect_rtcp, datagram)


@each_suite
@given(datagram=st.binary(max_size=80))
def test_any_bytes_are_refused(suite: str, datagram: bytes) -> None:
    receiver, sender = (end(suite, key_of(suite)) for end in (SrtpReceiver, SrtpSender))
    for bytes_ in (datagram, b"\x80\x00" + datagram, b"\x80\xc8" + datagram):
        assert verdict(receiver.unprotect, bytes_) is None
        assert verdict(receiver.unprotect_rtcp, bytes_) is None
    verdict(sender.protect, datagram)
    verdict(sender.protect_rtcp, datagram)


def test_an_error_tells_why_and_is_counted() -> None:
    sender, receiver = (end(SUITES[1], key_of(SUITES[1])) for end in (SrtpSender, SrtpReceiver))
    sealed = sender.protect(rtp(1))
    with pytest.raises(SrtpError, match="used before"):
        sender.protect(rtp(1))
    receiver.unprotect(sealed)
    with pytest.raises(SrtpError, match="used before"):
        receiver.unprotect(sealed)
    with pytest.raises(SrtpError, match="does not fit"):
        receiver.unprotect(changed(sender.protect(rtp(2)), 50))
    with pytest.raises(ValueError, match="ends at byte 3"):
        receiver.unprotect(b"abc")
    counted = {name: count for name, count in receiver.counters().items() if count}
    assert counted == {"passed": 1, "replayed": 1, "unauthenticated": 1, "malformed": 1}


def test_a_key_is_as_long_as_its_suite_asks_and_never_shown() -> None:
    with pytest.raises(ValueError, match="28 bytes, 30 were given"):
        SrtpSender("AEAD_AES_128_GCM", bytes(30))
    with pytest.raises(ValueError, match=r'crypto suite is one of "AES_CM_128_HMAC_SHA1_80"'):
        SrtpReceiver("NULL", bytes(30))  # type: ignore[arg-type]
    sender = SrtpSender(SUITES[0], key_of(SUITES[0]))
    assert (repr(sender), sender.suite) == (f'SrtpSender("{SUITES[0]}")', SUITES[0])


@pytest.mark.parametrize("key", [b"k3y-" * 7, "azN5LWszeS1rM3kt" * 3])
def test_a_key_in_the_place_of_the_suite_is_not_shown(key: object) -> None:
    with pytest.raises(ValueError, match="crypto suite is one of") as refused:
        SrtpSender(key, SUITES[0].encode())  # type: ignore[arg-type]
    assert str(key).strip("b'")[:16] not in str(refused.value)


def test_any_buffer_will_do() -> None:
    sender = SrtpSender(SUITES[0], bytearray(key_of(SUITES[0])))
    receiver = SrtpReceiver(SUITES[0], memoryview(key_of(SUITES[0])))
    sealed = sender.protect(np.frombuffer(rtp(1), np.uint8))
    assert receiver.unprotect(bytearray(sealed)) == rtp(1)
