"""Offer and answer (RFC 3264): which codec, which numbers, which way, and where to."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ._codecs import CODECS, EVENTS, PACKET_TIMES_MS, STATIC, Codec, CodecName, preferred
from ._description import (
    Connection,
    MalformedSdp,
    MediaDescription,
    Origin,
    SessionDescription,
    decimal,
)
from ._line import Format, our_line
from ._opus import OpusParameters

Idle = Literal["silence", "noise", "comfort_noise"]
"""What goes out while the agent is silent: digital silence, a faint noise, or, where the peer takes
it, word now and then of which noise to make and nothing in between (RFC 3389)."""

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
"""Which way media flows, as its own side sees it (RFC 8866 §6.7)."""


class NoCommonCodec(Exception):
    """Nothing in the peer's description can be used; the request deserves ``status``."""

    status = 488


COMFORT_NOISE = 13
"""The payload type that is set aside for comfort noise at 8 kHz (RFC 3389 §4)."""

COMFORT_NOISE_CLOCK = 8000
"""The clock of the codecs that have no silence suppression of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPolicy:
    """What our side of a call can do and where it listens.

    ``address`` and ``port`` are what the peer is told, so behind NAT the public ones.
    ``direction`` is the most we will do: an offer can narrow it, never widen it.
    """

    address: str
    port: int
    codecs: tuple[Codec, ...] = CODECS
    telephone_event: bool = True
    packet_time_ms: int = 20
    direction: Direction = "sendrecv"
    rtcp_mux: bool = True
    idle: Idle = "silence"

    def __post_init__(self) -> None:
        if Connection(self.address).address is None:
            raise ValueError(f"address is {self.address!r}, must be an IPv4 or IPv6 address")
        if not 0 < self.port < 65536:
            raise ValueError(f"port is {self.port}, must be from 1 to 65535")
        if not self.codecs:
            raise ValueError("codecs is empty, must name at least one codec")
        if self.packet_time_ms not in PACKET_TIMES_MS:
            raise ValueError(
                f"packet_time_ms is {self.packet_time_ms}, must be one of {PACKET_TIMES_MS}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiatedMedia:
    """What one offer and its answer agreed on, as our side sees it."""

    codec: CodecName
    """The codec's name: ``"PCMU"``, ``"PCMA"``, ``"G722"`` or ``"opus"``."""
    payload_type: int
    """What we send: the number in the peer's description."""
    receive_payload_type: int
    """What the peer sends: the number in our description."""
    telephone_event: int | None
    """The payload type of the telephone events we send; None where they were not agreed."""
    receive_telephone_event: int | None
    """The payload type of those the peer sends."""
    event_rate: int = 8000
    """The clock that their durations are told by."""
    opus: OpusParameters | None = None
    """What the peer wishes of the Opus that we send; None where another codec is spoken."""
    packet_time_ms: int
    """How much audio each packet that we send holds."""
    comfort_noise: int | None
    """The payload type of the comfort noise we send; None where it was not agreed."""
    receive_comfort_noise: int | None
    """The payload type of the comfort noise that the peer sends."""
    idle: Idle
    """What we send while the agent is silent; comfort noise only where that was agreed."""
    direction: Direction
    """Which way media flows, as we see it; not ``sendrecv`` means that the call is on hold."""
    remote: tuple[str, int]
    """Where our RTP goes."""
    remote_rtcp: tuple[str, int]
    """Where our RTCP goes."""
    rtcp_mux: bool
    """Whether RTP and RTCP share one port (RFC 5761)."""

    @property
    def sends(self) -> bool:
        """Whether we may send audio."""
        return self.direction in ("sendrecv", "sendonly")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an offer: the text to send back, and what was agreed."""

    sdp: str
    media: NegotiatedMedia


def answer_to(
    offer: str, policy: MediaPolicy, *, previous: str | None = None, session_id: int | None = None
) -> Answer:
    """Answer a peer's offer.

    The first audio stream that we can take is taken, with the codec that we prefer (between the
    two laws of G.711, the offerer does) and one telephone-event; every other stream is refused
    in its place. So the answer holds exactly one codec, and no peer needs a second offer to
    settle on one.

    :param previous: the description we last sent in this session. Its id is kept and its
        version raised only where the new description differs (RFC 3264 §8).
    :param session_id: the id of a first description; derived from the offer where left out.
    :raises MalformedSdp: the offer is no session description (400).
    :raises NoCommonCodec: it holds nothing that we can take (488).
    """
    description = SessionDescription.parse(offer)
    chosen = _first_usable(description, policy)
    media, line = chosen.negotiate(policy, preferred(chosen.codecs(policy), policy.codecs))
    lines = tuple(line if m is chosen.media else m.refused() for m in description.media)
    seed = zlib.crc32(offer.encode("utf-8", "surrogatepass"))
    return Answer(_text(lines, policy, previous, session_id or seed), media)


def offer(
    policy: MediaPolicy, *, previous: str | None = None, session_id: int | None = None
) -> str:
    """An offer of one audio stream with all codecs of ``policy``, in its order.

    ``previous`` and ``session_id`` are those of :func:`answer_to`; a re-offer (to hold a call,
    for instance) passes what was sent before, offer or answer. Streams that the peer once
    offered and we refused keep their places (RFC 3264 §8).
    """
    formats = [Format.of_codec(codec) for codec in policy.codecs]
    if policy.idle == "comfort_noise":
        formats.append(Format(COMFORT_NOISE, "CN/8000"))
    if policy.telephone_event:
        clocks = dict.fromkeys(codec.clock_rate for codec in policy.codecs)
        formats += [Format.of_events(EVENTS[rate], rate) for rate in clocks]
    line = our_line(formats, policy.port, policy.packet_time_ms, policy.direction, policy.rtcp_mux)
    seed = zlib.crc32(f"{policy.address} {policy.port}".encode())
    return _text(_in_place(line, previous), policy, previous, session_id or seed)


def accept(offer: str, answer: str, policy: MediaPolicy) -> NegotiatedMedia:
    """What our ``offer`` and the peer's ``answer`` to it agreed on.

    :raises MalformedSdp: the answer is no session description, or not one to this offer.
    :raises NoCommonCodec: the answer refuses our stream or names no codec we offered.
    """
    ours, theirs = SessionDescription.parse(offer), SessionDescription.parse(answer)
    if len(ours.media) != len(theirs.media):
        raise MalformedSdp(
            f"answer has {len(theirs.media)} media lines, the offer {len(ours.media)}"
        )
    for mine, their in zip(ours.media, theirs.media, strict=True):
        if mine.port and mine.kind == "audio":
            return _accepted(_Stream(theirs, their), _Stream(ours, mine), policy)
    raise MalformedSdp("our offer holds no audio stream")


def _accepted(theirs: "_Stream", ours: "_Stream", policy: MediaPolicy) -> NegotiatedMedia:
    known = theirs.codecs(policy)
    if not known:
        raise theirs.refusal(policy)
    media, _ = theirs.negotiate(replace(policy, direction=ours.direction()), known[0])
    numbers = {name: number for number, name in ours.formats()}
    receive = numbers.get(known[0][1].key)
    if receive is None:
        raise NoCommonCodec(f"the answer picks {media.codec}, which was not offered")
    noise = ours.comfort_noise()
    event = numbers.get(f"TELEPHONE-EVENT/{media.event_rate}")
    return replace(
        media,
        receive_payload_type=receive,
        telephone_event=None if event is None else media.telephone_event,
        receive_telephone_event=None if media.telephone_event is None else event,
        comfort_noise=None if noise is None else media.comfort_noise,
        receive_comfort_noise=None if media.comfort_noise is None else noise,
    )


@dataclass(frozen=True, slots=True)
class _Stream:
    """One stream of the peer's, with the session-level lines that apply to it."""

    session: SessionDescription
    media: MediaDescription

    def why_not(self, policy: MediaPolicy) -> str | None:
        """Why this stream cannot be taken; None where it can."""
        if self.media.kind != "audio":
            return f"a {self.media.kind} stream"
        if self.media.port == 0:
            return "an audio stream that its own side switched off"
        if self.media.protocol not in ("RTP/AVP", "RTP/AVPF"):
            return f"an audio stream over {self.media.protocol}"
        if not self.codecs(policy):
            return f"audio as {', '.join(name for _, name in self.formats()) or 'nothing known'}"
        address = self.connection().address
        if address is None or address.is_multicast or str(address) == BROADCAST:
            return f"audio at {self.connection().host}"
        if address.version != Connection(policy.address).family:
            return f"audio at {address}, which {policy.address} cannot reach"
        return None

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
            names[number] = "/".join(encoding.strip().upper().split("/")[:2])
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
        usable = f"{_names(policy)} over RTP/AVP"
        return NoCommonCodec(f"offered: {self.why_not(policy)}; usable: {usable}")

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
        )
        return media, self._line(media, codec, policy.port)

    def _line(self, media: NegotiatedMedia, codec: Codec, port: int) -> MediaDescription:
        formats = [Format.of_codec(codec, media.payload_type)]
        if media.comfort_noise is not None:
            formats.append(Format(media.comfort_noise, "CN/8000"))
        if media.telephone_event is not None:
            formats.append(Format.of_events(media.telephone_event, media.event_rate))
        line = our_line(formats, port, media.packet_time_ms, media.direction, media.rtcp_mux)
        return replace(line, protocol=self.media.protocol)


