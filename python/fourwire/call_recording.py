"""The recordings of a call and what is written beside them, as its journal tells of them."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anyio

from fourwire._core import RecordingFailed, RecordingStarted, RecordingStopped
from fourwire.announcement import Announcement
from fourwire.call_options import CallOptions
from fourwire.journal import CallJournal
from fourwire.life import Ended
from fourwire.media import MediaLeg
from fourwire.media_leg import RecordingEvent
from fourwire.recording_tone import RecordingTone
from fourwire.take import Pause, Take
from fourwire.transcript import Transcript
from fourwire.transcript_files import document, file_of, path_of

__all__ = ["CallRecording"]

FINISH_SECONDS = 2.0
"""How long the end of a call waits for its files; a disk may take longer, they come then."""


TOLD = ("caller", "name", "dialled", "trunk", "sip_call_id")
"""What a transcript has of what was told of the call when it came."""


class CallRecording:
    """Begins, pauses and ends files, and writes down what becomes of them."""

    def __init__(
        self,
        journal: CallJournal,
        options: CallOptions,
        transcript: Transcript,
        about: Callable[[], Mapping[str, Any]],
        start_soon: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        """`about` tells what else of the call a transcript has; `start_soon` does something beside
        the scenario.
        """
        self._journal = journal
        self._options = options
        self._transcript = transcript
        self._about = about
        self._tone = RecordingTone(options.recording, start_soon)
        self._takes: list[Take] = []
        self._finished = anyio.Event()

    def begin(self, leg: MediaLeg) -> None:
        """Record what the gateway is set to record of every call, unless that is announced."""
        if self._announced is None:
            self._begin(leg)

    async def answered(
        self, leg: MediaLeg, play: Callable[[Announcement], Awaitable[object]]
    ) -> None:
        """Record what is announced, and let the caller hear that before anything else."""
        if self._announced is not None:
            self._begin(leg)
            await play(self._announced)

    @property
    def _announced(self) -> Announcement | None:
        """What the caller hears before a recording that the gateway makes by itself."""
        settings = self._options.recording
        return self._options.announcement if settings.dir and settings.audio else None

    def _begin(self, leg: MediaLeg) -> None:
        settings = self._options.recording
        if not settings.dir:
            return
        path = str(Path(settings.dir) / f"{self._journal.call_id}.{settings.format}")
        if settings.audio:
            self.record(leg, path, settings.format, settings.mono)
        else:
            self._takes.append(Take(path, self._journal.now, audio=False, settled=True))

    def record(
        self,
        leg: MediaLeg,
        path: str | os.PathLike[str] | None,
        format_: Literal["wav", "flac"] | None,
        mono: bool,
    ) -> None:
        """Begin a file in place of the one that runs, which None ends."""
        path = None if path is None else os.fspath(path)
        leg.on_recording = self._hear
        leg.record(path, format=format_, mono=mono)
        self._end([take for take in self._takes if take.audio])
        if path is not None:
            self._takes.append(Take(path, self._journal.now))
        self._journal.write("call.recording", path=path)
        if path is None:
            self._tone.end()
        else:
            self._tone.begin(leg)

    def pause(self, leg: MediaLeg, pause: Pause | None) -> None:
        """Record silence, or nothing at all; None goes on."""
        leg.pause_recording(pause)
        if pause is not None:
            self._tone.end()
        elif any(take.is_paused for take in self._unsettled()):
            self._tone.begin(leg)
        for take in self._takes:
            if take.ended is None:
                take.pause(self._journal.now, pause)
        self._journal.write("call.recording_paused", by=pause)

    async def finish(self, leg: MediaLeg | None, ended: Ended | None) -> None:
        """End the file that runs, and wait a little until all files lie where they belong."""
        self._tone.end()
        if leg is not None and self._unsettled():
            leg.record(None)
        self._end(self._takes)
        with anyio.move_on_after(FINISH_SECONDS) as waiting:
            while self._unsettled():
                self._finished = anyio.Event()
                await self._finished.wait()
        if not self._options.recording.transcripts:
            return
        by_worth = sorted(self._takes, key=lambda take: not take.failed)  # what failed has no place
        lasting = {take.path: take for take in by_worth}
        transcripts = [self._publish(take, ended) for take in lasting.values()]
        if transcripts:
            with anyio.CancelScope(deadline=waiting.deadline):
                await asyncio.wait(transcripts)  # which goes on with them when it is cancelled

    def _publish(self, take: Take, ended: Ended | None) -> "asyncio.Future[None]":
        """Have the transcript of a recording written, and told of in the journal."""
        journal, kinds = self._journal, self._options.recording.transcripts
        known = self._about()
        about = {"call": journal.call_id} | {name: known[name] for name in TOLD if name in known}
        if ended is not None:
            about |= {"cause": ended.cause.value, "detail": ended.detail}
        told = document(take, self._transcript, journal.wall(take.began), about)
        told = journal.shown(told)
        paths = {kind: path_of(take.path, kind) for kind in kinds}
        written = self._options.desk.publish(
            lambda: {paths[kind]: file_of(told, kind) for kind in kinds}
        )
        written.add_done_callback(partial(self._published, [*map(str, paths.values())]))
        return written

    def _published(self, paths: list[str], written: "asyncio.Future[None]") -> None:
        if written.cancelled():
            return
        error = written.exception()
        if error is None:
            self._journal.write("call.transcript", paths=paths)
        else:
            why = f"{type(error).__name__}: {error}"
            self._journal.write("call.transcript_failed", paths=paths, error=why)

    def _hear(self, event: RecordingEvent) -> None:
        """Write down what became of a file."""
        begins = isinstance(event, RecordingStarted)
        mine = [take for take in self._unsettled() if take.path == event.path]
        take = next((take for take in mine if not (begins and take.started)), None)
        if take is None:
            return
        match event:
            case RecordingStarted(path, at_ns, rate):
                take.began, take.started = self._journal.since(at_ns / 1e9), True
                began = round(take.began, 6)
                self._journal.write("call.recording_started", path=path, began=began, rate=rate)
                return
            case RecordingStopped(path, duration_s, lost_ms, size, lies_at):
                take.duration_s, take.path = duration_s, lies_at
                about = {"duration_s": duration_s, "lost_ms": lost_ms, "bytes": size}
                taken = {} if path == lies_at else {"taken": path}
                self._journal.write("call.recording_stopped", path=lies_at, **about, **taken)
            case RecordingFailed(path, error):
                take.failed = True
                if take.ended is None:
                    self._tone.end()
                self._journal.write("call.recording_failed", path=path, error=error)
        take.settled = True
        self._finished.set()

    def _unsettled(self) -> list[Take]:
        return [take for take in self._takes if not take.settled]

    def _end(self, takes: list[Take]) -> None:
        for take in takes:
            take.ended = self._journal.now if take.ended is None else take.ended
