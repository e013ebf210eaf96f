"""Every event is read as it is written; nothing that comes is ever too odd."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import inworld
from fourwire.inworld import events

ITEM = {
    "id": "item_4",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "audio", "transcript": "[speak warmly] Hi."}],
}
PLACE = {"response_id": "resp_2", "item_id": "item_4", "output_index": 0, "content_index": 0}
USER = "conversation.item.input_audio_transcription"

FRAMES: list[tuple[type[events.ServerEvent], dict[str, Any]]] = [
    (events.SessionCreated, {"type": "session.created", "session": {"id": "sess_1"}}),
    (events.SessionUpdated, {"type": "session.updated", "session": {"id": "sess_1"}}),
    (events.ConversationCreated, {"type": "conversation.created", "conversation": {"id": "c"}}),
    (events.ConversationItemAdded, {"type": "conversation.item.added", "item": ITEM}),
    (events.ConversationItemDone, {"type": "conversation.item.done", "item": ITEM}),
    (events.ConversationItemCreated, {"type": "conversation.item.created", "item": ITEM}),
    (events.ConversationItemRetrieved, {"type": "conversation.item.retrieved", "item": ITEM}),
    (events.ConversationItemDeleted, {"type": "conversation.item.deleted", "item_id": "item_4"}),
    (
        events.ConversationItemTruncated,
        {
            "type": "conversation.item.truncated",
            "item_id": "item_4",
            "content_index": 0,
            "audio_end_ms": 1500,
        },
    ),
    (events.UserTranscriptDelta, {"type": f"{USER}.delta", "item_id": "item_3", "delta": "Hel"}),
    (
        events.UserTranscript,
        {
            "type": f"{USER}.completed",
            "item_id": "item_3",
            "content_index": 0,
            "transcript": "Hello.",
            "providerData": {"voiceProfile": {"age": [{"label": "adult", "confidence": 0.9}]}},
        },
    ),
    (events.UserTranscriptUpdated, {"type": f"{USER}.updated", "transcript": "Hello!"}),
    (events.UserTranscriptFailed, {"type": f"{USER}.failed", "error": {"message": "no speech"}}),
    (
        events.UserTranscriptSegment,
        {"type": f"{USER}.segment", "text": "Hello", "start": 0.5, "end": 1.25, "speaker": "A"},
    ),
    (
        events.SpeechStarted,
        {
            "type": "input_audio_buffer.speech_started",
            "item_id": "item_3",
            "audio_start_ms": 5120,
        },
    ),
    (
        events.SpeechStopped,
        {"type": "input_audio_buffer.speech_stopped", "item_id": "item_3", "audio_end_ms": 6500},
    ),
    (
        events.InputAudioBufferCommitted,
        {"type": "input_audio_buffer.committed", "item_id": "item_3", "previous_item_id": None},
    ),
    (events.InputAudioBufferCleared, {"type": "input_audio_buffer.cleared"}),
    (
        events.InputAudioBufferTimeoutTriggered,
        {"type": "input_audio_buffer.timeout_triggered", "audio_start_ms": 1, "audio_end_ms": 2},
    ),
    (
        events.InputAudioBufferDtmfEventReceived,
        {"type": "input_audio_buffer.dtmf_event_received", "event": "9", "received_at": 1763337},
    ),
    (
        events.InputAudioBufferTurnSuggestion,
        {
            "type": "input_audio_buffer.turn_suggestion",
            "item_id": "item_3",
            "utterance_index": 1,
            "probability": 0.8,
            "trailing_silence_ms": 300,
        },
    ),
    (
        events.InputAudioBufferTurnSuggestionRevoked,
        {"type": "input_audio_buffer.turn_suggestion_revoked", "utterance_index": 1},
    ),
    (events.OutputAudioBufferStarted, {"type": "output_audio_buffer.started"}),
    (events.OutputAudioBufferStopped, {"type": "output_audio_buffer.stopped"}),
    (events.OutputAudioBufferCleared, {"type": "output_audio_buffer.cleared"}),
    (events.ResponseCreated, {"type": "response.created", "response": {"id": "resp_2"}}),
    (
        events.ResponseDone,
        {
            "type": "response.done",
            "response": {
                "id": "resp_2",
                "status": "cancelled",
                "status_details": {"type": "cancelled", "reason": "turn_detected"},
                "metadata": {"attempts": [{"model": "m", "credential_type": "c"}]},
                "output": [ITEM],
                "usage": {"total_tokens": 3, "input_token_details": {"cached_tokens": 1}},
            },
            "usage": {"total_tokens": 120},
        },
    ),
    (
        events.ResponseOutputItemAdded,
        {"type": "response.output_item.added", "response_id": "resp_2", "item": ITEM},
    ),
    (
        events.ResponseOutputItemDone,
        {"type": "response.output_item.done", "response_id": "resp_2", "item": ITEM},
    ),
    (
        events.ResponseContentPartAdded,
        {"type": "response.content_part.added", "part": {"type": "audio"}, **PLACE},
    ),
    (
        events.ResponseContentPartDone,
        {"type": "response.content_part.done", "part": {"type": "audio"}, **PLACE},
    ),
    (
        events.ResponseOutputAudioDelta,
        {"type": "response.output_audio.delta", "delta": "/////w==", **PLACE},
    ),
    (events.ResponseOutputAudioDone, {"type": "response.output_audio.done", **PLACE}),
    (
        events.AgentTranscriptDelta,
        {"type": "response.output_audio_transcript.delta", "delta": "Hi", **PLACE},
    ),
    (
        events.AgentTranscript,
        {"type": "response.output_audio_transcript.done", "transcript": "Hi.", **PLACE},
    ),
    (
        events.ResponseOutputTextDelta,
        {"type": "response.output_text.delta", "delta": "Hi", **PLACE},
    ),
    (events.ResponseOutputTextDone, {"type": "response.output_text.done", "text": "Hi.", **PLACE}),
    (
        events.ResponseFunctionCallArgumentsDelta,
        {"type": "response.function_call_arguments.delta", "call_id": "call_1", "delta": "{"},
    ),
    (
        events.ResponseFunctionCallArgumentsDone,
        {
            "type": "response.function_call_arguments.done",
            "call_id": "call_1",
            "arguments": "{}",
            "name": "hang_up",
        },
    ),
    (
        events.ResponseMcpCallArgumentsDelta,
        {"type": "response.mcp_call_arguments.delta", "delta": "{"},
    ),
    (
        events.ResponseMcpCallArgumentsDone,
        {"type": "response.mcp_call_arguments.done", "arguments": "{}"},
    ),
    (events.ResponseMcpCallInProgress, {"type": "response.mcp_call.in_progress"}),
    (events.ResponseMcpCallCompleted, {"type": "response.mcp_call.completed"}),
    (events.ResponseMcpCallFailed, {"type": "response.mcp_call.failed"}),
    (events.McpListToolsInProgress, {"type": "mcp_list_tools.in_progress", "item_id": "i"}),
    (events.McpListToolsCompleted, {"type": "mcp_list_tools.completed", "item_id": "i"}),
    (events.McpListToolsFailed, {"type": "mcp_list_tools.failed", "item_id": "i"}),
    (
        events.ResponseBackchannelAudioDelta,
        {"type": "response.backchannel.audio.delta", "backchannel_id": "bc_1", "delta": "fw=="},
    ),
    (
        events.ResponseBackchannelAudioDone,
        {"type": "response.backchannel.audio.done", "backchannel_id": "bc_1", "phrase": "uh-huh"},
    ),
    (
        events.ResponseBackchannelSkipped,
        {"type": "response.backchannel.skipped", "reason": "deadline_missed"},
    ),
    (
        events.RateLimitsUpdated,
        {"type": "rate_limits.updated", "rate_limits": [{"name": "tokens", "remaining": 5}]},
    ),
    (events.Ping, {"type": "ping", "timestamp": 1}),
    (
        events.Error,
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "code": "invalid_value", "message": "no"},
        },
    ),
]


def encode(message: object) -> bytes:
    return json.dumps(message).encode()


def read(message: object) -> events.Event:
    return events.read_event(encode(message))


@pytest.mark.parametrize(("kind", "message"), FRAMES, ids=lambda value: str(value)[:40])
def test_every_event_is_read_into_its_class_and_keeps_its_message(
    kind: type[events.ServerEvent], message: dict[str, Any]
) -> None:
    event = read({**message, "event_id": "5b0e"})

    assert type(event) is kind
    assert event.event_id == "5b0e"
    assert event.payload == {**message, "event_id": "5b0e"}


@pytest.mark.parametrize(("kind", "message"), FRAMES, ids=lambda value: str(value)[:40])
def test_every_value_of_a_message_is_found_in_a_field(
    kind: type[events.ServerEvent], message: dict[str, Any]
) -> None:
    event = read(message)

    for field in kind.__struct_fields__:
        wire = kind.__struct_encode_fields__[kind.__struct_fields__.index(field)]
        if wire in message:
            assert contains(msgspec.to_builtins(getattr(event, field)), message[wire])
    assert set(message) - {"type"} <= set(kind.__struct_encode_fields__)


def contains(read_value: object, written: object) -> bool:
    """Whether all that was written is in what was read, at any depth."""
    if isinstance(written, dict) and isinstance(read_value, dict):
        return all(contains(read_value.get(key), value) for key, value in written.items())
    if isinstance(written, list) and isinstance(read_value, list):
        return len(written) == len(read_value) and all(map(contains, read_value, written))
    return read_value == written


def test_the_table_above_names_every_class() -> None:
    assert {kind for kind, _ in FRAMES} == set(events.SERVER_EVENTS.values())


@pytest.mark.parametrize(("old", "new"), events.ALIASES.items())
def test_an_older_name_means_the_same_event(old: str, new: str) -> None:
    message = {"delta": "aGk=", "transcript": "aGk=", "text": "aGk="}

    assert type(read({**message, "type": old})) is events.SERVER_EVENTS[new]


def test_the_fields_of_a_scenario_are_plain_words() -> None:
    match read({"type": f"{USER}.completed", "transcript": "Hello.", "item_id": "item_3"}):
        case inworld.UserTranscript(text=text, item_id=item):
            assert (text, item) == ("Hello.", "item_3")
        case other:
            pytest.fail(f"{other}")


def test_the_voice_profile_of_a_transcript_is_found() -> None:
    profile = {"emotion": [{"label": "calm", "confidence": 0.7}]}
    event = read(
        {
            "type": f"{USER}.completed",
            "transcript": "Hi",
            "providerData": {"voiceProfile": profile},
        }
    )

    assert isinstance(event, inworld.UserTranscript)
    assert event.voice_profile == profile


def test_a_trait_of_the_voice_has_one_name_however_it_is_spelt() -> None:
    event = read(
        {
            "type": f"{USER}.completed",
            "transcript": "Hi",
            "providerData": {"voiceProfile": {"vocalStyle": []}},
        }
    )

    assert isinstance(event, inworld.UserTranscript)
    assert event.voice_profile == {"vocal_style": []}


@pytest.mark.parametrize("provider_data", [None, {}, {"voiceProfile": 3}, "x", []])
def test_a_voice_profile_that_is_none_is_none(provider_data: object) -> None:
    event = read({"type": f"{USER}.completed", "transcript": "Hi", "providerData": provider_data})

    assert isinstance(event, inworld.UserTranscript)
    assert event.voice_profile is None


def test_a_delta_gives_its_audio_and_keeps_it_out_of_its_repr() -> None:
    audio = bytes(range(256)) * 20
    event = read({"type": "response.output_audio.delta", "delta": base64.b64encode(audio).decode()})

    assert isinstance(event, events.ResponseOutputAudioDelta)
    assert event.audio == audio
    assert len(repr(event)) < 100


def test_an_unknown_type_is_kept_as_it_came() -> None:
    frame = b'{"type": "response.hologram.delta",  "new": [1, 2]}'
    event = events.read_event(frame)

    assert isinstance(event, inworld.Unknown)
    assert (event.type, event.raw) == ("response.hologram.delta", frame)
    assert event.payload == {"type": "response.hologram.delta", "new": [1, 2]}


def test_an_event_without_what_it_is_about_is_unknown() -> None:
    for broken in ({}, {"transcript": None}, {"transcript": 5}, {"transcript": ["a"]}):
        event = read({"type": "response.output_audio_transcript.done", **broken})
        assert isinstance(event, inworld.Unknown)
        assert event.type == "response.output_audio_transcript.done"


def test_a_field_of_a_wrong_type_counts_as_missing_and_the_rest_is_read() -> None:
    event = read(
        {
            "type": "input_audio_buffer.speech_started",
            "item_id": "item_3",
            "audio_start_ms": "soon",
            "event_id": 7,
        }
    )

    assert event == inworld.SpeechStarted(item_id="item_3")
    assert event.payload["audio_start_ms"] == "soon"


def test_a_wrong_type_deep_inside_does_not_hide_the_end_of_a_response() -> None:
    event = read({"type": "response.done", "response": {"id": "resp_2", "usage": 3, "output": {}}})

    assert event == inworld.ResponseDone(response=inworld.Response(id="resp_2"))


def test_what_is_sound_in_a_list_is_read_whatever_else_is_in_it() -> None:
    output = [ITEM, 5, {"id": 7, "type": "function_call", "content": [None, {"text": "a"}]}]
    event = read({"type": "response.done", "response": {"output": output}})

    assert isinstance(event, inworld.ResponseDone)
    message, call = event.response.output or []
    assert message.words == "Hi."
    assert call == events.Item(type="function_call", content=[events.Part(text="a")])


def test_what_the_agent_remembers_is_found_in_the_session() -> None:
    state = {"version": 3, "facts": ["likes tea"], "summary": "tea", "total_turns": "many"}
    event = read(
        {"type": "session.updated", "session": {"providerData": {"memory": {"state": state}}}}
    )

    assert isinstance(event, inworld.SessionUpdated)
    assert event.memory == events.MemoryState(version=3, facts=["likes tea"], summary="tea")


@pytest.mark.parametrize("session", [{}, {"providerData": None}, {"providerData": {"memory": 3}}])
def test_a_session_without_a_memory_remembers_nothing(session: dict[str, Any]) -> None:
    event = read({"type": "session.updated", "session": session})

    assert isinstance(event, inworld.SessionUpdated)
    assert event.memory is None


def test_a_whole_number_written_as_a_fraction_is_a_number() -> None:
    event = read({"type": "input_audio_buffer.speech_started", "audio_start_ms": 5120.0})

    assert event == inworld.SpeechStarted(audio_start_ms=5120)


def test_a_frame_without_type_tells_the_engine_s_trouble() -> None:
    event = read({"errorType": "SESSION_RESOURCES_EXHAUSTED", "message": "full"})

    assert isinstance(event, inworld.UntypedFrame)
    assert event.error_type == "SESSION_RESOURCES_EXHAUSTED"
    assert event.message == "full"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"type":"\xff"}',
        b'{"type":"\\ud800"}',
        b'{"type":"ping","timestamp":1e999}',
        b"[" * 100_000,
        bytes(range(256)),
    ],
)
def test_a_frame_that_is_no_object_is_malformed(frame: bytes) -> None:
    event = events.read_event(frame)

    assert isinstance(event, inworld.MalformedFrame)
    assert event.size == len(frame)
    assert len(event.excerpt) <= 4 * 512
    assert event.reason


@pytest.mark.parametrize(
    ("said", "message", "code", "param"),
    [
        (
            {"error": {"message": "no", "code": "bad", "param": "session.x"}},
            "no",
            "bad",
            "session.x",
        ),
        ({"error": "no"}, "no", None, None),
        ({"message": "no"}, "no", None, None),
        ({"error": {"message": "no", "code": 42}}, "no", "42", None),
        ({"error": {"message": 3, "code": "bad"}}, "", "bad", None),
        ({"error": None}, "", None, None),
        ({"error": [1]}, "", None, None),
        ({}, "", None, None),
    ],
)
def test_an_error_is_read_in_whatever_shape_it_comes(
    said: dict[str, Any], message: str, code: str | None, param: str | None
) -> None:
    event = read({"type": "error", **said})

    assert isinstance(event, inworld.Error)
    assert (event.message, event.code, event.param) == (message, code, param)


def test_an_event_made_here_shows_its_fields_as_payload() -> None:
    closed = inworld.WebSocketClosed(code=1008, reason="quota", clean=True)

    assert closed.payload == {"code": 1008, "reason": "quota", "clean": True}
    assert closed.name == "Inworld.RealtimeAPI.WebSocketClosed"


def test_every_payload_can_be_written_as_json() -> None:
    for _, message in FRAMES:
        json.dumps(read(message).payload)
    for frame in (b"\xff", b'{"type":"new"}', b'{"errorType":"X"}'):
        json.dumps(events.read_event(frame).payload)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
wire_names = sorted({name for kind, _ in FRAMES for name in kind.__struct_encode_fields__})
messages = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(sorted(events.SERVER_EVENTS)),
    st.dictionaries(st.sampled_from(wire_names), anything),
)


@given(st.binary())
def test_no_bytes_are_too_odd(frame: bytes) -> None:
    assert isinstance(events.read_event(frame), events.Event)


@given(anything)
def test_no_json_is_too_odd(message: object) -> None:
    assert isinstance(read(message), events.Event)


@given(messages)
def test_a_known_event_with_any_fields_is_that_event_or_unknown(message: dict[str, Any]) -> None:
    event = read(message)

    expected = (events.SERVER_EVENTS[message["type"]], inworld.Unknown, inworld.MalformedFrame)
    assert isinstance(event, expected)
    if isinstance(event, inworld.Unknown):
        assert event.raw == encode(message)
    assert event.name
    assert repr(event)
