"""Which moments of a call the page marks, taken from the journal."""

from collections.abc import Sequence
from dataclasses import dataclass

from fourwire.journal import Entry

__all__ = ["Mark", "Span", "marks", "silenced", "turns"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment."""

    t: float
    """Seconds since the recording began."""
    text: str
    kind: str
    """`call`, `caller`, `agent` or `cut`; it chooses the colour."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds since the recording began."""

    start: float
    end: float


SHOWN = {
    "call.answered": ("answered", "call"),
    "Inworld.RealtimeAPI.SessionUpdated": ("session is set up", "call"),
    "Inworld.RealtimeAPI.InputAudioBufferSpeechStarted": ("caller speaks", "caller"),
    "Inworld.RealtimeAPI.InputAudioBufferSpeechStopped": ("caller is done", "caller"),
    "Inworld.Events.WebSocketMediaStarted": ("agent is heard", "agent"),
    "Inworld.Events.WebSocketMediaEnded": ("agent is silent", "agent"),
    "bridge.interrupted": ("interrupted", "cut"),
    "call.media_changed": ("media changed", "call"),
    "call.ended": ("ended", "call"),
}
"""What is marked, under which words and in which colour."""


def began(entries: Sequence[Entry]) -> float:
    """When the recording began on the call's clock; where there is none, the call itself."""
    for entry in entries:
        if entry.event == "call.recording_started":
            return float(entry.fields["began"])
    return next((entry.t for entry in entries if entry.event == "call.recording"), 0.0)


def marks(entries: Sequence[Entry]) -> list[Mark]:
    """The moments to be marked, in order."""
    origin = began(entries)
    shown = [(entry, *SHOWN[entry.event]) for entry in entries if entry.event in SHOWN]
    return [
        Mark(max(0.0, entry.t - origin), _words(entry, text), kind) for entry, text, kind in shown
    ]


def _words(entry: Entry, text: str) -> str:
    if entry.event == "bridge.interrupted":
        heard, gone = entry.fields["heard_ms"], entry.fields["discarded_ms"]
        return f"{text}: {heard:.0f} ms heard, {gone:.0f} ms thrown away"
    if entry.event == "call.ended":
        return f"{text}: {entry.fields['cause']}"
    return text


def silenced(entries: Sequence[Entry]) -> list[Span]:
    """From each interruption, for as long as what was thrown away would have gone on."""
    origin = began(entries)
    return [
        Span(entry.t - origin, entry.t - origin + entry.fields["discarded_ms"] / 1000)
        for entry in entries
        if entry.event == "bridge.interrupted"
    ]


def turns(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """The transcript, as the record of the call's end holds it."""
    end = next((entry for entry in entries if entry.event == "call.ended"), None)
    said = () if end is None else end.fields["transcript"]
    origin = began(entries)
    return [
        {
            "begin": max(0.0, (turn.t if turn.begin is None else turn.begin) - origin),
            "end": None if turn.end is None else max(0.0, turn.end - origin),
            "speaker": turn.speaker,
            "heard": turn.heard_text or "" if turn.cut else turn.text,
            "unheard": turn.text[len(turn.heard_text or "") :] if turn.cut else "",
            "latency_ms": turn.latency_ms,
        }
        for turn in said
    ]
