"""Turns, responses, interruptions and items, on a virtual clock."""

import base64
from typing import Any

import pytest
from support.standin_talk import PCMU, Talk, hush, tone

from fourwire import _core
from fourwire.standin import OnClear

CREATED = "response.created"
DELTA = "response.output_audio.delta"
DONE = "response.done"
TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
PARTIAL = "conversation.item.input_audio_transcription.delta"

OPENING = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "output_audio_buffer.started",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
]
CLOSING = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
    "output_audio_buffer.stopped",
]


def greeted(**knobs: Any) -> Talk:
    """A conversation whose greeting is over."""
    talk = Talk(**knobs)
    talk.greet()
    talk.forget()
    return talk


def speaking(**knobs: Any) -> Talk:
    """A conversation in the middle of its greeting."""
    talk = Talk(**knobs)
    talk.send("response.create")
    talk.run(500)
    return talk


def text_item(text: str, **fields: object) -> dict[str, object]:
    """A user's typed message."""
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content, **fields}


def test_a_response_comes_in_the_order_of_the_protocol() -> None:
    talk = Talk()
    talk.forget()

    talk.greet()

    assert talk.types[: len(OPENING)] == OPENING
    assert talk.types[-len(CLOSING) :] == CLOSING
    middle = set(talk.types[len(OPENING) : -len(CLOSING)])
    assert middle == {"response.output_audio_transcript.delta", DELTA}


def test_the_greeting_is_speech_and_its_words_are_told() -> None:
    talk = Talk()

    talk.greet()

    audio = talk.audio()
    assert 2000 < len(audio) / 8 < 5000
    assert -26 < _core.level_dbov(_core.decode_pcmu(audio)) < -15
    words = "".join(event["delta"] for event in talk.all("response.output_audio_transcript.delta"))
    assert words == "Hi, this is the fourwire stand-in agent. How can I help you today?"
    (item,) = talk.only(DONE)["response"]["output"]
    assert item["content"] == [{"type": "audio", "transcript": words}]
    assert item["status"] == "completed"


def test_deltas_leave_at_their_multiple_of_real_time() -> None:
    talk = Talk(think_ms=400, delta_ms=100, speed=4.0)

    talk.greet()

    times = talk.when(DELTA)
    assert times[:4] == [400, 425, 450, 475]
    assert {len(base64.b64decode(event["delta"])) for event in talk.all(DELTA)[:-1]} == {800}


def test_speed_zero_is_a_burst_and_delta_zero_one_delta() -> None:
    talk = Talk(think_ms=0, delta_ms=0, speed=0)
    talk.forget()

    talk.send("response.create")

    assert len(talk.all(DELTA)) == 1
    assert talk.types[-1] == "output_audio_buffer.stopped"


def test_full_turn_waits_for_the_whole_turn_and_then_bursts() -> None:
    talk = Talk(think_ms=100, speed=4.0)
    talk.update(providerData={"tts": {"segmenter_strategy": "full_turn"}})

    talk.greet()

    times = talk.when(DELTA)
    assert times[0] == times[-1] == 100 + len(talk.audio()) // 8 // 4


@pytest.mark.parametrize(
    ("wire", "bytes_per_ms"),
    [
        ({"type": "audio/pcmu"}, 8),
        ({"type": "audio/pcma"}, 8),
        ({"type": "audio/pcm", "rate": 8000}, 16),
        ({"type": "audio/pcm"}, 48),
        ({"type": "audio/pcm", "rate": 32000}, 64),
        ({"type": "audio/pcm", "rate": 44100}, 88.2),
        ({"type": "audio/pcm", "rate": 48000}, 96),
        ({"type": "audio/float32"}, 96),
        ({"type": "audio/float32", "rate": 44100}, 176.4),
    ],
)
def test_speech_comes_in_the_output_format_of_the_session(
    wire: dict[str, object], bytes_per_ms: float
) -> None:
    talk = Talk(pcmu=False)
    talk.update(audio={"output": {"format": wire}})

    talk.greet()

    assert len(talk.audio()) / bytes_per_ms == pytest.approx(4185, abs=5)
    assert len(talk.record.spoken) / 16 == pytest.approx(4185, abs=5)
    assert _core.level_dbov(talk.record.spoken) == pytest.approx(-20, abs=1)


def test_text_alone_comes_without_audio() -> None:
    talk = Talk()
    talk.forget()

    talk.send("response.create", response={"output_modalities": ["text"]})
    talk.settle()

    assert talk.all(DELTA) == talk.all("output_audio_buffer.started") == []
    told = talk.only("response.output_text.done")["text"]
    assert told == "".join(event["delta"] for event in talk.all("response.output_text.delta"))
    assert talk.only(DONE)["response"]["output"][0]["content"] == [{"type": "text", "text": told}]


