"""Our side of a stream, as a description has it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ._codecs import Codec
from ._crypto import Crypto
from ._description import Attribute, MediaDescription

__all__ = ["COMFORT_NOISE", "COMFORT_NOISE_CLOCK", "Format", "key_of", "our_line", "secured"]

COMFORT_NOISE = 13
"""The payload type that is set aside for comfort noise at 8 kHz (RFC 3389 §4)."""

COMFORT_NOISE_CLOCK = 8000
"""The clock of the codecs that have no silence suppression of their own."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format of a stream: its number, what it is, and what else there is to say of it."""

    number: int
    encoding: str
    fmtp: str = ""

    @property
    def key(self) -> str:
        """What tells it from other formats in any description."""
        return key_of(self.encoding)

    @classmethod
    def of_codec(cls, codec: Codec, number: int | None = None) -> "Format":
        """`codec` under `number`; under its own where left out."""
        return cls(codec.payload_type if number is None else number, codec.encoding, codec.fmtp)

    @classmethod
    def of_events(cls, number: int, clock_rate: int) -> "Format":
        """Telephone events: all keys and the flash of the hook (RFC 4733 §3.2)."""
        return cls(number, f"telephone-event/{clock_rate}", "0-16")


def key_of(encoding: str) -> str:
    """``NAME/RATE`` (upper case) of what stands in an ``rtpmap``."""
    return "/".join(encoding.strip().upper().split("/")[:2])


def our_line(
    formats: Sequence[Format], port: int, packet_time_ms: int, direction: str, mux: bool
) -> MediaDescription:
    """The media line of a stream that we receive at `port` in any of `formats`."""
    attributes = [Attribute("rtpmap", f"{it.number} {it.encoding}") for it in formats]
    attributes += [Attribute("fmtp", f"{it.number} {it.fmtp}") for it in formats if it.fmtp]
    attributes += [Attribute("ptime", str(packet_time_ms)), Attribute(direction)]
    if mux:
        attributes.append(Attribute("rtcp-mux"))
    return MediaDescription(
        kind="audio",
        port=port,
        protocol="RTP/AVP",
        formats=tuple(str(it.number) for it in formats),
        attributes=tuple(attributes),
    )


def secured(line: MediaDescription, lines: Iterable[Crypto]) -> MediaDescription:
    """`line` with the crypto `lines` of its keys."""
    cryptos = tuple(Attribute("crypto", crypto.value()) for crypto in lines)
    return replace(line, attributes=line.attributes + cryptos)
