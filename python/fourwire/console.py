"""The journal for people: a line an event, those that matter to someone who watches."""

import sys
from collections.abc import Callable
from typing import TextIO

from fourwire.journal import Entry
from fourwire.outlet import Outlet
from fourwire.settings import redact

__all__ = ["Console"]


class Console:
    """A sink of the journal that prints what happens, with the time since the call began."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        colour: bool | None = None,
        outlet: Outlet | None = None,
    ) -> None:
        """Print to `stream`, standard error where left out; by way of `outlet`, which leads there,
        where nobody may wait for a slow terminal or pipe."""
        self._stream = stream or sys.stderr
        self._outlet = outlet
        self._colour = self._stream.isatty() if colour is None else colour

    def __call__(self, entry: Entry) -> None:
        """Print `entry`, if it is worth a line."""
        tell = TOLD.get(entry.event)
        if tell is not None:
            mark, text = tell(entry)
            self.line(text, mark=mark, t=entry.t if entry.call else None, call=entry.call)

    def line(self, text: str, *, mark: str = " ", t: float | None = None, call: str = "") -> None:
        """Print one line of one's own."""
        clock = " " * 9 if t is None else f"{t:8.2f}s"
        dim, plain = ("\x1b[2m", "\x1b[0m") if self._colour else ("", "")
        tag = f"{call[:6]} " if call else ""
        printed = f"{dim}{clock} {tag}{plain}{mark} {_visible(redact(text))}"
        if self._outlet is not None:
            self._outlet.put(f"{printed}\n")
        else:
            print(printed, file=self._stream, flush=True)


def _visible(text: str) -> str:
    """`text` with what would steer a terminal, or forge a line, written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


Told = Callable[[Entry], tuple[str, str]]


def _offered(entry: Entry) -> tuple[str, str]:
    known = entry.fields
    return "→", f"{known.get('caller') or 'someone'} calls {known.get('dialled')}"


def _said(entry: Entry) -> tuple[str, str]:
    return f"{entry.event}:", str(entry.fields.get("text", ""))


def _interrupted(entry: Entry) -> tuple[str, str]:
    heard, gone = entry.fields["heard_ms"], entry.fields["discarded_ms"]
    return "✂", f"the caller interrupts: {heard:.0f} ms were heard, {gone:.0f} ms thrown away"


def _ended(entry: Entry) -> tuple[str, str]:
    known = entry.fields
    detail = f" ({known['detail']})" if known.get("detail") else ""
    return "■", f"ended: {known['cause']}{detail}, talked {known['talked_s']:.1f} s"


def _fixed(mark: str, text: str) -> Told:
    """A line whose text may name fields of the entry."""
    return lambda entry: (mark, text.format_map(dict(entry.fields)))


def _listening(entry: Entry) -> tuple[str, str]:
    where = ", ".join(f"{kind}:{host}:{port}" for kind, host, port in entry.fields["addresses"])
    return "●", f"listening on {where}"


TOLD: dict[str, Told] = {
    "gateway.listening": _listening,
    "gateway.draining": _fixed("●", "stopping: {calls} calls have {grace_s:g} s to finish"),
    "gateway.stuck": _fixed("!", "{calls} scenarios do not end; a signal more ends the program"),
    "gateway.recordings_unfinished": _fixed("!", "{count} files in {folder} were never finished"),
    "gateway.reloaded": _fixed("●", "reloaded: {routes} rules, {agents} agents"),
    "gateway.reload_failed": _fixed("!", "not reloaded, all stays as it was: {problems}"),
    "gateway.refused": _fixed("✗", "refused {caller} for {dialled} with {status}: {why}"),
    "gateway.error": _fixed("!", "{error}"),
    "call.offered": _offered,
    "call.ringing": _fixed("…", "ringing"),
    "call.answered": _fixed("✓", "answered, {codec}"),
    "call.media_changed": _fixed("↻", "media is now {direction}, to {remote}"),
    "call.key": _fixed("#", "key {digit}"),
    "call.rtp_stopped": _fixed("!", "no RTP comes from the caller"),
    "call.rtp_resumed": _fixed("✓", "RTP comes again"),
    "call.error": _fixed("!", "{error}"),
    "call.ended": _ended,
    "bridge.opened": _fixed("⇄", "bridged to the agent, {input} in and {output} out"),
    "Inworld.RealtimeAPI.InputAudioBufferSpeechStarted": _fixed(" ", "the caller speaks"),
    "bridge.interrupted": _interrupted,
    "Inworld.RealtimeAPI.InputAudioBufferSpeechStopped": _fixed(" ", "the caller is done speaking"),
    "Inworld.Events.WebSocketMediaStarted": _fixed("♪", "the agent is heard"),
    "Inworld.Events.WebSocketMediaEnded": _fixed("♪", "the agent is silent"),
    "user": _said,
    "agent": _said,
}
"""What is printed of which event."""
