"""A trace of the wire, on demand: SIP messages and the agent's frames as JSON lines with times.

It is for people who look for a fault, so it is off unless asked for, for everything (`[trace]`) or
for one call (`call.trace`), has a largest size, and never holds a key, a password or audio.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import msgspec

from fourwire.inworld.redaction import Redactor
from fourwire.inworld.tap import TAP, Way
from fourwire.journal import Clock
from fourwire.outlet import AppendedFile, Outlet
from fourwire.problems import SettingsError
from fourwire.sip import Flow, Hop
from fourwire.wire_redaction import frame_shown, sip_shown

__all__ = ["Trace", "Wire"]


class Trace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trace of what goes over the wire, for who looks for a fault (`[trace]`)."""

    path: str = ""
    """File that gets every SIP message and every frame of the agents; empty: none."""
    most_mb: Annotated[float, msgspec.Meta(gt=0)] = 100.0
    """Size at which a trace ends, that of a call too."""
    text: bool = True
    """Whether it shows what people say, and what agents are told."""
    numbers: bool = True
    """Whether it shows the numbers of people in SIP; else their last three digits."""


class _File:
    """One trace: a file that ends where it is large enough."""

    def __init__(self, path: str, most: int) -> None:
        self._left = most
        try:
            self._outlet = Outlet(AppendedFile(path))
        except OSError as error:
            raise SettingsError(f"trace: cannot write {path}: {error.strerror}") from None

    def put(self, line: str) -> None:
        if self._left <= 0:
            return
        self._left -= len(line)
        self._outlet.put(line if self._left > 0 else END_OF_TRACE)

    def close(self) -> None:
        self._outlet.close(0.0)


END_OF_TRACE = '{"wire":"end","why":"the trace has its largest size"}\n'


class Wire:
    """Where messages pass by, and who wants to see them."""

    def __init__(self, settings: Trace, clock: Clock | None = None) -> None:
        """Raises `SettingsError` where the file of the settings cannot be written."""
        self._settings = settings
        self._clock = clock or Clock()
        self._all = self._opened(settings.path) if settings.path else None
        self._of_calls: dict[str, _File] = {}
        self._names: dict[str, Callable[[], object]] = {}

    @contextmanager
    def call(self, call: str, sip_call_id: Callable[[], object]) -> Iterator[None]:
        """While the block runs, the sessions that it opens and the dialog are those of `call`.

        `sip_call_id` tells the dialog's Call-ID, once there is one.
        """
        self._names[call] = sip_call_id
        before = TAP.set(partial(self._frame, call))
        try:
            yield
        finally:
            TAP.reset(before)
            self.trace(call, None)
            del self._names[call]

    def trace(self, call: str, path: str | None) -> None:
        """Write what belongs to `call` into the file at `path` from now on; None ends it."""
        new = None if path is None else self._opened(path)
        old = self._of_calls.pop(call, None)
        if old is not None:
            old.close()
        if new is not None:
            self._of_calls[call] = new

    def is_traced(self, call: str) -> bool:
        """Whether somebody wants to see all that belongs to `call`."""
        return self._all is not None or call in self._of_calls

    def sip(self, way: Way, data: bytes, peer: Flow | Hop) -> None:
        """A SIP message passes; its Call-ID tells whose it is."""
        if self._all is None and not self._of_calls:
            return
        shown = sip_shown(data, numbers=self._settings.numbers)
        ids = set(_call_ids(data))
        owners = (call for call, name in self._names.items() if name() in ids)
        self._put(next(owners, ""), "sip", way, {"peer": _told(peer), "message": shown})

    def close(self) -> None:
        """End all traces."""
        for file in (*self._of_calls.values(), *([] if self._all is None else [self._all])):
            file.close()
        self._of_calls.clear()
        self._all = None

    def _frame(self, call: str, way: Way, frame: bytes, redactor: Redactor) -> None:
        if not self.is_traced(call):
            return
        shown = frame_shown(frame, redactor.text, text=self._settings.text)
        self._put(call, "agent", way, {"frame": shown})

    def _put(self, call: str, wire: str, way: Way, about: dict[str, Any]) -> None:
        at = datetime.fromtimestamp(self._clock.wall(), UTC).isoformat(timespec="microseconds")
        entry = {"at": at.replace("+00:00", "Z"), "call": call, "wire": wire, "way": way} | about
        line = msgspec.json.encode(entry).decode() + "\n"
        for file in (self._all, self._of_calls.get(call)):
            if file is not None:
                file.put(line)

    def _opened(self, path: str) -> _File:
        return _File(path, int(self._settings.most_mb * 1_000_000))


def _call_ids(data: bytes) -> Iterator[str]:
    """What may be the Call-ID of a message, long or compact (RFC 3261 §7.3.3)."""
    for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() in (b"call-id", b"i"):
            yield value.strip().decode("utf-8", "surrogateescape") or "none"


def _told(peer: Flow | Hop) -> str:
    host, port = peer.remote if isinstance(peer, Flow) else (peer.host, peer.port)
    return f"{peer.transport}:{host}:{port or ''}".rstrip(":")
