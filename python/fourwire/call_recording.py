"""The recordings of a call, as its journal tells of them."""

from typing import Literal

import anyio

from fourwire._core import RecordingFailed, RecordingStarted, RecordingStopped
from fourwire.journal import CallJournal
from fourwire.media import MediaLeg

__all__ = ["CallRecording", "RecordingEvent"]

RecordingEvent = RecordingStarted | RecordingStopped | RecordingFailed
"""What a leg tells of a recording."""

FINISH_SECONDS = 2.0
"""How long the end of a call waits for its file; the disk may take longer, the file comes then."""


class CallRecording:
    """Begins, pauses and ends files, and writes down what becomes of them."""

    def __init__(self, journal: CallJournal) -> None:
        self._journal = journal
        self._open = 0
        self._finished = anyio.Event()

    def record(
        self, leg: MediaLeg, path: str | None, format_: Literal["wav", "flac"] | None, mono: bool
    ) -> None:
        """Begin a file in place of the one that runs, which None ends."""
        leg.record(path, format=format_, mono=mono)
        self._open += path is not None
        self._journal.write("call.recording", path=path)

    def pause(self, leg: MediaLeg, pause: Literal["silence", "gap"] | None) -> None:
        """Record silence, or nothing at all; None goes on."""
        leg.pause_recording(pause)
        self._journal.write("call.recording_paused", by=pause)

    def hear(self, event: RecordingEvent) -> None:
        """Write down what became of a file."""
        match event:
            case RecordingStarted(path, at_ns, rate):
                began = round(self._journal.since(at_ns / 1e9), 6)
                self._journal.write("call.recording_started", path=path, began=began, rate=rate)
                return
            case RecordingStopped(path, duration_s, lost_ms, size):
                about = {"duration_s": duration_s, "lost_ms": lost_ms, "bytes": size}
                self._journal.write("call.recording_stopped", path=path, **about)
            case RecordingFailed(path, error):
                self._journal.write("call.recording_failed", path=path, error=error)
        self._open -= 1
        self._finished.set()

    async def finish(self, leg: MediaLeg | None) -> None:
        """End the file that runs, and wait a little until it lies where it belongs."""
        if leg is None or not self._open:
            return
        leg.record(None)
        with anyio.move_on_after(FINISH_SECONDS):
            while self._open:
                self._finished = anyio.Event()
                await self._finished.wait()
