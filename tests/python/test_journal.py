"""The journal writes every event as one line, without audio and without secrets."""

import json
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fourwire.inworld.events import Error, Event, MalformedFrame, UntypedFrame
from fourwire.inworld.objects import ErrorDetail
from fourwire.journal import Clock, Entry, Journal
from fourwire.settings import Secret, SettingsError


class StoppedClock(Clock):
    """A clock that a test moves."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_700_000_000.25


class Lines(list[dict[str, Any]]):
    """A sink that keeps each line, read back as JSON."""

    def __call__(self, entry: Entry) -> None:
        line = entry.line()
        assert "\n" not in line
        self.append(json.loads(line))


class Item(msgspec.Struct):
    id: str
    audio: str = ""
    note: str | msgspec.UnsetType = msgspec.UNSET


@dataclass
class Spoken:
    text: str
    pcm: bytes


@pytest.fixture
def lines() -> Lines:
    return Lines()


def test_a_line_tells_call_wall_clock_and_time_since_the_call_began(lines: Lines) -> None:
    clock = StoppedClock()
    call = Journal(lines, clock=clock).call("c1")
    clock.now += 1.5
    call.write("call.answered", codec="PCMU")
    assert lines == [
        {
            "at": "2023-11-14T22:13:20.250Z",
            "call": "c1",
            "t": 1.5,
            "event": "call.answered",
            "codec": "PCMU",
        }
    ]


def errors(code: str, count: int) -> list[Event]:
    """So many errors of one kind, each an event of its own."""
    return [Error(error=ErrorDetail(code=code, message="no")) for _ in range(count)]


def test_a_server_that_complains_without_end_does_not_fill_the_journal(lines: Lines) -> None:
    call = Journal(lines).call("c1")
    for event in (*errors("rate_limit_exceeded", 2500), *errors("server_error", 1)):
        call.note(event)
        call.note(event)  # of another listener
    times = [line.get("times") for line in lines]
    assert times == [*[None] * 10, 100, 1000, None]


@pytest.mark.parametrize(
    "event", [UntypedFrame(error_type="Stop"), MalformedFrame(reason="no", size=1, excerpt="x")]
)
def test_frames_that_are_no_events_do_not_fill_the_journal_either(
    lines: Lines, event: Event
) -> None:
    call = Journal(lines).call("c1")
    for _ in range(200):
        call.note(copy(event))
    assert len(lines) == 11


def test_what_belongs_to_no_call_has_an_empty_id(lines: Lines) -> None:
    Journal(lines).write("gateway.listening")
    assert lines[0]["call"] == ""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Item("i1"), {"id": "i1", "audio": "<0 characters of audio>"}),
        (Spoken("hi", b"\0" * 320), {"text": "hi", "pcm": "<320 bytes>"}),
        ({"audio": "UklGRg=="}, {"audio": "<8 characters of audio>"}),
        ({"audio": {"input": {}}}, {"audio": {"input": {}}}),
        (msgspec.Raw(b'{"audio":"AAAA"}'), {"audio": "<4 characters of audio>"}),
        ([1, None, (True, 2.5)], [1, None, [True, 2.5]]),
        (float("nan"), None),
        ({1: {"a", }}, {"1": ["a"]}),
    ],
)  # fmt: skip
def test_any_value_is_written_and_audio_is_told_by_its_length(
    lines: Lines, value: object, written: object
) -> None:
    Journal(lines).write("x", value=value)
    assert lines[0]["value"] == written


def test_an_object_that_json_does_not_know_is_written_as_its_repr(lines: Lines) -> None:
    Journal(lines).write("x", value=Secret("KEY", "dG9wc2VjcmV0"))
    assert lines[0]["value"] == "Secret('KEY')"


def test_a_secret_is_never_written_wherever_it_stands(lines: Lines) -> None:
    Secret("KEY", "cGFzc3dvcmQx")
    Journal(lines).write(
        "error", message="HTTP 401 for Basic cGFzc3dvcmQx", deep=[{"k": "cGFzc3dvcmQx"}]
    )
    assert "cGFzc3dvcmQx" not in json.dumps(lines)


def test_a_file_gets_a_line_an_event_and_keeps_what_it_held(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for name in ("first", "second"):
        journal = Journal.open(str(path))
        journal.write(name)
        journal.close()
        journal.write("after closing")
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == [
        "first",
        "second",
    ]


def test_standard_output_can_be_the_journal(capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal.open("-")
    journal.write("hello")
    journal.close()
    assert json.loads(capsys.readouterr().out)["event"] == "hello"


def test_a_file_that_cannot_be_written_is_named() -> None:
    with pytest.raises(SettingsError, match=r"journal: cannot write /nowhere/j: No such file"):
        Journal.open("/nowhere/j")
