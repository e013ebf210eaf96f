"""Faults that a client has to live with, each behind its knob."""

import json

import msgspec
import pytest
from support.standin_talk import Talk

from fourwire.standin import Close, Failure, faults
from fourwire.standin.faults import OddFrame


def test_an_update_can_stay_unanswered() -> None:
    talk = Talk(faults=(faults.Drop(event="session.updated", nth=0),))

    talk.run(60_000)

    assert talk.types == ["session.created"]


def test_a_session_can_never_be_created() -> None:
    talk = Talk(pcmu=False, faults=(faults.Drop(event="session.created"),))

    talk.run(60_000)

    assert talk.frames == []
    assert talk.closed is None


def test_an_update_can_be_answered_late() -> None:
    talk = Talk(update_delay_ms=700)

    talk.run(699)
    assert talk.types == ["session.created"]
    talk.run(1)

    assert talk.types == ["session.created", "session.updated"]


def test_an_error_can_come_before_the_first_answer_to_an_update() -> None:
    talk = Talk(faults=(faults.Say.error("no voice left", before="session.updated"),))
    talk.update()

    assert talk.types == ["session.created", "error", "session.updated", "session.updated"]
    assert talk.only("error")["error"]["message"] == "no voice left"
    assert talk.only("error")["error"]["type"] == "server_error"


@pytest.mark.parametrize("frame", list(OddFrame))
def test_an_odd_frame_can_come_before_every_response(frame: OddFrame) -> None:
    plain = Talk(pcmu=False)
    talk = Talk(pcmu=False, faults=(faults.Odd(before="response.created", nth=0, frame=frame),))

    for each in (plain, talk):
        each.greet()
        each.greet()

    assert len(talk.frames) == len(plain.frames) + 2
    texts = [str(each) for each in talk.frames]
    places = [at for at, text in enumerate(texts) if '"type":"response.created"' in text]
    odd = [texts[place - 1] for place in places]
    assert odd[0] == odd[1]
    assert odd[0] not in map(str, plain.frames)


def test_the_untyped_frame_names_its_error() -> None:
    odd = faults.Odd(after="session.created", frame=OddFrame.UNTYPED, error_type="ACCOUNT_DISABLED")
    talk = Talk(faults=(odd,))

    assert json.loads(talk.frames[1])["errorType"] == "ACCOUNT_DISABLED"


def test_events_can_carry_their_older_names() -> None:
    talk = Talk(alias_names=True)

    talk.greet()

    assert talk.all("response.audio.delta")
    assert talk.only("response.audio_transcript.done")
    assert talk.only("conversation.item.created")
    assert talk.all("response.output_audio.delta") == []


def test_a_delta_can_be_huge() -> None:
    talk = Talk(huge_delta_bytes=2_000_000)

    talk.greet()

    assert max(map(len, talk.frames)) > 2_600_000


def test_an_event_can_come_twice() -> None:
    talk = Talk(faults=(faults.Repeat(event="response.done"),))

    talk.greet()
    talk.greet()

    assert len(talk.all("response.done")) == 3


def test_fields_of_an_event_can_be_null_or_gone() -> None:
    change = faults.Change(
        event="conversation.item.added",
        nth=0,
        set={"previous_item_id": None},
        without=("event_id", "item"),
    )
    talk = Talk(faults=(change,))
    talk.greet()
    talk.greet()

    added = talk.all("conversation.item.added")
    assert [event["previous_item_id"] for event in added] == [None, None]
    assert not any("item" in event or "event_id" in event for event in added)
    assert all(event["event_id"] for event in talk.all("conversation.item.done"))


def test_an_event_can_lose_its_type() -> None:
    talk = Talk(faults=(faults.Change(event="session.created", without=("type",)),))

    assert "type" not in json.loads(talk.frames[0])
    assert json.loads(talk.frames[0])["session"]


