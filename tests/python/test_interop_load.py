"""Fifty callers of SIPp at once, each with a port and a voice of its own, against one gateway."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
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

pytestmark = pytest.mark.interop

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
    lag: lag.Lag


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """One load for all tests here."""
    require_player()
    folder = tmp_path_factory.mktemp("load")
    write_speech(folder / "speech.pcap", SAID, payload_type=0)
    return anyio.run(place_load, folder)


async def place_load(folder: Path) -> Load:
    with ears_of(CALLS) as (port, ears):
        async with scene() as stage:
            before = footprint(stage)
            async with lag.watch() as watched:
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
            address, "speech", folder, port, calls=CALLS, rate=CALLS, talk_ms=5500
        )
        tasks.cancel_scope.cancel()
    return outcome


async def settled(stage: Scene, before: Footprint) -> Footprint:
    """The footprint once it is what it was `before`, or what it is after a while."""
    with anyio.move_on_after(10):
        await stage.agent.wait_idle()
        while footprint(stage) != before:  # noqa: ASYNC110 nothing tells of closed sockets
            await anyio.sleep(0.05)
    return footprint(stage)


def test_all_fifty_calls_go_as_sipp_has_it(load: Load) -> None:
    assert load.outcome == Outcome(code=0, succeeded=CALLS, failed=0, complaints="")
    assert [ended["cause"] for ended in load.ended] == ["caller hung up"] * CALLS


def test_all_fifty_talk_at_the_same_time(load: Load) -> None:
    last_begins = max(ear.arrivals[0].at_ns for ear in load.ears)
    first_stops = min(ear.arrivals[-1].at_ns for ear in load.ears)
    assert (first_stops - last_begins) / 1e9 > 3


def test_the_agent_hears_every_word_of_all_fifty(load: Load) -> None:
    assert len(load.heard) == CALLS
    for heard in load.heard:
        assert is_whole(found(heard, SAID))
    for ended in load.ended:
        assert ended["rtp"]["audio_packets"] == -(-len(SAID) // BYTES_A_PACKET)


def test_all_fifty_are_greeted_interrupt_and_are_answered(load: Load) -> None:
    for ear in load.ears:
        assert ear.missing == 0
        assert is_whole(found(ear.speech, agent_says("greeting"), seconds=1.0))
        assert is_whole(found(ear.speech, agent_says("answer-1"), seconds=0.5))
    assert [ended["rtp"]["interruptions"] for ended in load.ended] == [1] * CALLS


def test_no_caller_waits_for_a_packet(load: Load) -> None:
    gaps = sorted(gap for ear in load.ears for gap in ear.gaps_ms)
    largest, p99 = gaps[-1], gaps[len(gaps) * 99 // 100]
    print(f"{len(gaps)} gaps: largest {largest:.1f} ms, p99 {p99:.1f} ms; {load.lag}")
    if largest > LARGEST_GAP_MS and load.lag.max_ms > HELD_UP_MS:
        pytest.xfail(
            f"no verdict: a gap of {largest:.1f} ms, but this machine woke a process that does"
            f" nothing else up to {load.lag.max_ms:.1f} ms late meanwhile; run it again when idle"
        )
    assert largest <= LARGEST_GAP_MS


def test_afterwards_sockets_ports_and_tasks_are_back_where_they_began(load: Load) -> None:
    assert load.after == load.before
    assert (load.after.calls, load.after.legs, load.after.ports) == (0, 0, 0)