def test_a_turn_of_the_caller_is_told_in_the_order_of_the_protocol() -> None:
    talk = greeted()

    talk.speak(700)

    told = [kind for kind in talk.types if kind != PARTIAL]
    assert told[:7] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        TRANSCRIBED,
        "conversation.item.done",
        CREATED,
    ]
    item_id = talk.only("input_audio_buffer.speech_started")["item_id"]
    assert talk.only("input_audio_buffer.committed")["item_id"] == item_id
    assert talk.only(TRANSCRIBED)["transcript"] == "[caller speech, 0.7 s]"
    done = talk.only("conversation.item.done")["item"]
    assert done["content"] == [{"type": "input_audio", "transcript": "[caller speech, 0.7 s]"}]


def test_cumulative_deltas_repeat_the_text_before_them() -> None:
    talk = greeted(transcripts="cumulative")

    talk.speak(2000)

    assert [event["delta"] for event in talk.all(PARTIAL)] == [
        "[caller",
        "[caller speech,",
        "[caller speech, 2.0 s]",
    ]
    assert talk.when(PARTIAL)[1] < talk.when("input_audio_buffer.speech_stopped")[0]


def test_incremental_deltas_add_up_to_the_transcript() -> None:
    talk = greeted(transcripts="incremental")

    talk.speak(2000)

    assert "".join(event["delta"] for event in talk.all(PARTIAL)) == "[caller speech, 2.0 s]"


def test_answers_come_in_turn_and_then_the_caller_is_repeated() -> None:
    talk = greeted()
    said = []
    for _ in range(3):
        talk.speak(1000)
        talk.settle()
        said.append(talk.only("response.output_audio_transcript.done")["transcript"])
        audio = _core.decode_pcmu(talk.audio())
        talk.forget()

    assert said[0].startswith("Thanks, I heard you.")
    assert said[1].startswith("You can interrupt me")
    assert said[2] == "[repeats the caller, 1.0 s]"
    loud = [
        start // 320 * 20
        for start in range(0, len(audio), 320)
        if _core.level_dbov(audio[start : start + 320]) > -30
    ]
    assert loud[-1] - loud[0] + 20 == 1000
    assert _core.level_dbov(audio[loud[0] * 16 : loud[-1] * 16]) == pytest.approx(-20, abs=0.5)


def test_who_says_goodbye_is_told_goodbye() -> None:
    talk = greeted()

    talk.send("conversation.item.create", item=text_item("Say goodbye to the caller."))
    talk.send("response.create")
    talk.settle()

    told = talk.only("response.output_audio_transcript.done")["transcript"]
    assert told == "Thank you for calling. Goodbye!"


