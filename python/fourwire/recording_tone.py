"""What tells a caller that the call is recorded: a short beep, once or every few seconds."""

from collections.abc import Awaitable, Callable

import anyio

from fourwire._core import tone
from fourwire.media import MediaLeg
from fourwire.recording_settings import RecordingSettings

__all__ = ["RecordingTone"]

RATE = 8000
"""Samples a second of the beep; it is turned into the rate of the call."""


class RecordingTone:
    """Beeps to one caller while a recording runs, over whatever else is heard; both it and the
    agent's voice are in the recording, to the right.
    """

    def __init__(
        self,
        settings: RecordingSettings,
        start_soon: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        self._settings = settings
        self._start_soon = start_soon
        self._sounding = anyio.CancelScope()

    def begin(self, leg: MediaLeg) -> None:
        """A recording begins, or goes on."""
        self.end()
        if self._settings.tone == "off":
            return
        self._sounding = scope = anyio.CancelScope()

        async def sound() -> None:
            with scope:
                await self._sound(leg)

        self._start_soon(sound)

    def end(self) -> None:
        """It pauses, or is over."""
        self._sounding.cancel()

    async def _sound(self, leg: MediaLeg) -> None:
        it = self._settings
        beep = tone(RATE, it.tone_hertz, it.tone_ms, it.tone_dbov)
        while True:
            due = anyio.current_time() + it.tone_every_s
            await leg.play(beep, format=f"audio/pcm;rate={RATE}")
            if it.tone == "start":
                return
            await anyio.sleep_until(due)
