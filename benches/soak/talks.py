"""Calls that run while something else happens to the gateway, and whether it harmed them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache

from benches.soak.callers import Caller, Callers
from benches.soak.site import Site
from fourwire.demo.evidence import HELD_UP_MS
from fourwire.standin.formats import AudioFormat
from fourwire.standin.recordings import recorded

SAID = ("greeting", "answer-1", "answer-2")
"""What the agent says in turn: µ-law, which goes through to the phone byte by byte."""

PAUSE_S = 0.6
SPEAKS_S = 0.5
PATIENCE_S = 20.0

LARGEST_GAP_MS = 40.0


@dataclass(frozen=True)
class Talk:
    """One call, as its caller lived it."""

    address: tuple[str, int]
    sent: int
    missing: int
    gaps_ms: Sequence[float]
    whole: tuple[str, ...]
    """What of the agent's speech was heard to the last byte, and without a hole."""
    cut: bool
    """Whether the gateway hung up."""


async def talk(who: Callers, up: asyncio.Event | None = None) -> Talk:
    """Take turns with an agent: hear three things, and say something between them.

    `up` is set once the call is answered.
    """
    async with who.call() as caller:
        if up is not None:
            up.set()
        with suppress(TimeoutError):  # what is missing shows
            for turn in range(len(SAID)):
                await _heard_out(caller)
                if turn < len(SAID) - 1:
                    await _speak(caller)
        phone = caller.phone
        phone.speaks = False
        await asyncio.sleep(0.2)  # its last packet is there before the BYE
        return Talk(
            phone.address,
            phone.sent,
            phone.missing,
            phone.gaps_ms,
            tuple(name for name in SAID if _bytes_of(name) in phone.audio),
            caller.call.ended is not None,
        )


@asynccontextmanager
async def talking(who: Callers, calls: int) -> AsyncIterator[list[asyncio.Task[Talk]]]:
    """So many calls, all of them up when the block begins, and over when it has ended."""
    ups = [asyncio.Event() for _ in range(calls)]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(talk(who, up)) for up in ups]
        async with asyncio.timeout(PATIENCE_S):
            for up in ups:
                await up.wait()
        yield running


async def _speak(caller: Caller) -> None:
    caller.phone.is_loud = True
    await asyncio.sleep(SPEAKS_S)
    caller.phone.is_loud = False


async def _heard_out(caller: Caller) -> None:
    """Wait for the agent to speak, and to be silent."""
    before = len(caller.phone.heard)
    async with asyncio.timeout(PATIENCE_S):
        while not any(arrival.is_loud for arrival in caller.phone.heard[before:]):
            await asyncio.sleep(0.05)
        while not caller.phone.is_quiet(PAUSE_S):
            await asyncio.sleep(0.05)


@cache
def _bytes_of(name: str) -> bytes:
    """A recording as the stand-in sends it, without the silence around."""
    return recorded(name, AudioFormat("audio/pcmu", 8000)).audio.strip(b"\xff\x7f")


@dataclass(frozen=True)
class Harm:
    """What happened to calls that nothing was to happen to."""

    talks: Sequence[Talk]
    certain: list[str]
    timely: list[str]
    """What a machine that is busy with other things can do to them as well."""
    lag_ms: float
    """How late this machine woke a process that does nothing else, at worst."""

    @property
    def gap_ms(self) -> float:
        """The longest that any caller waited for a packet."""
        return max((gap for each in self.talks for gap in each.gaps_ms), default=0.0)

    @property
    def held_up(self) -> bool:
        """Whether the machine was too busy for a verdict about time."""
        return self.lag_ms > HELD_UP_MS

    def complaints(self) -> list[str]:
        """All that is the gateway's doing."""
        return self.certain if self.held_up else self.certain + self.timely


async def harm(site: Site, talks: Sequence[Talk], lag_ms: float) -> Harm:
    """How calls were harmed, by what their callers heard and by what the gateway counted."""
    counters = await _counters(site, [each.address for each in talks])
    certain, timely = [], []
    for number, each in enumerate(talks, 1):
        name, counted = f"call {number} of {len(talks)}", counters.get(each.address, {})
        certain += [f"{name}: {what}" for what in _certain(each, counted)]
        timely += [f"{name}: {what}" for what in _timely(each, counted)]
    return Harm(talks, certain, timely, lag_ms)


def _certain(talk: Talk, counted: Mapping[str, int]) -> Iterator[str]:
    if talk.cut:
        yield "was cut off"
    if talk.missing:
        yield f"{talk.missing} packets are missing"
    came = counted.get("audio_packets")
    if came != talk.sent:
        yield f"{came} of {talk.sent} packets came to the gateway"
    yield from (f"{name} is {counted[name]}" for name in NO_HARM if counted.get(name))


def _timely(talk: Talk, counted: Mapping[str, int]) -> Iterator[str]:
    yield from (f"the {name} was not heard whole" for name in SAID if name not in talk.whole)
    yield from (f"{name} is {counted[name]}" for name in NO_DELAY if counted.get(name))
    if (gap := max(talk.gaps_ms, default=0.0)) > LARGEST_GAP_MS:
        yield f"a gap of {gap:.1f} ms"


NO_HARM = ("chunks_dropped", "kernel_overflow", "reply_overflowed", "unsent")
"""What the gateway counts that a caller or an agent would hear."""

NO_DELAY = ("turns_missed", "late", "lost")
"""And what a machine that stands still brings about, or callers who do."""


Address = tuple[str, int]


async def counters_of(site: Site, address: Address) -> Mapping[str, int]:
    """What the gateway counted of the call of the phone at `address`, which is over."""
    return (await _counters(site, [address]))[address]


async def _counters(site: Site, of: Sequence[Address]) -> dict[Address, Mapping[str, int]]:
    """Counters of calls, by where their callers had their phones, once the journal has them."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while not set(of) <= _ended(site).keys():
                await asyncio.sleep(0.1)
    return _ended(site)


def _ended(site: Site) -> dict[Address, Mapping[str, int]]:
    at: dict[str, Address] = {}
    found: dict[Address, Mapping[str, int]] = {}
    for entry in site.entries("call.offered", "call.ended"):
        if entry["event"] == "call.offered":
            host, port = entry["audio_at"]
            at[entry["call"]] = (host, port)
        else:
            found[at[entry["call"]]] = entry["rtp"]
    return found
