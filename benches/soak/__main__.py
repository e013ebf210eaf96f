"""Soaks a gateway: ``python -m benches.soak``; status 1 where it is not as it was before."""

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from benches.soak.judging import complaints, table
from benches.soak.loads import Plan, Soaked, soak
from benches.table import machine


def main() -> int:
    """Soak, print a table, write JSON."""
    options = _options()
    plan = Plan(
        calls=options.calls, seconds=options.seconds, abreast=options.abreast, seed=options.seed
    )
    soaked = asyncio.run(soak(plan))
    for line in table(soaked):
        print(line)
    wrong = list(complaints(soaked))
    for line in wrong:
        print(f"WRONG  {line}")
    _save(options.json, soaked, wrong)
    print(f"{'not as before' if wrong else 'as before'}; written to {options.json}")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of calls, in all")
    parser.add_argument("--calls", type=int, help="in all, instead of seconds")
    parser.add_argument("--abreast", type=int, default=Plan.abreast, help="calls at a time")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--json", type=Path, default=Path("out/soak.json"))
    return parser.parse_args()


def _save(path: Path, soaked: Soaked, wrong: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine(), "wrong": wrong, **asdict(soaked)}
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
