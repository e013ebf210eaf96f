"""The files of a transcript tell who said what when, what of it was heard, and what was done."""

import io
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fourwire.take import Take
from fourwire.transcript import Transcript
from fourwire.transcript_files import document, file_of, path_of

ABOUT = {"call": "c1", "caller": "1001", "dialled": "voxi", "cause": "caller hung up"}

WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


def talk() -> Transcript:
    """A greeting that is cut, a question, a function, and an answer."""
    transcript = Transcript()
    transcript.agent_began("a1", 1.0)
    transcript.agent_said("a1", "Hello, this is Voxi.", 1.0)
    transcript.user_began("u1", 2.0)
    transcript.agent_was_cut("a1", 1100.0, 900.0)
    transcript.agent_was_heard("a1", 1100.0, 2.1)
    transcript.user_ended("u1", 3.0)
    transcript.user_said("u1", "A table <for two>?", 3.2)
    transcript.tool_called("t1", "book", '{"people":2}', 3.3)
    transcript.tool_answered("t1", '{"ok":true}', None, 120.0, 3.42)
    transcript.agent_began("a2", 3.6)
    transcript.agent_said("a2", "It is yours.", 3.6)
    transcript.agent_was_heard("a2", 900.0, 4.5)
    return transcript


def told(take: Take | None = None, transcript: Transcript | None = None) -> dict[str, Any]:
    take = take or Take("calls/c1.wav", 0.5, duration_s=4.2)
    return document(take, transcript or talk(), 1_700_000_000.0, ABOUT)


def cues(vtt: bytes) -> list[tuple[float, float, str]]:
    """Begin, end and markup of every cue, as FFmpeg reads them."""
    with av.open(io.BytesIO(vtt), format="webvtt") as file:
        packets = [packet for packet in file.demux() if packet.size]
        return [
            (packet.pts / 1000, (packet.pts + packet.duration) / 1000, bytes(packet).decode())
            for packet in packets
        ]


def test_json_has_each_turn_on_the_clock_of_the_recording() -> None:
    read = msgspec.json.decode(file_of(told(), "json"))
    assert (read["call"], read["recording"], read["duration_s"]) == ("c1", "c1.wav", 4.2)
    assert read["began"] == "2023-11-14T22:13:20.000Z"
    assert [(turn["speaker"], turn["begin"], turn["end"]) for turn in read["turns"]] == [
        ("agent", 0.5, 1.6),
        ("user", 1.5, 2.5),
        ("agent", 3.1, 4.0),
    ]
    greeting, _, answer = read["turns"]
    assert (greeting["cut"], greeting["heard_text"]) == (True, "Hello, this")
    assert (greeting["heard_ms"], greeting["unheard_ms"]) == (1100.0, 900.0)
    assert [turn.get("heard") for turn in read["turns"]] == ["part", None, "all"]
    assert answer["latency_ms"] == 600.0
    assert read["latency"]["turn"]["count"] == 1
    assert read["tools"] == [
        {
            "at": 2.8,
            "function": "book",
            "took_ms": 120.0,
            "arguments": '{"people":2}',
            "output": '{"ok":true}',
            "error": None,
        }
    ]


def test_text_reads_from_top_to_bottom() -> None:
    assert file_of(told(), "text").decode().splitlines()[3:] == [
        "[00:00:00.5] agent: Hello, this — [not heard: is Voxi.]",
        "[00:00:01.5] caller: A table <for two>?",
        '[00:00:02.8] tool: book({"people":2}) → {"ok":true}',
        "[00:00:03.1] agent: It is yours.",
    ]


def test_a_player_shows_who_speaks_when_and_what_of_it_was_heard() -> None:
    assert cues(file_of(told(), "vtt")) == [
        (0.5, 1.6, "<v Agent>Hello, this — [not heard: is Voxi.]"),
        (1.5, 2.5, "<v Caller>A table &lt;for two&gt;?"),
        (3.1, 4.0, "<v Agent>It is yours."),
    ]


@example([("user", "\r"), ("agent", "a\n\nb --> c")])
@given(st.lists(st.tuples(st.sampled_from(["user", "agent"]), WORDS), max_size=6))
def test_no_words_break_a_cue(said: list[tuple[str, str]]) -> None:
    transcript = Transcript()
    for number, (speaker, words) in enumerate(said):
        tell = transcript.user_said if speaker == "user" else transcript.agent_said
        tell(str(number), words, 1.0 + number)
    document_ = told(transcript=transcript)
    shown = [turn for turn in document_["turns"] if turn["text"].split()]
    vtt = file_of(document_, "vtt")
    assert vtt.count(b"-->") == len(shown)
    assert len([line for line in vtt.decode().split("\n") if line.startswith("<v ")]) == len(shown)


def test_what_was_said_and_done_in_a_pause_is_withheld() -> None:
    take = Take("c1.wav", 0.5)
    take.pause(2.5, "silence")
    take.pause(3.5, None)
    shown = told(take)
    for how in ("json", "text", "vtt"):
        file = file_of(shown, how)  # type: ignore[arg-type]
        assert b"table" not in file
        assert b"people" not in file
        assert b"It is yours." in file
    assert [turn.get("withheld") for turn in shown["turns"]] == [None, True, None]
    assert b"caller: [withheld" in file_of(shown, "text")


def test_a_recording_that_began_later_or_ended_sooner_has_only_what_it_holds() -> None:
    assert [turn["text"] for turn in told(Take("c1.wav", 3.5))["turns"]] == ["It is yours."]
    sooner = told(Take("c1.wav", 0.0, ended=1.5))
    assert [turn["item"] for turn in sooner["turns"]] == ["a1"]
    assert sooner["tools"] == []


def test_words_of_which_the_end_is_not_known_are_shown_for_a_moment() -> None:
    transcript = Transcript()
    transcript.user_said("u", "Hello?", 2.5)
    assert cues(file_of(told(transcript=transcript), "vtt")) == [(2.0, 4.0, "<v Caller>Hello?")]


def test_words_that_never_sounded_or_of_which_nothing_is_known_are_not_told_as_heard() -> None:
    transcript = Transcript()
    transcript.agent_said("a", "Never said.", 1.0)
    transcript.agent_said("b", "Cut at once.", 2.0)
    transcript.agent_was_cut("b", 0.0, 500.0)
    transcript.agent_began("c", 3.0)
    transcript.agent_said("c", "And then", 3.0)
    shown = told(transcript=transcript)
    assert [turn["heard"] for turn in shown["turns"]] == ["nothing", "nothing", "unknown"]
    assert file_of(shown, "text").decode().splitlines()[3:] == [
        "[00:00:00.5] agent: [not heard: Never said.]",
        "[00:00:01.5] agent: [not heard: Cut at once.]",
        "[00:00:02.5] agent: And then — [how much of it was heard is not known]",
    ]


@pytest.mark.parametrize("without", [{"audio": False}, {"failed": True}])
def test_without_a_recording_none_is_named(without: dict[str, bool]) -> None:
    shown = told(Take("c1.wav", 0.0, **without))
    assert shown["recording"] is None
    assert b"Recording: none" in file_of(shown, "text")


@pytest.mark.parametrize(
    ("recording", "path"),
    [
        ("a/call.wav", "a/call.json"),
        ("a/call.FLAC", "a/call.json"),
        ("a/call.2026-01-05", "a/call.2026-01-05.json"),
        ("a/call.json", "a/call.json.json"),
    ],
)
def test_a_transcript_lies_beside_its_recording_and_never_in_its_place(
    recording: str, path: str
) -> None:
    assert path_of(recording, "json") == Path(path)
