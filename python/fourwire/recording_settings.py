"""What is recorded of the calls of a gateway, and what is written beside it."""

from typing import Annotated, Literal

import msgspec

__all__ = ["RecordingSettings", "TranscriptFormat"]

TranscriptFormat = Literal["json", "text", "vtt"]
"""How a transcript is written."""


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recordings of calls, and the transcripts that lie beside them (`[recording]`)."""

    dir: str = ""
    """Directory that gets a recording of every call, called by the call's id; empty: what is
    recorded is up to scenarios."""
    audio: bool = True
    """Whether the voices are recorded; `false`: the directory gets transcripts alone."""
    format: Literal["wav", "flac"] = "wav"
    """How recordings in the directory are written: FLAC takes about half the room."""
    mono: bool = False
    """Whether these have both voices in one channel, in place of the caller left, agent right."""
    transcripts: Annotated[tuple[TranscriptFormat, ...], msgspec.Meta(max_length=3)] = (
        "json",
        "text",
        "vtt",
    )
    """What is written beside each recording, those of scenarios too: `.json`, `.txt`, `.vtt` (for
    players); `[]`: nothing."""
    tone: Literal["off", "start", "repeat"] = "off"
    """A beep that tells callers that they are recorded, when a recording begins or goes on after a
    pause, or then and every few seconds; those of scenarios too."""
    tone_every_s: Annotated[float, msgspec.Meta(ge=1)] = 15.0
    """Seconds from one beep to the next."""
    tone_hertz: Annotated[float, msgspec.Meta(ge=300, le=3400)] = 1400.0
    """Its pitch: that of the recorder warning tone (ITU-T E.180)."""
    tone_ms: Annotated[float, msgspec.Meta(ge=50, le=1000)] = 500.0
    """How long it is."""
    tone_dbov: Annotated[float, msgspec.Meta(ge=-60, le=0)] = -26.0
    """How loud it is, in dBov; speech lies near -26."""
    announcement: str = ""
    """WAV file (16-bit PCM, mono) that callers hear after the answer, before anything else, in
    calls that `dir` gets a recording of; it is in the recording."""
