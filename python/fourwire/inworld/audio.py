"""The audio formats of a session, which are ours to choose."""

from dataclasses import dataclass

RATES = (8000, 16000, 24000, 48000)
"""Rates offered for `audio/pcm`, in Hz: those the resampler knows."""

FORMATS = ("audio/pcmu", "audio/pcma", "audio/pcm", *(f"audio/pcm;rate={rate}" for rate in RATES))


@dataclass(frozen=True, slots=True)
class AudioFormats:
    """What the session hears (`input`) and speaks (`output`).

    G.711 as `audio/pcmu` or `audio/pcma`, always 8 kHz; or 16-bit PCM as `audio/pcm;rate=24000`,
    where plain `audio/pcm` means 24 kHz.
    """

    input: str = "audio/pcmu"
    output: str = "audio/pcmu"

    def __post_init__(self) -> None:
        for audio_format in (self.input, self.output):
            if audio_format not in FORMATS:
                raise ValueError(f"audio format {audio_format!r}: must be one of {FORMATS}")


def wire_format(audio_format: str) -> dict[str, str | int]:
    """The session object's word for an audio format.

    >>> wire_format("audio/pcm;rate=16000")
    {'type': 'audio/pcm', 'rate': 16000}
    """
    name, _, rate = audio_format.partition(";rate=")
    if name != "audio/pcm":
        return {"type": name}
    return {"type": name, "rate": int(rate or 24000)}
