"""Callers who speak SIP as they should: what they do to a call is up to them."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benches.soak.phones import Phone, Phones, phones
from benches.soak.site import Site
from fourwire import sdp, sip

HOST = "127.0.0.1"

FAREWELL_S = 35.0
"""Longer than a BYE is repeated: of a thousand at once some are lost."""

AS_TOLD = sip.Terms(redirects=0)


class Caller:
    """One call that was answered."""

    def __init__(self, call: sip.OutgoingCall, phone: Phone, offer: str) -> None:
        self.call = call
        self.phone = phone
        self._offer = offer
        self.follow(call.answer_sdp)

    def follow(self, answer: str | None) -> None:
        """Send to where an answer says."""
        agreed = sdp.accept(self._offer, answer or "", policy(self.phone))
        self.phone.remote = agreed.remote if agreed.remote[1] else None

    async def offer_again(self, direction: sdp.Direction) -> None:
        """Send a re-INVITE, of the phone that it has now."""
        wanted = policy(self.phone, direction)
        self._offer = sdp.offer(wanted, previous=self._offer)
        self.follow(await self.call.reinvite(self._offer))

    async def hears_speech(self, within_s: float = 15.0) -> None:
        """Wait until the agent is heard."""
        async with asyncio.timeout(within_s):
            while not self.phone.heard_speech:
                await asyncio.sleep(0.05)

    async def ended(self, within_s: float = 30.0) -> sip.Ended:
        """Wait until the other side has hung up."""
        async with asyncio.timeout(within_s):
            async for event in self.call.events():
                if isinstance(event, sip.Ended):
                    return event
        assert self.call.ended is not None
        return self.call.ended


class Callers:
    """Whoever calls one site."""

    def __init__(self, site: Site, endpoint: sip.Endpoint, on: Phones) -> None:
        self.site = site
        self.endpoint = endpoint
        self.phones = on
        self._ssrc = itertools.count(0x1000)

    def phone(self, host: str = HOST) -> Phone:
        """A new phone, switched on."""
        phone = Phone(next(self._ssrc), host)
        self.phones.add(phone)
        return phone

    @asynccontextmanager
    async def call(self, agent: str = "well", transport: str = "udp") -> AsyncIterator[Caller]:
        """A call to `agent`, answered when the block begins and hung up when it ends."""
        phone = self.phone()
        offer = sdp.offer(policy(phone))
        uri = self.site.uri(agent, transport)
        try:
            call = await self.endpoint.invite(uri, from_user="soak", offer=offer, terms=AS_TOLD)
        except BaseException:
            self.phones.remove(phone)
            raise
        caller = Caller(call, phone, offer)
        try:
            yield caller
        finally:
            await call.hang_up()
            self.phones.remove(caller.phone)


def policy(phone: Phone, direction: sdp.Direction = "sendrecv") -> sdp.MediaPolicy:
    """What a phone can do."""
    return sdp.MediaPolicy(
        address=phone.address[0],
        port=phone.address[1],
        codecs=(sdp.PCMU,),
        direction=direction,
    )


@asynccontextmanager
async def callers(site: Site) -> AsyncIterator[Callers]:
    """Callers of `site`, with an endpoint of their own."""
    settings = sip.Settings(
        listeners=[sip.Listener("udp", HOST, 0), sip.Listener("tcp", HOST, 0)],
        user_agent="fourwire-soak",
        max_calls=5000,
        farewell_s=FAREWELL_S,
    )
    async with sip.listen(settings) as endpoint, phones() as on:
        yield Callers(site, endpoint, on)
