"""What happened, as JSON lines: each with the call's id, the wall clock and the call's own clock.

A line is `{"at": ..., "call": ..., "t": ..., "event": ..., ...}`: `at` is UTC, `t` is seconds since
the call began on a clock that never jumps, the rest is the event's own. Audio is never written,
and the value of a secret is blacked out wherever it turns up.
"""

import logging
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, Self

import msgspec

from fourwire.inworld import events
from fourwire.inworld.events import Event
from fourwire.inworld.repetition import ALWAYS, Repetition
from fourwire.outlet import AppendedFile, Outlet, Stream
from fourwire.problems import SettingsError
from fourwire.secrets import redact

__all__ = ["CallJournal", "Clock", "Entry", "Journal", "Sink", "plain"]

Sink = Callable[["Entry"], object]

logger = logging.getLogger("fourwire.journal")


class Clock:
    """Where a journal reads the time: seconds that never jump, and seconds since 1970."""

    def monotonic(self) -> float:
        """Seconds from an origin of no meaning."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: float
    """Wall clock, seconds since 1970."""
    call: str
    """Id of the call; empty for what belongs to no call."""
    t: float
    """Seconds since the call (or, without one, the journal) began."""
    event: str
    """What happened: a wire type of the agent's protocol, or a name of ours, as `call.ended`."""
    fields: Mapping[str, Any]
    """What is known about it."""

    def line(self) -> str:
        """The entry as a JSON object on one line, secrets blacked out."""
        at = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        head = {"at": at.replace("+00:00", "Z"), "call": self.call, "t": round(self.t, 4)}
        return _json(head | {"event": self.event} | plain(self.fields))


