"""The page of what can be watched names every event and metric, and none that there is not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from fourwire.metrics import COUNTED, Metrics
from fourwire.metrics_now import GAUGES, SUMS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "fourwire"
PAGE = (ROOT / "docs" / "observability.md").read_text()
OURS = re.compile(r"(?:gateway|http|registration|call|bridge|conversation)\.[a-z_]+|user|agent")
WRITERS = {"write", "log", "_log", "_write"}


def written() -> set[str]:
    """Names of events that the package writes: what stands first in a call of write or log."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in ("standin", "demo", "inworld", "sip"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in WRITERS:
                found.update(_words(node.args[0]) if node.args else ())
    return {name for name in found | MAPPED if OURS.fullmatch(name)}


MAPPED = {"call.rtp_stopped", "call.rtp_resumed"}
"""Names that are looked up in a table before they are written."""


def _words(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _words(node.body)
        yield from _words(node.orelse)


def told() -> set[str]:
    """Names of events in the table of the page."""
    section = PAGE.partition("## Journal")[2].partition("## Metrics")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_event_that_is_written_is_on_the_page_and_no_other() -> None:
    assert written() >= {"call.offered", "call.ended", "gateway.overloaded", "bridge.cut_off"}
    assert written() ^ told() == set()


def test_every_metric_is_on_the_page_and_no_other() -> None:
    kept = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in Metrics().registry.collect()
    }
    asked = {f"fourwire_{name}" for name in GAUGES} | {f"fourwire_{name}_total" for name in SUMS}
    labelled = {"calls", "trunk_calls", "registered", "sip", "engine"}
    asked |= {f"fourwire_{name}" for name in labelled}
    asked |= {"fourwire_sip_events_total", "fourwire_engine_events_total"}
    on_page = set(re.findall(r"`(fourwire_[a-z_]+)`", PAGE))
    assert on_page == kept | asked


def test_what_is_counted_of_our_events_is_written_somewhere() -> None:
    ours = {event for event in COUNTED if OURS.fullmatch(event)}
    assert ours <= written()
