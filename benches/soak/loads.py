"""Equal loads, one after the other, with a look at the gateway between them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from benches.soak.callers import Callers, callers
from benches.soak.footprint import look, settled
from benches.soak.kinds import KINDS, Kind, name_of
from benches.soak.site import Site, site
from benches.soak.soaked import Lived, Soaked, why_ended

LOADS = 3
"""The first may fill what is kept for good; the others are held against each other."""

SETTINGS = """\
rtp_lost_s = 2
max_calls = 1000
overload = { cpu = 0, loop_lag_ms = 0, late_ticks = 0 }
"""
"""Whatever else the machine has to do, no call is refused."""

REST_S = 75.0
"""Longer than anything of a call is kept: SIP's transactions live for 32 s, one after another."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done."""

    calls: int | None = None
    """Calls in all; else as many as fit into `seconds`."""
    seconds: float = 180.0
    """How long calls are placed, in all; the rests between come on top."""
    abreast: int = 24
    """Calls at a time."""
    seed: int = 1
    kinds: tuple[Kind, ...] = tuple(KINDS)


async def soak(plan: Plan, tell: Callable[[str], None] = print) -> Soaked:
    """Do all of it."""
    async with site(SETTINGS, failure=impatient) as where:
        footprints = [await look(where)]
        loads: list[Lived] = []
        for number in range(LOADS):
            calls = loads[0].calls if loads else plan.calls and -(-plan.calls // LOADS)
            tell(f"load {number + 1} of {LOADS}")
            loads.append(await load(where, plan, calls, plan.seconds / LOADS))
            tell(f"  {loads[-1].calls} calls in {loads[-1].seconds:.0f} s; waiting for the rest")
            footprints.append(await settled(where, footprints[0], REST_S))
        entries = [*where.entries("call.offered", "call.ended", "gateway.error", "call.error")]
    ended = [each for each in entries if each["event"] == "call.ended"]
    return Soaked(
        footprints,
        loads,
        offered=sum(each["event"] == "call.offered" for each in entries),
        ended=dict(Counter(map(why_ended, ended))),
        faults=[str(each) for each in entries if each["event"].endswith(".error")],
    )


def impatient(agent: str) -> str:
    """A policy by which what fails does so in seconds; but no agent that works for being slow."""
    common = "attempts = 2\npause_s = 0.1\nreconnects = 2\nwatchdog_s = 3\nhold_after_s = 0.3\n"
    return common + ("connect_s = 1.5\n" if agent == "is-mute" else "")


async def load(where: Site, plan: Plan, calls: int | None, seconds: float) -> Lived:
    """Place `calls` calls, or for `seconds`; the same ones each time."""
    lived = Lived()
    began = time.monotonic()
    drawn = _drawn(plan)
    if calls is not None:
        drawn = islice(drawn, calls)
    async with callers(where) as who:

        async def one_after_the_other() -> None:
            for kind, random in drawn:
                if calls is None and time.monotonic() - began >= seconds:
                    return
                lived.calls += 1
                lived.kinds[name_of(kind)] = lived.kinds.get(name_of(kind), 0) + 1
                await _live(lived, kind, who, random)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(plan.abreast):
                tasks.create_task(one_after_the_other())
        lived.late_ms = who.phones.late_ms
    lived.seconds = time.monotonic() - began
    return lived


async def _live(lived: Lived, kind: Kind, who: Callers, random: Random) -> None:
    try:
        await kind(who, random)
    except Exception as error:
        lived.complain(f"{name_of(kind)}: {type(error).__name__}: {error}")


def _drawn(plan: Plan) -> Iterator[tuple[Kind, Random]]:
    """Kinds without end, each with a source of its own for all that it varies."""
    random = Random(plan.seed)
    weights = [KINDS[kind] for kind in plan.kinds]
    while True:
        (kind,) = random.choices(plan.kinds, weights)
        yield kind, Random(random.getrandbits(64))
