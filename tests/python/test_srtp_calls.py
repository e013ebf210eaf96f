"""Calls under SRTP: libsrtp at the other end hears and is heard, and nobody else is."""

from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pylibsrtp
import pytest
from support.phone import PATIENCE_S, Phone

from fourwire import RtpPacket, SrtpKeys
from fourwire._core import Audio, Key, LegConfig
from fourwire.media import Media, MediaLeg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

OURS, THEIRS = bytes(range(30)), bytes(range(100, 130))
GCM_OURS, GCM_THEIRS = OURS[:28], THEIRS[:28]
POLICIES = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}


def session(key: bytes, suite: str, inbound: bool) -> pylibsrtp.Session:
    kind = pylibsrtp.Policy.SSRC_ANY_INBOUND if inbound else pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    policy = pylibsrtp.Policy(key=key, ssrc_type=kind, srtp_profile=POLICIES[suite])
    return pylibsrtp.Session(policy=policy)


class SecurePhone(Phone):
    """A phone that speaks and hears by libsrtp."""

    def __init__(self, suite: str, ours: bytes, theirs: bytes) -> None:
        super().__init__()
        self.hears, self.speaks = session(ours, suite, True), session(theirs, suite, False)

    def hear(self) -> RtpPacket:
        return RtpPacket.parse(self.hears.unprotect(self.socket.recv(2048)))

    def sealed(self, sequence: int, payload: bytes, payload_type: int = 0) -> bytes:
        packet = RtpPacket(
            payload_type=payload_type,
            sequence=sequence,
            timestamp=160 * sequence,
            ssrc=5,
            payload=payload,
        )
        return self.speaks.protect(packet.write())


