"""Every field of a session is spelt as the wire spells it, and holds what it may hold."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import inworld
from fourwire.inworld import UNSET, fields
from fourwire.inworld.fields.kinds import Option, options, wanted

# The settings of Inworld's Realtime API as its documentation, its own clients and OpenAI's schema
# name them, group by group.
WIRE: dict[type[fields.Fields], str] = {
    fields.Session: """type model instructions output_modalities temperature max_output_tokens tools
        tool_choice truncation tracing include prompt audio providerData""",
    fields.Audio: "input output",
    fields.AudioInput: "noise_reduction transcription turn_detection",
    fields.AudioOutput: "model voice speed",
    fields.NoiseReduction: "type",
    fields.Transcription: "model language prompt",
    fields.SemanticVad: "type eagerness create_response interrupt_response",
    fields.ServerVad: """type threshold prefix_padding_ms silence_duration_ms idle_timeout_ms
        create_response interrupt_response""",
    fields.RetentionRatio: "type retention_ratio",
    fields.ProviderData: """auto_tool_response user_id metadata stt tts memory backchannel
        responsiveness caching text_generation_config""",
    fields.Stt: """prompt voice_profile language_hints end_of_turn_confidence_threshold
        vad_threshold min_end_of_turn_silence max_turn_silence""",
    fields.Tts: """segmenter_strategy steering_handling delivery_mode language conversational
        user_turn_mode timestamp_type timestamp_transport_strategy""",
    fields.Memory: """enabled turn_interval max_memory_length max_transcript_items max_facts
        trim_after_summarize state""",
    fields.Backchannel: """enabled small_model eval_interval_ms min_speech_ms min_gap_ms
        max_per_turn hard_deadline_ms history_tail_items temperature max_tokens volume_gain
        require_pause allowed_phrases prompt_template decider_kind rule_fire_probability""",
    fields.Responsiveness: """enabled small_model initial_wait_timeout_ms hard_deadline_ms
        history_tail_items temperature max_tokens min_filler_gap_ms max_initial_per_turn
        max_buffer_deltas enable_filler_on_first_assistant_reply prompt_template pause_text""",
    fields.Caching: "enabled ttl cache_instructions cache_tools",
    fields.TextGeneration: """reasoning maxNewTokens temperature topP frequencyPenalty
        presencePenalty repetitionPenalty stopSequences seed logitBias""",
    fields.Reasoning: "effort maxTokens exclude",
    fields.FunctionTool: "type name description parameters",
    fields.WebSearch: "type providerData",
    fields.WebSearchOptions: "engine max_results max_steps",
    fields.Response: """conversation output_modalities instructions voice max_output_tokens tools
        tool_choice metadata""",
}


@pytest.mark.parametrize(("group", "names"), WIRE.items(), ids=lambda value: str(value)[-40:])
def test_every_field_is_spelt_as_on_the_wire(group: type[fields.Fields], names: str) -> None:
    assert [wire for _, wire, _ in group.known()] == names.split()


def test_the_table_above_names_every_group() -> None:
    groups = {
        value
        for value in vars(fields).values()
        if isinstance(value, type) and issubclass(value, fields.Fields)
    }
    assert groups - {fields.Fields} == set(WIRE)


def test_what_is_not_set_is_not_sent_and_none_is_null() -> None:
    session = fields.Session(
        instructions="",
        tools=[],
        audio=fields.Audio(
            input=fields.AudioInput(turn_detection=None, noise_reduction=None),
            output=fields.AudioOutput(voice=UNSET),
        ),
        prompt=None,
    )

    assert session.wire() == {
        "type": "realtime",
        "instructions": "",
        "tools": [],
        "prompt": None,
        "audio": {"input": {"turn_detection": None, "noise_reduction": None}, "output": {}},
    }


def test_a_typed_session_is_sent_as_the_dictionary_that_says_the_same() -> None:
    typed = fields.Session(
        model="auto",
        provider_data=fields.ProviderData(
            auto_tool_response=False,
            tts=fields.Tts(delivery_mode="STABLE"),
            text_generation_config=fields.TextGeneration(
                max_new_tokens=9, reasoning=fields.Reasoning(effort="LOW", max_tokens=3)
            ),
        ),
    )

    assert typed.wire() == {
        "type": "realtime",
        "model": "auto",
        "providerData": {
            "auto_tool_response": False,
            "tts": {"delivery_mode": "STABLE"},
            "text_generation_config": {
                "maxNewTokens": 9,
                "reasoning": {"effort": "LOW", "maxTokens": 3},
            },
        },
    }


def test_a_dictionary_may_stand_for_any_group() -> None:
    typed = fields.Session(audio={"input": {"turn_detection": {"type": "server_vad"}}})  # type: ignore[arg-type]

    assert isinstance(typed.audio, fields.Audio)
    assert isinstance(typed.audio.input, fields.AudioInput)
    assert typed.audio.input.turn_detection == fields.ServerVad()


def test_what_nobody_knows_is_sent_as_it_is_at_any_depth() -> None:
    extra = {"not_invented_yet": {"camelCase": [1, None]}}
    typed = fields.Session(
        extra=extra, provider_data=fields.ProviderData(stt=fields.Stt(extra=extra), extra=extra)
    )

    assert typed.wire() == {
        "type": "realtime",
        "providerData": {"stt": extra, **extra},
        **extra,
    }


def test_a_change_to_what_is_sent_never_reaches_the_settings() -> None:
    typed = fields.Memory(state={"facts": []}, extra={"new": {}})
    typed.wire()["state"]["facts"].append("a")
    typed.wire()["new"]["a"] = 1

    assert typed.wire() == {"state": {"facts": []}, "new": {}}


@pytest.mark.parametrize("name", ["provider_data", "providerData"])
def test_provider_data_cannot_be_misspelt(name: str) -> None:
    with pytest.raises(ValueError, match=r"give \w+ as provider_data="):
        fields.Session(extra={name: {}})


def test_provider_data_in_snake_case_is_an_error_wherever_a_dictionary_has_it() -> None:
    tools = [{"type": "web_search", "provider_data": {}}]
    for given_session in ({"provider_data": {}}, {"tools": tools}):
        with pytest.raises(ValueError, match="write it providerData"):
            inworld.session_settings.session_settings(given_session, inworld.AudioFormats())
        with pytest.raises(ValueError, match="write it providerData"):
            inworld.session_settings.wire_object({"response": given_session}, "response")


BAD: list[tuple[type[fields.Fields], dict[str, Any], str]] = [
    (
        fields.AudioOutput,
        {"speed": 3},
        "session.audio.output.speed is 3: must be a number from 0.25 to 1.5",
    ),
    (
        fields.Tts,
        {"delivery_mode": "calm"},
        "session.providerData.tts.delivery_mode is 'calm': "
        "must be one of 'STABLE', 'BALANCED', 'CREATIVE'",
    ),
    (
        fields.Session,
        {"max_output_tokens": 5000},
        "session.max_output_tokens is 5000: must be a whole number from 1 to 4096 or 'inf'",
    ),
    (
        fields.Session,
        {"temperature": True},
        "session.temperature is True: must be a number from 0 to 2",
    ),
    (
        fields.ProviderData,
        {"stt": {"voice_profile": "yes"}},
        "session.providerData.stt.voice_profile is 'yes': must be true or false",
    ),
    (
        fields.AudioInput,
        {"turn_detection": {"type": "magic"}},
        "session.audio.input.turn_detection is {'type': 'magic'}: must be "
        "SemanticVad of inworld.fields or ServerVad of inworld.fields or null",
    ),
    (
        fields.Session,
        {"tools": [{"type": "function"}]},
        "session.tools[].name is missing: must be a text",
    ),
    (
        fields.ServerVad,
        {"idle_timeout_ms": -1},
        "session.audio.input.turn_detection.idle_timeout_ms is -1: "
        "must be a whole number, 0 or more or null",
    ),
    (
        fields.Stt,
        {"language_hints": "de"},
        "session.providerData.stt.language_hints is 'de': must be a list of texts",
    ),
    (
        fields.TextGeneration,
        {"topP": None},
        "session.providerData.text_generation_config.topP is None: must be a number",
    ),
]


@pytest.mark.parametrize(("group", "wire", "message"), BAD, ids=lambda value: str(value)[:40])
def test_a_value_that_cannot_be_is_refused_by_name_with_what_is_allowed(
    group: type[fields.Fields], wire: dict[str, Any], message: str
) -> None:
    with pytest.raises(fields.IllegalField) as refused:
        group.of(wire)

    assert str(refused.value) == message


def test_a_long_value_is_shown_in_short() -> None:
    with pytest.raises(fields.IllegalField) as refused:
        fields.Session(audio="x" * 10_000)  # type: ignore[arg-type]

    assert len(str(refused.value)) < 200


# Round trips


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values that a field of `kind` may hold, or UNSET."""
    return st.one_of(*[_of_option(option) for option in options(kind)])


