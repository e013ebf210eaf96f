"""What a soak has shown: a table, and what in it is not as it must be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benches.soak.footprint import Footprint

MOST_COMPLAINTS = 20

MOST_GROWTH = 0.08
"""How much more memory there may be after the last load than after the one before it. A heap
wanders: what is no longer needed of calls is collected when there is enough of it."""

FEWEST_CALLS = 300
"""So many calls a load are needed for a verdict on memory: until then a heap finds its size."""

COLUMNS = ("start", "load 1", "load 2", "load 3")


@dataclass
class Lived:
    """What became of the calls of a load."""

    calls: int = 0
    seconds: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    """Calls that were not as they must be, as far as there is room."""
    failed: int = 0
    late_ms: float = 0.0
    """How late the callers were at worst."""

    def complain(self, what: str) -> None:
        """Note that a call was not as it must be."""
        self.failed += 1
        if len(self.refusals) < MOST_COMPLAINTS:
            self.refusals.append(what)


@dataclass(frozen=True)
class Soaked:
    """All that was found."""

    footprints: list[Footprint]
    """At the start, and after each load."""
    loads: list[Lived]
    offered: int
    """Calls that came in, as the gateway has it."""
    ended: dict[str, int]
    """Calls by what ended them, as the gateway has it."""
    faults: list[str]
    """What the gateway's journal says went wrong inside of it."""

    @property
    def growth_kb(self) -> int:
        """How much more memory there is after the last load than after the one before."""
        *_, second, last = self.footprints
        return last.private_kb - second.private_kb

    def complaints(self) -> list[str]:
        """What is not as it must be."""
        return [*self._left(), *self._grown(), *self._lived(), *self.faults]

    def _left(self) -> Iterator[str]:
        for number, footprint in enumerate(self.footprints[1:], 1):
            for name, (then, now) in sorted(footprint.differs_from(self.footprints[0]).items()):
                yield f"after load {number}: {name}: {then} at the start, {now} now"

    def _grown(self) -> Iterator[str]:
        calls, growth = self.loads[-1].calls, self.growth_kb
        most = MOST_GROWTH * self.footprints[-2].private_kb
        if calls >= FEWEST_CALLS and growth > most:
            yield f"memory grew by {growth} kB in {calls} calls, {growth / calls:.2f} kB a call"

    def _lived(self) -> Iterator[str]:
        for number, load in enumerate(self.loads, 1):
            yield from (f"load {number}: {each}" for each in load.refusals)
            if load.failed > len(load.refusals):
                yield f"load {number}: {load.failed - len(load.refusals)} more"
        if self.offered != sum(self.ended.values()):
            yield f"{self.offered} calls came in, {sum(self.ended.values())} ended"

    def table(self) -> Iterator[str]:
        """Lines to read."""
        shown = self.footprints
        yield f"{'':24}" + "".join(f"{name:>10}" for name in COLUMNS)
        for name in shown[0].held:
            yield _row(name, [each.held.get(name, 0) for each in shown])
        yield _row("rss [kB]", [each.rss_kb for each in shown])
        yield _row("pss [kB]", [each.pss_kb for each in shown])
        yield _row("private [kB]", [each.private_kb for each in shown])
        yield self._about_memory()
        for name in sorted({name for load in self.loads for name in load.kinds}):
            yield _row(name, ["", *(load.kinds.get(name, 0) for load in self.loads)])
        yield _row("calls", ["", *(load.calls for load in self.loads)])
        yield _row("seconds", ["", *(round(load.seconds) for load in self.loads)])
        for cause, count in sorted(self.ended.items(), key=lambda each: -each[1]):
            yield f"{count:8} ended by: {cause}"

    def _about_memory(self) -> str:
        calls = self.loads[-1].calls
        if calls < FEWEST_CALLS:
            return f"no verdict on memory: {calls} calls a load, {FEWEST_CALLS} are needed"
        return f"memory grew by {self.growth_kb} kB in the last {calls} calls"


def why_ended(end: Mapping[str, Any]) -> str:
    """What ended a call; with particulars where that tells whose fault it was."""
    cause, detail = str(end["cause"]), end["detail"]
    return cause if cause in ("caller hung up", "cancelled", "rtp lost") else f"{cause}: {detail}"


def _row(name: str, values: list[int | str]) -> str:
    return f"{name:24}" + "".join(f"{value:>10}" for value in values)
