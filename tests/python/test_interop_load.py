"""Fifty callers of SIPp at once, each with a port and a voice of its own, against one gateway."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.capture import Ear, listen_on, write_speech
from support.capture_speech import SECOND, agent_says, found, is_whole
from support.scene import Scene, scene
from support.sipp import Outcome, ears_of, place_calls, require_player

from fourwire.demo import lag
from fourwire.demo.evidence import HELD_UP_MS
from fourwire.demo.speech import recording

pytestmark = [pytest.mark.interop(peer="SIPp"), pytest.mark.alone]

CALLS = 50

LARGEST_GAP_MS = 40.0

SAID = SECOND + SECOND[:8000] + recording("question") + SECOND
"""Begins while the greeting is being spoken, and so interrupts it."""

BYTES_A_PACKET = 320
"""Twenty milliseconds of samples."""


@dataclass(frozen=True)
class Footprint:
    """What the process of the gateway holds."""

    files: int
    tasks: int
    calls: int
    legs: int
    ports: int

    def within(self, before: "Footprint") -> bool:
        """Whether nothing is held that was not; less may be, of what earlier tests left open."""
        return all(now <= then for now, then in zip(astuple(self), astuple(before), strict=True))


def footprint(stage: Scene) -> Footprint:
    engine = stage.gateway.media.counters()
    return Footprint(
        files=len(list(Path("/proc/self/fd").iterdir())),
        tasks=len(asyncio.all_tasks()),
        calls=len(stage.gateway.calls) + stage.gateway.endpoint.counters()["calls"],
        legs=engine["legs"],
        ports=engine["ports_in_use"],
    )


@dataclass(frozen=True)
class Load:
    """What fifty calls left behind."""

    outcome: Outcome
    ears: list[Ear]
    """What each caller heard."""
    heard: list[bytes]
    """What the agent heard of each caller."""
    ended: list[Mapping[str, Any]]
    """The record of each call's end."""
    before: Footprint
    after: Footprint
    machine: "Machine"


@dataclass
class Machine:
    """What else the machine had to do meanwhile."""

    late_ms: float = 0.0
    """How late it woke a process that does nothing else, at worst."""
    elsewhere: float = 0.0
    """Share of all its processors' time that went to others than these tests."""

    @property
    def held_up(self) -> bool:
        """Whether it was too busy for a delay to be blamed on the calls."""
        return self.late_ms > HELD_UP_MS or self.elsewhere > 0.2

    def __str__(self) -> str:
        return (
            f"the machine woke an idle process {self.late_ms:.1f} ms late at worst"
            f" and gave {self.elsewhere:.0%} of its time to others"
        )


@asynccontextmanager
async def machine() -> AsyncIterator[Machine]:
    """Watch the machine while the block runs; the values are there after it."""
    watched = Machine()
    total, others = _processor_seconds()
    async with lag.watch() as late:
        yield watched
    total_after, others_after = _processor_seconds()
    watched.late_ms = late.max_ms
    watched.elsewhere = (others_after - others) / (total_after - total)


def _processor_seconds() -> tuple[float, float]:
    """Of all processors, since they were started: in all, and busy with other things than us."""
    line = Path("/proc/stat").read_text().splitlines()[0]
    user, nice, system, idle, waiting, *rest = map(int, line.split()[1:9])
    busy = user + nice + system + sum(rest)
    seconds = os.sysconf("SC_CLK_TCK")
    ours = sum(os.times()[:4])
    return (busy + idle + waiting) / seconds, busy / seconds - ours