def _of_option(option: Option) -> st.SearchStrategy[Any]:
    if option.group is not None:
        return st.deferred(lambda: groups(option.group))
    if option.words:
        return st.sampled_from(option.words)
    if option.elements:
        return st.lists(values(option.elements[0]), max_size=3)
    if option.is_open:
        return st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3)
    info = msgspec.inspect.type_info(option.kind)
    match info:
        case msgspec.inspect.StrType():
            return st.text(max_size=6)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.IntType(ge=low, le=high):
            return st.integers(low, 10_000 if high is None else high)
        case msgspec.inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case msgspec.inspect.NoneType():
            return st.none()
    return st.none() | st.text(max_size=3)


new_names = st.from_regex(r"new_[a-z]{1,5}", fullmatch=True)


@st.composite
def groups(draw: st.DrawFn, group: type[fields.Fields]) -> fields.Fields:
    """A group with some of its fields set, and some that nobody knows."""
    struct = {field.name: field for field in msgspec.structs.fields(group)}
    given_fields = {
        name: draw(values(kind))
        for name, _, kind in group.known()
        if struct[name].required or draw(st.booleans())
    }
    extra = draw(st.dictionaries(new_names, st.integers() | st.none(), max_size=2))
    return group(extra=extra, **given_fields)


@given(st.sampled_from(sorted(WIRE, key=str)).flatmap(groups))
def test_what_is_written_is_read_as_the_same(group: fields.Fields) -> None:
    wire = json.loads(json.dumps(group.wire()))

    assert type(group).of(wire) == group
    assert type(group).of(wire).wire() == group.wire()


