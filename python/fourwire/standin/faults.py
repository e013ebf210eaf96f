"""What goes wrong in a session, and when: each fault is a value that a test or a file names.

    Behaviour(faults=(faults.Close(after="response.done", nth=2, code=4000, reason="quota"),))

A moment is an event of the server's: faults that add something stand before or after it, faults
that spoil it name it. `nth` counts from 1, in the whole session or, with `response`, in that
response alone (0 is the greeting); `nth=0` is every time, and `chance` thins it out by the seed.
"""

from enum import Enum
from typing import TypeAlias

import msgspec

__all__ = [
    "SAID",
    "Break",
    "Change",
    "Close",
    "Drop",
    "Fault",
    "Odd",
    "OddFrame",
    "Repeat",
    "Say",
    "Stall",
    "StopReading",
    "Wedge",
]


class OddFrame(Enum):
    """A frame that a client has to step over."""

    MALFORMED = "malformed"
    """Text that is not JSON."""
    UNTYPED = "untyped"
    """An object with an `errorType` instead of a `type`."""
    BINARY = "binary"
    """A binary frame."""
    PING = "ping"
    """A JSON event of type `ping`."""
    UNKNOWN = "unknown"
    """An event of a type that no client knows."""


class Counted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of many events of one type is meant."""

    nth: int = 1
    """1 is the first one; 0 all of them."""
    response: int | None = None
    """Counts in that response alone; 0 is the first one, which greets."""
    chance: float = 1.0
    """How likely it happens, each time."""

    def __post_init__(self) -> None:
        if self.nth < 0:
            raise ValueError(f"nth must be 0 (every time) or more, not {self.nth}")
        if not 0 <= self.chance <= 1:
            raise ValueError(f"chance must be from 0 to 1, not {self.chance:g}")


class Moment(Counted, frozen=True, kw_only=True):
    """A fault beside an event, or at a time."""

    before: str | None = None
    """Type of the event it comes before."""
    after: str | None = None
    """Type of the event it comes after."""
    after_ms: int | None = None
    """So long after the socket was opened."""

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [each for each in (self.before, self.after, self.after_ms) if each is not None]
        if len(given) != 1:
            raise ValueError("a fault needs one of before, after and after_ms")
        if self.after_ms is None:
            _known(str(given[0]))


class Spoilt(Counted, frozen=True, kw_only=True):
    """A fault of an event itself."""

    event: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _known(self.event)


class Close(Moment, frozen=True, kw_only=True, tag_field="do", tag="close"):
    """The socket is closed with a code and a reason."""

    code: int = 1011
    reason: str = "stand-in fault"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (3000 <= self.code <= 4999 or self.code in CLOSE_CODES):
            raise ValueError(f"code {self.code} never stands in a close (RFC 6455 section 7.4)")


class Break(Moment, frozen=True, kw_only=True, tag_field="do", tag="break"):
    """The connection breaks without a closing handshake; a client calls that 1006."""


class Wedge(Moment, frozen=True, kw_only=True, tag_field="do", tag="wedge"):
    """From here on nothing is said on an open socket."""


class Stall(Moment, frozen=True, kw_only=True, tag_field="do", tag="stall"):
    """Nothing is said for a while; then all of it comes."""

    ms: int


class StopReading(Moment, frozen=True, kw_only=True, tag_field="do", tag="stop_reading"):
    """The client is no longer read: what it sends backs up."""


class Odd(Moment, frozen=True, kw_only=True, tag_field="do", tag="odd"):
    """A frame comes that a client has to step over."""

    frame: OddFrame
    error_type: str = "SESSION_RESOURCES_EXHAUSTED"
    """What the untyped one complains about."""


class Say(Moment, frozen=True, kw_only=True, tag_field="do", tag="say"):
    """An event comes that the conversation has no reason for, such as an error."""

    event: dict[str, object]

    @classmethod
    def error(
        cls,
        message: str,
        *,
        type: str = "server_error",  # noqa: A002 - its name on the wire
        code: str | None = None,
        before: str | None = None,
        after: str | None = None,
        after_ms: int | None = None,
        nth: int = 1,
    ) -> "Say":
        """An `error` event of that message."""
        error = {"type": type, "code": code, "message": message, "param": None, "event_id": None}
        event: dict[str, object] = {"type": "error", "error": error}
        return cls(event=event, before=before, after=after, after_ms=after_ms, nth=nth)


class Drop(Spoilt, frozen=True, kw_only=True, tag_field="do", tag="drop"):
    """The event never comes."""


class Repeat(Spoilt, frozen=True, kw_only=True, tag_field="do", tag="repeat"):
    """The event comes twice."""


class Change(Spoilt, frozen=True, kw_only=True, tag_field="do", tag="change"):
    """The event comes with other fields: some set, some left out."""

    set: dict[str, object] = {}
    without: tuple[str, ...] = ()


Fault: TypeAlias = Close | Break | Wedge | Stall | StopReading | Odd | Say | Drop | Repeat | Change


def _known(event: str) -> None:
    if event not in SAID:
        raise ValueError(f"the stand-in says no event {event!r}")


CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
"""RFC 6455 §7.4.1 and its registry, without the codes that stand for no code."""

SAID = frozenset(
    {
        "conversation.item.added",
        "conversation.item.deleted",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.retrieved",
        "conversation.item.truncated",
        "error",
        "input_audio_buffer.cleared",
        "input_audio_buffer.committed",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "output_audio_buffer.cleared",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
        "rate_limits.updated",
        "response.backchannel.audio.delta",
        "response.backchannel.audio.done",
        "response.backchannel.skipped",
        "response.content_part.added",
        "response.content_part.done",
        "response.created",
        "response.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.done",
        "response.output_item.added",
        "response.output_item.done",
        "response.output_text.delta",
        "response.output_text.done",
        "session.created",
        "session.updated",
    }
)
"""Every event the stand-in says by itself: what a fault can happen to."""
