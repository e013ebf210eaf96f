"""When the faults of a session happen: told every event before it leaves, it says what leaves."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import TypeAlias

from msgspec import UNSET

from fourwire.standin.faults import Change, Counted, Drop, Fault, Moment, Repeat, Spoilt

__all__ = ["Event", "FaultScript", "Step"]

Event: TypeAlias = dict[str, object]
"""Without an `event_id` until it is sent; one that is UNSET is not given any."""

Step: TypeAlias = Event | Moment
"""An event to send, or what goes wrong in its place."""


class FaultScript:
    """The faults of one session, in the order they were given."""

    def __init__(self, faults: Sequence[Fault], seed: int, session: int) -> None:
        self._moments = [fault for fault in faults if isinstance(fault, Moment)]
        self._spoilt = [fault for fault in faults if isinstance(fault, Spoilt)]
        self._random = Random(f"faults/{seed}/{session}")
        self._response = -1
        self._in_session: Counter[str] = Counter()
        self._in_response: Counter[str] = Counter()

    def timed(self) -> Iterator[tuple[int, Moment]]:
        """The faults that wait for no event, each with its milliseconds after the opening."""
        for fault in self._moments:
            if fault.after_ms is not None and self._is_likely(fault):
                yield fault.after_ms, fault

    def steps(self, event: Event) -> Iterator[Step]:
        """What leaves in place of `event`, in order."""
        kind = str(event["type"])
        self._count(kind)
        yield from (fault for fault in self._moments if self._hits(fault, fault.before, kind))
        yield from self._spoil(event, kind)
        yield from (fault for fault in self._moments if self._hits(fault, fault.after, kind))

    def _count(self, kind: str) -> None:
        if kind == "response.created":
            self._response += 1
            self._in_response.clear()
        self._in_session[kind] += 1
        self._in_response[kind] += 1

    def _spoil(self, event: Event, kind: str) -> list[Event]:
        copies = [event]
        for fault in self._spoilt:
            if self._hits(fault, fault.event, kind):
                copies = _spoiled(copies, fault)
        return copies

    def _hits(self, fault: Counted, wanted: str | None, kind: str) -> bool:
        if wanted != kind or fault.response not in (None, self._response):
            return False
        counts = self._in_session if fault.response is None else self._in_response
        return fault.nth in (0, counts[kind]) and self._is_likely(fault)

    def _is_likely(self, fault: Counted) -> bool:
        return fault.chance == 1 or self._random.random() < fault.chance


def _spoiled(copies: list[Event], fault: Spoilt) -> list[Event]:
    match fault:
        case Drop():
            return []
        case Repeat():
            return [*copies, *copies]
        case Change(set=new, without=gone):
            return [_changed(copy, new, gone) for copy in copies]
        case _:
            raise AssertionError(f"no such fault: {fault}")


def _changed(event: Event, new: Event, gone: Sequence[str]) -> Event:
    nameless: Event = {"event_id": UNSET} if "event_id" in gone else {}
    return {key: value for key, value in (event | new).items() if key not in gone} | nameless