@given(groups(fields.Session))
def test_a_session_that_may_be_raises_no_doubts(session: fields.Fields) -> None:
    assert fields.doubts(session.wire()) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(" ".join(WIRE.values()).split())), inner)
    ),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from(WIRE[fields.Session].split()), json_values)


@given(objects)
def test_no_object_is_too_odd_to_be_doubted(session: dict[str, Any]) -> None:
    assert all(doubt.startswith("session") for doubt in fields.doubts(session))


@given(objects)
def test_an_object_without_doubts_is_a_session(session: dict[str, Any]) -> None:
    if fields.doubts(session):
        return
    typed = fields.Session.of(session)
    assert typed.wire().items() >= session.items()


@given(objects)
def test_what_is_refused_is_refused_by_the_name_of_a_field(session: dict[str, Any]) -> None:
    try:
        fields.Session.of(session)
    except fields.IllegalField as error:
        refused = error
    else:
        return
    assert refused.path.startswith("session.")
    assert str(refused).startswith(refused.path)


# Doubts


@pytest.mark.parametrize(
    ("session", "doubt"),
    [
        (
            {"audio": {"output": {"speed": 9}}},
            "session.audio.output.speed is 9: should be a number from 0.25 to 1.5",
        ),
        (
            {"temprature": 1},
            "session.temprature is no field that is known: temperature was meant?",
        ),
        (
            {"providerData": {"tts": {"deliveryMode": "STABLE"}}},
            "session.providerData.tts.deliveryMode is no field that is known: "
            "delivery_mode was meant?",
        ),
        (
            {"providerData": {"text_generation_config": {"max_new_tokens": 3}}},
            "session.providerData.text_generation_config.max_new_tokens is no field that is known: "
            "maxNewTokens was meant?",
        ),
        (
            {"truncation": {"type": "retention_ratio"}},
            "session.truncation.retention_ratio is missing: should be a number from 0 to 1",
        ),
        (
            {"tools": [{"type": "function", "name": "a", "paramters": {}}]},
            "session.tools[0].paramters is no field that is known: parameters was meant?",
        ),
    ],
)
def test_what_looks_wrong_in_a_dictionary_is_named(session: dict[str, Any], doubt: str) -> None:
    assert fields.doubts(session) == [doubt]


def test_a_dictionary_with_new_fields_raises_no_doubts() -> None:
    session = {
        "hologram": True,
        "providerData": {"gestures": {"enabled": True}, "tts": {"whisper": 1}},
        "tools": [{"type": "mcp", "server_label": "x"}],
        "audio": {"input": {"format": "g711_ulaw"}},
    }
    assert fields.doubts(session) == []


# Against the documents


GUIDE = (Path(__file__).parents[2] / "docs" / "session.md").read_text()


def rows() -> Iterator[tuple[str, str]]:
    """Path and allowed values of each row of the guide's tables of fields."""
    place = ""
    for line in GUIDE.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("#"):
            place = line.split("`")[1] if line.startswith("### `") else ""
        elif place and line.startswith("| `"):
            yield f"{place}.{cells[1].strip('`')}", cells[2]


