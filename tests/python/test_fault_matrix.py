"""Every fault of the stand-in under every policy ends a call once and leaves nothing open.

A knob of `Behaviour` without a row here fails the first test: whoever adds a fault says what
becomes of a call that meets it, and by what it is seen that the call has met it.
"""

from enum import Enum
from typing import Any, get_args

import anyio
import pytest
from support.elsewhere import Test, missing
from support.fault_rows import FAULTS, Becomes, Row
from support.virtual import Stage, VirtualClockLoop, conversing, stage

from fourwire import g711
from fourwire.announcement import bundled
from fourwire.demo.speech import recording
from fourwire.failure_policy import Failure, FailurePolicy
from fourwire.life import Cause
from fourwire.line import LineEnded, TransferFailed
from fourwire.standin import Behaviour, OnClear, faults
from fourwire.standin.behaviour import Handshake
from fourwire.standin.faults import OddFrame

pytestmark = pytest.mark.anyio

DESK = "sip:desk@pbx.example"


def policy(**how: Any) -> FailurePolicy:
    """A policy that has time for three tries of `connect_s`, and knows no chance."""
    return FailurePolicy(
        **{"pause_s": 0.0, "give_up_s": 25.0, "reconnects": 0, "watchdog_s": 10.0, **how}
    )


POLICIES: dict[str, FailurePolicy] = {
    "reconnect": policy(reconnects=2, then="hang_up"),
    "apologise": policy(),
    "transfer": policy(then="transfer", transfer_to=DESK),
    "transfer fails": policy(then="transfer", transfer_to=DESK),
    "hang up": policy(then="hang_up"),
    "answer, apologise": policy(unanswered="answer"),
    "answer, transfer": policy(unanswered="answer", then="transfer", transfer_to=DESK),
    "never doubt": policy(then="hang_up", watchdog_s=0.0),
}
"""One for each outcome that a policy has, and each way to it."""

