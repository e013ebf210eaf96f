"""Whole calls beside a careful bridge written by hand, at the same load, one after the other."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from benches.calls.certificate import self_signed
from benches.calls.measure import Load, Result, measure
from benches.table import Row

OURS, PEER = "benches.calls.gateway", "benches.calls.handwritten"

#: A harness that runs this late itself has no verdict to give: neither packets nor messages came
#: when they should have, and a system that is starved takes little.
TRUSTED_LAG_MS = 15.0


async def rows(calls: list[int], seconds: float) -> AsyncIterator[Row]:
    """CPU, pacing and barge-in at each number of calls."""
    with tempfile.TemporaryDirectory() as folder:
        tls = self_signed(Path(folder))
        for count in calls:
            for load, goal in _loads(count, seconds):
                ours = await measure(OURS, load, tls)
                peer = await measure(PEER, load, tls)
                for row in _compare(load, goal, ours, peer):
                    yield row
                await asyncio.sleep(1)


def _loads(calls: int, seconds: float) -> list[tuple[Load, float | None]]:
    """What to run, with the share of a core a call that is wanted."""
    plain = Load(calls=calls, seconds=seconds)
    return [
        (plain, 0.18),
        (Load(calls=calls, seconds=seconds, tls=True), 0.25),
        (Load(calls=calls, seconds=seconds, format="audio/pcm"), None),
        (Load(calls=calls, seconds=seconds, stall_ms=200), None),
    ]


def _compare(load: Load, cpu_goal: float | None, ours: Result, peer: Result) -> list[Row]:
    name = _name(load)
    if not (ours.heard and peer.heard):
        raise RuntimeError(f"{name}: the agent did not hear every caller")
    row = _rows_of(name, peer, trusted=ours.harness_lag_ms <= TRUSTED_LAG_MS)
    cpu = ours.cpu_percent_per_call
    return [
        row("CPU a call", "% core", "cpu_percent_per_call", cpu_goal, cpu),
        row("gap p99", "ms", "gap_p99_ms", 21.0, ours.gap_p99_ms),
        row("gap max", "ms", "gap_max_ms", 40.0, ours.gap_max_ms),
        row("barge-in p99", "ms", "barge_in_p99_ms", _barge_in_goal(load), ours.barge_in_p99_ms),
        row("barge-in max", "ms", "barge_in_max_ms", None, ours.barge_in_max_ms),
        row("a call adds", "kB", "memory_kb_per_call", _memory_goal(load), ours.memory_kb_per_call),
        row("process a call", "kB", "process_kb_per_call", None, ours.process_kb_per_call),
        row("descriptors a call", "", "descriptors_per_call", None, ours.descriptors_per_call),
        row("to the agent", "kbit/s", "to_agent_kbit_s", None, ours.to_agent_kbit_s),
        row("from the agent", "kbit/s", "from_agent_kbit_s", None, ours.from_agent_kbit_s),
        row("harness ran late by", "ms", "harness_lag_ms", None, ours.harness_lag_ms),
    ]


def _barge_in_goal(load: Load) -> float | None:
    """While the loop is stalled the message cannot be read, so no goal holds then."""
    return None if load.stall_ms else 20.0


def _memory_goal(load: Load) -> float | None:
    """What all calls share counts for little among many."""
    return 300.0 if load.calls >= 200 else None


def _rows_of(
    name: str, peer: Result, *, trusted: bool
) -> Callable[[str, str, str, float | None, float], Row]:
    def row(what: str, unit: str, field: str, goal: float | None, value: float) -> Row:
        return Row(
            name=f"{name}: {what}",
            unit=unit,
            ours=value,
            peer=getattr(peer, field),
            peer_name="hand-written",
            goal="" if goal is None else f"≤ {goal:g}",
            reached=value <= goal if goal is not None and trusted else None,
        )

    return row


def _name(load: Load) -> str:
    kind = "PCM24" if load.format == "audio/pcm" else "PCMU"
    extra = " TLS" if load.tls else f" stalled {load.stall_ms} ms/s" if load.stall_ms else ""
    return f"{load.calls} {kind}{extra}"
