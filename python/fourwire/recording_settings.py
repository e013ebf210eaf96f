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