def leaves(group: type[fields.Fields]) -> Iterator[tuple[str, Any]]:
    """Path and type of each field of `group` that is no group itself."""
    for _, wire, kind in group.known():
        if not any(option.group for option in options(kind)):
            yield f"{group.place}.{wire}", kind


def test_the_guide_tells_every_field_and_what_it_may_be() -> None:
    told: dict[str, set[str]] = {}
    for path, allowed in rows():
        told.setdefault(path, set()).add(allowed)
    known: dict[str, set[str]] = {}
    for group in WIRE:
        for path, kind in leaves(group):
            known.setdefault(path, set()).add(wanted(kind))

    assert told == known


def test_the_guide_tells_every_event_and_its_fields() -> None:
    for wire_type, kind in inworld.events.SERVER_EVENTS.items():
        (row,) = (line for line in GUIDE.splitlines() if line.startswith(f"| `{wire_type}` |"))
        fields_told = row.split("|")[4]
        assert f"`{kind.__name__}`" in row
        for name in set(kind.__struct_fields__) - {"event_id"}:
            assert f"`{name}`" in fields_told, row


def test_the_guide_tells_every_event_that_is_made_here() -> None:
    made = {
        name
        for name in inworld.events.__all__
        if isinstance(kind := getattr(inworld.events, name), type)
        and issubclass(kind, inworld.events.Event)
        and not issubclass(kind, inworld.events.ServerEvent)
    }
    told = GUIDE[GUIDE.index("Made here") : GUIDE.index("## Interruptions")]
    assert {name for name in made - {"Event"} if f"`{name}`" not in told} == set()


def test_the_session_in_the_guide_is_one() -> None:
    first, *_ = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(first, "session.md", "exec"), names)  # noqa: S102
    assert fields.doubts(names["session"].wire()) == []


# Against the SDK


def sdk_fields(model: Any) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_a_field_that_openai_s_schema_lacks_is_inworld_s() -> None:
    realtime = pytest.importorskip("openai.types.realtime", reason="the OpenAI SDK is missing")
    from openai.types.realtime import realtime_audio_config_input as config_input
    from openai.types.realtime import realtime_audio_input_turn_detection as detection

    pairs: list[tuple[type[fields.Fields], Any, set[str]]] = [
        (fields.Session, realtime.RealtimeSessionCreateRequest, {"temperature", "providerData"}),
        (fields.Audio, realtime.RealtimeAudioConfig, set()),
        (fields.AudioInput, realtime.RealtimeAudioConfigInput, set()),
        (fields.AudioOutput, realtime.RealtimeAudioConfigOutput, {"model"}),
        (fields.NoiseReduction, config_input.NoiseReduction, set()),
        (fields.Transcription, realtime.AudioTranscription, set()),
        (fields.SemanticVad, detection.SemanticVad, set()),
        (fields.ServerVad, detection.ServerVad, set()),
        (fields.RetentionRatio, realtime.RealtimeTruncationRetentionRatio, set()),
        (fields.FunctionTool, realtime.RealtimeFunctionTool, set()),
        # A response's voice is flat at Inworld, where OpenAI has it in `audio`.
        (fields.Response, realtime.RealtimeResponseCreateParams, {"voice"}),
    ]
    for group, model, inworlds in pairs:
        assert {wire for _, wire, _ in group.known()} - sdk_fields(model) == inworlds, group


def test_what_a_typed_session_sends_is_what_the_sdk_understands() -> None:
    realtime = pytest.importorskip("openai.types.realtime", reason="the OpenAI SDK is missing")
    session = fields.Session(
        model="gpt-realtime",
        output_modalities=["audio"],
        max_output_tokens="inf",
        tool_choice="auto",
        truncation=fields.RetentionRatio(retention_ratio=0.5),
        tools=[fields.FunctionTool(name="f", description="d", parameters={"type": "object"})],
        audio=fields.Audio(
            input=fields.AudioInput(
                turn_detection=fields.ServerVad(threshold=0.5, idle_timeout_ms=6000),
                transcription=fields.Transcription(model="whisper-1", language="en"),
                noise_reduction=fields.NoiseReduction(type="near_field"),
            ),
            output=fields.AudioOutput(voice="ash", speed=1.0),
        ),
    ).wire()

    understood = realtime.RealtimeSessionCreateRequest.model_validate(session)

    assert understood.model_dump(exclude_unset=True, by_alias=True) == session
