"""The same words as the official OpenAI SDK, whose protocol Inworld follows."""

import json
from typing import Any, get_args

import msgspec
import pytest

from fourwire.inworld import commands, events
from fourwire.inworld.session import Send, Session

realtime = pytest.importorskip("openai.types.realtime", reason="the OpenAI SDK is not installed")
from openai.types.realtime import (  # noqa: E402 - only where it is installed
    rate_limits_updated_event,
)
from openai.types.realtime import (  # noqa: E402
    realtime_conversation_item_assistant_message as assistant_message,
)
from openai.types.realtime import (  # noqa: E402
    realtime_conversation_item_user_message as user_message,
)
from openai.types.realtime import (  # noqa: E402
    response_content_part_added_event as content_part,
)

# Fields that only Inworld sends, and names that only Inworld uses (documentation of its Realtime
# API, event reference).
INWORLD_ONLY = {
    "input_audio_buffer.turn_suggestion",
    "input_audio_buffer.turn_suggestion_revoked",
    "response.backchannel.audio.delta",
    "response.backchannel.audio.done",
    "response.backchannel.skipped",
    "conversation.item.input_audio_transcription.updated",
    "ping",
}

SAMPLES: dict[Any, Any] = {str: "word", int: 3, float: 0.5, bool: True, object: {}}


def server_models() -> dict[str, Any]:
    return {wire_type(model): model for model in union_of(realtime.RealtimeServerEvent)}


def client_models() -> dict[str, Any]:
    return {wire_type(model): model for model in union_of(realtime.RealtimeClientEvent)}


def union_of(alias: Any) -> tuple[Any, ...]:
    return get_args(get_args(alias)[0])


def wire_type(model: Any) -> str:
    return str(get_args(model.model_fields["type"].annotation)[0])


def sample(annotation: Any) -> Any:
    """A value that `annotation` allows, all of whose required fields are there."""
    if annotation in SAMPLES:
        return SAMPLES[annotation]
    if hasattr(annotation, "model_fields"):
        return {
            field.alias or name: sample(field.annotation)
            for name, field in annotation.model_fields.items()
            if field.is_required()
        }
    inner = get_args(annotation)
    origin = getattr(annotation, "__origin__", None)
    if origin is list:
        return [sample(inner[0])]
    if origin is dict:
        return {}
    if inner and not isinstance(inner[0], str | int):
        return sample(inner[0])
    return inner[0] if inner else {}


def every_field(model: Any) -> dict[str, Any]:
    return {
        field.alias or name: sample(field.annotation) for name, field in model.model_fields.items()
    }


def contains(read: Any, written: Any) -> bool:
    """Whether all that was written is in what was read, at any depth."""
    if isinstance(written, dict) and isinstance(read, dict):
        return all(contains(read.get(key), value) for key, value in written.items())
    if isinstance(written, list) and isinstance(read, list):
        return len(written) == len(read) and all(map(contains, read, written))
    return bool(read == written)


def test_the_sdk_s_server_events_are_all_known() -> None:
    assert set(server_models()) <= set(events.SERVER_EVENTS)


def test_what_the_sdk_lacks_is_inworld_s() -> None:
    assert set(events.SERVER_EVENTS) - set(server_models()) == INWORLD_ONLY


@pytest.mark.parametrize("name", sorted(server_models()))
def test_an_event_that_the_sdk_writes_is_read_without_loss(name: str) -> None:
    model = server_models()[name]
    written = model.model_validate(every_field(model)).model_dump_json(by_alias=True)

    event = events.read_event(written.encode())

    assert isinstance(event, events.SERVER_EVENTS[name])
    for field, wire in zip(
        type(event).__struct_fields__, type(event).__struct_encode_fields__, strict=True
    ):
        sent = event.payload.get(wire)
        if sent is not None:
            assert contains(msgspec.to_builtins(getattr(event, field)), sent)


@pytest.mark.parametrize("name", sorted(server_models()))
def test_the_sdk_s_field_names_are_ours(name: str) -> None:
    theirs = set(server_models()[name].model_fields) - {"type"}

    assert theirs <= set(events.SERVER_EVENTS[name].__struct_encode_fields__)


OBJECTS: list[tuple[type[msgspec.Struct], list[Any]]] = [
    (events.Item, list(union_of(realtime.ConversationItem))),
    (events.Response, [realtime.RealtimeResponse]),
    (events.StatusDetails, [realtime.RealtimeResponseStatus]),
    (events.Usage, [realtime.RealtimeResponseUsage]),
    (events.InputTokens, [realtime.RealtimeResponseUsageInputTokenDetails]),
    (events.OutputTokens, [realtime.RealtimeResponseUsageOutputTokenDetails]),
    (events.ErrorDetail, [realtime.RealtimeError]),
    (events.RateLimit, [rate_limits_updated_event.RateLimit]),
    (events.Part, [user_message.Content, assistant_message.Content, content_part.Part]),
]


@pytest.mark.parametrize(("ours", "theirs"), OBJECTS, ids=lambda value: str(value)[:40])
def test_the_sdk_s_objects_have_no_field_that_ours_lack(
    ours: type[msgspec.Struct], theirs: list[Any]
) -> None:
    fields = {field.alias or name for each in theirs for name, field in each.model_fields.items()}

    assert fields <= set(ours.__struct_encode_fields__)


SAID: list[commands.Command] = [
    commands.SessionUpdate(session={"type": "realtime", "output_modalities": ["audio"]}),
    commands.InputAudioBufferAppend(audio="AAAA"),
    commands.InputAudioBufferCommit(),
    commands.InputAudioBufferClear(),
    commands.OutputAudioBufferClear(),
    commands.user_message("Greet the caller."),
    commands.ConversationItemCreate(
        item={"type": "function_call_output", "call_id": "c", "output": "{}"},
        previous_item_id="root",
    ),
    commands.ConversationItemTruncate(item_id="i", content_index=0, audio_end_ms=1200),
    commands.ConversationItemDelete(item_id="i"),
    commands.ConversationItemRetrieve(item_id="i"),
    commands.ResponseCreate(),
    commands.spoken_response(),
    commands.ResponseCancel(),
    commands.ResponseCancel(response_id="resp_1"),
]


@pytest.mark.parametrize("command", SAID, ids=lambda command: str(command.type))
def test_what_we_say_is_what_the_sdk_understands(command: commands.Command) -> None:
    session = Session()
    session.send(command)
    output = session.poll()
    assert isinstance(output, Send)

    model = client_models()[command.type]
    understood = model.model_validate(json.loads(output.frame), strict=True)

    assert understood.event_id == command.event_id
    assert understood.model_dump(exclude_unset=True, by_alias=True) == json.loads(output.frame)
    assert set(json.loads(output.frame)) <= set(model.model_fields)


def test_we_can_say_all_that_the_sdk_can() -> None:
    assert {command.type for command in SAID} == set(client_models())
    assert len(client_models()) == 11
