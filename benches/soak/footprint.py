"""What the process of a gateway holds: as the kernel sees it, and as the gateway says."""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from benches.soak.site import Site

GAUGES = {
    "calls": ("fourwire_calls", {}),
    "SIP calls": ("fourwire_sip", {"what": "calls"}),
    "SIP transactions": ("fourwire_sip", {"what": "transactions"}),
    "SIP connections": ("fourwire_sip", {"what": "connections"}),
    "legs": ("fourwire_engine", {"what": "legs"}),
    "ports in use": ("fourwire_engine", {"what": "ports_in_use"}),
    "tasks": ("fourwire_tasks", {}),
}
"""What the gateway says that it holds; all are to be as they were."""


@dataclass(frozen=True)
class Footprint:
    """All of it at one moment."""

    held: Mapping[str, int]
    """How many there are of each thing that a call takes and has to give back."""
    rss_kb: int
    pss_kb: int
    private_kb: int
    """Memory that is this process's alone."""

    def differs_from(
        self, other: "Footprint", of: Collection[str] = ()
    ) -> dict[str, tuple[int, int]]:
        """What, `of` all or of these, is held in another number than before: then and now."""
        names = of or other.held.keys() | self.held.keys()
        pairs = {name: (other.held.get(name, 0), self.held.get(name, 0)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


async def look(site: Site) -> Footprint:
    """The footprint now."""
    held = _gauges((await site.page("/metrics"))[1])
    await asyncio.sleep(0.05)  # until the connection of that look is gone
    return Footprint(_files(site.pid) | held | {"threads": _threads(site.pid)}, *_memory(site.pid))


async def settled(
    site: Site, start: Footprint, within_s: float, of: Collection[str] = ()
) -> Footprint:
    """The footprint once nothing is held that was not at the `start`, or else as it is then."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while (now := await look(site)).differs_from(start, of) and loop.time() < end:
        await asyncio.sleep(0.25)
    return now


def _gauges(text: str) -> dict[str, int]:
    samples = [each for family in text_string_to_metric_families(text) for each in family.samples]

    def total(name: str, labels: Mapping[str, str]) -> int:
        found = [s.value for s in samples if s.name == name and labels.items() <= s.labels.items()]
        return int(sum(found))

    return {name: total(*of) for name, of in GAUGES.items()}


def _files(pid: int) -> dict[str, int]:
    """Open files by kind."""
    kinds: Counter[str] = Counter({"sockets": 0, "other files": 0})
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue  # closed meanwhile
        kinds["sockets" if target.startswith("socket:") else "other files"] += 1
    return dict(kinds)


def _threads(pid: int) -> int:
    return len([*Path(f"/proc/{pid}/task").iterdir()])


def _memory(pid: int) -> Sequence[int]:
    """RSS, PSS and what is private, in kB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kb = {name: int(value) for name, value in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
    return kb["Rss"], kb["Pss"], kb["Private_Clean"] + kb["Private_Dirty"]