def test_speech_interrupts_the_active_response() -> None:
    talk = speaking(stray_deltas=2)
    talk.forget()

    talk.say(tone(240))

    started = talk.types.index("input_audio_buffer.speech_started")
    after = talk.types[started:]
    assert after.count(DELTA) == 2
    assert after[-len(CLOSING) :] == CLOSING
    response = talk.only(DONE)["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert response["output"][0]["status"] == "incomplete"
    talk.forget()
    talk.say(tone(1000))
    assert talk.all(DELTA) == []


def test_late_deltas_follow_the_end_of_a_cancelled_response() -> None:
    talk = speaking(stray_deltas=0, late_deltas=2)
    talk.forget()

    talk.send("response.cancel")

    assert talk.types[-4:].count(DELTA) == 2
    assert talk.types.index(DONE) < talk.types.index(DELTA)


def test_a_response_that_is_not_to_be_interrupted_goes_on_and_the_turn_is_answered_after() -> None:
    talk = Talk(speed=1.0)
    talk.detect(interrupt_response=False)
    talk.send("response.create")
    talk.run(500)

    talk.speak(500)
    assert len(talk.all(CREATED)) == 1
    talk.settle()

    assert [event["response"]["status"] for event in talk.all(DONE)] == ["completed"] * 2


def test_a_session_may_keep_its_answers_to_itself() -> None:
    talk = greeted()
    talk.detect(create_response=False)

    talk.speak(500)

    assert talk.only(TRANSCRIBED)
    assert talk.all(CREATED) == []


def test_detected_turns_are_answered_only_where_the_session_has_audio() -> None:
    talk = greeted()
    talk.update(output_modalities=["text"])

    talk.speak(500)

    assert talk.all(CREATED) == []


def test_a_second_response_while_one_is_active_is_refused() -> None:
    talk = speaking()

    talk.send("response.create", event_id="again")

    assert talk.error()["code"] == "conversation_already_has_active_response"
    assert talk.error()["event_id"] == "again"


def test_a_cancelled_response_ends_as_cancelled_by_the_client() -> None:
    talk = speaking()

    talk.send("response.cancel", response_id=talk.only(CREATED)["response"]["id"])
    talk.settle()

    details = talk.only(DONE)["response"]["status_details"]
    assert details["reason"] == "client_cancelled"


def test_a_response_cancelled_while_it_thinks_has_no_item_and_no_audio() -> None:
    talk = Talk(think_ms=500, stray_deltas=2, late_deltas=2)
    talk.send("response.create")
    talk.run(100)

    talk.send("response.cancel")
    talk.settle()

    assert talk.only(DONE)["response"]["output"] == []
    assert talk.all(DELTA) == talk.all("output_audio_buffer.stopped") == []


@pytest.mark.parametrize("response_id", [None, "resp_other"])
def test_cancelling_what_is_not_active_is_an_error(response_id: str | None) -> None:
    talk = greeted() if response_id is None else speaking()

    talk.send("response.cancel", response_id=response_id)

    assert talk.error()["code"] == "response_cancel_not_active"


def test_clearing_the_output_is_answered_and_the_response_goes_on() -> None:
    talk = speaking()
    talk.forget()

    talk.send("output_audio_buffer.clear")

    assert talk.types == ["output_audio_buffer.cleared"]
    assert "response_id" not in talk.events[0]
    talk.settle()
    assert talk.only(DONE)["response"]["status"] == "completed"


def test_clearing_the_output_may_also_end_the_response() -> None:
    talk = speaking(on_clear=OnClear.ENDS_RESPONSE)

    talk.send("output_audio_buffer.clear")

    assert talk.only(DONE)["response"]["status"] == "cancelled"


def test_clearing_the_output_may_be_refused() -> None:
    talk = speaking(on_clear=OnClear.REFUSED)

    talk.send("output_audio_buffer.clear")

    assert talk.error()["type"] == "invalid_request_error"


def test_manual_mode_commits_and_answers_on_demand() -> None:
    talk = greeted()
    talk.update(audio={"input": {"turn_detection": None}})
    talk.forget()

    talk.say(tone(1200))
    talk.send("input_audio_buffer.commit")
    talk.send("response.create")

    assert talk.types[:2] == ["input_audio_buffer.committed", "conversation.item.added"]
    assert talk.only(TRANSCRIBED)["transcript"] == "[caller speech, 1.2 s]"
    assert talk.types[-1] == CREATED


def test_committing_nothing_is_an_error() -> None:
    talk = Talk()

    talk.send("input_audio_buffer.commit")

    assert talk.error()["code"] == "input_audio_buffer_commit_empty"


def test_clearing_the_input_forgets_the_words_so_far() -> None:
    talk = greeted()
    talk.say(tone(500))

    talk.send("input_audio_buffer.clear")
    talk.say(hush(1000))

    assert talk.only("input_audio_buffer.cleared")
    assert talk.all("input_audio_buffer.speech_stopped") == []
    assert talk.all(CREATED) == []


def test_an_item_is_added_at_the_end_and_done() -> None:
    talk = Talk()
    talk.send("conversation.item.create", item=text_item("one", id="item_one"))

    talk.send("conversation.item.create", item=text_item("two"))

    added, done = talk.events[-2:]
    assert (added["type"], done["type"]) == ("conversation.item.added", "conversation.item.done")
    assert added["previous_item_id"] == "item_one"
    assert added["item"] == done["item"]
    assert added["item"]["id"].startswith("item_")


def test_an_item_goes_where_the_client_wants_it() -> None:
    talk = Talk()
    for name in ("a", "b"):
        talk.send("conversation.item.create", item=text_item(name, id=name))

    talk.send("conversation.item.create", item=text_item("c", id="c"), previous_item_id="a")
    talk.send("conversation.item.create", item=text_item("d", id="d"), previous_item_id="root")
    talk.send("conversation.item.create", item=text_item("e", id="e"))

    previous = [event["previous_item_id"] for event in talk.all("conversation.item.added")]
    assert previous == [None, "a", "a", None, "b"]


@pytest.mark.parametrize(
    ("item", "param"),
    [
        (7, "item"),
        ({"type": "poem"}, "item.type"),
        ({"type": "message", "role": "user"}, "item.content"),
        ({"type": "message", "role": "king", "content": []}, "item.role"),
        ({"type": "function_call_output", "output": "x"}, "item.call_id"),
        (text_item("twice", id="taken"), "item.id"),
    ],
)
def test_an_item_that_is_none_is_refused(item: object, param: str) -> None:
    talk = Talk()
    talk.send("conversation.item.create", item=text_item("first", id="taken"))

    talk.send("conversation.item.create", item=item)

    assert talk.error()["param"] == param


def test_items_are_retrieved_and_deleted_by_id() -> None:
    talk = Talk()
    talk.send("conversation.item.create", item=text_item("one", id="item_one"))

    talk.send("conversation.item.retrieve", item_id="item_one")
    assert talk.events[-1]["item"]["content"][0]["text"] == "one"
    talk.send("conversation.item.delete", item_id="item_one")
    assert talk.types[-1] == "conversation.item.deleted"
    talk.send("conversation.item.retrieve", item_id="item_one")

    assert talk.error()["param"] == "item_id"


def test_a_spoken_item_is_truncated_to_what_was_heard() -> None:
    talk = Talk()
    talk.greet()
    item_id = talk.only(DONE)["response"]["output"][0]["id"]

    talk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1000)

    assert talk.types[-1] == "conversation.item.truncated"
    assert talk.events[-1]["audio_end_ms"] == 1000


