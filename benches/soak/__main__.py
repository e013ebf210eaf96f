"""Soaks a gateway: ``python -m benches.soak``; status 1 where it did not bear it.

Any of ``injection``, ``draining``, ``overload``, ``thousand``, ``calls``; all where none is named.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Protocol

from benches import soak
from benches.table import machine


class Found(Protocol):
    """What a part gives."""

    def complaints(self) -> list[str]:
        """What is not as it must be."""


def main() -> int:
    """Do what was asked for, print what was found, write JSON."""
    options = _options()
    found: dict[str, Found] = {}
    for name in options.what:
        for title, part in PARTS[name](options):
            print(f"\n{title}", flush=True)
            found[title] = asyncio.run(_run(part))
            for line in _shown(found[title]):
                print(line)
    wrong = [each for result in found.values() for each in result.complaints()]
    for line in wrong:
        print(f"WRONG  {line}")
    _save(options.json, found, wrong)
    print(f"{len(wrong)} complaints; written to {options.json}")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.soak", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="PART", type=_known, default=[*PARTS])
    calls = parser.add_argument_group("calls")
    calls.add_argument("--seconds", type=float, default=soak.Plan.seconds, help="of calls, in all")
    calls.add_argument("--calls", type=int, help="in all, instead of seconds")
    calls.add_argument("--abreast", type=int, default=soak.Plan.abreast, help="calls at a time")
    calls.add_argument("--seed", type=int, default=soak.Plan.seed)
    parser.add_argument("--thousand", type=int, default=1000, help="calls up at a time")
    parser.add_argument("--json", type=Path, default=Path("out/soak.json"))
    return parser.parse_args()


def _known(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PARTS)}")
    return name


Part = Callable[[], Awaitable[Found]]


def _calls(options: argparse.Namespace) -> Iterator[tuple[str, Part]]:
    plan = soak.Plan(
        calls=options.calls, seconds=options.seconds, abreast=options.abreast, seed=options.seed
    )
    yield "Calls of all kinds", lambda: soak.soak(plan)


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[tuple[str, Part]]]] = {
    "injection": lambda _: iter([("Strangers' RTP", soak.injected)]),
    "draining": lambda _: iter([("Draining", soak.drained)]),
    "overload": lambda _: iter(
        [
            ("Above capacity", soak.above_capacity),
            ("Above the processor", soak.above_the_processor),
        ]
    ),
    "thousand": lambda options: iter(
        [(f"{options.thousand} calls at a time", lambda: soak.up_and_down(options.thousand))]
    ),
    "calls": _calls,
}


async def _run(part: Part) -> Found:
    return await part()


def _shown(found: Found) -> Iterator[str]:
    """Lines to read."""
    if isinstance(found, soak.Soaked):
        yield from found.table()
    elif is_dataclass(found) and not isinstance(found, type):
        yield from (f"  {name}: {value}" for name, value in _figures(found).items())


def _figures(found: Any) -> dict[str, Any]:
    """Fields of a result, short enough for a line each."""
    figures = asdict(found)
    if isinstance(found, soak.Overloaded | soak.Drained):
        harm = found.harm
        figures |= {"calls": len(harm.talks), "harm": harm.certain, "gap_ms": harm.gap_ms}
        figures |= {"late": harm.timely, "lag_ms": harm.lag_ms, "held_up": harm.held_up}
    if isinstance(found, soak.UpAndDown):
        figures |= {"kb_a_call": found.kb_a_call, "left_kb": found.left_kb}
        figures |= {"growth": found.growth}
    return figures


def _save(path: Path, found: dict[str, Found], wrong: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {title: _figures(result) for title, result in found.items()}
    content = {"machine": machine(), "wrong": wrong, **figures}
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
