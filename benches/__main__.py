"""Prints all figures: ``python -m benches [parts] [calls] [--calls N …] [--json FILE]``."""

import argparse
import os
from pathlib import Path

import uvloop

from benches import parts, whole_calls
from benches.table import Row, machine, save, show


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("what", nargs="*", choices=["parts", "calls"], default=["parts", "calls"])
    parser.add_argument("--calls", type=int, nargs="+", default=[50])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path, default=Path("out/benches.json"))
    arguments = parser.parse_args()
    for name, value in machine().items():
        print(f"{name:12} {value}")
    tables: dict[str, list[Row]] = {}
    if "parts" in arguments.what:
        tables["Parts, through Python"] = list(parts.rows())
        show("Parts, through Python", tables["Parts, through Python"])
    if "calls" in arguments.what:
        # The system under test runs on the first processor, all else on the second.
        os.sched_setaffinity(0, {1})
        tables["Whole calls"] = uvloop.run(_calls(arguments.calls, arguments.seconds))
        show("Whole calls", tables["Whole calls"])
    save(arguments.json, tables)
    print(f"\nwritten to {arguments.json}")


async def _calls(calls: list[int], seconds: float) -> list[Row]:
    return [row async for row in whole_calls.rows(calls, seconds)]


if __name__ == "__main__":
    main()
