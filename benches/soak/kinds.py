"""The kinds of calls of a soak: what a caller, a network or an agent does to each.

A kind is a function that lives one call and raises where anything was not as it must be; what it
varies it takes from `random`, so that the same seed makes the same calls.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from benches.soak.by_hand import NOWHERE, ByHand, half_open, malformed, malformed_rtp
from benches.soak.callers import Callers
from fourwire import sip

Kind = Callable[[Callers, Random], Awaitable[None]]


async def talks(callers: Callers, random: Random) -> None:
    """Hears the agent, says something, hangs up."""
    async with callers.call(transport=random.choice(["udp", "udp", "tcp"])) as caller:
        await caller.hears_speech()
        caller.phone.is_loud = random.random() < 0.5  # interrupts
        await asyncio.sleep(random.uniform(0.1, 1.5))


async def talks_long(callers: Callers, random: Random) -> None:
    """Takes turns with the agent for a while."""
    async with callers.call() as caller:
        await caller.hears_speech()
        for _ in range(4):
            caller.phone.is_loud = True
            await asyncio.sleep(random.uniform(0.5, 1.5))
            caller.phone.is_loud = False
            await asyncio.sleep(random.uniform(1.0, 3.0))


async def cancels(callers: Callers, random: Random) -> None:
    """Gives up while it rings."""
    agent, name = random.choice(["hesitates", "is-mute"]), f"gives-up-{random.getrandbits(64)}"
    call = ByHand(callers.site.sip["udp"], agent, name, NOWHERE)
    try:
        response = await call.cancelled(random.choice([0.0, random.uniform(0.0, 0.6)]))
        assert response.status == 487, f"a call that was cancelled got {response.status}"
    finally:
        call.vanish()


async def vanishes(callers: Callers, random: Random) -> None:
    """Is answered and gone: no BYE, no RTP, no answer to anything any more."""
    phone = callers.phone()
    try:
        call = ByHand(
            callers.site.sip["udp"], "well", f"gone-{random.getrandbits(64)}", phone.address[1]
        )
        response = await call.answered()
        assert response.status == 200, f"got {response.status}"
        await asyncio.sleep(random.uniform(0.0, 0.5))
        call.vanish()
    finally:
        callers.phones.remove(phone)


async def falls_silent(callers: Callers, random: Random) -> None:
    """Its RTP stops, and its SIP does not: the gateway hangs up."""
    async with callers.call() as caller:
        await asyncio.sleep(random.uniform(0.1, 0.5))
        caller.phone.speaks = False
        ended = await caller.ended()
        assert ended.cause is sip.Cause.BYE, f"ended by {ended.cause}"


async def moves(callers: Callers, random: Random) -> None:
    """Goes on from another address, told by re-INVITE before or after."""
    async with callers.call() as caller:
        await caller.hears_speech()
        old, new = caller.phone, callers.phone(random.choice(["127.0.0.1", "127.0.0.7"]))
        try:
            new.remote = old.remote
            if random.random() < 0.5:  # as behind a NAT that forgot: packets first
                await asyncio.sleep(0.2)
            caller.phone = new
            await caller.offer_again("sendrecv")
            callers.phones.remove(old)
            async with asyncio.timeout(10):
                while len(new.heard) < 10:
                    await asyncio.sleep(0.02)
        finally:
            callers.phones.remove(old)


async def holds(callers: Callers, random: Random) -> None:
    """Puts the agent on hold, and takes it back or does not."""
    async with callers.call() as caller:
        await caller.hears_speech()
        await caller.offer_again(random.choice(["sendonly", "inactive"]))
        await asyncio.sleep(random.uniform(0.1, 1.0))
        if random.random() < 0.7:
            await caller.offer_again("sendrecv")
            before = len(caller.phone.heard)
            async with asyncio.timeout(10):
                while len(caller.phone.heard) < before + 10:
                    await asyncio.sleep(0.02)


async def offers_again_and_again(callers: Callers, random: Random) -> None:
    """Sends re-INVITEs as fast as they are answered."""
    async with callers.call() as caller:
        for _ in range(random.randint(10, 40)):
            await caller.offer_again(random.choice(["sendrecv", "sendonly", "inactive"]))


async def talks_rubbish(callers: Callers, random: Random) -> None:
    """Talks, while damaged SIP and RTP come from the same machine."""
    async with callers.call() as caller:
        gateway = callers.site.sip["udp"]
        by_hand = ByHand(
            gateway, "well", f"rubbish-{random.getrandbits(64)}", caller.phone.address[1]
        )
        messages = [by_hand.request(method) for method in ("INVITE", "BYE", "OPTIONS", "REGISTER")]
        try:
            for _ in range(20):
                by_hand.send(malformed(random, random.choice(messages)))
                caller.phone.throw(malformed_rtp(random, caller.phone))
                await asyncio.sleep(0.01)
        finally:
            by_hand.vanish()
        await caller.hears_speech()


async def is_half_open(callers: Callers, random: Random) -> None:
    """Connects, says half of something, and leaves it at that."""
    invite = b"INVITE sip:well@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK"
    get = b"GET /metrics HTTP/1.1\r\nHost: 127"
    where, whole = random.choice([(callers.site.sip["tcp"], invite), (callers.site.pages, get)])
    sent = whole[: random.randrange(len(whole))]
    leaves = random.choice(["closes", "aborts", "stays"] if sent else ["closes", "aborts"])
    await half_open(where, sent, random.uniform(0.0, 3.0), leaves)


async def _is_refused(callers: Callers, agent: str) -> None:
    try:
        async with callers.call(agent):
            raise AssertionError(f"a call to an agent that {agent} was answered")
    except sip.CallFailed as refused:
        if refused.status != 503:
            raise AssertionError(f"got {refused.status}, not 503") from None


async def agent_refuses(callers: Callers, random: Random) -> None:
    """The agent's server refuses the session, or breaks off before it says a word."""
    await _is_refused(callers, random.choice(["refuses", "hangs-up"]))


async def agent_is_mute(callers: Callers, random: Random) -> None:
    """The agent's server takes the connection and says nothing."""
    await _is_refused(callers, "is-mute")


async def agent_is_lost(callers: Callers, random: Random) -> None:
    """The session closes, breaks, or wedges; another is opened, or the caller told."""
    agent = random.choice(["closes", "breaks", "wedges", "deaf"])
    async with callers.call(agent) as caller:
        caller.phone.is_loud = True
        await asyncio.sleep(random.uniform(0.5, 1.5))
        caller.phone.is_loud = False
        await asyncio.sleep(random.uniform(0.5, 6.0))


async def agent_babbles(callers: Callers, random: Random) -> None:
    """The agent sends frames that no client knows, and a megabyte at once."""
    async with callers.call("babbles") as caller:
        await caller.hears_speech()
        await asyncio.sleep(random.uniform(0.1, 1.0))


KINDS: dict[Kind, int] = {
    talks: 50,
    cancels: 8,
    vanishes: 5,
    falls_silent: 4,
    moves: 4,
    holds: 5,
    offers_again_and_again: 3,
    talks_rubbish: 4,
    is_half_open: 4,
    agent_refuses: 4,
    agent_is_mute: 2,
    agent_is_lost: 5,
    agent_babbles: 2,
    talks_long: 2,
}
"""How often each comes, of a hundred."""


def name_of(kind: Kind) -> str:
    """What a table calls it."""
    return kind.__name__.replace("_", " ")
