"""What our side of a call can do, and what both sides agreed on."""

from dataclasses import dataclass, field
from typing import Literal

from ._codecs import CODECS, PACKET_TIMES_MS, Codec, CodecName
from ._crypto import Srtp, SrtpKeys
from ._description import Connection
from ._opus import OpusParameters

__all__ = ["Answer", "Direction", "Idle", "MediaPolicy", "NegotiatedMedia", "NoCommonCodec"]

Idle = Literal["silence", "noise", "comfort_noise"]
"""What goes out while the agent is silent: digital silence, a faint noise, or, where the peer takes
it, word now and then of which noise to make and nothing in between (RFC 3389)."""

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
"""Which way media flows, as its own side sees it (RFC 8866 §6.7)."""


class NoCommonCodec(Exception):
    """Nothing in the peer's description can be used; the request deserves ``status``."""

    status = 488


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
    srtp: Srtp | None = None
    """What is wanted of SRTP; None: calls are in the clear."""

    def __post_init__(self) -> None:
        if Connection(self.address).address is None:
            raise ValueError(f"address is {self.address!r}, must be an IPv4 or IPv6 address")
        if not 0 < self.port < 65536:
            raise ValueError(f"port is {self.port}, must be from 1 to 65535")
        if not self.codecs:
            raise ValueError("codecs is empty, must name at least one codec")
        names = [codec.name for codec in self.codecs]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"codecs names {twice} twice")
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
    other_payload_type: int | None = None
    """What it may send instead: its own number, or an earlier one of ours."""
    telephone_event: int | None
    """The payload type of the telephone events we send; None where they were not agreed."""
    receive_telephone_event: int | None
    """The payload type of those the peer sends."""
    other_telephone_event: int | None = None
    """One that it may send them by instead, like :attr:`other_payload_type`."""
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
    other_comfort_noise: int | None = None
    """One that it may send it by instead, like :attr:`other_payload_type`."""
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
    srtp: SrtpKeys | None = None
    """The keys of the stream; None where it is in the clear."""

    @property
    def sends(self) -> bool:
        """Whether we may send audio."""
        return self.direction in ("sendrecv", "sendonly")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an offer: the text to send back, and what was agreed."""

    sdp: str = field(repr=False)
    media: NegotiatedMedia
