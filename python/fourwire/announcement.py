"""Audio of ours that a caller hears: an announcement, a tone, music on hold."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Self

import anyio.to_thread

from fourwire.activity import Activity
from fourwire.journal import CallJournal
from fourwire.media import MediaLeg
from fourwire.problems import SettingsError
from fourwire.wav import read_wav

__all__ = ["RATES", "Announcement", "Player", "announcement_of", "bundled"]

RATES = (8000, 16000, 24000, 48000)
"""Rates, in Hz, that audio may have; the core turns each into the rate of the call."""

MOST_SECONDS = 600
"""The longest audio that the core takes at a time."""

BUNDLED_WORDS = "I am sorry, we have a technical problem. Please call again a little later."
"""What the apology that comes along says."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """Mono audio, checked before anyone hears it; ValueError where it cannot be played."""

    pcm: bytes = field(repr=False)
    """Samples: 16 bit, little-endian, mono."""
    rate: int = 8000
    """Samples a second: 8000, 16000, 24000 or 48000."""
    name: str = "audio"
    """What the journal calls it."""

    def __post_init__(self) -> None:
        if self.rate not in RATES:
            raise ValueError(f"{self.name} has {self.rate} samples a second, not one of {RATES}")
        if self.duration_s > MOST_SECONDS:
            raise ValueError(
                f"{self.name} lasts {self.duration_s:.0f} s, more than {MOST_SECONDS} s"
            )

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """What the WAV file at `path` holds: 16-bit PCM, mono. OSError where there is none."""
        recording = read_wav(path)
        if recording.channels != 1:
            raise ValueError(f"{path} has {recording.channels} channels, not one")
        return cls(recording.pcm, recording.rate, str(path))

    @property
    def duration_s(self) -> float:
        """How long it plays."""
        return len(self.pcm) / (2 * self.rate)


def bundled(name: str) -> Announcement:
    """Audio that comes with the package: `apology` or `hold`."""
    with as_file(files("fourwire") / "audio" / f"{name}.wav") as path:
        recording = read_wav(path)
    return Announcement(recording.pcm, recording.rate, name)


def announcement_of(setting: str, path: str) -> Announcement | None:
    """What the file at `path` says, None for no path; `SettingsError` names the `setting` where it
    cannot be played.
    """
    if not path:
        return None
    try:
        return Announcement.load(path)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{setting} = {path!r}: {error}") from None


class Player:
    """Plays to one caller."""

    def __init__(
        self, leg: Callable[[str], MediaLeg], journal: CallJournal, activity: Activity
    ) -> None:
        self._leg = leg
        self._journal = journal
        self._activity = activity

    async def play(
        self,
        audio: Announcement | Path | str | bytes,
        *,
        rate: int = 8000,
        loop: bool = False,
        stop_on_barge_in: bool = False,
    ) -> bool:
        """Play `audio` to the caller and return when its last sample is out.

        `audio` is the path of a WAV file (16-bit PCM, mono), an `Announcement`, or samples (16
        bit, little-endian, mono) at `rate`; any rate of `RATES` is turned into the call's own.
        With `loop` it begins anew at its end until this is cancelled. Cancelled, it stops at once.
        An agent need not be there; one that speaks meanwhile is heard along with it. Speech of the
        caller stops it only with `stop_on_barge_in`. While the caller holds, it waits.

        True where the caller heard all of it. ValueError and OSError where it cannot be played,
        WrongMoment where the call has no audio.
        """
        leg = self._leg("play")
        announcement = await _read(audio, rate)
        told = {"audio": announcement.name, "seconds": round(announcement.duration_s, 3)}
        self._journal.write("call.playing", **told, loop=loop)
        whole = False
        try:
            with self._heeded(loop):
                whole = await leg.play(
                    announcement.pcm,
                    format=f"audio/pcm;rate={announcement.rate}",
                    repeat=loop,
                    gives_way=stop_on_barge_in,
                )
        finally:
            self._journal.write("call.played", audio=announcement.name, whole=whole)
        return whole

    def _heeded(self, loop: bool) -> AbstractContextManager[None]:
        """Nobody is silent who hears something out; a loop has no end to wait for."""
        return nullcontext() if loop else self._activity.under_way(lambda: self._journal.now)


async def _read(audio: Announcement | Path | str | bytes, rate: int) -> Announcement:
    if isinstance(audio, Announcement):
        return audio
    if isinstance(audio, bytes | bytearray | memoryview):
        return Announcement(bytes(audio), rate)
    return await anyio.to_thread.run_sync(partial(Announcement.load, audio))