ELSEWHERE: dict[str, str | Test] = {
    "seed": "which ids there are",
    "bad_query_status": "we ask no bad question",
    "unauthorised_status": "another status for accepted_keys",
    "bad_path_status": "we know the path",
    "refuse_message": "a word of refuse_status",
    "speech_level_dbov": "how well it hears",
    "onset_ms": "how fast it hears",
    "silence_ms": "how fast it takes its turn",
    "transcripts": Test(
        "test_standin_conversation", "test_incremental_deltas_add_up_to_the_transcript"
    ),
    "voice_profile": "more to read",
    "answers": "what it says",
    "think_ms": "no fault",
    "delta_ms": "no fault",
    "pcmu_timebase_bug": Test(
        "test_standin_conversation",
        "test_the_time_base_fault_takes_a_third_of_the_time_for_the_whole",
    ),
    "calls": Test(
        "test_converse",
        "test_a_function_that_ran_when_the_session_was_lost_is_told_as_broken_off",
    ),
    "nameless_calls": Test("test_standin_calls", "test_names_may_be_left_out_and_events_repeated"),
    "repeated_calls": Test("test_standin_calls", "test_names_may_be_left_out_and_events_repeated"),
    "back_channels": Test("test_standin_backchannel", "test_an_account_without_them_has_none"),
    "back_channel_delay_ms": Test(
        "test_standin_backchannel", "test_one_that_takes_too_long_is_skipped_at_its_deadline"
    ),
    "back_channel_format": Test(
        "test_standin_backchannel", "test_their_format_can_differ_from_the_replies"
    ),
    "fillers": Test("test_last_words", "test_the_announcement_is_heard_to_its_end_before_the_act"),
    "memory": Test(
        "test_standin_memory_and_fillers",
        "test_no_memory_is_told_to_who_did_not_ask_or_has_none",
    ),
    "faults": "a row for each kind",
    "record_ms": "what a test sees",
    "log_entries": "what a test sees",
}
"""Knobs that are no fault of themselves, with the reason, and those that another test holds."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualClockLoop}


def test_every_knob_of_the_stand_in_is_accounted_for() -> None:
    kinds = {kind.__name__ for kind in get_args(faults.Fault)}
    assert set(Behaviour.__struct_fields__) | kinds == FAULTS.keys() | ELSEWHERE.keys()
    assert not FAULTS.keys() & ELSEWHERE.keys()


HELD = [(knob, held) for knob, held in ELSEWHERE.items() if isinstance(held, Test)]


@pytest.mark.parametrize(("knob", "held"), HELD)
def test_the_test_that_holds_a_knob_elsewhere_is_there_and_turns_it(knob: str, held: Test) -> None:
    assert not missing(held, knob)


def test_a_pointer_that_has_rotted_is_seen() -> None:
    there = Test("test_fault_matrix", "test_a_pointer_that_has_rotted_is_seen")
    assert not missing(there, "rotted")
    assert "there is no test_gone.py" in missing(Test("test_gone", "test_it"), "rotted")
    assert "there is no test_gone in" in missing(there._replace(name="test_gone"), "rotted")
    assert "says nothing of" in missing(there, "pcmu" + "_timebase_bug")


def test_a_knob_that_is_a_choice_has_a_row_for_each() -> None:
    turned = [row.knobs for rows in FAULTS.values() for row in rows]
    values = {value for knobs in turned for value in knobs.values() if isinstance(value, Enum)}
    odd = {
        fault.frame
        for knobs in turned
        for fault in knobs.get("faults", ())
        if isinstance(fault, faults.Odd)
    }
    assert odd == set(OddFrame)
    assert values == {*Handshake, *OnClear} - {Handshake.ANSWERED}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_row_turns_the_knob_that_it_is_named_for(fault: str) -> None:
    for row in FAULTS[fault]:
        kinds = {type(each).__name__ for each in row.knobs.get("faults", ())}
        assert fault in row.knobs.keys() | kinds
        assert (row.failure is None) == (row.becomes is Becomes.WELL)


def test_every_last_resort_and_every_way_to_it_is_a_policy_here() -> None:
    assert {policy.then for policy in POLICIES.values()} == {"apologise", "transfer", "hang_up"}
    assert {policy.unanswered for policy in POLICIES.values()} == {"reject", "answer"}


WATCHING = ("reconnect", "hang up", "never doubt")
"""Policies that differ in what they take for a failure. Where none is seen, which is tested, no
policy is asked what comes of it; so a call that goes well meets these alone."""

ROWS = [
    pytest.param(name, row, id=f"{name}-{fault}-{number}")
    for name in POLICIES
    for fault, rows in FAULTS.items()
    for number, row in enumerate(rows)
    if row.failure is not None or name in WATCHING
]


@pytest.mark.parametrize(("name", "row"), ROWS)
async def test_a_fault_ends_the_call_once_as_its_policy_says(name: str, row: Row) -> None:
    policy, ends = POLICIES[name], expected(name, row)
    next_door = [Behaviour()] if row.becomes is Becomes.LOST else []
    async with stage(conversing(policy), Behaviour(**row.knobs), *next_door) as it:
        it.line.outcome.set_result(
            TransferFailed(486, "Busy") if name == "transfer fails" else None
        )
        asked = await live(it, interrupts=row.interrupts)
    assert row.seen(it), "the fault did not take place"
    assert failures(it) == ([] if overlooked(name, row) else told(name, row))
    assert it.causes() == [ends]
    assert it.line.verbs().count("close") == 1
    farewells = [verb for verb in it.line.verbs() if verb in ("hang_up", "reject")]
    assert len(farewells) == (0 if ends == "caller hung up" else 1)
    assert (APOLOGY in it.heard()) == apologises(name, row)
    if row.becomes is not Becomes.AGAIN or not overlooked(name, row):
        assert answered(it, asked) == (row.becomes is Becomes.WELL or is_mended(name, row))
    if row.becomes is Becomes.NEVER and policy.unanswered == "reject":
        assert ("reject", 503, None, None) in it.line.told
    assert it.call.agent is None


@pytest.mark.parametrize("interrupts", [False, True])
async def test_no_sign_of_a_fault_is_seen_where_there_is_none(interrupts: bool) -> None:
    async with stage(conversing(POLICIES["hang up"])) as it:
        asked = await live(it, interrupts=interrupts)
    assert answered(it, asked)
    for fault, rows in FAULTS.items():
        for row in rows:
            met = row.failure is None and row.interrupts is interrupts
            if met and row.knobs.get("on_clear") not in CLEARED:
                assert not row.seen(it), f"{fault} leaves no sign"


CLEARED = (OnClear.CLEARED, OnClear.ENDS_RESPONSE)
"""A healthy agent clears, too; and we have cancelled the response by then, whatever that does."""


async def live(it: Stage, *, interrupts: bool) -> float:
    """Be a caller: hear the greeting, or speak into it, ask, hear the answer, and leave; when it
    was asked.
    """
    with anyio.move_on_after(45):
        await it.until(lambda: it.call.ended or it.loud())
        await it.until(lambda: it.call.ended or interrupts or it.now - it.loud()[-1] > 0.8)
    asked = it.now
    it.leg.speak(recording("interruption"))
    with anyio.move_on_after(45):
        await it.until(lambda: it.call.ended or answered(it, asked))
        await it.until(lambda: it.call.ended or it.now - it.loud()[-1] > 0.8)
    it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    return asked


def answered(it: Stage, asked: float) -> bool:
    """Whether the caller has heard the agent speak since he asked."""
    begun = [turn.begin for turn in it.call.transcript.turns if turn.speaker == "agent"]
    return any(begin is not None and begin > asked and it.loud(begin) for begin in begun)


def failures(it: Stage) -> list[str]:
    """Why there was no agent, in the order in which that was told."""
    told = (*it.notes.named("conversation.not_opened"), *it.notes.named("conversation.lost"))
    return [note["failure"] for note in told]


def told(name: str, row: Row) -> list[str]:
    """Why there is no agent, as often as that has to be told."""
    if row.failure is None:
        return []
    policy = POLICIES[name]
    times = {Becomes.NEVER: row.tries, Becomes.LOST: 1, Becomes.AGAIN: policy.reconnects + 1}
    return [row.failure.value] * times[row.becomes]


def overlooked(name: str, row: Row) -> bool:
    """Whether nobody notices."""
    return row.failure in (Failure.WEDGED, Failure.UNHEARD) and name == "never doubt"


def is_mended(name: str, row: Row) -> bool:
    """Whether another agent takes the place of the one that is lost, and stays."""
    return row.becomes is Becomes.LOST and name == "reconnect"


def expected(name: str, row: Row) -> str:
    """How the call ends."""
    if row.becomes is Becomes.WELL or overlooked(name, row) or is_mended(name, row):
        return "caller hung up"
    answered = row.becomes is not Becomes.NEVER
    transfers = name == "answer, transfer" or (name == "transfer" and answered)
    return "transferred" if transfers else "agent failed"


def apologises(name: str, row: Row) -> bool:
    """Whether the caller hears that we are sorry."""
    if row.failure is None:
        return False
    if row.becomes is Becomes.NEVER:
        return name == "answer, apologise"
    return name in ("apologise", "transfer fails", "answer, apologise")


APOLOGY = g711.decode_pcmu(g711.encode_pcmu(bundled("apology").pcm))
