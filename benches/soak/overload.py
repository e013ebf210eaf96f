"""More calls than a gateway takes, while others run on it: who is refused, and who is harmed."""

import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benches.soak.by_hand import NOWHERE, ByHand
from benches.soak.callers import callers
from benches.soak.site import Site, site
from benches.soak.talks import Harm, Talk, harm, talking
from fourwire.demo import lag

CAPACITY = """\
max_calls = {calls}
overload = {{ cpu = 0, loop_lag_ms = 0, late_ticks = 0 }}
"""

PROCESSOR = """\
max_calls = 1000
overload = { cpu = 0.15, loop_lag_ms = 0, late_ticks = 0, calm_s = 1 }
"""
"""Little, so that a machine that is busy with other things comes above it too."""

STORM_PER_S = 100
"""Calls a second above capacity."""

HAMMERS = 4
"""Who ask as fast as they are answered, to use up the processor."""

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Overloaded:
    """What was found."""

    what: str
    refused: dict[str, int]
    """Final responses to calls that were one too many, by status and Retry-After."""
    harm: Harm
    """What happened to the calls that ran."""
    recovered_s: float | None = None
    """How long after the load had gone calls were taken again."""

    def complaints(self) -> list[str]:
        """What is not as it must be."""
        found = self.harm.complaints()
        if self.refused.keys() != {REFUSAL}:
            found.append(f"new calls were answered {self.refused or 'nothing'}")
        return [f"above {self.what}: {each}" for each in found]


REFUSAL = "503, Retry-After"


async def above_capacity(calls: int = 20, tell: Callable[[str], None] = print) -> Overloaded:
    """Have as many calls run as there may be, and a hundred a second more come in."""
    tell(f"{calls} calls run, {STORM_PER_S} a second more want in")
    refused: Counter[str] = Counter()
    async with site(CAPACITY.format(calls=calls)) as where, callers(where) as who:
        async with lag.watch() as late, talking(who, calls) as talks:
            await _storm(where, talks, refused)
        harmed = await harm(where, [await each for each in talks], late.max_ms)
    return Overloaded("capacity", dict(refused), harmed)


async def above_the_processor(
    calls: int = 5, seconds: float = 4.0, tell: Callable[[str], None] = print
) -> Overloaded:
    """Have calls run on one processor, and use that up: new calls are refused until it is calm."""
    tell(f"{calls} calls run on one processor, which OPTIONS without pause use up")
    refused: Counter[str] = Counter()
    one = [min(os.sched_getaffinity(0))]
    async with site(PROCESSOR, cores=one) as where, callers(where) as who:
        async with lag.watch() as late, talking(who, calls) as talks:
            async with _hammered(where):
                await _until_ready(where, 503)
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    refused[await asked_for_a_call(where)] += 1
                    await asyncio.sleep(0.1)
            began = time.monotonic()
            await _until_ready(where, 200)
            recovered_s = time.monotonic() - began
        harmed = await harm(where, [await each for each in talks], late.max_ms)
    return Overloaded("the processor", dict(refused), harmed, recovered_s)


async def _storm(where: Site, talks: Sequence[asyncio.Task[Talk]], refused: Counter[str]) -> None:
    """Place calls until the first of those that run is over."""
    async with asyncio.TaskGroup() as tasks:

        async def place() -> None:
            answer = await asked_for_a_call(where)
            if not any(each.done() for each in talks):
                refused[answer] += 1

        while not any(each.done() for each in talks):
            tasks.create_task(place())
            await asyncio.sleep(1 / STORM_PER_S)


_numbers = itertools.count()


async def asked_for_a_call(where: Site) -> str:
    """What a new call is answered, in short; one that is taken is hung up on."""
    call = ByHand(where.sip["udp"], "well", f"one-more-{next(_numbers)}", NOWHERE)
    try:
        response = await call.answered()
        if response.status < 300:
            await call.hang_up(response)
    except TimeoutError:
        return "nothing"
    finally:
        call.vanish()
    return f"{response.status}" + (", Retry-After" if response.headers.get("Retry-After") else "")


@asynccontextmanager
async def _hammered(where: Site) -> AsyncIterator[None]:
    """Ask OPTIONS as fast as they are answered."""

    async def hammer(number: int) -> None:
        call = ByHand(where.sip["udp"], "well", f"hammer-{number}", NOWHERE)
        try:
            for turn in itertools.count():
                await call.asked("OPTIONS", turn)
        finally:
            call.vanish()

    tasks = [asyncio.create_task(hammer(number)) for number in range(HAMMERS)]
    try:
        yield
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until_ready(where: Site, status: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await where.page("/readyz"))[0] != status:
            await asyncio.sleep(0.05)