@pytest.fixture(params=list(POLICIES))
def suite(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def keys_of(suite: str) -> tuple[bytes, bytes]:
    return (GCM_OURS, GCM_THEIRS) if suite == "AEAD_AES_128_GCM" else (OURS, THEIRS)


@pytest.fixture
def phone(suite: str) -> Iterator[SecurePhone]:
    phone = SecurePhone(suite, *keys_of(suite))
    yield phone
    phone.socket.close()


@asynccontextmanager
async def secure_leg(phone: Phone, suite: str) -> "AsyncIterator[MediaLeg]":
    async with Media(address="127.0.0.1", ports=(30100, 30999)) as media:
        keys = SrtpKeys(suite, *keys_of(suite))  # type: ignore[arg-type]
        leg = media.reserve().start(LegConfig(telephone_event=101), phone.address, keys=keys)
        leg.bridge(append_ms=20, shape="audio")
        yield leg


async def heard(leg: MediaLeg) -> bytes:
    with anyio.fail_after(PATIENCE_S):
        async for event in leg.events():
            if isinstance(event, Audio):
                return event.audio
    raise AssertionError("the leg is gone")


async def counted(leg: MediaLeg, **wanted: int) -> None:
    """Wait until the counters say what is wanted."""
    with anyio.fail_after(PATIENCE_S):
        while any(leg.counters()[name] < count for name, count in wanted.items()):  # noqa: ASYNC110
            await anyio.sleep(0.02)
    assert {name: leg.counters()[name] for name in wanted} == wanted


async def test_libsrtp_hears_and_is_heard(phone: SecurePhone, suite: str) -> None:
    async with secure_leg(phone, suite) as leg:
        leg.say(b"\x91" * 160)
        assert (await anyio.to_thread.run_sync(phone.hear_until, b"\x91" * 160)).payload_type == 0
        phone.socket.sendto(phone.sealed(1, b"\x90" * 160), ("127.0.0.1", leg.port))
        assert await heard(leg) == b"\x90" * 160


async def test_keys_that_are_pressed_come_under_srtp_too(phone: SecurePhone, suite: str) -> None:
    async with secure_leg(phone, suite) as leg:
        event = bytes([5, 0x80, 0, 160])
        phone.socket.sendto(phone.sealed(1, event, 101), ("127.0.0.1", leg.port))
        with anyio.fail_after(PATIENCE_S):
            async for told in leg.events():
                if isinstance(told, Key):
                    assert told.digit == "5"
                    return


async def test_what_is_forged_in_the_clear_or_sent_again_is_not_heard(
    phone: SecurePhone, suite: str
) -> None:
    stranger = Phone()
    forger = session(keys_of(suite)[0], suite, False)
    async with secure_leg(phone, suite) as leg:
        there = ("127.0.0.1", leg.port)
        genuine = phone.sealed(1, b"\x90" * 160)
        phone.socket.sendto(genuine, there)
        assert await heard(leg) == b"\x90" * 160
        phone.socket.sendto(genuine, there)
        changed = bytearray(phone.sealed(2, b"\x92" * 160))
        changed[20] ^= 1
        plain = RtpPacket(payload_type=0, sequence=3, timestamp=480, ssrc=5, payload=b"\x93" * 160)
        for forged in (bytes(changed), plain.write(), forger.protect(plain.write())):
            phone.socket.sendto(forged, there)
        for _ in range(150):
            stranger.speak(leg.port, b"\x94" * 160)
        phone.socket.sendto(b"\x80" + bytes(5), there)
        # One of the stranger's has the number of what was heard: it is known before its tag is.
        await counted(leg, srtp_replayed=2, srtp_unauthenticated=152, srtp_malformed=1)
        assert leg.counters()["packets_received"] == 1
    stranger.socket.close()


async def test_a_caller_with_the_key_is_heard_from_its_first_packet_wherever_it_sends_from(
    phone: SecurePhone, suite: str
) -> None:
    other = Phone()
    async with secure_leg(other, suite) as leg:  # The description names another address.
        phone.socket.sendto(phone.sealed(1, b"\x90" * 160), ("127.0.0.1", leg.port))
        assert await heard(leg) == b"\x90" * 160
        assert (await anyio.to_thread.run_sync(phone.hear)).payload_type == 0
        await counted(leg, latched=1, probation=0)
    other.socket.close()


async def test_a_session_refresh_goes_on_with_the_key_where_it_was(
    phone: SecurePhone, suite: str
) -> None:
    async with secure_leg(phone, suite) as leg:
        there = ("127.0.0.1", leg.port)
        first = phone.sealed(1, b"\x90" * 160)
        phone.socket.sendto(first, there)
        assert await heard(leg) == b"\x90" * 160
        keys = SrtpKeys(suite, *keys_of(suite))  # type: ignore[arg-type]
        leg.renegotiate(LegConfig(telephone_event=101), phone.address, keys=keys)
        leg.say(b"\x91" * 160)  # libsrtp refuses what was under this keystream before
        await anyio.to_thread.run_sync(phone.hear_until, b"\x91" * 160)
        phone.socket.sendto(first, there)
        await counted(leg, srtp_replayed=1)


async def test_reports_come_and_go_under_srtcp(phone: SecurePhone, suite: str) -> None:
    report = bytes([0x80, 201, 0, 1, 0, 0, 0, 5])
    async with secure_leg(phone, suite) as leg:
        phone.socket.sendto(phone.sealed(1, b"\x90" * 160), ("127.0.0.1", leg.port))
        assert await heard(leg) == b"\x90" * 160
        there = ("127.0.0.1", leg.port + 1)
        phone.socket.sendto(report, there)
        phone.socket.sendto(phone.speaks.protect_rtcp(report), there)
        await counted(leg, srtp_malformed=1, rtcp_received=1)


def test_keys_are_not_shown_and_of_the_right_length(suite: str) -> None:
    assert repr(SrtpKeys(suite, *keys_of(suite))) == f'SrtpKeys("{suite}")'  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="bytes, 3 were given"):
        SrtpKeys(suite, b"abc", b"abc")  # type: ignore[arg-type]
