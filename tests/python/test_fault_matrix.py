"""Every fault of the stand-in under every policy ends a call once and leaves nothing open.

A knob of `Behaviour` without a row here fails the first test: whoever adds a fault says what
becomes of a call that meets it.
"""

from typing import Any, get_args

import anyio
import pytest
from support.virtual import Stage, VirtualClockLoop, conversing, stage

from fourwire import g711
from fourwire.announcement import bundled
from fourwire.demo.speech import recording
from fourwire.failure_policy import FailurePolicy
from fourwire.life import Cause
from fourwire.line import LineEnded, TransferFailed
from fourwire.standin import Behaviour, OnClear, faults
from fourwire.standin.faults import OddFrame

pytestmark = pytest.mark.anyio

DESK = "sip:desk@pbx.example"

POLICIES: dict[str, FailurePolicy] = {
    "reconnect": FailurePolicy(pause_s=0.0, reconnects=2, then="hang_up", watchdog_s=10.0),
    "apologise": FailurePolicy(pause_s=0.0, reconnects=0, watchdog_s=10.0),
    "transfer": FailurePolicy(
        pause_s=0.0, reconnects=0, then="transfer", transfer_to=DESK, watchdog_s=10.0
    ),
    "transfer fails": FailurePolicy(
        pause_s=0.0, reconnects=0, then="transfer", transfer_to=DESK, watchdog_s=10.0
    ),
    "hang up": FailurePolicy(pause_s=0.0, reconnects=0, then="hang_up", watchdog_s=10.0),
    "answer, apologise": FailurePolicy(
        pause_s=0.0, reconnects=0, unanswered="answer", watchdog_s=10.0
    ),
    "answer, transfer": FailurePolicy(
        pause_s=0.0,
        reconnects=0,
        unanswered="answer",
        then="transfer",
        transfer_to=DESK,
        watchdog_s=10.0,
    ),
    "never doubt": FailurePolicy(pause_s=0.0, reconnects=0, then="hang_up", watchdog_s=0.0),
}
"""One for each outcome that a policy has, and each way to it."""

WELL = "the caller talks, and hangs up"
NEVER = "there is no agent before the answer"
LOST = "the agent is lost in mid-call"
AGAIN = "the agent is lost whenever it is to speak"
WEDGED = "the agent owes an answer on an open socket"

Fault = tuple[dict[str, Any], str]

DONE = "response.done"

FAULTS: dict[str, list[Fault]] = {
    "accepted_keys": [({"accepted_keys": frozenset({"another"})}, NEVER)],
    "refuse_status": [({"refuse_status": status}, NEVER) for status in (401, 429, 500)],
    "late_deltas": [({"late_deltas": 5}, WELL)],
    "on_clear": [({"on_clear": OnClear.REFUSED}, WELL)],
    "update_delay_ms": [({"update_delay_ms": 2000}, WELL), ({"update_delay_ms": 60_000}, NEVER)],
    "alias_names": [({"alias_names": True}, WELL)],
    "huge_delta_bytes": [({"huge_delta_bytes": 2_000_000}, WELL)],
    "speed": [({"speed": 0.0}, WELL)],
    "Close": [
        ({"faults": (faults.Close(after="session.created"),)}, NEVER),
        ({"faults": (faults.Close(after=DONE, code=1000),)}, LOST),
        ({"faults": (faults.Close(before="response.created"),)}, AGAIN),
    ],
    "Break": [({"faults": (faults.Break(after=DONE),)}, LOST)],
    "Wedge": [({"faults": (faults.Wedge(after=DONE),)}, WEDGED)],
    "Stall": [({"faults": (faults.Stall(after=DONE, ms=1500),)}, WELL)],
    "Odd": [
        ({"faults": (faults.Odd(after=DONE, frame=frame),)}, WELL)
        for frame in OddFrame
        if frame is not OddFrame.UNTYPED
    ],
    "Say": [({"faults": (faults.Say.error("not today", before="session.updated"),)}, NEVER)],
    "Drop": [({"faults": (faults.Drop(event="session.updated"),)}, NEVER)],
    "Repeat": [({"faults": (faults.Repeat(event="response.created", nth=0),)}, WELL)],
    "Change": [
        ({"faults": (faults.Change(event=DONE, without=("event_id",), nth=0),)}, WELL),
    ],
}
"""What each knob, and each kind of fault, does to a call, at the values that matter."""

