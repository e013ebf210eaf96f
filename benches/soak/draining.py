"""A gateway that is told to take no new calls, and then to stop, while calls run on it."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from benches.soak.callers import callers
from benches.soak.overload import REFUSAL, asked_for_a_call
from benches.soak.site import Site, site
from benches.soak.talks import Harm, harm, talking
from fourwire.demo import lag

SETTINGS = "grace_s = 60\noverload = { cpu = 0, loop_lag_ms = 0, late_ticks = 0 }"

WITHIN_S = 1.0

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Drained:
    """What was found."""

    unready_s: float
    """From SIGUSR1 until the page says that it is not ready."""
    ready_s: float
    """From SIGUSR2 until it says that it is."""
    stopping_s: float
    """From SIGTERM until it says that it is not."""
    refused: dict[str, int]
    """Final responses to calls meanwhile."""
    harm: Harm
    """What happened to the calls that ran."""

    def complaints(self) -> list[str]:
        """What is not as it must be."""
        found = self.harm.complaints()
        times = {"SIGUSR1": self.unready_s, "SIGUSR2": self.ready_s, "SIGTERM": self.stopping_s}
        late = {name: took for name, took in times.items() if took > WITHIN_S}
        found += [f"readiness flipped {took:.2f} s after {name}" for name, took in late.items()]
        if self.refused.keys() != {REFUSAL}:
            found.append(f"new calls were answered {self.refused or 'nothing'}")
        return [f"draining: {each}" for each in found]


async def drained(calls: int = 10, tell: Callable[[str], None] = print) -> Drained:
    """Pause, resume and stop a gateway on which calls run, and let them end of themselves."""
    tell(f"{calls} calls run on a gateway that drains")
    async with site(SETTINGS) as where, callers(where) as who:
        async with lag.watch() as late, talking(who, calls) as talks:
            unready_s = await _flipped(where, signal.SIGUSR1, 503)
            answers = [await asked_for_a_call(where) for _ in range(3)]
            ready_s = await _flipped(where, signal.SIGUSR2, 200)
            stopping_s = await _flipped(where, signal.SIGTERM, 503)
            answers += [await asked_for_a_call(where) for _ in range(3)]
        harmed = await harm(where, [await each for each in talks], late.max_ms)
    refused = {answer: answers.count(answer) for answer in answers}
    return Drained(unready_s, ready_s, stopping_s, refused, harmed)


async def _flipped(where: Site, told: signal.Signals, status: int) -> float:
    """Send a signal; how long it took until the page of readiness had `status`."""
    began = time.monotonic()
    os.kill(where.pid, told)
    async with asyncio.timeout(PATIENCE_S):
        while (await where.page("/readyz"))[0] != status:
            await asyncio.sleep(0.01)
    return time.monotonic() - began
