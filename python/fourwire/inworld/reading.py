"""From a frame to an event, whatever the frame holds.

Nothing raises here: a new type is `Unknown`, a frame without type `UntypedFrame`, a frame that is
no JSON object `MalformedFrame`; a field of a wrong type counts as missing.
"""

from inspect import isclass
from typing import Any, TypeVar, get_args

import msgspec

from . import server_events
from .event import Event, ServerEvent
from .local_events import MalformedFrame, Unknown, UntypedFrame

S = TypeVar("S", bound=msgspec.Struct)

EXCERPT = 512
"""How many bytes of a malformed frame its event shows; frames may be megabytes long."""

SERVER_EVENTS: dict[str, type[ServerEvent]] = {
    cls.type: cls
    for cls in vars(server_events).values()
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
    event = None if cls is None else _typed(cls, message)
    return Unknown(type=wire_type, raw=frame) if event is None else event


def _typed(cls: type[S], message: dict[str, Any]) -> S | None:
    try:
        return msgspec.convert(message, cls)
    except msgspec.ValidationError:
        return _salvaged(cls, message)


def _salvaged(cls: type[S], message: dict[str, Any]) -> S | None:
    """As much of `message` as has the right types; `None` where a required field has not."""
    sound: dict[str, Any] = {}
    for field in msgspec.structs.fields(cls):
        if field.encode_name not in message:
            continue
        try:
            sound[field.name] = _value(field.type, message[field.encode_name])
        except msgspec.ValidationError:
            continue
    try:
        return cls(**sound)
    except TypeError:
        return None


def _value(kind: Any, value: object) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        inner = next((t for t in get_args(kind) or (kind,) if _is_struct(t)), None)
        if inner is None or not isinstance(value, dict):
            return msgspec.convert(value, kind, strict=False)  # 5120.0 where 5120 was meant
        return _salvaged(inner, value)


def _is_struct(kind: Any) -> bool:
    return isclass(kind) and issubclass(kind, msgspec.Struct)


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
