"""What goes over the wire, field by field."""

import base64
import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import inworld
from fourwire.inworld.audio import wire_format
from fourwire.inworld.commands import Command
from fourwire.inworld.events import SessionUpdated
from fourwire.inworld.session import Send, Session
from fourwire.inworld.session_settings import session_settings
from fourwire.inworld.verbs import Sent, Verbs, cancellation

SEED: dict[str, Any] = {
    "type": "realtime",
    "model": "claude-sonnet-4-6",
    "output_modalities": ["audio", "text"],
    "audio": {
        "input": {
            "transcription": {"model": "inworld/inworld-stt-1", "language": "en"},
            "turn_detection": {"type": "semantic_vad", "eagerness": "high"},
        },
        "output": {"voice": "Ashley", "model": "inworld-tts-2", "speed": 1.0},
    },
    "providerData": {
        "tts": {"delivery_mode": "BALANCED", "segmenter_strategy": "full_turn"},
        "stt": {"voice_profile": True},
        "backchannel": {"enabled": True, "volume_gain": 0.6},
        "not_invented_yet": {"a": [1, None]},
    },
}
ULAW = {"type": "audio/pcmu"}


class Speaker(Verbs):
    """The eleven verbs on a bare session."""

    def __init__(self) -> None:
        self.session = Session()

    def tell(self, command: Command) -> Sent:
        event_id = self.session.send(command)
        return Sent(event_id is not None, event_id)

    def response_cancel(self, response_id: str | None = None, *, event_id: Any = None) -> Sent:
        return self.tell(cancellation(response_id, event_id))

    async def session_update(self, *_: Any, **__: Any) -> SessionUpdated:
        raise NotImplementedError

    def said(self) -> dict[str, Any]:
        output = self.session.poll()
        assert isinstance(output, Send)
        message: dict[str, Any] = json.loads(output.frame)
        return message


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


def test_verbs_without_arguments_send_their_type_alone(speaker: Speaker) -> None:
    for verb, wire_type in (
        (speaker.input_audio_buffer_commit, "input_audio_buffer.commit"),
        (speaker.input_audio_buffer_clear, "input_audio_buffer.clear"),
        (speaker.output_audio_buffer_clear, "output_audio_buffer.clear"),
        (speaker.response_create, "response.create"),
    ):
        assert verb(event_id="e")
        assert speaker.said() == {"type": wire_type, "event_id": "e"}


def test_audio_is_sent_as_base64(speaker: Speaker) -> None:
    speaker.input_audio_buffer_append(b"\xff\x00\x7f", event_id="e")

    message = speaker.said()
    assert message["type"] == "input_audio_buffer.append"
    assert base64.b64decode(message["audio"]) == b"\xff\x00\x7f"


def test_item_verbs_name_their_item(speaker: Speaker) -> None:
    speaker.conversation_item_delete("item_1", event_id="e")
    speaker.conversation_item_retrieve("item_1", event_id="e")
    speaker.conversation_item_truncate("item_1", audio_end_ms=1200, event_id="e")

    named = {"item_id": "item_1", "event_id": "e"}
    assert speaker.said() == {"type": "conversation.item.delete", **named}
    assert speaker.said() == {"type": "conversation.item.retrieve", **named}
    assert speaker.said() == {
        "type": "conversation.item.truncate",
        "content_index": 0,
        "audio_end_ms": 1200,
        **named,
    }


def test_an_item_is_taken_bare_or_as_voxengine_takes_it(speaker: Speaker) -> None:
    item = {"type": "message", "role": "user", "content": []}
    speaker.conversation_item_create(item, event_id="e")
    speaker.conversation_item_create({"item": item}, event_id="e")
    speaker.conversation_item_create({"item": item, "previous_item_id": "root"}, event_id="e")
    speaker.conversation_item_create(item, previous_item_id="item_1", event_id="e")

    bare = {"type": "conversation.item.create", "event_id": "e", "item": item}
    assert speaker.said() == bare
    assert speaker.said() == bare
    assert speaker.said() == {**bare, "previous_item_id": "root"}
    assert speaker.said() == {**bare, "previous_item_id": "item_1"}