@contextmanager
def nothing_to_sweep() -> Iterator[None]:
    """Keep what thousands of tests left behind out of the garbage collector's sight.

    One sweep through all of it holds up the event loop by longer than the agent's first words
    last, and a gateway's process has nothing like it.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """One load for all tests here."""
    require_player()
    folder = tmp_path_factory.mktemp("load")
    write_speech(folder / "speech.pcap", SAID, payload_type=0)
    with nothing_to_sweep():
        return anyio.run(place_load, folder)


async def place_load(folder: Path) -> Load:
    with ears_of(CALLS) as (port, ears):
        async with scene() as stage:
            before = footprint(stage)
            async with machine() as watched:
                outcome = await place_all(stage, folder, port, ears)
            ended = await stage.notes.until("call.ended", CALLS)
            after = await settled(stage, before)
            heard = [session.heard for session in stage.agent.sessions]
        return Load(outcome, ears, heard, list(ended), before, after, watched)


async def place_all(stage: Scene, folder: Path, port: int, ears: list[Ear]) -> Outcome:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen_on, ears)
        address = stage.gateway.addresses[0]
        outcome = await place_calls(
            address, "speech", folder, port, calls=CALLS, rate=CALLS, talk_ms=6500
        )
        tasks.cancel_scope.cancel()
    return outcome


async def settled(stage: Scene, before: Footprint) -> Footprint:
    """The footprint once it is what it was `before`, or what it is after a while."""
    with anyio.move_on_after(10):
        await stage.agent.wait_idle()
        while not footprint(stage).within(before):  # noqa: ASYNC110 nothing tells of closed sockets
            await anyio.sleep(0.05)
    return footprint(stage)


def doubt(load: Load, what: str) -> None:
    """Refuse a verdict where the machine may be to blame for `what`."""
    if load.machine.held_up:
        pytest.xfail(f"no verdict: {what}, but {load.machine}")


def test_all_fifty_calls_succeed(load: Load) -> None:
    outcome = load.outcome
    assert (outcome.code, outcome.succeeded, outcome.failed) == (0, CALLS, 0), outcome.complaints
    assert [ended["cause"] for ended in load.ended] == ["caller hung up"] * CALLS


def test_all_fifty_talk_at_the_same_time(load: Load) -> None:
    last_begins = max(ear.arrivals[0].at_ns for ear in load.ears)
    first_stops = min(ear.arrivals[-1].at_ns for ear in load.ears)
    assert (first_stops - last_begins) / 1e9 > 3


def test_the_agent_hears_every_word_of_all_fifty(load: Load) -> None:
    assert len(load.heard) == CALLS
    for ended in load.ended:
        assert ended["rtp"]["audio_packets"] == -(-len(SAID) // BYTES_A_PACKET)
    understood = sum(is_whole(found(heard, SAID)) for heard in load.heard)
    if understood < CALLS:
        doubt(load, f"{understood} of {CALLS} understood")
    assert understood == CALLS


def test_all_fifty_are_greeted_interrupt_and_are_answered(load: Load) -> None:
    assert [ear.missing for ear in load.ears] == [0] * CALLS
    for name in ("greeting", "answer-1"):
        says = agent_says(name)
        whole = sum(is_whole(found(ear.speech, says, seconds=1.0)) for ear in load.ears)
        if whole < CALLS:
            doubt(load, f"{whole} of {CALLS} heard the {name} unbroken")
        assert whole == CALLS
    interrupted = sum(ended["rtp"]["interruptions"] == 1 for ended in load.ended)
    if interrupted < CALLS:
        doubt(load, f"{interrupted} of {CALLS} interrupted the greeting")
    assert interrupted == CALLS


def test_no_caller_waits_for_a_packet(load: Load) -> None:
    gaps = sorted(gap for ear in load.ears for gap in ear.gaps_ms)
    largest, p99 = gaps[-1], gaps[len(gaps) * 99 // 100]
    figures = f"{len(gaps)} gaps, p99 {p99:.1f} ms, largest {largest:.1f} ms"
    print(f"{figures}; {load.machine}")
    if largest > LARGEST_GAP_MS:
        doubt(load, figures)
    assert largest <= LARGEST_GAP_MS


def test_afterwards_sockets_ports_and_tasks_are_back_where_they_began(load: Load) -> None:
    assert load.after.within(load.before), f"{load.before} became {load.after}"
    assert (load.after.calls, load.after.legs, load.after.ports) == (0, 0, 0)
