"""Figures beside those of peers, as a table to read and as JSON to keep."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PEERS = [
    *("fourwire", "websockets", "uvloop", "soxr", "aiortc", "msgspec", "numpy"),
    *("pesq", "pystoi", "wrtc"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of ours, the best peer's beside it, and what we want to reach."""

    name: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    goal: str = ""
    reached: bool | None = None

    @property
    def ratio(self) -> float | None:
        """How many times more the peer takes."""
        return self.peer / self.ours if self.peer and self.ours else None


def machine() -> dict[str, str]:
    """Where and with what this was measured."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    facts = {"cpu": cpu, "cores": str(os.cpu_count()), "python": platform.python_version()}
    return facts | {"kernel": platform.release(), **{name: _version(name) for name in PEERS}}


def show(title: str, rows: Sequence[Row]) -> None:
    """Print ``rows``."""
    print(f"\n{title}")
    print(f"{'':44}{'fourwire':>11}{'peer':>11}  {'ratio':>6}  {'goal':12} peer")
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer:.3f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.1f}×"
        mark = {True: "reached", False: "MISSED", None: ""}[row.reached]
        figures = f"{row.name + f' [{row.unit}]':44}{row.ours:11.3f}{peer:>11}  {ratio:>6}"
        print(f"{figures}  {row.goal:12} {row.peer_name}  {mark}")
    sys.stdout.flush()


def sum_up(tables: Mapping[str, Sequence[Row]]) -> None:
    """Print how many goals there are, and name each that was missed."""
    rows = [(title, row) for title, rows in tables.items() for row in rows]
    judged = [(title, row) for title, row in rows if row.reached is not None]
    missed = [(title, row) for title, row in judged if not row.reached]
    open_goals = sum(bool(row.goal) and row.reached is None for _, row in rows)
    unjudged = f", {open_goals} without a verdict" if open_goals else ""
    print(f"\n{len(judged) - len(missed)} of {len(judged)} goals reached{unjudged}")
    for title, row in missed:
        peer = "" if row.ratio is None else f", {row.ratio:.2f}× {row.peer_name}"
        print(f"MISSED  {title}: {row.name}: {row.ours:.3f} {row.unit}{peer} (goal {row.goal})")


def save(path: Path, tables: Mapping[str, Sequence[Row]], extra: Mapping[str, object]) -> None:
    """Write all tables, and what is no table, with the machine they were measured on."""
    content = {
        title: [asdict(row) | {"ratio": row.ratio} for row in rows]
        for title, rows in tables.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), "tables": content, **extra}, indent=1) + "\n")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