def test_a_wedged_session_never_speaks_again_and_stays_open() -> None:
    talk = Talk(faults=(faults.Wedge(after="output_audio_buffer.stopped"),))
    talk.greet()
    assert talk.types[-1] == "output_audio_buffer.stopped"
    talk.forget()

    talk.speak(1000)
    talk.send("session.update", session={})
    talk.run(60_000)

    assert talk.events == []
    assert talk.closed is None


def test_a_session_can_be_closed_in_the_middle_of_a_call() -> None:
    talk = Talk(faults=(faults.Close(after_ms=1000, code=4000, reason="quota"),))

    talk.run(999)
    assert talk.closed is None
    talk.run(1)

    assert talk.closed == Close(4000, "quota")


def test_a_session_can_be_closed_after_some_responses() -> None:
    talk = Talk(faults=(faults.Close(after="response.done", nth=2, code=4000),))

    talk.greet()
    assert talk.closed is None
    talk.greet()

    assert talk.closed == Close(4000, "stand-in fault")


def test_a_session_can_break_in_the_middle_of_a_certain_response() -> None:
    middle = faults.Break(after="response.output_audio.delta", response=1, nth=3)
    talk = Talk(faults=(middle,))

    talk.greet()
    greeting = len(talk.all("response.output_audio.delta"))
    assert talk.closed is None
    talk.greet()

    assert talk.closed == Close(1006, "")
    assert talk.said[-1][1]["type"] != "response.done"
    assert len(talk.all("response.output_audio.delta")[greeting:]) >= 3


def test_a_session_can_be_closed_before_it_is_updated() -> None:
    talk = Talk(pcmu=False, faults=(faults.Close(before="session.updated", code=1008),))
    assert talk.closed is None

    talk.send("session.update", session={})

    assert talk.closed == Close(1008, "stand-in fault")
    assert talk.types == ["session.created"]


def test_a_stalled_session_says_all_of_it_afterwards_in_order() -> None:
    plain, talk = Talk(), Talk(faults=(faults.Stall(after="response.created", ms=5000),))

    for each in (plain, talk):
        each.send("response.create")
        each.run(4999)
    assert talk.types[-1] == "response.created"
    talk.settle()
    plain.settle()

    assert talk.types == plain.types
    assert talk.when("response.output_item.added") == [5000]


@pytest.mark.parametrize("response", [0, 1])
def test_a_model_without_capacity_fails_one_response(response: int) -> None:
    talk = Talk(failures=(Failure(response=response),))

    for _ in range(3):
        talk.greet()

    status = [done["response"]["status"] for done in talk.all("response.done")]
    assert status == ["failed" if number == response else "completed" for number in range(3)]
    failed = talk.all("response.done")[response]["response"]
    assert failed["status_details"]["reason"] == "server_error"
    assert "at capacity" in failed["status_details"]["error"]["message"]
    assert "at capacity" in talk.only("error")["error"]["message"]
    assert failed["output"] == []


def test_a_quota_can_run_out_in_the_middle_of_an_answer() -> None:
    quota = Failure(
        response=1,
        later=True,
        type="insufficient_quota",
        code="insufficient_quota",
        message="no credit left",
        after_deltas=2,
    )
    talk = Talk(failures=(quota,))

    for _ in range(3):
        talk.greet()

    assert [done["response"]["status"] for done in talk.all("response.done")] == [
        "completed",
        "failed",
        "failed",
    ]
    failed = talk.all("response.done")[1]["response"]
    assert failed["output"][0]["status"] == "incomplete"
    for done in talk.all("response.done")[1:]:
        spoken = [
            event
            for event in talk.all("response.output_audio.delta")
            if event["response_id"] == done["response"]["id"]
        ]
        assert len(spoken) == 2
    assert [error["error"]["code"] for error in talk.all("error")] == ["insufficient_quota"] * 2


def test_a_response_can_break_off_for_good() -> None:
    talk = Talk(failures=(Failure(response=0, response_done=False),))

    talk.greet()
    talk.run(60_000)
    assert talk.types[-1] == "error"
    assert talk.all("response.done") == []
    talk.send("response.create")
    assert talk.error()["code"] == "conversation_already_has_active_response"
    talk.send("response.cancel")

    assert talk.only("response.done")["response"]["status"] == "cancelled"


