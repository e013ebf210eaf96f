"""Calls, turns and tool calls as spans of OpenTelemetry, made of the journal's entries.

Only the API is used; where the program sets up no SDK, its spans are recorded by nobody. No span
holds what was said or a key, and numbers of people only where that is wanted.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from fourwire.journal import Entry
from fourwire.problems import SettingsError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

__all__ = ["Otel", "Spans", "tracer_of"]

LONGEST_NAME = 100
"""Characters of a function's name that are kept: a model may make one up."""

MOST_TOOLS = 100
"""Tool calls of one call that may run at a time; of more there are no spans."""


class Otel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spans for OpenTelemetry (`[otel]`)."""

    spans: bool = False
    """Whether calls, turns and tool calls are spans; needs `pip install 'fourwire[otel]'` and an
    SDK that the program, or `opentelemetry-instrument`, sets up."""
    numbers: bool = False
    """Whether they hold who called whom."""


def tracer_of(otel: Otel) -> "Tracer | None":
    """The tracer of this program, None where none is wanted; `SettingsError` without the API."""
    if not otel.spans:
        return None
    try:
        from opentelemetry import trace
    except ImportError:
        why = "needs OpenTelemetry: pip install 'fourwire[otel]'"
        raise SettingsError(f"otel.spans = true: {why}") from None
    return trace.get_tracer("fourwire")


class _CallSpans:
    """The open spans of one call."""

    def __init__(self, call: "Span") -> None:
        self.call = call
        self.turn: Span | None = None
        self.tools: dict[str, Span] = {}

    def close_turn(self, at_ns: int) -> None:
        if self.turn is not None:
            self.turn.end(at_ns)
            self.turn = None

    def close(self, at_ns: int) -> None:
        for tool in self.tools.values():
            tool.end(at_ns)
        self.close_turn(at_ns)
        self.call.end(at_ns)


class Spans:
    """A sink of the journal that opens and closes spans."""

    def __init__(self, tracer: "Tracer", *, numbers: bool = False) -> None:
        self._tracer = tracer
        self._numbers = numbers
        self._calls: dict[str, _CallSpans] = {}

    def __call__(self, entry: Entry) -> None:
        """Take in `entry`, if a span begins or ends with it."""
        if entry.event == "call.offered":
            self._calls[entry.call] = _CallSpans(self._begun("call", entry, self._who(entry)))
        open_spans = self._calls.get(entry.call)
        act = ACTS.get(entry.event)
        if open_spans is not None and act is not None:
            act(self, open_spans, entry)

    def answered(self, spans: _CallSpans, entry: Entry) -> None:
        """The greeting is a turn too: the caller waits for it."""
        spans.call.add_event("answered", {"codec": entry.fields["codec"]}, _ns(entry))
        self.turn(spans, entry)

    def turn(self, spans: _CallSpans, entry: Entry) -> None:
        """The caller waits for the agent."""
        spans.close_turn(_ns(entry))
        spans.turn = self._begun("turn", entry, {}, spans.call)

    def heard(self, spans: _CallSpans, entry: Entry) -> None:
        """The agent's first packet is out."""
        if spans.turn is not None:
            spans.turn.add_event("first audio", timestamp=_ns(entry))

    def interrupted(self, spans: _CallSpans, entry: Entry) -> None:
        """The caller cut the agent off."""
        if spans.turn is not None:
            spans.turn.set_attribute("fourwire.interrupted", True)
            spans.turn.set_attribute("fourwire.heard_ms", float(entry.fields["heard_ms"]))

    def silent(self, spans: _CallSpans, entry: Entry) -> None:
        """The agent's turn is over."""
        spans.close_turn(_ns(entry))

    def tool_called(self, spans: _CallSpans, entry: Entry) -> None:
        """A function of ours begins."""
        told = entry.fields["data"]
        if len(spans.tools) < MOST_TOOLS:
            about = {"fourwire.function": str(told.get("function", ""))[:LONGEST_NAME]}
            above = spans.turn or spans.call
            spans.tools[str(told.get("call_id"))] = self._begun("tool", entry, about, above)

    def tool_answered(self, spans: _CallSpans, entry: Entry) -> None:
        """It has ended."""
        told = entry.fields["data"]
        tool = spans.tools.pop(str(told.get("call_id")), None)
        if tool is not None:
            tool.set_attribute("fourwire.failed", bool(told.get("error")))
            tool.end(_ns(entry))

    def ended(self, spans: _CallSpans, entry: Entry) -> None:
        """The call is over, and everything in it."""
        about = entry.fields
        spans.call.set_attribute("fourwire.cause", about["cause"])
        spans.call.set_attribute("fourwire.talked_s", float(about["talked_s"]))
        spans.call.set_attribute("fourwire.rtp.lost", int(about["rtp"].get("lost", 0)))
        spans.close(_ns(entry))
        del self._calls[entry.call]

    def _who(self, entry: Entry) -> dict[str, str]:
        about = {"fourwire.call": entry.call, "fourwire.trunk": str(entry.fields.get("trunk", ""))}
        if self._numbers:
            about["fourwire.caller"] = str(entry.fields.get("caller", ""))
            about["fourwire.dialled"] = str(entry.fields.get("dialled", ""))
        return about

    def _begun(
        self, name: str, entry: Entry, about: Mapping[str, str], above: "Span | None" = None
    ) -> "Span":
        from opentelemetry.context import Context
        from opentelemetry.trace import set_span_in_context

        context = Context() if above is None else set_span_in_context(above, Context())
        return self._tracer.start_span(
            f"fourwire.{name}", context, attributes=about, start_time=_ns(entry)
        )


def _ns(entry: Entry) -> int:
    return int(entry.at * 1e9)


ACTS: dict[str, Callable[[Spans, _CallSpans, Entry], None]] = {
    "call.answered": Spans.answered,
    "Inworld.RealtimeAPI.InputAudioBufferSpeechStopped": Spans.turn,
    "Inworld.Events.WebSocketMediaStarted": Spans.heard,
    "bridge.interrupted": Spans.interrupted,
    "Inworld.Events.WebSocketMediaEnded": Spans.silent,
    "Inworld.RealtimeAPI.ToolCalled": Spans.tool_called,
    "Inworld.RealtimeAPI.ToolAnswered": Spans.tool_answered,
    "call.ended": Spans.ended,
}
"""What begins or ends with which entry."""
