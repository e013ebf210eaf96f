"""How a stand-in agent behaves: one frozen value that holds every knob.

The defaults make a polite, healthy agent. A fault is switched on by name, so that a test reads
as what goes wrong: ``Behaviour(never_update=True)``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Literal

from fourwire.standin.calling import FunctionCalls

__all__ = ["Behaviour", "OddFrame", "OnClear"]


class OnClear(Enum):
    """What `output_audio_buffer.clear` does; servers differ and none says so."""

    CLEARED = "cleared"
    """Answered, nothing else: the response goes on until it is cancelled."""
    ENDS_RESPONSE = "ends the response"
    """Answered, and the active response ends as cancelled."""
    REFUSED = "refused"
    """Answered with an error, as a server does that knows the event on WebRTC only."""


class OddFrame(Enum):
    """A frame that a client has to step over."""

    MALFORMED = "text that is not JSON"
    UNTYPED = "an object with an errorType instead of a type"
    BINARY = "a binary frame"
    PING = "a JSON event of type ping"
    UNKNOWN = "an event of a type that no client knows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Every knob of a stand-in agent. Times are milliseconds, levels are dBov."""

    seed: int = 0
    """Ids and chances follow from it and from the number of the session."""

    # The HTTP handshake.
    accepted_keys: frozenset[str] | None = None
    """API keys let in, verbatim as they follow the scheme; `None` lets all in."""
    max_sessions: int | None = None
    """Sessions at once; one more is refused with `busy_status`."""
    bad_query_status: int = 400
    unauthorised_status: int = 401
    forbidden_status: int = 403
    bad_path_status: int = 404
    busy_status: int = 429
    refuse_status: int | None = None
    """Refuses every handshake with this status, whatever it asks for."""
    refuse_message: str = "the stand-in was told to refuse"

    # Listening.
    speech_level_dbov: float = -40.0
    """Audio at or above it counts as speech; `server_vad`'s threshold shifts it."""
    onset_ms: int = 200
    """So much speech makes a `speech_started`."""
    silence_ms: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType(
            {"low": 1000, "medium": 600, "auto": 600, "high": 350}
        )
    )
    """So much silence ends a turn under `semantic_vad`, by eagerness."""
    transcripts: Literal["cumulative", "incremental"] = "cumulative"
    """Whether a transcription delta repeats the text before it; the real server mostly does."""
    voice_profile: bool = True
    """Whether a session that asks for the caller's voice profile gets one."""

    # Speaking.
    answers: tuple[str, ...] = ("answer-1", "answer-2")
    """Recordings that answer the first turns after the greeting; later turns are repeated."""
    think_ms: int = 300
    """From the wish for a response to its first audio."""
    delta_ms: int = 200
    """Audio in one delta; 0 puts a whole answer into one."""
    speed: float = 4.0
    """Audio leaves so many times faster than it plays; 0 sends it all at once."""
    stray_deltas: int = 1
    """Deltas of a cancelled response that still arrive, before its `response.done`."""
    late_deltas: int = 0
    """Deltas of a cancelled response that arrive after its `response.done`."""
    on_clear: OnClear = OnClear.CLEARED
    pcmu_timebase_bug: bool = False
    """`conversation.item.truncate` takes 24 bytes of G.711 for a millisecond, as seen live."""

    # Calling functions, by script.
    calls: Mapping[int, FunctionCalls] = field(default_factory=lambda: MappingProxyType({}))
    """What the n-th response of a session calls, counted from 0, which is the greeting."""
    nameless_calls: bool = False
    """The event that ends a call's arguments leaves out the function's name, as seen live."""
    repeated_calls: bool = False
    """Every event of a call comes twice."""

    # Back-channels ("uh-huh" while the caller speaks), for sessions that enable them.
    back_channels: bool = True
    """Whether the account has them; the session's wish alone is not enough."""
    back_channel_delay_ms: int = 200
    """Time to make one; past the session's `hard_deadline_ms` it is skipped."""
    back_channel_format: str | None = None
    """Wire name of their audio format; `None` follows the session's output format."""

    # Faults.
    never_update: bool = False
    """No `session.update` is ever answered."""
    update_delay_ms: int = 0
    """`session.updated` comes so much later."""
    error_before_update: str | None = None
    """Message of a `server_error` that comes before the first `session.updated`."""
    odd_frames: frozenset[OddFrame] = frozenset()
    """Sent after `session.created` and before every `response.created`."""
    error_type: str = "SESSION_RESOURCES_EXHAUSTED"
    """What the untyped frame complains about."""
    alias_names: bool = False
    """Events carry the older names that some servers still use."""
    huge_delta_bytes: int = 0
    """The first audio delta of a response is filled up with silence to this size."""
    wedge_after_responses: int | None = None
    """After so many ended responses nothing is ever said again, on an open socket."""
    close_after_ms: int | None = None
    """The server closes the socket so long after it was opened."""
    close_code: int = 1011
    """1006 drops the connection without a closing handshake."""
    close_reason: str = "stand-in fault"

    # What is remembered for tests and the demo.
    record_ms: int = 120_000
    """Audio kept of each direction of a session."""
    log_entries: int = 20_000
    """Newest events kept in a session's log."""
