"""From a frame to an event, whatever the frame holds.

Nothing raises here: a new type is `Unknown`, a frame without type `UntypedFrame`, a frame that is
no JSON object `MalformedFrame`; a field of a wrong type counts as missing.
"""

from inspect import isclass
from typing import Any

import msgspec

from . import error_event, response_events, server_events
from .event import Event, ServerEvent
from .lenient import as_far_as_sound
from .local_events import MalformedFrame, Unknown, UntypedFrame

EXCERPT = 512
"""How many bytes of a malformed frame its event shows; frames may be megabytes long."""

SERVER_EVENTS: dict[str, type[ServerEvent]] = {
    cls.type: cls
    for module in (server_events, response_events, error_event)
    for cls in vars(module).values()
    if isclass(cls) and issubclass(cls, ServerEvent) and hasattr(cls, "type")
}
"""Every event class by its type on the wire."""

ALIASES = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "input_audio_transcription.delta": "conversation.item.input_audio_transcription.delta",
    "input_audio_buffer.transcription.delta": "conversation.item.input_audio_transcription.delta",
}
"""Older names that servers still use, and the present ones."""

_decoder = msgspec.json.Decoder()


def read_event(frame: bytes) -> Event:
    """The event that `frame` holds."""
    try:
        message = _decoder.decode(frame)
    except (ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
        return _malformed(frame, str(error))
    if not isinstance(message, dict):
        return _malformed(frame, f"expected a JSON object, got {type(message).__name__}")
    event = _event_in(message, frame)
    event.keep(message)
    return event


def _event_in(message: dict[str, Any], frame: bytes) -> Event:
    wire_type = message.get("type")
    if not isinstance(wire_type, str):
        return _untyped(message, frame)
    cls = SERVER_EVENTS.get(ALIASES.get(wire_type, wire_type))
    event = None if cls is None else as_far_as_sound(cls, message)
    return Unknown(type=wire_type, raw=frame) if event is None else event


def _untyped(message: dict[str, Any], frame: bytes) -> UntypedFrame:
    error_type, text = message.get("errorType"), message.get("message")
    return UntypedFrame(
        error_type=error_type if isinstance(error_type, str) else None,
        message=text if isinstance(text, str) else None,
        raw=frame,
    )


def _malformed(frame: bytes, reason: str) -> MalformedFrame:
    excerpt = frame[:EXCERPT].decode("utf-8", "backslashreplace")
    return MalformedFrame(reason=reason, size=len(frame), excerpt=excerpt)