def test_truncation_past_the_end_is_an_error() -> None:
    talk = Talk()
    talk.greet()
    item_id = talk.only(DONE)["response"]["output"][0]["id"]

    talk.send("conversation.item.truncate", item_id=item_id, audio_end_ms=9000)

    assert talk.error()["message"] == "Audio content of 4185ms is already shorter than 9000ms"


def test_the_time_base_fault_takes_a_third_of_the_time_for_the_whole() -> None:
    talk = Talk(pcmu_timebase_bug=True)
    talk.greet()
    item_id = talk.only(DONE)["response"]["output"][0]["id"]

    talk.send("conversation.item.truncate", item_id=item_id, audio_end_ms=1396)
    assert talk.types[-1] == "error"
    talk.send("conversation.item.truncate", item_id=item_id, audio_end_ms=1395)

    assert talk.types[-1] == "conversation.item.truncated"


def test_only_the_assistants_audio_can_be_truncated() -> None:
    talk = Talk()
    talk.send("conversation.item.create", item=text_item("one", id="item_one"))

    talk.send("conversation.item.truncate", item_id="item_one", audio_end_ms=0)

    assert talk.error()["param"] == "item_id"


def test_the_voice_profile_is_told_where_the_session_asks_for_it() -> None:
    talk = greeted()
    talk.speak(500)
    talk.settle()
    assert "providerData" not in talk.only(TRANSCRIBED)
    talk.forget()

    talk.update(providerData={"stt": {"voice_profile": True}})
    talk.speak(500)

    profile = talk.only(TRANSCRIBED)["providerData"]["voiceProfile"]
    assert profile["age"] == [{"label": "unclear", "confidence": 1.0}]


def test_a_voice_and_metadata_of_one_response_are_echoed() -> None:
    talk = Talk()

    talk.send("response.create", response={"voice": "Luna", "metadata": {"a": "b"}})

    response = talk.only(CREATED)["response"]
    assert response["audio"]["output"]["voice"] == "Luna"
    assert response["metadata"]["a"] == "b"


def test_the_same_seed_gives_the_same_conversation_to_the_byte() -> None:
    def run(seed: int) -> list[str | bytes]:
        talk = Talk(seed=seed)
        talk.greet()
        talk.speak(1000)
        talk.settle()
        return talk.frames

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_both_sessions_of_one_server_have_ids_of_their_own() -> None:
    ids = {Talk(number=number).events[0]["session"]["id"] for number in range(10)}

    assert len(ids) == 10


def test_the_log_has_every_event_with_its_time_and_direction() -> None:
    talk = Talk()
    talk.greet()
    talk.say(tone(60))

    log = talk.record.log
    assert log[0].type == "session.created"
    assert talk.record.types("in") == [
        "session.update",
        "response.create",
        "input_audio_buffer.append",
    ]
    assert log[-1].fields == {"bytes": 480}
    (done,) = talk.record.find(DONE)
    assert done.direction == "out"
    assert done.at_ns == talk.when(DONE)[0] * 1_000_000
    assert done.fields["response.status"] == "completed"


def test_a_change_of_format_holds_from_the_next_append_on() -> None:
    talk = Talk(pcmu=False)
    talk.append(hush(100, rate=24000))

    talk.update(**PCMU)
    talk.append(_core.encode_pcmu(tone(400)))

    assert talk.only("input_audio_buffer.speech_started")["audio_start_ms"] == 100
