"""Faults that a client has to live with, each behind its knob."""

import json

import pytest
from support.standin_talk import Talk

from fourwire.standin import Close, OddFrame


def test_an_update_can_stay_unanswered() -> None:
    talk = Talk(never_update=True)

    talk.run(60_000)

    assert talk.types == ["session.created"]


def test_an_update_can_be_answered_late() -> None:
    talk = Talk(update_delay_ms=700)

    talk.run(699)
    assert talk.types == ["session.created"]
    talk.run(1)

    assert talk.types == ["session.created", "session.updated"]


def test_an_error_can_come_before_the_first_answer_to_an_update() -> None:
    talk = Talk(error_before_update="no voice left")
    talk.update()

    assert talk.types == ["session.created", "error", "session.updated", "session.updated"]
    assert talk.only("error")["error"]["message"] == "no voice left"
    assert talk.only("error")["error"]["type"] == "server_error"


@pytest.mark.parametrize("odd", list(OddFrame))
def test_odd_frames_come_after_the_session_and_before_every_response(odd: OddFrame) -> None:
    plain, talk = Talk(pcmu=False), Talk(pcmu=False, odd_frames=frozenset({odd}))
    before = len(talk.frames)

    for each in (plain, talk):
        each.greet()

    assert before == 2
    assert len(talk.frames) == len(plain.frames) + 2
    assert talk.frames[1] == talk.frames[2]
    assert json.loads(talk.frames[3])["type"] == "response.created"


def test_the_untyped_frame_names_its_error() -> None:
    talk = Talk(odd_frames=frozenset({OddFrame.UNTYPED}), error_type="ACCOUNT_DISABLED")

    assert json.loads(talk.frames[1])["errorType"] == "ACCOUNT_DISABLED"


def test_events_can_carry_their_older_names() -> None:
    talk = Talk(alias_names=True)

    talk.greet()

    assert talk.all("response.audio.delta")
    assert talk.only("response.audio_transcript.done")
    assert talk.all("response.output_audio.delta") == []


def test_a_delta_can_be_huge() -> None:
    talk = Talk(huge_delta_bytes=2_000_000)

    talk.greet()

    assert max(map(len, talk.frames)) > 2_600_000


def test_a_wedged_session_never_speaks_again_and_stays_open() -> None:
    talk = Talk(wedge_after_responses=1)
    talk.greet()
    assert talk.types[-1] == "output_audio_buffer.stopped"
    talk.forget()

    talk.speak(1000)
    talk.send("session.update", session={})
    talk.run(60_000)

    assert talk.events == []
    assert talk.closed is None


def test_a_session_can_be_closed_in_the_middle_of_a_call() -> None:
    talk = Talk(close_after_ms=1000, close_code=4000, close_reason="quota")

    talk.run(999)
    assert talk.closed is None
    talk.run(1)

    assert talk.closed == Close(4000, "quota")


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
