"""What is being said is shown whole and clean, however the server tells it."""

import json
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.inworld import events
from fourwire.inworld.partial import Partials
from fourwire.inworld.session import Session
from fourwire.inworld.spoken import without_open_tag, without_tags

USER = "conversation.item.input_audio_transcription"
AGENT = "response.output_audio_transcript"


def heard(*messages: dict[str, object]) -> list[events.Event]:
    """What a session makes of the messages."""
    session = Session()
    for message in messages:
        session.receive(json.dumps(message).encode())
    return [event for event in iter(session.poll, None) if isinstance(event, events.Event)]


def partial(delta: str, item: str | None = "item_1", kind: str = USER) -> dict[str, object]:
    return {"type": f"{kind}.delta", "item_id": item, "delta": delta}


def so_far(*messages: dict[str, object]) -> list[str]:
    kinds = (events.UserTranscriptDelta, events.AgentTranscriptDelta)
    return [event.so_far for event in heard(*messages) if isinstance(event, kinds)]


@pytest.mark.parametrize(
    ("deltas", "shown"),
    [
        (["Hel", "Hello", "Hello there"], ["Hel", "Hello", "Hello there"]),
        (["Hello", " there", " you"], ["Hello", "Hello there", "Hello there you"]),
        (["Hello", "Hello", "Hello there"], ["Hello", "Hello", "Hello there"]),
        (["Hello", "Hel", "Hello there"], ["Hello", "Hello", "Hello there"]),
        (["No", "No, two", "No, too late"], ["No", "No, two", "No, too late"]),
        (["no", " no", " no"], ["no", "no no", "no no no"]),
        (["", "Hi"], ["", "Hi"]),
    ],
)
def test_partial_transcripts_grow_whether_they_repeat_correct_or_continue(
    deltas: list[str], shown: list[str]
) -> None:
    assert so_far(*[partial(delta) for delta in deltas]) == shown


words = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=6)


@given(st.lists(words, min_size=1, max_size=12))
def test_both_ways_of_telling_come_to_the_same_words(said: list[str]) -> None:
    pieces = [said[0], *[f" {word}" for word in said[1:]]]
    whole = list(accumulate(pieces))

    assert so_far(*[partial(piece) for piece in pieces]) == whole
    assert so_far(*[partial(text) for text in whole]) == whole


def test_items_that_are_said_at_once_are_kept_apart() -> None:
    assert so_far(partial("a", "1"), partial("b", "2"), partial(" c", "1"), partial("d", None)) == [
        "a",
        "b",
        "a c",
        "d",
    ]


def test_what_was_transcribed_whole_begins_anew() -> None:
    completed = {"type": f"{USER}.completed", "item_id": "item_1", "transcript": "Hello."}

    assert so_far(partial("Hello"), completed, partial("Bye")) == ["Hello", "Bye"]


def test_the_agent_s_words_are_always_new_ones() -> None:
    assert so_far(*[partial("ha", kind=AGENT), partial("ha", kind=AGENT)]) == ["ha", "haha"]


def test_the_raw_delta_and_the_message_are_kept() -> None:
    _, event = heard(partial("Hello"), partial(" there"))

    assert isinstance(event, events.UserTranscriptDelta)
    assert (event.text, event.so_far) == (" there", "Hello there")
    assert event.payload == partial(" there")


def test_items_that_never_end_are_forgotten() -> None:
    partials = Partials()
    for number in range(1000):
        partials.take(str(number), "a")

    assert partials.take("0", " b") == " b"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("[speak warmly] Hello!", "Hello!"),
        ("Hello! [laugh] You again.", "Hello! You again."),
        ("[SPEAK with a smile][Clear Throat]Hm. [breathe]", "Hm."),
        ("[caller speech, 1.0 s]", "[caller speech, 1.0 s]"),
        ("That is [sic] spoken [speaking of it].", "That is [sic] spoken [speaking of it]."),
        ("[sighs]", "[sighs]"),
        ("plain", "plain"),
        ("[", "["),
        ("[speak", "[speak"),
        ("[speak]", ""),
        ("", ""),
    ],
)
def test_marks_for_the_voice_are_not_shown(raw: str, shown: str) -> None:
    assert without_tags(raw) == shown


@pytest.mark.parametrize("raw", ["Hi [", "Hi [s", "Hi [speak so", "Hi [LAU", "Hi [clear thr", "Hi"])
def test_a_mark_that_has_come_by_half_is_not_shown(raw: str) -> None:
    assert without_open_tag(raw) == "Hi"


@pytest.mark.parametrize("raw", ["Hi [sic", "Hi [speaker", "Hi [caller speech,"])
def test_a_bracket_that_becomes_no_mark_is_shown(raw: str) -> None:
    assert without_open_tag(raw) == raw


TAGS = ["[laugh]", "[ Sigh ]", "[speak]", "[speak very softly]", "[clear throat]"]


@given(st.lists(words | st.sampled_from(TAGS), max_size=12))
def test_of_words_and_marks_the_words_are_left(said: list[str]) -> None:
    assert without_tags(" ".join(said)) == " ".join(word for word in said if word not in TAGS)


@given(st.text(st.sampled_from("[]speaklugh ")))
def test_what_is_shown_of_a_growing_text_is_shown_of_the_whole(raw: str) -> None:
    assert without_tags(raw).startswith(without_open_tag(raw))


def test_an_event_shows_its_words_and_keeps_the_raw_ones() -> None:
    delta, done = heard(
        partial("[speak softly] Good mor[", kind=AGENT),
        {"type": f"{AGENT}.done", "item_id": "item_1", "transcript": "[sigh] Good morning."},
    )

    assert isinstance(delta, events.AgentTranscriptDelta)
    assert isinstance(done, events.AgentTranscript)
    assert delta.display == "Good mor"
    assert (done.display, done.text) == ("Good morning.", "[sigh] Good morning.")
