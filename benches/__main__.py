"""Prints all figures: ``python -m benches [parts|rust|engine|audioop|quality|activity|…]``.

``pictures`` draws those of the docs, and writes the tables there from the figures measured last.
"""

import argparse
import os
from pathlib import Path

from benches.table import Row, machine, save, show, sum_up

ALL = ["parts", "rust", "engine", "audioop", "quality", "activity", "calls"]


def main() -> None:
    """Measure or draw what was asked for."""
    arguments = _arguments()
    if "pictures" in arguments.what:
        _draw(arguments)
    else:
        _measure(arguments)


def _measure(arguments: argparse.Namespace) -> None:
    for name, value in machine().items():
        print(f"{name:12} {value}")
    tables: dict[str, list[Row]] = {}
    extra: dict[str, object] = {}
    if "parts" in arguments.what:
        _measure_parts(tables)
    if "rust" in arguments.what:
        _measure_rust(tables)
    if "engine" in arguments.what:
        _measure_engine(arguments, tables)
    if "audioop" in arguments.what:
        _measure_audioop(tables)
    if "quality" in arguments.what:
        _measure_quality(arguments, tables, extra)
    if "activity" in arguments.what:
        _measure_activity(tables, extra)
    if "calls" in arguments.what:
        _measure_calls(arguments, tables)
    sum_up(tables)
    save(arguments.json, tables, extra)
    print(f"\nwritten to {arguments.json}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    tables = f"any of {', '.join(ALL)}; all where none is named"
    parser.add_argument("what", nargs="*", type=_known, default=ALL, help=tables)
    parser.add_argument("--json", type=Path, default=Path("out/benches.json"))
    calls = parser.add_argument_group("calls")
    calls.add_argument("--calls", type=int, nargs="+", default=[50, 200])
    calls.add_argument("--engine-calls", type=int, default=200)
    calls.add_argument("--seconds", type=float, default=10.0)
    quality = parser.add_argument_group("quality")
    quality.add_argument("--profiles", nargs="+", default=[], help="these scenarios only")
    quality.add_argument("--only", nargs="+", default=[], help="engines with these words only")
    quality.add_argument("--fast", action="store_true", help="two voices, six seconds each")
    quality.add_argument("--seeds", type=int, nargs="+", default=[1])
    return parser.parse_args()


def _known(name: str) -> str:
    """A table that there is. As `choices`, argparse would hold the lack of a name against them."""
    if name not in [*ALL, "pictures"]:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(ALL)}")
    return name


def _measure_parts(tables: dict[str, list[Row]]) -> None:
    from benches import parts

    tables["Parts, through Python"] = list(parts.rows())
    show("Parts, through Python", tables["Parts, through Python"])


def _measure_rust(tables: dict[str, list[Row]]) -> None:
    from benches import inside_rust

    tables["Parts, inside Rust"] = list(inside_rust.parts())
    show("Parts, inside Rust", tables["Parts, inside Rust"])


def _measure_engine(arguments: argparse.Namespace, tables: dict[str, list[Row]]) -> None:
    from benches import inside_rust

    rows = inside_rust.engine(arguments.engine_calls, arguments.seconds)
    tables["The engine alone"] = list(rows)
    show("The engine alone", tables["The engine alone"])


def _measure_audioop(tables: dict[str, list[Row]]) -> None:
    from benches import audioop_functions

    tables["Functions of audioop"] = list(audioop_functions.rows())
    show("Functions of audioop", tables["Functions of audioop"])


def _measure_calls(arguments: argparse.Namespace, tables: dict[str, list[Row]]) -> None:
    import uvloop

    from benches import whole_calls

    async def rows() -> list[Row]:
        return [row async for row in whole_calls.rows(arguments.calls, arguments.seconds)]

    # The system under test runs on the first processor, all else on the second.
    os.sched_setaffinity(0, {1})
    tables["Whole calls"] = uvloop.run(rows())
    show("Whole calls", tables["Whole calls"])


def _measure_quality(
    arguments: argparse.Namespace, tables: dict[str, list[Row]], extra: dict[str, object]
) -> None:
    from benches.quality import run
    from benches.quality.engines import LEFT_OUT

    size = {"voices": 2, "seconds": 6.0} if arguments.fast else {}
    plan = run.Plan(
        scenarios=arguments.profiles, only=arguments.only, seeds=arguments.seeds, **size
    )
    title = "Sound after a bad network"
    extra["said"] = plan.about()
    print(f"\n{title}: {plan.about()}")
    rows, details = [], []
    for scenario, results in run.results(plan):
        run.print_results(scenario, results)
        rows += run.rows(scenario, results)
        details += run.details(results)
    tables[title], extra["quality"], extra["left out"] = rows, details, LEFT_OUT
    for name, why in LEFT_OUT.items():
        print(f"\nnot measured: {name}: {why}")
    show(title, rows)


def _draw(arguments: argparse.Namespace) -> None:
    from benches.quality import page, pictures

    for path in [*pictures.draw(), page.write(arguments.json)]:
        print(f"written to {path}")


def _measure_activity(tables: dict[str, list[Row]], extra: dict[str, object]) -> None:
    from benches.activity import run

    found = run.show(run.Plan())
    title = "Voice activity"
    tables[title] = run.rows(found)
    extra["activity"] = {name: {who: it.shown for who, it in row.items()} for name, row in found}
    show(title, tables[title])


if __name__ == "__main__":
    main()
