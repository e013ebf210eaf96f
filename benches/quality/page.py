"""The tables of ``docs/concealment-and-jitter.md``, from figures measured before."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "concealment-and-jitter.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def write(figures: Path) -> Path:
    """Puts the tables between the page's two marks."""
    measured = json.loads(figures.read_text())
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(before + BEGIN + "".join(_tables(measured)) + END + after)
    return PAGE


def _tables(measured: dict[str, Any]) -> Iterator[str]:
    machine, rows = measured["machine"], measured["quality"]
    names = ("fourwire", "pesq", "pystoi", "aiortc", "wrtc")
    versions = ", ".join(f"{name} {machine[name]}" for name in names)
    yield f"\n{measured['said']}. On {machine['cpu']}, Python {machine['python']}, {versions}.\n"
    yield from _table("PESQ (MOS-LQO)", rows, lambda it: f"{it['pesq']:.2f}", best=max)
    yield from _table("Mean delay from sending, ms", rows, lambda it: f"{it['delay_ms']:.0f}")
    yield from _table("STOI", rows, lambda it: f"{it['stoi']:.3f}")
    missing = {it["engine"]: it["missing"] for it in rows if "missing" in it}
    yield "\nNot measured:\n\n"
    yield from (f"- {name}: {why}\n" for name, why in (missing | measured["left out"]).items())


def _table(
    title: str, rows: Sequence[dict[str, Any]], show: Any, best: Any = None
) -> Iterator[str]:
    engines = list(dict.fromkeys(it["engine"] for it in rows if "pesq" in it))
    yield f"\n**{title}**\n\n| network | {' | '.join(engines)} |\n|---{'|---' * len(engines)}|\n"
    for scenario in dict.fromkeys(it["scenario"] for it in rows):
        cells = {it["engine"]: _cell(it, show) for it in rows if it["scenario"] == scenario}
        shown = [cell for cell in cells.values() if cell[0].isdigit()]
        top = best(shown) if best else None
        marked = (f"**{cell}**" if cell == top else cell for cell in map(cells.get, engines))
        yield f"| `{scenario}` | {' | '.join(map(str, marked))} |\n"


def _cell(row: dict[str, Any], show: Any) -> str:
    if row.get("pesq") is None or row.get("delay_ms") is None:
        return "–"
    return "late" if row.get("late_ms", 0) > LATE_MS else show(row)


#: As in `run`: packets came later than the network said, and the figure would be unfair.
LATE_MS = 5.0
