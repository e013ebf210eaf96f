"""The audio formats of the protocol, and the way between them and plain samples.

Inside the stand-in, audio is PCM: 16-bit little-endian mono. What the caller says is kept at
8 kHz, whatever the wire carries, so that one sample clock holds for the whole session.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeGuard

from fourwire import _core

__all__ = ["CALLER_RATE", "AudioFormat", "Decoder", "Rate", "is_rate"]

Rate: TypeAlias = Literal[8000, 16000, 24000, 32000, 44100, 48000]
"""A sample rate in Hz."""

CALLER_RATE: Final = 8000
"""Samples a second of the caller's audio inside the stand-in."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """One format as a session names it: its wire type and its sample rate in Hz."""

    type: str
    rate: Rate

    @classmethod
    def parse(cls, wire: object) -> "AudioFormat | None":
        """The format that `wire` names, as object or as (legacy) string; `None` if none of ours."""
        fields = wire if isinstance(wire, Mapping) else {"type": wire}
        name = fields.get("type")
        name = LEGACY_NAMES.get(name, name) if isinstance(name, str) else None
        if name in G711:
            return cls(name, CALLER_RATE) if fields.get("rate") in (None, CALLER_RATE) else None
        rate = fields.get("rate")
        rate = DEFAULT_RATE if rate is None else rate
        return cls(name, rate) if name in SAMPLE_BYTES and is_rate(rate) else None

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return SAMPLE_BYTES[self.type]

    def ms(self, size: int) -> float:
        """How long `size` bytes play."""
        return size * 1000 / (self.rate * self.sample_bytes)

    def size(self, ms: int) -> int:
        """Bytes of the whole samples of so many milliseconds."""
        return ms * self.rate // 1000 * self.sample_bytes

    def wire(self) -> dict[str, object]:
        """The format as a session echoes it; G.711 has no rate to tell."""
        return {"type": self.type} if self.type in G711 else {"type": self.type, "rate": self.rate}

    def silence(self, size: int) -> bytes:
        """`size` bytes in which nothing is heard."""
        return SILENT_CODE.get(self.type, b"\0") * size

    def encoded(self, pcm: bytes, rate: Rate) -> bytes:
        """Samples of a whole utterance at `rate` Hz, as this format carries them."""
        return _ENCODE[self.type](_Converter(rate, self.rate).convert(pcm))


class Decoder:
    """Turns the caller's audio, piece by piece, into PCM at 8 kHz."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.format = audio_format
        self._part = b""
        self._converter = _Converter(audio_format.rate, CALLER_RATE)

    def decode(self, audio: bytes) -> bytes:
        """PCM at 8 kHz of the next piece; a sample cut in two waits for its other part."""
        samples = _DECODE[self.format.type](self._whole_samples(audio))
        return self._converter.convert(samples)

    def _whole_samples(self, audio: bytes) -> bytes:
        parts = self._part + audio
        whole = len(parts) - len(parts) % self.format.sample_bytes
        self._part = parts[whole:]
        return parts[:whole]


class _Converter:
    """From one rate to another, piece by piece.

    Rates that the core does not know are brought to and from its highest, where interpolation
    leaves nothing that could be heard at a telephone's width.
    """

    def __init__(self, from_rate: Rate, to_rate: Rate) -> None:
        near, far = _known_rate(from_rate), _known_rate(to_rate)
        self._up = _Interpolator(from_rate, near)
        self._resampler = None if near == far else _core.Resampler(near, far)
        self._down = _Interpolator(far, to_rate)

    def convert(self, pcm: bytes) -> bytes:
        """The next piece at the other rate."""
        pcm = self._up.convert(pcm)
        pcm = pcm if self._resampler is None else self._resampler.process(pcm)
        return self._down.convert(pcm)


class _Interpolator:
    """From one rate to one that is near it."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._rates = (from_rate, to_rate)
        self._state: object = None

    def convert(self, pcm: bytes) -> bytes:
        """The next piece at the other rate."""
        if self._rates[0] == self._rates[1]:
            return pcm
        pcm, self._state = _core.audioop.ratecv(pcm, 2, 1, *self._rates, self._state)
        return pcm


def is_rate(rate: object) -> TypeGuard[Rate]:
    """Whether audio of that rate can be heard and spoken here."""
    return isinstance(rate, int) and rate in RATES


def _known_rate(rate: Rate) -> Literal[8000, 16000, 24000, 48000]:
    """The rate of the core's by which audio of that rate is converted."""
    match rate:
        case 32000 | 44100:
            return 48000
        case _:
            return rate


def _from_floats(audio: bytes) -> bytes:
    """16 bit of 32-bit floats, whatever they are; what is no number is silence."""
    count = len(audio) // 4
    whole = (_sample(value) for value in struct.unpack(f"<{count}f", audio))
    return struct.pack(f"<{count}h", *whole)


def _sample(value: float) -> int:
    bounded = min(max(value * 32768, -32768.0), 32767.0)
    return round(bounded) if bounded == bounded else 0


def _to_floats(pcm: bytes) -> bytes:
    count = len(pcm) // 2
    floats = (value / 32768 for value in struct.unpack(f"<{count}h", pcm))
    return struct.pack(f"<{count}f", *floats)


LEGACY_NAMES = {
    "pcm16": "audio/pcm",
    "g711_ulaw": "audio/pcmu",
    "g711_alaw": "audio/pcma",
    "float32": "audio/float32",
}

SAMPLE_BYTES = {"audio/pcm": 2, "audio/pcmu": 1, "audio/pcma": 1, "audio/float32": 4}

G711 = frozenset({"audio/pcmu", "audio/pcma"})

RATES = frozenset({8000, 16000, 24000, 32000, 44100, 48000})

DEFAULT_RATE = 24000

SILENT_CODE = {"audio/pcmu": b"\xff", "audio/pcma": b"\xd5"}

_DECODE: dict[str, Callable[[bytes], bytes]] = {
    "audio/pcmu": _core.decode_pcmu,
    "audio/pcma": _core.decode_pcma,
    "audio/pcm": bytes,
    "audio/float32": _from_floats,
}

_ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "audio/pcmu": _core.encode_pcmu,
    "audio/pcma": _core.encode_pcma,
    "audio/pcm": bytes,
    "audio/float32": _to_floats,
}
