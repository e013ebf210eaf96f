"""The directory of recordings: made when a gateway starts, and looked through for what was left."""

from pathlib import Path
from typing import Any

import msgspec

from fourwire.problems import SettingsError
from fourwire.recording_settings import RecordingSettings
from fourwire.settings import Settings

__all__ = ["make_room", "recording_of", "unfinished"]

MOST_NAMED = 50
"""Files that are told by name; the count has all."""


def recording_of(settings: Settings) -> RecordingSettings:
    """What is recorded, the short form of it included."""
    folder = settings.recordings or settings.recording.dir
    return msgspec.structs.replace(settings.recording, dir=folder)


def make_room(folder: str) -> None:
    """Make the directory for recordings now, so that no call fails of it later."""
    try:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"recordings: cannot make {folder}: {error.strerror}") from None


def unfinished(folder: str) -> dict[str, Any] | None:
    """The files in `folder` that were never finished; None where there are none.

    They are those of a program that crashed, or of another that runs. Nobody else looks at them:
    a recording that begins takes another name, and nothing deletes them.
    """
    left = sorted(path.name for path in Path(folder).glob("*.part")) if folder else []
    if not left:
        return None
    return {"folder": folder, "count": len(left), "files": left[:MOST_NAMED]}