def test_more_responses_than_the_account_has_a_minute_fail_until_the_minute_is_over() -> None:
    talk = Talk(requests_per_minute=2)

    for _ in range(3):
        talk.greet()
    talk.run(60_000)
    talk.greet()

    assert [done["response"]["status"] for done in talk.all("response.done")] == [
        *["completed", "completed", "failed", "completed"]
    ]
    assert talk.only("error")["error"]["code"] == "rate_limit_exceeded"
    limits = [event["rate_limits"][0] for event in talk.all("rate_limits.updated")]
    assert [limit["remaining"] for limit in limits] == [1, 0, 0, 1]
    assert {limit["limit"] for limit in limits} == {2}
    assert 0 < limits[1]["reset_seconds"] < 60


def test_appends_beyond_a_rate_are_errors_and_are_not_heard() -> None:
    talk = Talk(appends_per_s=50)

    for _ in range(60):
        talk.append(bytes(80))
    talk.run(1000)
    talk.append(bytes(80))

    assert len(talk.record.heard) == 51 * 160
    assert {error["error"]["code"] for error in talk.all("error")} == {"rate_limit_exceeded"}
    assert len(talk.all("error")) == 10


def test_a_fault_by_chance_is_the_same_on_every_run_and_another_with_another_seed() -> None:
    def lost(seed: int) -> list[int]:
        drop = faults.Drop(event="response.output_audio.delta", nth=0, chance=0.5)
        talk = Talk(seed=seed, faults=(drop,))
        talk.greet()
        return talk.when("response.output_audio.delta")

    whole = Talk()
    whole.greet()
    assert 0 < len(lost(1)) < len(whole.all("response.output_audio.delta"))
    assert lost(1) == lost(1)
    assert any(lost(1) != lost(seed) for seed in range(2, 6))


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        (faults.Close, {}, "one of before, after and after_ms"),
        (faults.Close, {"after": "response.done", "after_ms": 1}, "one of before"),
        (faults.Close, {"after": "response.finished"}, "no event 'response.finished'"),
        (faults.Close, {"after_ms": 1, "code": 1006}, "1006"),
        (faults.Drop, {"event": "response.don"}, "no event"),
        (faults.Repeat, {"event": "error", "nth": -1}, "nth"),
        (faults.Repeat, {"event": "error", "chance": 2.0}, "chance"),
    ],
)
def test_a_fault_that_cannot_happen_is_refused(
    kind: type[msgspec.Struct], fields: dict[str, object], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        kind(**fields)


def test_audio_that_is_not_base64_is_an_error() -> None:
    talk = Talk()

    talk.send_raw('{"type":"input_audio_buffer.append","audio":"@@@@"}')

    assert talk.error()["param"] == "audio"


def test_an_append_in_another_key_order_is_heard_too() -> None:
    talk = Talk()

    talk.send_raw('{"event_id": "e", "audio": "////", "type": "input_audio_buffer.append"}')

    assert len(talk.record.heard) == 6


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not json", "invalid_json"),
        ("[1]", "invalid_json"),
        ("[" * 100_000, "invalid_json"),
        (b"\x00", "invalid_frame"),
        ('{"type":"input_audio_buffer.explode"}', "invalid_value"),
        ('{"no":"type"}', "invalid_value"),
    ],
)
def test_what_is_no_event_of_the_protocol_is_answered_with_an_error(
    message: str | bytes, code: str
) -> None:
    talk = Talk()

    talk.send_raw(message)

    assert talk.error()["code"] == code


@pytest.mark.parametrize(("depth", "answer"), [(60, "session.updated"), (70, "error")])
def test_events_are_nested_no_deeper_than_can_be_echoed(depth: int, answer: str) -> None:
    talk = Talk()

    nested = "[" * depth + "]" * depth
    talk.send_raw('{"type":"session.update","session":{"providerData":{"x":' + nested + "}}}")

    assert talk.types[-1] == answer