BROADCAST = "255.255.255.255"

_DIRECTION: dict[tuple[bool, bool], Direction] = {
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}


def _meet(theirs: Direction, ours: Direction) -> Direction:
    """Our direction: we send where they receive and we would, and so the other way round."""
    sends = theirs in ("sendrecv", "recvonly") and ours in ("sendrecv", "sendonly")
    receives = theirs in ("sendrecv", "sendonly") and ours in ("sendrecv", "recvonly")
    return _DIRECTION[sends, receives]


def _first_usable(description: SessionDescription, policy: MediaPolicy) -> _Stream:
    reasons = []
    for media in description.media:
        stream = _Stream(description, media)
        reason = stream.why_not(policy)
        if reason is None:
            return stream
        reasons.append(reason)
    offered = "; ".join(reasons) or "no stream at all"
    raise NoCommonCodec(f"offered: {offered}; usable: {_names(policy)} over RTP/AVP")


def _names(policy: MediaPolicy) -> str:
    return " or ".join(codec.name for codec in policy.codecs)


def _in_place(line: MediaDescription, previous: str | None) -> tuple[MediaDescription, ...]:
    """Our line where it stood in ``previous``, among the lines that were refused there."""
    if previous is None:
        return (line,)
    before = SessionDescription.parse(previous).media
    return tuple(line if m.port and m.kind == "audio" else m.refused() for m in before) or (line,)


def _text(
    lines: tuple[MediaDescription, ...], policy: MediaPolicy, previous: str | None, session_id: int
) -> str:
    here = Connection(policy.address)
    last = None if previous is None else SessionDescription.parse(previous)
    origin = Origin("-", session_id, 1, here) if last is None else last.origin
    text = str(SessionDescription(origin=origin, connection=here, media=lines))
    if last is None or text == str(last):
        return text
    newer = replace(origin, version=origin.version + 1, connection=here)
    return str(SessionDescription(origin=newer, connection=here, media=lines))
