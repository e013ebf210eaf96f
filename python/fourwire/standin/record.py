"""What a session leaves behind for tests and the demo: its events with their times, its audio."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fourwire.standin.formats import CALLER_RATE, AudioFormat, Decoder

__all__ = ["Entry", "SessionRecord"]

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event that came in or went out, when, and the fields that tell it apart."""

    at_ns: int
    direction: Direction
    type: str
    fields: Mapping[str, object]


@dataclass(slots=True)
class SessionRecord:
    """One session as the server saw it. Times are `time.monotonic_ns`."""

    key: str
    """The client's `key` of the URL; empty on OpenAI's path."""
    opened_ns: int
    record_ms: int
    """Audio kept of each direction."""
    log: deque[Entry]
    closed_ns: int | None = None
    heard_dropped_ms: float = 0
    """Caller audio that found no room."""
    _heard: bytearray = field(default_factory=bytearray, repr=False)
    _spoken: list[tuple[AudioFormat, bytes]] = field(default_factory=list, repr=False)
    _spoken_ms: float = 0

    @property
    def heard(self) -> bytes:
        """What the caller sent, from the first sample on: PCM 16 bit at 8 kHz."""
        return bytes(self._heard)

    @property
    def spoken(self) -> bytes:
        """Reply audio that was sent, deltas end to end: PCM 16 bit at 8 kHz."""
        decoders: dict[AudioFormat, Decoder] = {}
        pieces = []
        for audio_format, audio in self._spoken:
            decoder = decoders.setdefault(audio_format, Decoder(audio_format))
            pieces.append(decoder.decode(audio))
        return b"".join(pieces)

    def types(self, direction: Direction | None = None) -> list[str]:
        """The event types in order, of one direction or of both."""
        return [entry.type for entry in self.log if direction in (None, entry.direction)]

    def find(self, event_type: str) -> list[Entry]:
        """All entries of that type, in order."""
        return [entry for entry in self.log if entry.type == event_type]

    def note(self, now: int, direction: Direction, event: Mapping[str, object]) -> None:
        """Logs an event."""
        self.log.append(Entry(now, direction, str(event.get("type", "")), _key_fields(event)))

    def note_append(self, now: int, size: int) -> None:
        """Logs audio of the caller: `size` bytes in the session's input format."""
        self.log.append(Entry(now, "in", "input_audio_buffer.append", {"bytes": size}))

    def hear(self, pcm: bytes) -> None:
        """Keeps what the caller said, PCM 16 bit at 8 kHz, while there is room."""
        room = self.record_ms * BYTES_PER_MS - len(self._heard)
        self._heard += pcm[: max(room, 0)]
        self.heard_dropped_ms += max(0, len(pcm) - max(room, 0)) / BYTES_PER_MS

    def speak(self, audio_format: AudioFormat, audio: bytes) -> None:
        """Keeps what was sent, while there is room."""
        if self._spoken_ms < self.record_ms:
            self._spoken.append((audio_format, audio))
            self._spoken_ms += audio_format.ms(len(audio))


def _key_fields(event: Mapping[str, object]) -> dict[str, object]:
    fields = {key: event[key] for key in KEY_FIELDS if key in event}
    for key in ("item", "response"):
        inner = event.get(key)
        if isinstance(inner, Mapping):
            fields |= {f"{key}.{name}": inner[name] for name in INNER_FIELDS if name in inner}
    delta = event.get("delta")
    if delta is not None:
        fields["delta"] = len(delta) if isinstance(delta, bytes) else delta
    return fields


KEY_FIELDS = (
    "event_id",
    "item_id",
    "response_id",
    "backchannel_id",
    "audio_start_ms",
    "audio_end_ms",
    "transcript",
    "call_id",
    "arguments",
    "phrase",
    "reason",
    "error",
    "session",
)

INNER_FIELDS = (
    "id",
    "type",
    "role",
    "status",
    "status_details",
    "content",
    "output_modalities",
    "call_id",
    "name",
    "output",
)

BYTES_PER_MS = CALLER_RATE * 2 // 1000
