"""The codecs of telephony, as descriptions name and number them (RFC 3551 §6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ._opus import OUR_OPUS

__all__ = [
    "ALL_CODECS",
    "CODECS",
    "EVENTS",
    "G722",
    "OPUS",
    "PACKET_TIMES_MS",
    "PCMA",
    "PCMU",
    "STATIC",
    "Codec",
    "CodecName",
    "preferred",
]

CodecName: TypeAlias = Literal["PCMU", "PCMA", "G722", "opus"]
"""A codec by its encoding name."""


PACKET_TIMES_MS = (10, 20, 30, 40, 50, 60)
"""The packet times that we send: whole tens, so that every clock rate gives whole samples."""


@dataclass(frozen=True, slots=True)
class Codec:
    """An audio codec by its SDP encoding name, with the payload type we offer it under."""

    name: CodecName
    payload_type: int
    clock_rate: int = 8000
    """The clock of its RTP timestamps."""
    audio_rate: int = 8000
    """The rate of its samples."""
    packet_times_ms: tuple[int, ...] = PACKET_TIMES_MS
    """The packet times that it can be sent in."""
    fmtp: str = ""
    """What we say of it beyond its name."""

    @property
    def encoding(self) -> str:
        """Its name and clock, as an `rtpmap` has them."""
        # Opus is described as stereo whether it is or not (RFC 7587 §7).
        channels = "/2" if self.name == "opus" else ""
        return f"{self.name}/{self.clock_rate}{channels}"

    @property
    def key(self) -> str:
        """What tells it from other codecs in any description."""
        return f"{self.name}/{self.clock_rate}".upper()


PCMU = Codec("PCMU", 0)
"""G.711 µ-law, static payload type 0."""

PCMA = Codec("PCMA", 8)
"""G.711 A-law, static payload type 8."""

G722 = Codec("G722", 9, audio_rate=16000)
"""G.722, static payload type 9; its clock has half the rate of its samples (RFC 3551 §4.5.2)."""

OPUS = Codec(
    "opus",
    111,
    clock_rate=48000,
    audio_rate=24000,
    packet_times_ms=(10, 20, 40, 60),
    fmtp=OUR_OPUS,
)
"""Opus (RFC 7587), which needs a `fourwire` that was built with it."""

CODECS = (G722, PCMU, PCMA)
"""What we take where nobody says otherwise: wideband first."""

ALL_CODECS = (OPUS, *CODECS)
"""What we can be told to take."""

EVENTS = {8000: 101, 48000: 110}
"""The payload types under which we offer telephone events, by their clock."""

STATIC = (*((str(codec.payload_type), codec.key) for codec in CODECS), ("13", "CN/8000"))
"""Payload types that need no ``rtpmap``."""


def preferred(offered: Sequence[tuple[int, Codec]], ours: Sequence[Codec]) -> tuple[int, Codec]:
    """Which of the formats that both sides know is spoken.

    Between codecs of different width our order decides, between those of the same the offerer's
    (RFC 3264 §6.1): which law of G.711 is used is a matter of his country, not of our taste.
    """
    rank = {codec.audio_rate: place for place, codec in reversed(list(enumerate(ours)))}
    return min(offered, key=lambda it: rank[it[1].audio_rate])
