"""Whatever a client sends is obeyed or answered with an error; nothing is raised."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.standin_talk import Talk

KINDS = [
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "output_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.delete",
    "conversation.item.retrieve",
    "conversation.item.truncate",
    "response.create",
    "response.cancel",
]

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["audio/pcmu", "server_vad", "low", "message", "user", "item_1", "root"])
)
keys = st.sampled_from(
    [
        *["session", "audio", "input", "output", "format", "type", "rate", "turn_detection"],
        *["eagerness", "threshold", "providerData", "backchannel", "enabled", "volume_gain"],
        *["stt", "voice_profile", "tts", "tools", "item", "id", "role", "content", "text"],
        *["item_id", "audio_end_ms", "content_index", "previous_item_id", "response", "voice"],
        *["output_modalities", "metadata", "response_id", "event_id", "silence_duration_ms"],
    ]
) | st.text(max_size=4)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
bodies = st.dictionaries(keys, values, max_size=5)


def nested(*path: str) -> st.SearchStrategy[dict[str, Any]]:
    """Anything, at the end of a path that the protocol knows."""
    return st.dictionaries(keys, values, max_size=4).map(lambda inner: wrapped(inner, path))


def wrapped(inner: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """`inner`, as deep as `path` says."""
    for key in reversed(path):
        inner = {key: inner}
    return inner


events = st.one_of(
    st.tuples(st.sampled_from(KINDS), bodies),
    st.tuples(
        st.just("session.update"),
        st.one_of(
            nested("session"),
            nested("session", "audio", "input"),
            nested("session", "audio", "input", "turn_detection"),
            nested("session", "audio", "output"),
            nested("session", "providerData"),
            nested("session", "providerData", "backchannel"),
        ),
    ),
    st.tuples(st.just("conversation.item.create"), nested("item")),
    st.tuples(st.just("response.create"), nested("response")),
)


@given(st.lists(events, max_size=12))
def test_any_event_is_obeyed_or_refused(sent: list[tuple[str, dict[str, Any]]]) -> None:
    talk = Talk()

    for kind, body in sent:
        talk.send_raw(json.dumps(body | {"type": kind}))
        talk.run(70)
    talk.speak(900)
    talk.settle()

    assert all("type" in event and "event_id" in event for event in talk.events)


@given(st.lists(st.text() | st.binary() | values.map(json.dumps), max_size=12))
def test_any_frame_is_answered_with_an_error(sent: list[str | bytes]) -> None:
    talk = Talk()

    for frame in sent:
        talk.forget()
        talk.send_raw(frame)

        assert talk.types == ["error"]