ELSEWHERE = {
    "handshake": "test_standin_handshakes, on real sockets",
    "handshake_delay_ms": "test_standin_handshakes, on real sockets",
    "seed": "which ids there are",
    "max_sessions": "refuses by busy_status, as refuse_status does",
    "bad_query_status": "we ask no bad question",
    "unauthorised_status": "another status for accepted_keys",
    "forbidden_status": "we bring a key",
    "bad_path_status": "we know the path",
    "busy_status": "as refuse_status",
    "refuse_message": "a word of refuse_status",
    "retry_after": "test_converse",
    "speech_level_dbov": "how well it hears",
    "onset_ms": "how fast it hears",
    "silence_ms": "how fast it takes its turn",
    "transcripts": "test_standin_listening",
    "voice_profile": "more to read",
    "answers": "what it says",
    "think_ms": "no fault",
    "delta_ms": "no fault",
    "stray_deltas": "as late_deltas, and sooner",
    "pcmu_timebase_bug": "test_truncation",
    "calls": "test_tool_turns",
    "nameless_calls": "test_tool_turns",
    "repeated_calls": "test_tool_turns",
    "back_channels": "test_standin_backchannel",
    "back_channel_delay_ms": "test_standin_backchannel",
    "back_channel_format": "test_standin_backchannel",
    "fillers": "no fault",
    "memory": "more to read",
    "requests_per_minute": "an error event, as Say",
    "appends_per_s": "an error event, as Say",
    "faults": "a row for each kind",
    "failures": "test_converse",
    "read_bytes_per_s": "back-pressure of a real socket: test_standin_handshakes",
    "StopReading": "back-pressure of a real socket: test_standin_handshakes",
    "record_ms": "what a test sees",
    "log_entries": "what a test sees",
}
"""Knobs that are no fault of themselves, or that another test holds."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualClockLoop}


def test_every_knob_of_the_stand_in_is_accounted_for() -> None:
    kinds = {kind.__name__ for kind in get_args(faults.Fault)}
    assert set(Behaviour.__struct_fields__) | kinds == FAULTS.keys() | ELSEWHERE.keys()
    assert not FAULTS.keys() & ELSEWHERE.keys()


def test_every_last_resort_and_every_way_to_it_is_a_policy_here() -> None:
    assert {policy.then for policy in POLICIES.values()} == {"apologise", "transfer", "hang_up"}
    assert {policy.unanswered for policy in POLICIES.values()} == {"reject", "answer"}


ROWS = [
    pytest.param(name, knobs, becomes, id=f"{name}-{fault}-{number}")
    for name in POLICIES
    for fault, row in FAULTS.items()
    for number, (knobs, becomes) in enumerate(row)
]


@pytest.mark.parametrize(("name", "knobs", "becomes"), ROWS)
async def test_a_fault_ends_the_call_once_as_its_policy_says(
    name: str, knobs: dict[str, Any], becomes: str
) -> None:
    policy = POLICIES[name]
    async with stage(conversing(policy), Behaviour(**knobs)) as it:
        it.line.outcome.set_result(
            TransferFailed(486, "Busy") if name == "transfer fails" else None
        )
        await live(it)
    assert it.causes() == [expected(name, becomes)]
    assert it.line.verbs().count("close") == 1
    farewells = [verb for verb in it.line.verbs() if verb in ("hang_up", "reject")]
    assert len(farewells) == (0 if expected(name, becomes) == "caller hung up" else 1)
    assert heard_apology(it) == apologises(name, becomes)
    if becomes is NEVER and policy.unanswered == "reject":
        assert ("reject", 503, None, None) in it.line.told
    if becomes is AGAIN:
        assert len(it.notes.named("conversation.lost")) == policy.reconnects + 1
    if becomes in (LOST, WEDGED) and name == "reconnect":
        assert it.notes.named("conversation.mended")
    assert it.call.agent is None


async def live(it: Stage) -> None:
    """Be a caller: hear the greeting, ask, hear the answer, and leave after two minutes at most."""
    with anyio.move_on_after(45):
        await it.until(lambda: it.call.ended or it.loud())
        await it.until(lambda: it.call.ended or it.now - it.loud()[-1] > 0.8)
    it.leg.speak(recording("interruption"))
    with anyio.move_on_after(75):
        await it.call.wait_ended()
    it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


def expected(name: str, becomes: str) -> str:
    """How the call ends."""
    overlooked = becomes is WEDGED and name == "never doubt"
    mended = becomes in (LOST, WEDGED) and name == "reconnect"
    if becomes is WELL or overlooked or mended:
        return "caller hung up"
    transfers = name == "answer, transfer" or (name == "transfer" and becomes is not NEVER)
    return "transferred" if transfers else "agent failed"


def apologises(name: str, becomes: str) -> bool:
    """Whether the caller hears that we are sorry."""
    if becomes is WELL:
        return False
    if becomes is NEVER:
        return name == "answer, apologise"
    return name in ("apologise", "transfer fails", "answer, apologise")


APOLOGY = g711.decode_pcmu(g711.encode_pcmu(bundled("apology").pcm))


def heard_apology(it: Stage) -> bool:
    return APOLOGY in it.heard()
