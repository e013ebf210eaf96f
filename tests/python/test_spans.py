"""Calls, turns and tool calls are spans, each in the one that it belongs to, without words."""

import sys
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fourwire.journal import Entry
from fourwire.problems import SettingsError
from fourwire.spans import Otel, Spans, tracer_of

OFFERED = {"caller": "+49301234567", "dialled": "+15551234", "trunk": "carrier"}
STOPPED = "Inworld.RealtimeAPI.InputAudioBufferSpeechStopped"
HEARD = "Inworld.Events.WebSocketMediaStarted"
SILENT = "Inworld.Events.WebSocketMediaEnded"
ENDED = {"cause": "caller hung up", "talked_s": 9.0, "rtp": {"lost": 3}}
TOOL = {"call_id": "t1", "function": "weather", "arguments": '{"pin": 4711}', "output": "4711"}

CALL: list[tuple[float, str, Mapping[str, Any]]] = [
    (0.0, "call.offered", OFFERED),
    (1.0, "call.answered", {"codec": "PCMU"}),
    (1.5, HEARD, {"data": {}}),
    (3.0, SILENT, {"data": {}}),
    (5.0, STOPPED, {"data": {}}),
    (5.2, "Inworld.RealtimeAPI.ToolCalled", {"data": TOOL}),
    (5.7, "Inworld.RealtimeAPI.ToolAnswered", {"data": TOOL | {"error": "KeyError: 4711"}}),
    (6.0, HEARD, {"data": {}}),
    (7.0, "bridge.interrupted", {"heard_ms": 1000.0, "discarded_ms": 10.0}),
    (7.0, SILENT, {"data": {}}),
    (7.5, "user", {"text": "my PIN is 4711"}),
    (10.0, "call.ended", ENDED),
]


def recorded(
    entries: list[tuple[float, str, Mapping[str, Any]]], *, numbers: bool = False
) -> list[ReadableSpan]:
    """The spans that come of entries of one call, in the order in which they ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans = Spans(provider.get_tracer("test"), numbers=numbers)
    for t, event, fields in entries:
        spans(Entry(1_000.0 + t, "c1", t, event, fields))
    return list(exporter.get_finished_spans())


def lasted(span: ReadableSpan) -> float:
    """Seconds from its beginning to its end."""
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def test_turns_and_tools_are_in_their_call_with_the_times_of_the_journal() -> None:
    greeting, tool, turn, call = recorded(CALL)
    assert [span.name for span in (greeting, tool, turn, call)] == [
        "fourwire.turn",
        "fourwire.tool",
        "fourwire.turn",
        "fourwire.call",
    ]
    lengths = [lasted(span) for span in (greeting, tool, turn, call)]
    assert lengths == pytest.approx([2.0, 0.5, 2.0, 10.0], abs=1e-3)
    assert call.parent is None
    parents = [span.parent.span_id for span in (greeting, turn, tool) if span.parent]
    assert call.context is not None
    assert turn.context is not None
    assert parents == [call.context.span_id, call.context.span_id, turn.context.span_id]
    assert [event.name for event in turn.events] == ["first audio"]
    assert (turn.attributes or {})["fourwire.interrupted"] is True
    assert (tool.attributes or {}) == {"fourwire.function": "weather", "fourwire.failed": True}
    assert (call.attributes or {})["fourwire.cause"] == "caller hung up"


def test_no_word_no_argument_and_no_number_is_in_a_span_unless_numbers_are_wanted() -> None:
    told = "".join(span.to_json() for span in recorded(CALL))
    assert not any(word in told for word in ("4711", "+49301234567", "+15551234"))
    told = "".join(span.to_json() for span in recorded(CALL, numbers=True))
    assert "+49301234567" in told
    assert "4711" not in told


def test_what_is_open_when_a_call_ends_is_closed_and_nothing_follows() -> None:
    began = [CALL[0], CALL[1], CALL[4], CALL[5], CALL[-1]]
    names = [span.name for span in recorded([*began, CALL[6], CALL[4], CALL[-1]])]
    assert names == ["fourwire.turn", "fourwire.tool", "fourwire.turn", "fourwire.call"]


def test_entries_of_no_call_make_no_span() -> None:
    assert recorded(CALL[1:]) == []


def test_without_the_package_the_setting_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert tracer_of(Otel()) is None
    with pytest.raises(SettingsError, match=r"pip install 'fourwire\[otel\]'"):
        tracer_of(Otel(spans=True))
