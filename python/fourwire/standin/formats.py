"""The audio formats of the protocol, and the way between them and plain samples.

Inside the stand-in, audio is PCM: 16-bit little-endian mono. What the caller says is kept at
8 kHz, whatever the wire carries, so that one sample clock holds for the whole session.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeGuard

from fourwire import _core

__all__ = ["CALLER_RATE", "AudioFormat", "Decoder", "Rate", "is_rate"]

Rate: TypeAlias = Literal[8000, 16000, 24000, 48000]
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
        """The format that `wire` names, as object or as (legacy) string; `None` if none of ours.

        The real server also takes PCM at 32 and 44.1 kHz and 32-bit floats; the stand-in does not.
        """
        fields = wire if isinstance(wire, Mapping) else {"type": wire}
        name = fields.get("type")
        name = LEGACY_NAMES.get(name, name) if isinstance(name, str) else None
        if name in G711:
            return cls(name, CALLER_RATE) if fields.get("rate") in (None, CALLER_RATE) else None
        rate = fields.get("rate")
        rate = DEFAULT_PCM_RATE if rate is None else rate
        return cls(name, rate) if name == "audio/pcm" and is_rate(rate) else None

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return 1 if self.type in G711 else 2

    @property
    def bytes_per_ms(self) -> int:
        """Bytes of a millisecond; whole for every rate here."""
        return self.rate * self.sample_bytes // 1000

    def wire(self) -> dict[str, object]:
        """The format as a session echoes it; G.711 has no rate to tell."""
        return {"type": self.type} if self.type in G711 else {"type": self.type, "rate": self.rate}

    def silence(self, size: int) -> bytes:
        """`size` bytes in which nothing is heard."""
        return SILENT_CODE.get(self.type, b"\0") * size

    def encoded(self, pcm: bytes, rate: Rate) -> bytes:
        """Samples of a whole utterance at `rate` Hz, as this format carries them."""
        return _ENCODE[self.type](_resampled(pcm, rate, self.rate))


class Decoder:
    """Turns the caller's audio, piece by piece, into PCM at 8 kHz."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.format = audio_format
        self._half_sample = b""
        self._resampler = (
            None
            if audio_format.rate == CALLER_RATE
            else _core.Resampler(audio_format.rate, CALLER_RATE)
        )

    def decode(self, audio: bytes) -> bytes:
        """PCM at 8 kHz of the next piece; a sample cut in two waits for its other half."""
        decode = _DECODE.get(self.format.type)
        if decode is not None:
            return decode(audio)
        pcm = self._whole_samples(audio)
        return pcm if self._resampler is None else self._resampler.process(pcm)

    def _whole_samples(self, audio: bytes) -> bytes:
        pcm = self._half_sample + audio
        whole = len(pcm) & ~1
        self._half_sample = pcm[whole:]
        return pcm[:whole]


def is_rate(rate: object) -> TypeGuard[Rate]:
    """Whether audio of that rate can be heard and spoken here."""
    return isinstance(rate, int) and rate in PCM_RATES


def _resampled(pcm: bytes, from_rate: Rate, to_rate: Rate) -> bytes:
    """A whole utterance at another rate."""
    if from_rate == to_rate:
        return pcm
    return _core.Resampler(from_rate, to_rate).process(pcm)


LEGACY_NAMES = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}

G711 = frozenset({"audio/pcmu", "audio/pcma"})

PCM_RATES = frozenset({8000, 16000, 24000, 48000})

DEFAULT_PCM_RATE = 24000

SILENT_CODE = {"audio/pcmu": b"\xff", "audio/pcma": b"\xd5"}

_DECODE: dict[str, Callable[[bytes], bytes]] = {
    "audio/pcmu": _core.decode_pcmu,
    "audio/pcma": _core.decode_pcma,
}

_ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "audio/pcmu": _core.encode_pcmu,
    "audio/pcma": _core.encode_pcma,
    "audio/pcm": bytes,
}
