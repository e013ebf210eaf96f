"""A thousand calls at a time, up and down: what one takes, and what is left of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from benches.soak.callers import Callers, callers
from benches.soak.footprint import Footprint, look, settled
from benches.soak.loads import REST_S
from benches.soak.site import Site, site
from benches.soak.soaked import MOST_GROWTH, why_ended
from fourwire import sip
from fourwire.ebb import QUIET_S

CALLS = 1000

ABREAST = 20
"""Calls that are being answered at a time: a burst of a thousand is no question of memory."""

SETTINGS = """\
max_calls = {calls}
append_ms = 200
rtp_ports = "10000-29999"
overload = {{ cpu = 0, loop_lag_ms = 0, late_ticks = 0 }}
"""
"""Appends are long, so that a small machine carries a thousand calls: it is no bench of speed."""

PATIENT = "connect_s = 60\ngive_up_s = 60\nwatchdog_s = 0\n"
"""Nor is it one of how soon agents answer on a machine that has more to do than it can."""

MOST_KB = 300.0
"""What a call may take at most."""

MOST_LEFT_KB = 25_000
"""How much more memory than at the start there may be once the calls have gone and a gateway has
given back what they took: what the heap cannot give back for the few things on its pages that stay.
"""

EBB_S = QUIET_S + 3.0
"""How long after the last call that has happened."""

ROUNDS = 2


@dataclass(frozen=True)
class Round:
    """Up, and down again."""

    outcomes: dict[str, int]
    """What became of the calls: answered, or what they were told."""
    up_s: float
    down_s: float
    top: Footprint
    rest: Footprint


@dataclass(frozen=True)
class UpAndDown:
    """What was found."""

    calls: int
    start: Footprint
    """After a first few calls, so that what is made once is there."""
    rounds: list[Round]
    ended: dict[str, int]
    """Calls by what ended them, as the gateway has it."""

    @property
    def kb_a_call(self) -> float:
        """Memory that is this process's alone, for each call that was up the first time."""
        top = self.rounds[0].top
        return (top.private_kb - self.start.private_kb) / max(1, top.held["calls"])

    @property
    def left_kb(self) -> int:
        """How much more memory there was in the end than at the start, at worst."""
        return max(each.rest.private_kb for each in self.rounds) - self.start.private_kb

    @property
    def growth(self) -> float:
        """By what share more memory there was after the last time than after the first."""
        first, *_, last = (each.rest.private_kb for each in self.rounds)
        return last / first - 1

    def complaints(self) -> list[str]:
        """What is not as it must be."""
        found = [
            f"{name}: {then} at the start, {now} now"
            for each in self.rounds
            for name, (then, now) in sorted(each.rest.differs_from(self.start).items())
        ]
        for each in self.rounds:
            if (up := each.top.held["calls"]) < self.calls:
                found.append(f"{up} of {self.calls} calls were up: {each.outcomes}, {self.ended}")
        if self.kb_a_call > MOST_KB:
            found.append(f"a call takes {self.kb_a_call:.0f} kB, at most {MOST_KB:.0f} are allowed")
        if self.left_kb > MOST_LEFT_KB:
            most, start = MOST_LEFT_KB / 1000, self.start.private_kb / 1000
            found.append(
                f"memory is {self.left_kb / 1000:.0f} MB above the {start:.0f} MB of the start, "
                f"at most {most:.0f} are allowed"
            )
        if self.growth > MOST_GROWTH:
            found.append(f"memory grew by {self.growth:.0%} when it was done again")
        return found


async def up_and_down(calls: int = CALLS, tell: Callable[[str], None] = print) -> UpAndDown:
    """Have `calls` calls up at a time, and none again; and that once more."""
    async with site(SETTINGS.format(calls=calls), failure=lambda _: PATIENT) as where:
        untouched = await look(where)
        async with callers(where) as who, AsyncExitStack() as stack:
            await _raise(who, ABREAST, stack)
        start = await settled(where, untouched, REST_S)
        rounds = []
        for _ in range(ROUNDS):
            tell(f"{calls} calls go up")
            rounds.append(await _round(where, calls, start))
            tell(f"  {rounds[-1].outcomes} after {rounds[-1].up_s:.0f} s")
        ended = Counter(map(why_ended, where.entries("call.ended")))
    return UpAndDown(calls, start, rounds, dict(ended))


async def _round(where: Site, calls: int, start: Footprint) -> Round:
    async with callers(where) as who:
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            outcomes = await _raise(who, calls, stack)
            up_s = time.monotonic() - began
            top = await look(where)
            began = time.monotonic()
        down_s = time.monotonic() - began
    await settled(where, start, REST_S, ["calls"])
    await asyncio.sleep(EBB_S)
    rest = await settled(where, start, REST_S)
    return Round(outcomes, up_s, down_s, top, rest)


async def _raise(who: Callers, calls: int, stack: AsyncExitStack) -> dict[str, int]:
    """Place `calls` calls that stay up until `stack` is closed; what became of them."""
    numbers = iter(range(calls))
    outcomes: Counter[str] = Counter()

    async def one_after_the_other() -> None:
        for number in numbers:
            try:
                caller = await stack.enter_async_context(who.call())
            except sip.SipError as error:
                outcomes[str(error)] += 1
                continue
            who.phones.neglect(caller.phone)
            caller.phone.speaks = number % SPEAKS_EVERY == 0
            outcomes[ANSWERED] += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(ABREAST):
            tasks.create_task(one_after_the_other())
    return dict(outcomes)


SPEAKS_EVERY = 50
"""One caller of so many sends packets: the others are as good as on a line without a sound."""

ANSWERED = "answered"
