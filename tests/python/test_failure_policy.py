"""What a failure is, whether another try is worth it, and what comes last: judgement alone."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.virtual_agents import refused

from fourwire.agent_file import AgentFile
from fourwire.failure_policy import (
    PASSING,
    Failure,
    FailurePolicy,
    LastResort,
    Setback,
    Verdict,
    failure_of,
    judge,
    last_resorts,
    pause_s,
    retry_after_s,
)
from fourwire.inworld import ConnectTimeout, ServerError, SessionClosed, SessionTimeout, Unreachable
from fourwire.inworld.events import Error, ErrorDetail, UntypedFrame, WebSocketClosed
from fourwire.problems import SettingsError
from fourwire.recall import MOST_ITEMS, Recall, Resume
from fourwire.transcript import Turn
from fourwire.watchdog import Health, Quiet, examine


def server_error(kind: str | None = None, code: str | None = None) -> ServerError:
    return ServerError(Error(error=ErrorDetail(type=kind, code=code, message="no")))


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        *[(refused(status), Failure.NOT_ALLOWED) for status in (401, 402, 403)],
        *[(refused(status), Failure.REFUSED) for status in (400, 404, 422)],
        (refused(408), Failure.TIMEOUT),
        (refused(429), Failure.OVER_QUOTA),
        *[(refused(status), Failure.SERVER) for status in (500, 502, 503, 529)],
        (Unreachable("h", "no route"), Failure.UNREACHABLE),
        (ConnectTimeout("h", 1.0, "session.created"), Failure.TIMEOUT),
        (SessionTimeout("session.update", 1.0), Failure.TIMEOUT),
        (TimeoutError(), Failure.TIMEOUT),
        (SessionClosed(WebSocketClosed(code=1006)), Failure.LOST),
        (server_error("invalid_request_error", "invalid_value"), Failure.REFUSED),
        (server_error("server_error"), Failure.SERVER),
        (server_error("invalid_request_error", "insufficient_quota"), Failure.NOT_ALLOWED),
        (ServerError(UntypedFrame(error_type="ACCOUNT_DISABLED")), Failure.NOT_ALLOWED),
        (ServerError(UntypedFrame(error_type="SESSION_RESOURCES_EXHAUSTED")), Failure.OVER_QUOTA),
        (ServerError(UntypedFrame(error_type="VERSION_CONFLICT")), Failure.SERVER),
    ],
)
def test_every_error_is_a_failure_of_some_kind(error: Exception, failure: Failure) -> None:
    assert failure_of(error) is failure


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.0),
        ("Thu, 26 Nov 2026 12:00:30 GMT", 30.0),
        ("Thu, 26 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", 0.0),
        ("-3", 0.0),
        ("", 0.0),
    ],
)
def test_the_wish_to_be_left_alone_is_seconds_or_a_date(told: str, seconds: float) -> None:
    noon = 1_795_694_400.0  # 2026-11-26T12:00:00Z
    assert retry_after_s(refused(503, **{"retry-after": told}), noon) == seconds
    assert retry_after_s(TimeoutError(), noon) == 0.0


policies = st.builds(
    FailurePolicy,
    attempts=st.integers(1, 20),
    pause_s=st.floats(0, 5),
    longest_pause_s=st.floats(0, 30),
    give_up_s=st.floats(0.1, 60),
)
setbacks = st.builds(
    Setback,
    failure=st.sampled_from(Failure),
    attempts=st.integers(1, 100),
    waited_s=st.floats(0, 100),
    retry_after_s=st.floats(0, 100),
    draw=st.floats(0, 1),
)


@given(setbacks, policies)
def test_a_try_is_made_only_where_it_may_help_and_the_caller_still_waits(
    setback: Setback, policy: FailurePolicy
) -> None:
    pause = pause_s(setback, policy)
    assert pause >= setback.retry_after_s
    assert pause <= max(setback.retry_after_s, policy.longest_pause_s)
    if judge(setback, policy) is Verdict.TRY_AGAIN:
        assert setback.failure in PASSING
        assert setback.attempts < policy.attempts
        assert setback.waited_s + pause < policy.give_up_s


def test_pauses_are_drawn_from_a_span_that_doubles() -> None:
    policy = FailurePolicy(pause_s=1.0, longest_pause_s=5.0)

    def pause(attempts: int, draw: float) -> float:
        setback = Setback(failure=Failure.SERVER, attempts=attempts, waited_s=0, draw=draw)
        return pause_s(setback, policy)

    assert [pause(attempts, 1.0) for attempts in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 5.0]
    assert [pause(3, draw) for draw in (0.0, 0.5)] == [0.0, 2.0]


@given(
    st.sampled_from(["apologise", "transfer", "hang_up"]),
    st.booleans(),
    st.sampled_from(["reject", "answer"]),
    st.sampled_from(["", "bundled"]),
)
def test_what_comes_last_ends_the_call_whatever_the_policy(
    then: str, answered: bool, unanswered: str, apology: str
) -> None:
    policy = msgspec.convert(
        {"then": then, "transfer_to": "100", "unanswered": unanswered, "apology": apology},
        FailurePolicy,
    )
    steps = last_resorts(policy, answered=answered)
    assert steps[-1] in (LastResort.HANG_UP, LastResort.REJECT)
    assert (steps == [LastResort.REJECT]) is (not answered and unanswered == "reject")
    assert steps.count(LastResort.ANSWER) == (not answered and unanswered == "answer")
    assert (LastResort.TRANSFER in steps) is (then == "transfer" and steps[0] is not steps[-1])


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('then = "transfer"', "transfer_to"),
        ('apology = "/nowhere/sorry.wav"', "failure.apology"),
        ("attempts = 0", "failure.attempts"),
        ("attempt = 1", "did you mean attempts"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_at_the_start(
    table: str, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(f"[failure]\n{table}\n")
    with pytest.raises(SettingsError, match=problem):
        AgentFile.load(file)


def test_an_agent_file_says_what_is_done_when_the_agent_fails(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('[failure]\nreconnects = 1\nthen = "hang_up"\nhold = ""\n')
    policy = AgentFile.load(file).failure
    assert policy == FailurePolicy(reconnects=1, then="hang_up", hold="")
    assert policy.hold_audio is None
    assert AgentFile().failure == FailurePolicy()


def test_only_what_was_heard_of_the_agent_is_told() -> None:
    turns = [
        Turn(speaker="agent", text="Hello there.", heard_ms=900.0, t=1.0),
        Turn(speaker="user", text="Hi.", t=2.0),
        Turn(speaker="agent", text="We are open.", heard_ms=400.0, cut=True, heard_text="We", t=3),
        Turn(speaker="agent", text="Never heard.", t=4.0),
    ]
    texts = [item["content"][0]["text"] for item in Recall().items(turns)]
    assert texts == ["Hello there.", "Hi.", "We"]
    assert Recall().resume(turns, noticed=False) is Resume.LISTEN
    assert Recall().resume(turns, noticed=True) is Resume.SPEAK
    assert Recall().resume([], noticed=False) is Resume.GREET


def test_a_long_talk_is_told_by_its_end() -> None:
    turns = [Turn(speaker="user", text=str(n), t=float(n)) for n in range(3 * MOST_ITEMS)]
    items = Recall().items(turns)
    assert len(items) == MOST_ITEMS
    assert items[-1]["content"][0]["text"] == turns[-1].text


@given(st.floats(0, 100), st.booleans(), st.booleans(), st.floats(0.1, 60))
def test_only_silence_in_which_an_answer_is_owed_is_failure(
    quiet_s: float, owed: bool, asked: bool, seconds: float
) -> None:
    health = examine(Quiet(quiet_s=quiet_s, owed=owed, asked=asked), seconds)
    if health is Health.WEDGED:
        assert quiet_s >= seconds
        assert owed or asked
    if health is Health.DOUBTFUL:
        assert not owed
        assert not asked
    if quiet_s < seconds / 2:
        assert health is Health.WELL
