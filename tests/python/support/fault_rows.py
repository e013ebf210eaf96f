"""What goes wrong with an agent, by the knobs of the stand-in, and what becomes of the call."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from fourwire.failure_policy import PASSING, Failure
from fourwire.standin import OnClear, faults
from fourwire.standin.behaviour import Handshake
from fourwire.standin.failure import Failure as Failing
from fourwire.standin.faults import OddFrame
from support.fault_signs import (
    Sign,
    came_after,
    huge_frame,
    late_deltas,
    missed,
    nothing,
    opened_after,
    said,
    stray_deltas,
    told,
    tried_at,
    unpaced,
    waited,
)

__all__ = ["FAULTS", "Becomes", "Row"]


class Becomes(Enum):
    """What becomes of a call."""

    WELL = "the caller talks, and hangs up"
    NEVER = "there is no agent before the answer"
    LOST = "the agent is lost in mid-call, one in its place is not"
    AGAIN = "every agent is lost, whoever takes its place"


@dataclass(frozen=True)
class Row:
    """Knobs, what becomes of a call that meets them, and by what it is seen that it has."""

    knobs: Mapping[str, Any]
    becomes: Becomes
    failure: Failure | None = None
    """How that is told, where the agent fails."""
    tries: int = 3
    """How many tries that is worth before the answer."""
    seen: Sign = nothing
    """Whether the fault took place."""
    interrupts: bool = False
    """Whether the caller speaks into the greeting."""


def well(seen: Sign, *, interrupts: bool = False, **knobs: Any) -> Row:
    return Row(knobs, Becomes.WELL, seen=seen, interrupts=interrupts)


def never(failure: Failure, seen: Sign = nothing, *, tries: int | None = None, **knobs: Any) -> Row:
    worth = 3 if failure in PASSING else 1
    return Row(knobs, Becomes.NEVER, failure, worth if tries is None else tries, seen)


def lost(failure: Failure, seen: Sign = nothing, **knobs: Any) -> Row:
    return Row(knobs, Becomes.LOST, failure, seen=seen)


def again(failure: Failure, seen: Sign = nothing, **knobs: Any) -> Row:
    return Row(knobs, Becomes.AGAIN, failure, seen=seen)


CREATED = "response.created"
DONE = "response.done"
UPDATED = "session.updated"

DISABLED = faults.Odd(before=UPDATED, frame=OddFrame.UNTYPED, error_type="ACCOUNT_DISABLED")

FAULTS: dict[str, list[Row]] = {
    "handshake": [
        never(Failure.TIMEOUT, handshake=Handshake.SILENT),
        never(Failure.UNREACHABLE, handshake=Handshake.BROKEN),
    ],
    "handshake_delay_ms": [
        well(opened_after(2.0), handshake_delay_ms=2000),
        never(Failure.TIMEOUT, handshake_delay_ms=60_000),
    ],
    "accepted_keys": [never(Failure.NOT_ALLOWED, accepted_keys=frozenset({"another"}))],
    "forbidden_status": [
        never(Failure.REFUSED, accepted_keys=frozenset({"another"}), forbidden_status=404)
    ],
    "refuse_status": [
        never(Failure.NOT_ALLOWED, tried_at(0), refuse_status=401),
        never(Failure.OVER_QUOTA, tried_at(0, 0, 0), refuse_status=429),
        never(Failure.SERVER, tried_at(0, 0, 0), refuse_status=500),
    ],
    "retry_after": [
        never(Failure.SERVER, tried_at(0, 4, 8), refuse_status=503, retry_after="4"),
        never(Failure.OVER_QUOTA, tried_at(0), tries=1, refuse_status=429, retry_after="30"),
    ],
    "max_sessions": [never(Failure.OVER_QUOTA, max_sessions=0)],
    "busy_status": [never(Failure.SERVER, max_sessions=0, busy_status=503)],
    "late_deltas": [well(late_deltas, late_deltas=5, interrupts=True)],
    "stray_deltas": [well(stray_deltas(4), stray_deltas=5, interrupts=True)],
    "on_clear": [
        well(said("output_audio_buffer.cleared"), on_clear=OnClear.CLEARED, interrupts=True),
        well(said("output_audio_buffer.cleared"), on_clear=OnClear.ENDS_RESPONSE, interrupts=True),
        well(said("error"), on_clear=OnClear.REFUSED, interrupts=True),
    ],
    "update_delay_ms": [
        well(came_after("session.update", UPDATED, 2.0), update_delay_ms=2000),
        never(Failure.TIMEOUT, update_delay_ms=60_000),
    ],
    "alias_names": [well(told("response.audio.delta", bool), alias_names=True)],
    "huge_delta_bytes": [well(huge_frame(2_000_000), huge_delta_bytes=2_000_000)],
    "speed": [well(unpaced, speed=0.0)],
    "requests_per_minute": [
        well(said("rate_limits.updated"), requests_per_minute=2),
        lost(Failure.SERVER, said("rate_limits.updated"), requests_per_minute=1),
    ],
    "appends_per_s": [
        well(said("error"), appends_per_s=12),
        lost(Failure.UNHEARD, said("error", 100), appends_per_s=1),
    ],
    "read_bytes_per_s": [
        well(waited(5.0), read_bytes_per_s=8000),
        again(Failure.WEDGED, waited(5.0), read_bytes_per_s=20),
    ],
    "failures": [
        well(said(DONE, 3), failures=(Failing(response=1),)),
        lost(Failure.SERVER, said(DONE, 3), failures=(Failing(response=1, later=True),)),
        lost(
            Failure.SERVER,
            said(DONE, 3),
            failures=(Failing(response=1, later=True, error_event=False),),
        ),
        again(Failure.SERVER, failures=(Failing(response=0, later=True),)),
        lost(Failure.WEDGED, said("error"), failures=(Failing(response=1, response_done=False),)),
        again(Failure.WEDGED, said("error"), failures=(Failing(response=0, response_done=False),)),
    ],
    "Close": [
        never(Failure.LOST, faults=(faults.Close(after="session.created"),)),
        lost(Failure.LOST, faults=(faults.Close(after=DONE, code=1000),)),
        again(Failure.LOST, faults=(faults.Close(before=CREATED),)),
    ],
    "Break": [lost(Failure.LOST, faults=(faults.Break(after=DONE),))],
    "Wedge": [
        never(Failure.TIMEOUT, faults=(faults.Wedge(before=UPDATED),)),
        lost(Failure.WEDGED, faults=(faults.Wedge(after=DONE),)),
    ],
    "Stall": [
        well(
            came_after(DONE, "output_audio_buffer.stopped", 1.5),
            faults=(faults.Stall(after=DONE, ms=1500),),
        ),
        lost(Failure.WEDGED, faults=(faults.Stall(after=DONE, ms=60_000),)),
    ],
    "StopReading": [lost(Failure.WEDGED, waited(5.0), faults=(faults.StopReading(after=DONE),))],
    "Odd": [
        *(
            well(said(frame.value), faults=(faults.Odd(after=DONE, frame=frame),))
            for frame in OddFrame
        ),
        never(Failure.OVER_QUOTA, faults=(faults.Odd(before=UPDATED, frame=OddFrame.UNTYPED),)),
        never(Failure.NOT_ALLOWED, faults=(DISABLED,)),
    ],
    "Say": [
        never(Failure.SERVER, faults=(faults.Say.error("not today", before=UPDATED),)),
        well(said("error"), faults=(faults.Say.error("not today", after=DONE),)),
    ],
    "Drop": [
        never(Failure.TIMEOUT, faults=(faults.Drop(event=UPDATED),)),
        well(missed(DONE, since=CREATED), faults=(faults.Drop(event=DONE),)),
    ],
    "Repeat": [
        well(said(CREATED, 4), faults=(faults.Repeat(event=CREATED, nth=0),)),
        well(said(DONE, 4), faults=(faults.Repeat(event=DONE, nth=0),)),
    ],
    "Change": [
        well(
            told(DONE, lambda event: "event_id" not in event),
            faults=(faults.Change(event=DONE, without=("event_id",), nth=0),),
        ),
        well(
            told(DONE, lambda event: "response" not in event),
            faults=(faults.Change(event=DONE, without=("response",), nth=0),),
        ),
    ],
}
"""What each knob, and each kind of fault, does to a call, at the values that matter."""
