"""Whole calls beside a careful bridge written by hand, at the same load, one after the other."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from math import isnan
from pathlib import Path

from benches.calls.certificate import self_signed
from benches.calls.measure import Load, Result, System, measure
from benches.table import Row

OURS, PEER = System("benches.calls.gateway"), System("benches.calls.handwritten")

TRUSTED_LAG_MS = 5.0
"""What is around the calls, and is later than this with one packet in a hundred, has no verdict to
give on what they cost: nothing came when it should have, and work that comes in lumps is cheap."""


MOST_OF_OTHERS = 10.0
"""Per cent of the processor of the measured program from which on others disturb it."""


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
    if not (ours.heard and peer.heard) and ours.others_percent <= MOST_OF_OTHERS:
        raise RuntimeError(f"{name}: not every caller and agent heard the other")
    row = _rows_of(name, ours, peer)
    trusted = ours.harness.p99 <= TRUSTED_LAG_MS
    rows = [
        row("CPU a call", "% core", _cost, cpu_goal if trusted else None),
        row("gap p99", "ms", lambda result: result.gaps.p99, 21.0),
        row("gap max", "ms", lambda result: result.gaps.max, 40.0),
        row("barge-in p99", "ms", lambda result: result.barge_in.p99, 20.0),
        row("barge-in max", "ms", lambda result: result.barge_in.max),
        row("phone to append p99", "ms", lambda result: result.append.p99, _append_goal(load)),
        row("delta to packet p99", "ms", lambda result: result.first_packet.p99),
        row("a call adds", "kB", lambda result: result.memory_kb_per_call, _memory_goal(load)),
        row("process a call", "kB", lambda result: result.process_kb_per_call),
        row("descriptors a call", "", lambda result: result.descriptors_per_call),
        row("to the agent", "kbit/s", lambda result: result.to_agent_kbit_s),
        row("from the agent", "kbit/s", lambda result: result.from_agent_kbit_s),
        row("harness late p99", "ms", lambda result: result.harness.p99),
    ]
    return [row for row in rows if not isnan(row.ours)]  # what no packet and no append told


def _cost(result: Result) -> float:
    return result.cpu_percent_per_call


def _append_goal(load: Load) -> float | None:
    """No append tells its age where audio is resampled, and none comes from a stalled loop."""
    return load.append_ms + 5.0 if load.format == "audio/pcmu" and not load.stall_ms else None


def _memory_goal(load: Load) -> float | None:
    """What all calls share counts for little among many."""
    return 300.0 if load.calls >= 200 else None


def _rows_of(name: str, ours: Result, peer: Result) -> Callable[..., Row]:
    def row(
        what: str, unit: str, figure: Callable[[Result], float], goal: float | None = None
    ) -> Row:
        value = figure(ours)
        return Row(
            name=f"{name}: {what}",
            unit=unit,
            ours=value,
            peer=figure(peer),
            peer_name="hand-written",
            goal="" if goal is None else f"≤ {goal:g}",
            reached=_reached(value, goal, ours),
        )

    return row


def _reached(value: float, goal: float | None, ours: Result) -> bool | None:
    """Others make nothing better: what is within its goal is, where all the work was done."""
    if goal is not None and value <= goal and ours.heard:
        return True
    return None if goal is None or ours.others_percent > MOST_OF_OTHERS else False


def _name(load: Load) -> str:
    kind = "PCM24" if load.format == "audio/pcm" else "PCMU"
    extra = " TLS" if load.tls else f" stalled {load.stall_ms} ms/s" if load.stall_ms else ""
    return f"{load.calls} {kind}{extra}"
