"""Audio on its way to a realtime session."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import append_message


@given(st.binary(max_size=3000))
def test_a_message_is_json_with_the_audio_in_base64(audio: bytes) -> None:
    message = json.loads(append_message(audio))
    assert message["type"] == "input_audio_buffer.append"
    assert base64.b64decode(message["audio"], validate=True) == audio
    assert set(message) == {"type", "audio"}


def test_what_is_no_buffer_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="str"):
        append_message("audio")  # type: ignore[arg-type]
