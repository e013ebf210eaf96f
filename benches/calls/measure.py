"""Runs a system under test with phones and an agent around it: what it costs, what it reaches."""

import asyncio
import contextlib
import json
import os
import ssl
import statistics
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benches.calls.agent import Agent
from benches.calls.order import resident_kb
from benches.calls.phones import Phones
from benches.others import TICKS_PER_S, Others

PROCESSOR = 0
"""Where the system under test runs, by itself."""

FEWEST_INTERRUPTIONS = 20
"""A single call is interrupted so often; among many each once is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked of a system."""

    calls: int
    format: str = "audio/pcmu"
    append_ms: int = 60
    tls: bool = False
    stall_ms: int = 0
    seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a system did."""

    cpu_percent_per_call: float
    gap_p50_ms: float
    gap_p99_ms: float
    gap_max_ms: float
    gaps_over_40_ms: int
    barge_in_p50_ms: float
    barge_in_p99_ms: float
    barge_in_max_ms: float
    memory_kb_per_call: float
    process_kb_per_call: float
    packets_per_call_second: float
    descriptors_per_call: float
    to_agent_kbit_s: float
    """Of each call's messages, what is around them left out."""
    from_agent_kbit_s: float
    heard: bool
    harness_lag_ms: float
    others_percent: float


async def measure(system: str, load: Load, tls: ssl.SSLContext | None = None) -> Result:
    """Measure the module ``system`` under ``load``."""
    agent, phones = Agent(), Phones(load.calls)
    url = await agent.start(tls if load.tls else None)
    try:
        async with _running(system, url, phones, load) as (pid, empty):
            return await _observe(pid, empty, agent, phones, load)
    finally:
        phones.stop()
        await agent.stop()


@contextlib.asynccontextmanager
async def _running(
    system: str, url: str, phones: Phones, load: Load
) -> AsyncIterator[tuple[int, "Empty"]]:
    """The system's process, and what it had before any call."""
    arguments = ["--phones", json.dumps(phones.ports), "--format", load.format]
    arguments += ["--append-ms", str(load.append_ms), "--stall-ms", str(load.stall_ms)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", system, url, *arguments),
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {PROCESSOR}),
    )
    assert process.stdout is not None
    try:
        kilobytes = await asyncio.wait_for(process.stdout.readline(), 60)
        empty = Empty(int(kilobytes), _descriptors(process.pid))
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        if not line:
            raise RuntimeError(f"{system} ended before its calls were up")
        for phone, port in zip(phones.phones, json.loads(line), strict=True):
            phone.remote = ("127.0.0.1", port)
        phones.start()
        yield process.pid, empty
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Empty:
    """A system before its first call."""

    kilobytes: int
    descriptors: int


async def _observe(pid: int, empty: Empty, agent: Agent, phones: Phones, load: Load) -> Result:
    while len(agent.sessions) < load.calls:
        await asyncio.sleep(0.1)
    await asyncio.sleep(3)
    phones.forget()
    heard, said = agent.heard_bytes, agent.said_bytes
    before, others = _cpu_seconds(pid), Others(PROCESSOR)
    await asyncio.sleep(load.seconds)
    cpu = _cpu_seconds(pid) - before
    others_percent = others.percent(cpu)
    kbit_s = 8e-3 / load.seconds / load.calls
    to_agent, from_agent = (agent.heard_bytes - heard) * kbit_s, (agent.said_bytes - said) * kbit_s
    gaps = _gaps(phones)
    packets = len(gaps) / load.calls / load.seconds
    lag = phones.largest_lag_ns / 1e6
    stops = await _barge_in(agent, phones)
    return Result(
        cpu_percent_per_call=100 * cpu / load.seconds / load.calls,
        gap_p50_ms=statistics.median(gaps),
        gap_p99_ms=_percentile(gaps, 0.99),
        gap_max_ms=gaps[-1],
        gaps_over_40_ms=sum(gap > 40 for gap in gaps),
        barge_in_p50_ms=statistics.median(stops),
        barge_in_p99_ms=_percentile(stops, 0.99),
        barge_in_max_ms=stops[-1],
        memory_kb_per_call=(resident_kb(pid) - empty.kilobytes) / load.calls,
        process_kb_per_call=resident_kb(pid) / load.calls,
        packets_per_call_second=packets,
        descriptors_per_call=(_descriptors(pid) - empty.descriptors) / load.calls,
        to_agent_kbit_s=to_agent,
        from_agent_kbit_s=from_agent,
        heard=all(session.heard_bytes > 10_000 for session in agent.sessions),
        harness_lag_ms=lag,
        others_percent=others_percent,
    )


def _gaps(phones: Phones) -> list[float]:
    """The times between packets in milliseconds, of all phones, in order of length."""
    pairs = (pair for phone in phones.phones for pair in pairwise(phone.arrivals))
    return sorted((later - earlier) / 1e6 for earlier, later in pairs)


async def _barge_in(agent: Agent, phones: Phones) -> list[float]:
    """Interrupt every call: from the message until the last packet of speech, in milliseconds."""
    rounds = -(-FEWEST_INTERRUPTIONS // len(phones.phones))
    stops = await _interrupted(agent, phones)
    for _ in range(rounds - 1):
        for session in agent.sessions:
            session.speaking.set()
        await asyncio.sleep(0.7)
        stops += await _interrupted(agent, phones)
    return sorted(stops)


async def _interrupted(agent: Agent, phones: Phones) -> list[float]:
    sent = {}
    for session in agent.sessions:
        sent[session.phone] = await session.interrupt()
        await asyncio.sleep(0.003)
    await asyncio.sleep(1)
    last = dict(zip(phones.ports, (phone.last_speech for phone in phones.phones), strict=True))
    return [max(0.0, (last[phone] - at) / 1e6) for phone, at in sent.items()]


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[int((len(ordered) - 1) * share)]


def _descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
