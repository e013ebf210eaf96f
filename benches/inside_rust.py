"""What needs no Python: the parts of the core, and the engine alone, built and run by cargo."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benches.table import Row

ROOT = Path(__file__).parents[1]

PARTS = ["bench", "--package", "fourwire", "--bench", "timing", "--", "--json"]
LOAD = ["run", "--release", "--package", "fourwire-engine", "--example", "load", "--"]

#: What the engine carries, with the share of a core a call that is wanted.
LOADS = {"pcmu": 0.06, "pcm24": None, "g722": None}


def parts() -> Iterator[Row]:
    """The parts of the core: 20 ms of a call each, but where it is said."""
    for line in _cargo(PARTS):
        part = json.loads(line)
        goal = part["goal"]
        yield Row(
            name=part["name"],
            unit="ns",
            ours=part["ns"],
            goal="" if goal is None else f"≤ {goal:g}",
            reached=None if goal is None else part["ns"] <= goal,
        )


def engine(calls: int, seconds: float) -> Iterator[Row]:
    """The engine by itself, with phones and agents in threads of their own."""
    for kind, goal in LOADS.items():
        share = engine_share(kind, calls, seconds)
        yield Row(
            name=f"{calls} {kind.upper()}: CPU a call",
            unit="% core",
            ours=share,
            goal="" if goal is None else f"≤ {goal:g}",
            reached=None if goal is None else share <= goal,
        )


def engine_share(kind: str, calls: int, seconds: float) -> float:
    """Per cent of a core that a call of that kind costs the engine by itself."""
    lines = _cargo([*LOAD, str(calls), str(round(seconds)), kind])
    return float(_find(r"engine ([\d.]+) %", lines))


def _cargo(command: list[str]) -> list[str]:
    process = subprocess.run(
        ["cargo", command[0], "--quiet", *command[1:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return process.stdout.splitlines()


def _find(pattern: str, lines: list[str]) -> str:
    found = re.search(pattern, "\n".join(lines))
    if found is None:
        raise RuntimeError(f"no {pattern!r} in what was printed:\n" + "\n".join(lines))
    return found[1]
