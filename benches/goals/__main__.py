"""Judges goals: ``python -m benches.goals [calls|hostile]``.

Status 1 where one was missed and nobody else had the machine.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path

from benches.goals.verdict import Told, Verdict
from benches.table import machine

PARTS = {"calls": "Whole calls", "hostile": "Hostile input and load"}


def main() -> int:
    """Measure what was asked for, print a table, write JSON."""
    options = _options()
    for name, value in machine().items():
        print(f"{name:12} {value}")
    began, told = time.monotonic(), dict[str, list[Told]]()
    for part in options.what:
        print(f"\n{PARTS[part]}")
        told[PARTS[part]] = _calls(options) if part == "calls" else _hostile(options)
    every = [each for part in told.values() for each in part]
    for part, lines in told.items():
        print(f"\n{part.upper()}", *lines, sep="\n")
    print()
    for verdict in Verdict:
        print(f"{sum(each.verdict is verdict for each in every):4} {verdict}")
    print(f"{(time.monotonic() - began) / 60:4.0f} minutes")
    _save(options.json, told)
    print(f"written to {options.json}")
    return int(any(each.verdict is Verdict.MISSED for each in every))


def _calls(options: argparse.Namespace) -> list[Told]:
    from benches.goals import calls

    alone = list(_shown(calls.engine(options.seconds)))
    kept = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {1})  # the measured program runs on the other one
    try:
        import uvloop

        return alone + uvloop.run(_all_of(calls.whole_calls(options.seconds)))
    finally:
        os.sched_setaffinity(0, kept)


async def _all_of(lines: AsyncIterator[Told]) -> list[Told]:
    found = []
    async for told in lines:
        print(told, flush=True)
        found.append(told)
    return found


def _hostile(options: argparse.Namespace) -> list[Told]:
    from benches.goals import hostile, load

    proven = list(_shown(hostile.tests()))
    borne = asyncio.run(_all_of(load.soaks()))
    return proven + borne + list(_shown(hostile.mutations(options.mutations)))


def _shown(lines: Iterator[Told]) -> Iterator[Told]:
    for told in lines:
        print(told, flush=True)
        yield told


def _options() -> argparse.Namespace:
    from benches.goals.hostile import MUTATIONS

    parser = argparse.ArgumentParser(prog="python -m benches.goals", description=__doc__)
    parser.add_argument("what", nargs="*", type=_known, default=list(PARTS))
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load of calls")
    parser.add_argument("--mutations", type=int, default=MUTATIONS, help="packets a parser")
    parser.add_argument("--json", type=Path, default=Path("out/goals.json"))
    return parser.parse_args()


def _known(name: str) -> str:
    """A part that there is. As `choices`, argparse would hold the lack of a name against them."""
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PARTS)}")
    return name


def _save(path: Path, told: dict[str, list[Told]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {part: [asdict(each) for each in lines] for part, lines in told.items()}
    path.write_text(json.dumps({"machine": machine(), "goals": parts}, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
