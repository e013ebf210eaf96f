"""How a stand-in agent behaves: one frozen value that holds every knob.

The defaults make a polite, healthy agent. What is always so is a knob of its own; what goes wrong
at a moment is one of `faults`.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Literal

import msgspec

from fourwire.standin.calling import FunctionCalls
from fourwire.standin.failure import Failure
from fourwire.standin.faults import Fault
from fourwire.standin.formats import AudioFormat
from fourwire.standin.recordings import WORDS

__all__ = ["Behaviour", "Fillers", "Handshake", "OnClear"]


class Handshake(Enum):
    """What becomes of a client that has asked for a WebSocket."""

    ANSWERED = "answered"
    SILENT = "silent"
    """TCP is accepted and nothing is ever said."""
    BROKEN = "broken"
    """The connection breaks before any answer."""


class OnClear(Enum):
    """What `output_audio_buffer.clear` does; servers differ and none says so."""

    CLEARED = "cleared"
    """Answered, nothing else: the response goes on until it is cancelled."""
    ENDS_RESPONSE = "ends the response"
    """Answered, and the active response ends as cancelled."""
    REFUSED = "refused"
    """Answered with an error, as a server does that knows the event on WebRTC only."""


class Fillers(Enum):
    """Where a filler ("one moment") comes while an answer is being made; no document says."""

    NONE = "none"
    """The account has none; the session's wish alone is not enough."""
    SAME_RESPONSE = "same response"
    """It is the beginning of the response it bridges to."""
    OWN_RESPONSE = "own response"
    """It is a response before that one."""


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every knob of a stand-in agent. Times are milliseconds, levels are dBov."""

    seed: int = 0
    """Ids and chances follow from it and from the number of the session."""

    # The HTTP handshake.
    handshake: Handshake = Handshake.ANSWERED
    handshake_delay_ms: int = 0
    """The handshake is answered so much later."""
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
    retry_after: str | None = None
    """`Retry-After` of refusals with 429 and 503: seconds, or a date (RFC 9110 §10.2.3)."""

    # Listening.
    speech_level_dbov: float = -40.0
    """Audio at or above it counts as speech; `server_vad`'s threshold shifts it."""
    onset_ms: int = 200
    """So much speech makes a `speech_started`."""
    silence_ms: Mapping[str, int] = MappingProxyType(
        {"low": 1000, "medium": 600, "auto": 600, "high": 350}
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
    calls: Mapping[int, FunctionCalls] = MappingProxyType({})
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

    # What the account has.
    fillers: Fillers = Fillers.SAME_RESPONSE
    """How sessions that enable `responsiveness` are kept from waiting."""
    memory: bool = True
    """Whether sessions that enable `memory` are told their state, cycle by cycle."""
    requests_per_minute: int | None = None
    """Responses a minute; `rate_limits.updated` counts down, one more is an error."""
    appends_per_s: int | None = None
    """Appends a second that are heard; more are dropped, with an error."""

    # What goes wrong.
    faults: tuple[Fault, ...] = ()
    """What happens at a moment: closes, stalls, events that never come."""
    failures: tuple[Failure, ...] = ()
    """Responses that fail, as they do where there is no capacity or no quota."""
    update_delay_ms: int = 0
    """`session.updated` comes so much later."""
    alias_names: bool = False
    """Events carry the older names that some servers still use."""
    huge_delta_bytes: int = 0
    """The first audio delta of a response is filled up with silence to this size."""
    read_bytes_per_s: int | None = None
    """The client is read no faster than this: what it sends backs up."""

    # What is remembered for tests and the demo.
    record_ms: int = 120_000
    """Audio kept of each direction of a session."""
    log_entries: int = 20_000
    """Newest events kept in a session's log."""

    def __post_init__(self) -> None:
        for knob in self.__struct_fields__:
            _check(knob, getattr(self, knob))


def _check(knob: str, value: object) -> None:
    negative = isinstance(value, int | float) and value < 0
    if negative and knob not in MAY_BE_NEGATIVE:
        raise ValueError(f"{knob} must not be negative, but is {value}")
    if knob.endswith("_status") and isinstance(value, int) and not 300 <= value <= 599:
        raise ValueError(f"{knob} must be an HTTP status from 300 to 599, not {value}")
    if knob == "answers" and isinstance(value, tuple) and not WORDS.keys() >= set(value):
        raise ValueError(f"answers must be recordings ({', '.join(WORDS)}), not {value}")
    if knob == "back_channel_format" and value is not None and AudioFormat.parse(value) is None:
        raise ValueError(f"back_channel_format is no format of the wire: {value}")


MAY_BE_NEGATIVE = frozenset({"seed", "speech_level_dbov"})
