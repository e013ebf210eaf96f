"""What an update of the session sets, clears, refuses and ignores."""

import pytest
from support.standin_talk import Talk

DETECTION = "session.audio.input.turn_detection"


def session(talk: Talk) -> dict[str, object]:
    """The effective session, told anew."""
    told = talk.update()
    assert told["type"] == "session.updated"
    return dict(told["session"])


def test_the_session_is_told_before_anyone_asks() -> None:
    talk = Talk(pcmu=False)

    created = talk.only("session.created")

    assert created["session"]["object"] == "realtime.session"
    assert created["session"]["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
    assert created["session"]["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}


def test_an_update_is_merged_at_every_depth_and_the_whole_session_is_told() -> None:
    talk = Talk(pcmu=False)

    talk.update(audio={"output": {"voice": "Clive"}})
    told = talk.update(instructions="Be brief.", audio={"output": {"speed": 1.2}})["session"]

    assert told["instructions"] == "Be brief."
    assert told["audio"]["output"]["voice"] == "Clive"
    assert told["audio"]["output"]["speed"] == 1.2
    assert told["audio"]["input"]["format"]["type"] == "audio/pcm"


@pytest.mark.parametrize(
    ("legacy", "wire"),
    [
        ("g711_ulaw", {"type": "audio/pcmu"}),
        ("g711_alaw", {"type": "audio/pcma"}),
        ("pcm16", {"type": "audio/pcm", "rate": 24000}),
        ("float32", {"type": "audio/float32", "rate": 24000}),
    ],
)
def test_legacy_format_strings_are_understood(legacy: str, wire: dict[str, object]) -> None:
    told = Talk(pcmu=False).update(audio={"input": {"format": legacy}})

    assert told["session"]["audio"]["input"]["format"] == wire


def test_null_clears_turn_detection_and_brings_defaults_back_elsewhere() -> None:
    talk = Talk()
    talk.update(instructions="Be brief.", tools=[{"type": "function", "name": "f"}])

    told = talk.update(
        instructions=None,
        tools=None,
        audio={"input": {"turn_detection": None, "noise_reduction": None}},
    )["session"]

    assert told["audio"]["input"]["turn_detection"] is None
    assert told["instructions"] == ""
    assert told["tools"] == []


def test_another_type_of_turn_detection_starts_from_its_own_defaults() -> None:
    talk = Talk()
    talk.detect(type="semantic_vad", eagerness="high", create_response=False)

    told = talk.update(audio={"input": {"turn_detection": {"type": "server_vad"}}})

    assert told["session"]["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "create_response": True,
        "interrupt_response": True,
    }


@pytest.mark.parametrize(
    ("update", "param"),
    [
        ({"type": "transcription"}, "session.type"),
        ({"output_modalities": ["smell"]}, "session.output_modalities"),
        ({"temperature": 3}, "session.temperature"),
        ({"max_output_tokens": True}, "session.max_output_tokens"),
        ({"tools": [1]}, "session.tools"),
        ({"audio": 7}, "session.audio"),
        ({"audio": {"input": {"format": "opus"}}}, "session.audio.input.format"),
        (
            {"audio": {"input": {"format": {"type": "audio/float32", "rate": 11025}}}},
            "session.audio.input.format",
        ),
        (
            {"audio": {"output": {"format": {"type": "audio/pcm", "rate": [8000]}}}},
            "session.audio.output.format",
        ),
        (
            {"audio": {"input": {"transcription": {"model": "inworld/typo"}}}},
            "session.audio.input.transcription.model",
        ),
        ({"audio": {"input": {"turn_detection": {"type": "psychic"}}}}, f"{DETECTION}.type"),
        (
            {"audio": {"input": {"turn_detection": {"eagerness": "very"}}}},
            f"{DETECTION}.eagerness",
        ),
        ({"audio": {"output": {"speed": 9}}}, "session.audio.output.speed"),
        ({"providerData": []}, "session.providerData"),
        ({"providerData": {"stt": 1}}, "session.providerData.stt"),
        (
            {"providerData": {"backchannel": {"volume_gain": "loud"}}},
            "session.providerData.backchannel.volume_gain",
        ),
    ],
)
def test_a_wrong_value_is_named_and_nothing_of_its_update_is_applied(
    update: dict[str, object], param: str
) -> None:
    talk = Talk()
    before = session(talk)

    talk.send("session.update", event_id="mine", session={"instructions": "New.", **update})

    error = talk.error()
    assert error["type"] == "invalid_request_error"
    assert error["code"] == "invalid_value"
    assert error["param"] == param
    assert error["event_id"] == "mine"
    assert session(talk) == before


def test_provider_data_in_snake_case_is_ignored() -> None:
    told = Talk().update(provider_data={"backchannel": {"enabled": True}})["session"]

    assert "provider_data" not in told
    assert told["providerData"] == {}


def test_provider_data_is_merged_a_branch_at_a_time_and_kept_where_unknown() -> None:
    talk = Talk()
    talk.update(providerData={"tts": {"segmenter_strategy": "full_turn"}, "user_id": "u"})

    told = talk.update(providerData={"tts": {"language": "en"}, "new": {"a": [1]}})["session"]

    assert told["providerData"] == {
        "tts": {"segmenter_strategy": "full_turn", "language": "en"},
        "user_id": "u",
        "new": {"a": [1]},
    }


def test_unknown_keys_are_dropped_without_a_word() -> None:
    told = Talk().update(mood="calm", audio={"taste": 1})

    assert told["type"] == "session.updated"
    assert "mood" not in told["session"]
    assert "taste" not in told["session"]["audio"]


def test_an_update_without_a_session_is_refused() -> None:
    talk = Talk()

    talk.send("session.update")

    assert talk.error()["param"] == "session"