def test_a_response_is_taken_bare_or_as_voxengine_takes_it(speaker: Speaker) -> None:
    wanted = {"output_modalities": ["audio", "text"], "voice": "Ashley"}
    speaker.response_create(wanted, event_id="e")
    speaker.response_create({"response": wanted}, event_id="e")

    expected = {"type": "response.create", "event_id": "e", "response": wanted}
    assert speaker.said() == expected
    assert speaker.said() == expected


def test_unset_is_left_out_and_none_is_null(speaker: Speaker) -> None:
    speaker.conversation_item_create({}, previous_item_id=inworld.UNSET, event_id="e")
    speaker.conversation_item_create({}, previous_item_id=None, event_id="e")

    assert "previous_item_id" not in speaker.said()
    assert speaker.said()["previous_item_id"] is None


def test_null_in_a_session_reaches_the_wire() -> None:
    settings = session_settings(
        {"tools": [], "audio": {"input": {"turn_detection": None}}}, inworld.AudioFormats()
    )

    assert settings["audio"]["input"] == {"turn_detection": None, "format": ULAW}
    assert settings["tools"] == []


@pytest.mark.parametrize("given_session", [SEED, {"session": SEED}])
def test_settings_pass_untouched_but_for_the_audio_formats(given_session: dict[str, Any]) -> None:
    before = deepcopy(given_session)

    settings = session_settings(given_session, inworld.AudioFormats())

    expected = deepcopy(SEED)
    expected["audio"]["input"]["format"] = ULAW
    expected["audio"]["output"]["format"] = ULAW
    assert settings == expected
    assert given_session == before


def test_a_change_to_the_sent_settings_never_reaches_the_caller_s() -> None:
    given_session = deepcopy(SEED)

    session_settings(given_session, inworld.AudioFormats())["providerData"]["stt"].clear()

    assert given_session == SEED


def test_formats_of_the_caller_s_give_way_to_ours() -> None:
    formats = inworld.AudioFormats(input="audio/pcma", output="audio/pcm;rate=24000")
    settings = session_settings(
        {"audio": {"input": {"format": "g711_ulaw"}, "output": {"format": None}}}, formats
    )

    assert settings["audio"]["input"]["format"] == {"type": "audio/pcma"}
    assert settings["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}


@pytest.mark.parametrize("audio", [{}, None, {"input": None}, {"output": {}}])
def test_audio_settings_are_made_where_there_are_none(audio: object) -> None:
    settings = session_settings({"audio": audio}, inworld.AudioFormats())

    assert settings["audio"] == {"input": {"format": ULAW}, "output": {"format": ULAW}}


@pytest.mark.parametrize(
    ("session", "path"),
    [
        ({"audio": "pcmu"}, "session.audio must"),
        ({"audio": {"input": []}}, "session.audio.input must"),
        ({"session": "x"}, "session must"),
    ],
)
def test_settings_of_a_wrong_shape_are_refused_by_path(session: Any, path: str) -> None:
    with pytest.raises(TypeError, match=path):
        session_settings(session, inworld.AudioFormats())


@pytest.mark.parametrize(
    "session", [{"provider_data": {}}, {"tools": [{"type": "web_search", "provider_data": {}}]}]
)
def test_provider_data_in_snake_case_is_refused(session: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="write it providerData"):
        session_settings(session, inworld.AudioFormats())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values))
def test_fields_that_nobody_knows_pass_untouched(fields: dict[str, Any]) -> None:
    known = {"audio", "provider_data", "tools", "session"}
    unknown = {name: value for name, value in fields.items() if name not in known}

    settings = session_settings({"session": unknown}, inworld.AudioFormats())
    del settings["audio"]

    assert settings == unknown


def test_a_format_is_written_as_the_session_object_writes_it() -> None:
    assert wire_format("audio/pcmu") == {"type": "audio/pcmu"}
    assert wire_format("audio/pcm") == {"type": "audio/pcm", "rate": 24000}
    assert wire_format("audio/pcm;rate=8000") == {"type": "audio/pcm", "rate": 8000}


@pytest.mark.parametrize("audio_format", ["g711_ulaw", "audio/pcm;rate=11025", "audio/opus", ""])
def test_a_format_that_nobody_speaks_is_refused(audio_format: str) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        inworld.AudioFormats(output=audio_format)


def test_a_receipt_says_whether_a_command_will_be_sent() -> None:
    assert Sent(True, "e")
    assert not Sent(False)
    assert repr(Sent(True, "e")) == "Sent(True, event_id='e')"
