"""RTP from somebody else, sent into calls that run: nobody may hear it, and nobody answer it."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from benches.soak.callers import Caller, Callers, callers
from benches.soak.phones import HEADER, LOUD, PACKET_S
from benches.soak.site import site
from benches.soak.talks import counters_of

STRANGER = "127.0.0.9"

PACKETS = 150

TIMES_S = (1.0, 7.0)
"""Early, when a gateway may still be learning where its caller is, and late."""

SETTINGS = "overload = { cpu = 0, loop_lag_ms = 0, late_ticks = 0 }"


@dataclass(frozen=True)
class Injection:
    """One attempt."""

    at_s: float
    ssrc: str
    """Whose source identifier it bore."""
    accepted: int
    """Of the 150 packets."""
    returned: int
    """Packets that the stranger got."""
    lost: int
    """Of the caller's own packets."""


@dataclass
class Injected:
    """What was found."""

    attempts: list[Injection] = field(default_factory=list)
    changed_source_lost: int = 0
    """Packets lost of a caller whose SSRC changed in mid-call."""
    changed_source_restarts: int = 0
    """How often the gateway took note of that: once."""

    def complaints(self) -> list[str]:
        """What is not as it must be."""
        found = [
            f"injection at {each.at_s:g} s with {each.ssrc} SSRC: {each.accepted} accepted,"
            f" {each.returned} returned, {each.lost} of the caller's lost"
            for each in self.attempts
            if each.accepted or each.returned or each.lost
        ]
        if self.changed_source_lost or self.changed_source_restarts != 1:
            found.append(
                f"a new SSRC from the right address: {self.changed_source_lost} packets lost,"
                f" {self.changed_source_restarts} restarts"
            )
        return found


async def injected(tell: Callable[[str], None] = print) -> Injected:
    """Try it on calls of a gateway of their own."""
    tell("strangers send RTP into calls")
    async with site(SETTINGS) as where, callers(where) as who:
        return await inject(who)


async def inject(who: Callers) -> Injected:
    """Try all of it at once, on a call each."""
    found = Injected()
    async with asyncio.TaskGroup() as tasks:
        for at_s in TIMES_S:
            for ssrc in ("a random", "the caller's"):
                tasks.create_task(_attempt(who, at_s, ssrc, found))
        tasks.create_task(_change_source(who, found))
    return found


async def _attempt(who: Callers, at_s: float, ssrc: str, found: Injected) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((STRANGER, 0))
        stranger.setblocking(False)
        async with who.call() as caller:
            await asyncio.sleep(at_s)
            for number in range(PACKETS):
                _throw(stranger, caller, number, 0xBADCAFE if ssrc == "a random" else None)
                await asyncio.sleep(PACKET_S / 10)
            await _leave(caller)
        counted = await counters_of(who.site, caller.phone.address)
        returned = _waiting(stranger)
    found.attempts.append(
        Injection(
            at_s,
            ssrc,
            PACKETS - counted["strangers"],
            returned,
            caller.phone.sent - counted["audio_packets"],
        )
    )


def _throw(stranger: socket.socket, caller: Caller, number: int, ssrc: int | None) -> None:
    """A packet such as the caller could send next."""
    phone = caller.phone
    assert phone.remote is not None
    place = (phone.sent + number & 0xFFFF, (phone.sent + number) * 160 & 0xFFFFFFFF)
    head = HEADER.pack(0x80, 0, *place, phone.ssrc if ssrc is None else ssrc)
    stranger.sendto(head + LOUD, phone.remote)


def _waiting(stranger: socket.socket) -> int:
    """How many packets came to somebody who should have got none."""
    for count in range(1_000_000):
        try:
            stranger.recv(2048)
        except OSError:
            return count
    return count


async def _change_source(who: Callers, found: Injected) -> None:
    async with who.call() as caller:
        await asyncio.sleep(1.0)
        caller.phone.ssrc ^= 0xFFFF
        await asyncio.sleep(1.0)
        await _leave(caller)
    counted = await counters_of(who.site, caller.phone.address)
    found.changed_source_lost = caller.phone.sent - counted["audio_packets"]
    found.changed_source_restarts = counted["restarts"]


async def _leave(caller: Caller) -> None:
    """Send no more, and have all that was sent arrive before the BYE."""
    caller.phone.speaks = False
    await asyncio.sleep(0.3)
