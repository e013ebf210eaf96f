"""Runs a system under test with phones and an agent around it: what it costs, what it reaches."""

import asyncio
import contextlib
import json
import os
import statistics
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benches.calls.order import resident_kb
from benches.calls.surroundings import Surroundings, surroundings
from benches.others import TICKS_PER_S, Others

ROOT = Path(__file__).parents[2]

PACKET_BYTES = 160

PROCESSOR = 0
"""Where the system under test runs, by itself."""

PATIENCE_S = 90.0
"""How long a system may take to begin, and to have all its calls up."""

SETTLED_S = 2.0
"""After which all calls are up and speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked of a system."""

    calls: int
    format: str = "audio/pcmu"
    append_ms: int = 60
    tls: bool = False
    stall_ms: int = 0
    interruptions: int = 20
    """At least so many: a single call has them all, and among many each has one."""
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class System:
    """A program that bridges calls."""

    module: str
    arguments: tuple[str, ...] = ()
    python: str = sys.executable
    """What runs it, with what it needs."""
    takes_streams: bool = False
    """Whether it takes calls as Twilio's Media Streams on a port of its own, instead of RTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Times of one kind, in milliseconds."""

    count: int
    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a system did."""

    cpu_percent_per_call: float
    gaps: Spread
    """Between the packets that a phone gets."""
    gaps_over_40_ms: int
    barge_in: Spread
    """From sending `speech_started` to the last packet of speech."""
    append: Spread
    """From a packet's leaving the phone to the coming of the append that begins with it."""
    first_packet: Spread
    """From sending the first audio of a reply to the first packet of it."""
    memory_kb_per_call: float
    process_kb_per_call: float
    packets_per_call_second: float
    """Packets of 20 ms that a phone gets, or as much audio."""
    descriptors_per_call: float
    to_agent_kbit_s: float
    """Of each call's messages, what is around them left out."""
    from_agent_kbit_s: float
    heard: bool
    """Whether the agent heard every caller, and every caller the agent."""
    harness: Spread
    """How late what is around the calls was itself, with each packet and each message."""
    others_percent: float


def is_installed(system: System) -> bool:
    """Whether there is what runs it."""
    return Path(system.python).exists()


async def measure(system: System, load: Load, tls: Path | None = None) -> Result:
    """Measure `system` under `load`; `tls` is the folder of a certificate."""
    async with (
        surroundings(load.calls, tls if load.tls else None) as around,
        _running(system, around, load, tls if load.tls else None) as (pid, empty),
    ):
        return await _observe(pid, empty, around, load)


@contextlib.asynccontextmanager
async def _running(
    system: System, around: Surroundings, load: Load, tls: Path | None
) -> AsyncIterator[tuple[int, "Empty"]]:
    """The system's process, and what it had before any call."""
    arguments = ["--phones", json.dumps(around.phones), "--format", load.format]
    arguments += ["--append-ms", str(load.append_ms), "--stall-ms", str(load.stall_ms)]
    arguments += system.arguments
    believed = {"SSL_CERT_FILE": str(tls / "certificate.pem")} if tls else {}
    process = await asyncio.create_subprocess_exec(
        *(system.python, "-m", system.module, around.url, *arguments),
        cwd=ROOT,
        env=os.environ | {"LOGURU_LEVEL": "WARNING"} | believed,  # Pipecat logs with loguru
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {PROCESSOR}),
    )
    assert process.stdout is not None
    try:
        kilobytes = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        empty = Empty(int(kilobytes), _descriptors(process.pid))
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        if not line:
            raise RuntimeError(f"{system.module} ended before its calls were up")
        await (around.stream if system.takes_streams else around.call)(json.loads(line))
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


async def _observe(pid: int, empty: Empty, around: Surroundings, load: Load) -> Result:
    await _all_up(around, load.calls)
    await around.speak()
    await asyncio.sleep(SETTLED_S)
    await around.begin()
    before, others = _cpu_seconds(pid), Others(PROCESSOR)
    await asyncio.sleep(load.seconds)
    cpu = _cpu_seconds(pid) - before
    others_percent = others.percent(cpu)
    report = await around.report()
    memory_kb, descriptors = resident_kb(pid), _descriptors(pid)
    rounds = [await around.interrupt() for _ in range(-(-load.interruptions // load.calls))]
    state = await around.state()
    call_seconds = load.calls * load.seconds
    return Result(
        cpu_percent_per_call=100 * cpu / call_seconds,
        gaps=_spread(report["gaps"]),
        gaps_over_40_ms=report["gaps"]["over_40"],
        barge_in=_of_all([ms for each in rounds for ms in each["barge_in_ms"]]),
        append=_spread(report["appends"]),
        first_packet=_of_all([ms for each in rounds for ms in each["first_packet_ms"]]),
        memory_kb_per_call=(memory_kb - empty.kilobytes) / load.calls,
        process_kb_per_call=memory_kb / load.calls,
        packets_per_call_second=report["to_phone_bytes"] / PACKET_BYTES / call_seconds,
        descriptors_per_call=(descriptors - empty.descriptors) / load.calls,
        to_agent_kbit_s=8e-3 * report["to_agent_bytes"] / call_seconds,
        from_agent_kbit_s=8e-3 * report["from_agent_bytes"] / call_seconds,
        heard=state["least_heard_bytes"] > 10_000 and not any(each["unheard"] for each in rounds),
        harness=_spread(report["late"]),
        others_percent=others_percent,
    )


async def _all_up(around: Surroundings, calls: int) -> None:
    """Wait until the agent has a session for every call."""
    async with asyncio.timeout(PATIENCE_S):
        while (await around.state())["sessions"] < calls:
            await asyncio.sleep(0.1)


def _spread(told: dict[str, Any]) -> Spread:
    """Times as they were told; not a number where there are none."""
    figures = {
        name: told[name] if told["count"] else float("nan") for name in ("p50", "p99", "max")
    }
    return Spread(count=told["count"], **figures)


def _of_all(times_ms: list[float]) -> Spread:
    if not times_ms:
        return _spread({"count": 0})
    ordered = sorted(times_ms)
    p99 = ordered[ceil((len(ordered) - 1) * 0.99)]
    return Spread(count=len(ordered), p50=statistics.median(ordered), p99=p99, max=ordered[-1])


def _descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
