"""One stream of a peer's: whether it can be taken, and what taking it leads to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from ._agreement import Direction, MediaPolicy, NegotiatedMedia, NoCommonCodec
from ._codecs import PACKET_TIMES_MS, STATIC, Codec
from ._crypto import Crypto, Srtp
from ._description import (
    Connection,
    MalformedSdp,
    MediaDescription,
    SessionDescription,
    decimal,
)
from ._line import COMFORT_NOISE_CLOCK, Format, key_of, our_line, secured
from ._opus import OpusParameters

__all__ = ["Stream", "usable"]

CLEAR = ("RTP/AVP", "RTP/AVPF")
SECURE = ("RTP/SAVP", "RTP/SAVPF")
"""Profiles of RTP, without SRTP and with it (RFC 3551, RFC 4585, RFC 3711, RFC 5124)."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of the peer's, with the session-level lines that apply to it."""

    session: SessionDescription
    media: MediaDescription

    def why_not(self, policy: MediaPolicy) -> str | None:
        """Why this stream cannot be taken; None where it can."""
        if self.media.kind != "audio":
            return f"a {self.media.kind} stream"
        if self.media.port == 0:
            return "an audio stream that its own side switched off"
        insecure = self._why_not_secure(policy.srtp)
        if insecure is not None:
            return insecure
        if not self.codecs(policy):
            return f"audio as {', '.join(name for _, name in self.formats()) or 'nothing known'}"
        address = self.connection().address
        if address is None or address.is_multicast or str(address) == BROADCAST:
            return f"audio at {self.connection().host}"
        if address.version != Connection(policy.address).family:
            return f"audio at {address}, which {policy.address} cannot reach"
        return None

    def _why_not_secure(self, srtp: Srtp | None) -> str | None:
        """What is wrong with how this stream is protected, or not."""
        protocol = self.media.protocol
        if protocol not in CLEAR + SECURE or (protocol in SECURE and srtp is None):
            return f"an audio stream over {protocol}"
        if srtp is None or self.crypto(srtp) is not None:
            return None
        if protocol in SECURE:
            return f"an audio stream over {protocol} with no crypto line that we can use"
        return "an audio stream in the clear" if srtp.required else None

    def crypto(self, srtp: Srtp | None) -> Crypto | None:
        """The peer's crypto line that we take, if there is one."""
        return None if srtp is None else srtp.chosen(self.media.values("crypto"))

    def connection(self) -> Connection:
        connection = self.media.connection or self.session.connection
        if connection is None:
            raise MalformedSdp("neither the session nor its audio stream has a connection line")
        return connection

    def formats(self) -> Iterator[tuple[int, str]]:
        """Payload type and ``NAME/RATE`` (upper case) of each format, in the peer's order."""
        names = dict(STATIC)
        for rtpmap in self.media.values("rtpmap"):
            number, _, encoding = rtpmap.partition(" ")
            names[number] = key_of(encoding)
        for number in self.media.formats:
            if number in names:
                yield decimal(number, "payload type", 128), names[number]

    def codecs(self, policy: MediaPolicy) -> list[tuple[int, Codec]]:
        """The codecs that we know, in the peer's order, each with the peer's payload type."""
        ours = {codec.key: codec for codec in policy.codecs}
        return [(number, ours[name]) for number, name in self.formats() if name in ours]

    def telephone_event(self, clock_rate: int) -> tuple[int, int] | None:
        """The payload type of telephone events and their clock: the codec's (RFC 4733 §2.1), or
        8 kHz, which is all that many phones with Opus know.
        """
        numbers = {name: number for number, name in reversed(list(self.formats()))}
        events = [(numbers.get(f"TELEPHONE-EVENT/{rate}"), rate) for rate in (clock_rate, 8000)]
        return next(((number, rate) for number, rate in events if number is not None), None)

    def opus(self, number: int) -> OpusParameters:
        """What the peer says of its Opus."""
        said = (fmtp.partition(" ") for fmtp in self.media.values("fmtp"))
        return OpusParameters.parse(next((text for of, _, text in said if of == str(number)), ""))

    def comfort_noise(self) -> int | None:
        """The payload type of comfort noise (RFC 3389 §4)."""
        return next((number for number, name in self.formats() if name == "CN/8000"), None)

    def direction(self) -> Direction:
        """The peer's direction; the media level overrules the session's (RFC 8866 §6.7)."""
        names = [*self.media.attributes, *self.session.attributes]
        given = next((a.name for a in names if a.name in get_args(Direction)), "sendrecv")
        receives = given in ("sendrecv", "recvonly") and not self.connection().is_null
        return _DIRECTION[given in ("sendrecv", "sendonly"), receives]

    def packet_time_ms(self, policy: MediaPolicy, codec: Codec) -> int:
        """The packet time the peer asks for, as far as we can send it."""
        wanted = self._milliseconds("ptime") or policy.packet_time_ms
        longest = self._milliseconds("maxptime") or PACKET_TIMES_MS[-1]
        fitting = [ms for ms in codec.packet_times_ms if ms <= min(wanted, longest)]
        return fitting[-1] if fitting else PACKET_TIMES_MS[0]

    def _milliseconds(self, name: str) -> int | None:
        text = next(self.media.values(name), None)
        # Some phones write "20.0"; the fraction means nothing here.
        whole = None if text is None else text.split(".", 1)[0]
        return decimal(whole, name) if whole else None

    def rtcp(self) -> tuple[str, int]:
        """Where the peer hears RTCP: its ``rtcp`` attribute (RFC 3605), else the next port."""
        here = self.connection()
        default = here.host, min(self.media.port + 1, 65535)
        text = next(self.media.values("rtcp"), None)
        if text is None:
            return default
        port, *rest = text.split(None, 1) or [""]
        there = Connection.parse(rest[0]) if rest else here
        number = decimal(port, "RTCP port", 65536)
        # Reports are not worth a call: where they cannot go to is passed over.
        usable = number and there.family == here.family
        return (there.host, number) if usable else default

    def refusal(self, policy: MediaPolicy) -> NoCommonCodec:
        """The error that says why this stream cannot be taken."""
        return NoCommonCodec(f"offered: {self.why_not(policy)}; usable: {usable(policy)}")

    def negotiate(
        self, policy: MediaPolicy, chosen: tuple[int, Codec]
    ) -> tuple[NegotiatedMedia, MediaDescription]:
        """What this stream and our policy agree on, and the line that says so."""
        if self.why_not(policy) is not None:
            raise self.refusal(policy)
        number, codec = chosen
        events = self.telephone_event(codec.clock_rate) if policy.telephone_event else None
        event, event_rate = events or (None, codec.clock_rate)
        noise = self.comfort_noise() if policy.idle == "comfort_noise" else None
        if codec.clock_rate != COMFORT_NOISE_CLOCK:
            noise = None
        mux = policy.rtcp_mux and self.media.has("rtcp-mux")
        remote = (self.connection().host, self.media.port)
        crypto = self.crypto(policy.srtp)
        media = NegotiatedMedia(
            codec=codec.name,
            payload_type=number,
            receive_payload_type=number,
            telephone_event=event,
            receive_telephone_event=event,
            event_rate=event_rate,
            opus=self.opus(number) if codec.name == "opus" else None,
            packet_time_ms=self.packet_time_ms(policy, codec),
            comfort_noise=noise,
            receive_comfort_noise=noise,
            idle="noise" if policy.idle == "comfort_noise" and noise is None else policy.idle,
            direction=_meet(self.direction(), policy.direction),
            remote=remote,
            remote_rtcp=remote if mux else self.rtcp(),
            rtcp_mux=mux,
            srtp=None if policy.srtp is None or crypto is None else policy.srtp.agreed(crypto),
        )
        return media, self._line(media, codec, policy)

    def _line(self, media: NegotiatedMedia, codec: Codec, policy: MediaPolicy) -> MediaDescription:
        formats = [Format.of_codec(codec, media.payload_type)]
        if media.comfort_noise is not None:
            formats.append(Format(media.comfort_noise, "CN/8000"))
        if media.telephone_event is not None:
            formats.append(Format.of_events(media.telephone_event, media.event_rate))
        line = our_line(formats, policy.port, media.packet_time_ms, media.direction, media.rtcp_mux)
        crypto = self.crypto(policy.srtp)
        lines = () if policy.srtp is None or crypto is None else (policy.srtp.answer(crypto),)
        return secured(replace(line, protocol=self.media.protocol), lines)


BROADCAST = "255.255.255.255"

_DIRECTION: dict[tuple[bool, bool], Direction] = {
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}


def usable(policy: MediaPolicy) -> str:
    """What we can take, in words."""
    codecs = " or ".join(codec.name for codec in policy.codecs)
    if policy.srtp is None:
        return f"{codecs} over RTP/AVP"
    suites = " or ".join(policy.srtp.keys) or "keys that came by TLS"
    return f"{codecs}, {'only' if policy.srtp.required else 'also'} with SRTP by {suites}"


def _meet(theirs: Direction, ours: Direction) -> Direction:
    """Our direction: we send where they receive and we would, and so the other way round."""
    sends = theirs in ("sendrecv", "recvonly") and ours in ("sendrecv", "sendonly")
    receives = theirs in ("sendrecv", "sendonly") and ours in ("sendrecv", "recvonly")
    return _DIRECTION[sends, receives]