class Journal:
    """Takes what happens and tells it to its sinks: a file, the console, a test."""

    def __init__(self, *sinks: Sink, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self._began = self.clock.monotonic()
        self._sinks = list(sinks)
        self._outlet: Outlet | None = None
        self._missed = 0

    @property
    def lost(self) -> int:
        """How many lines a sink, the file or the pipe has failed to take; the first is logged."""
        return self._missed + (0 if self._outlet is None else self._outlet.lost)

    @classmethod
    def open(cls, path: str, *sinks: Sink) -> Self:
        """A journal that appends to the file at `path`; `-` is standard output, empty no file.

        The file is written beside the event loop, and opened anew where it was moved away. Raises
        `SettingsError` where it cannot be written.
        """
        journal = cls(*sinks)
        if path == "-":
            journal._write_to(Outlet(Stream(sys.stdout)))
        elif path:
            journal._write_to(Outlet(_appended(path)))
        return journal

    def _write_to(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._sinks.append(lambda entry: outlet.put(entry.line() + "\n"))

    def add(self, sink: Sink) -> None:
        """Tell `sink` too, from now on."""
        self._sinks.append(sink)

    def remove(self, sink: Sink) -> None:
        """Tell `sink` no longer."""
        self._sinks.remove(sink)

    def call(self, call_id: str) -> "CallJournal":
        """The journal of one call, whose clock starts now."""
        return CallJournal(self, call_id, self.clock.monotonic())

    def write(self, event: str, /, **about: Any) -> None:
        """Note what happened outside any call."""
        self._tell("", self._began, event, about)

    def _tell(self, call: str, began: float, event: str, about: Mapping[str, Any]) -> None:
        entry = Entry(self.clock.wall(), call, self.clock.monotonic() - began, event, about)
        for sink in self._sinks:
            try:
                sink(entry)
            except Exception as error:
                self._miss(error)

    def _miss(self, error: Exception) -> None:
        """Count what a sink lost: no call ends of it."""
        self._missed += 1
        if self._missed == 1:
            what = redact(f"{type(error).__name__}: {error}")
            logger.error("the journal cannot be written, calls go on: %s", what)

    def close(self) -> None:
        """Write what waits, and close the file, if there is one."""
        if self._outlet is not None:
            self._outlet.close()


class CallJournal:
    """One call's part of the journal."""

    def __init__(self, journal: Journal, call_id: str, began: float) -> None:
        self.call_id = call_id
        self._journal = journal
        self._began = began
        self._noted: deque[Event] = deque(maxlen=NOTED)
        self._hidden: list[str] = []
        self._complaints = Repetition()

    @property
    def now(self) -> float:
        """Seconds since the call began."""
        return self._journal.clock.monotonic() - self._began

    def since(self, monotonic_s: float) -> float:
        """Seconds since the call began at that reading of the clock."""
        return monotonic_s - self._began

    def wall(self, t: float) -> float:
        """When it was `t` seconds since the call began, in seconds since 1970."""
        return self._journal.clock.wall() - (self.now - t)

    def shown(self, value: Any) -> Any:
        """`value` made of what JSON has, with everything blacked out that nobody may see."""
        return _without(plain(value), self._hidden)

    def write(self, event: str, /, **about: Any) -> None:
        """Note what happened in this call."""
        told = self.shown(about) if self._hidden else about
        self._journal._tell(self.call_id, self._began, event, told)

    def hide(self, secret: str) -> None:
        """Black `secret` out wherever it turns up in this call from now on."""
        if secret not in self._hidden:
            self._hidden.append(secret)
            self._hidden.sort(key=len, reverse=True)

    def note(self, event: Event) -> None:
        """Write an agent's event, once however many listeners pass it on; never its audio.

        An error, or what is no event, is written less and less often where it comes again and
        again, and then with how many `times` it has come.
        """
        if isinstance(event, TOO_NOISY) or any(event is known for known in self._noted):
            return
        self._noted.append(event)
        times = (
            self._complaints.worth_telling(_complaint(event))
            if isinstance(event, COMPLAINTS)
            else 1
        )
        if times:
            often = {"times": times} if times > ALWAYS else {}
            self.write(event.name, data=event.payload, **often)


TOO_NOISY = (
    events.ResponseOutputAudioDelta,
    events.ResponseBackchannelAudioDelta,
    events.AgentTranscriptDelta,
    events.ResponseOutputTextDelta,
)
"""Events left out: audio, and words that come whole a moment later."""

COMPLAINTS = (events.Error, events.UntypedFrame, events.MalformedFrame)
"""Events that a server in trouble may send without end, one for each frame of ours."""

NOTED = 1000
"""How many events of a call stay known, so that two listeners write them once."""


def plain(value: Any) -> Any:
    """`value` made of what JSON has: audio is told by its length, an unknown object by its repr."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping):
        return {_text(str(key)): _beside(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _object(value)


def _without(value: Any, hidden: list[str]) -> Any:
    """`value`, made by `plain`, with what is `hidden` blacked out; also where spaces part it."""
    if isinstance(value, str):
        for secret in hidden:
            value = re.sub(r"[\s,.-]*".join(map(re.escape, secret)), "***", value)
        return value
    if isinstance(value, dict):
        return {key: _without(item, hidden) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, hidden) for item in value]
    return value


def _complaint(event: Event) -> str:
    """What tells one trouble from another."""
    return f"{event.name} {event.code}" if isinstance(event, events.Error) else event.name


def _object(value: Any) -> Any:
    if isinstance(value, msgspec.Raw):
        return plain(msgspec.json.decode(value))
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
    elif is_dataclass(value) and not isinstance(value, type):
        names = tuple(field.name for field in fields(value))
    else:
        return _text(repr(value))
    known = ((name, getattr(value, name)) for name in names if not name.startswith("_"))
    return {name: _beside(name, item) for name, item in known if item is not msgspec.UNSET}


def _beside(key: str, value: Any) -> Any:
    """`value` under `key`: base64 audio (`audio`) is told by its length."""
    if key == "audio" and isinstance(value, str):
        return f"<{len(value)} characters of audio>"
    return plain(value)


def _text(value: str) -> str:
    """`value` without secrets, and with what was no UTF-8 on the wire written as an escape."""
    return redact(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode("utf-8")


def _appended(path: str) -> AppendedFile:
    try:
        return AppendedFile(path)
    except OSError as error:
        raise SettingsError(f"journal: cannot write {path}: {error.strerror}") from None
