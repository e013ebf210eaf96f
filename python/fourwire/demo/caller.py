"""A caller: a telephone in software that dials, speaks recordings, and notes what it hears when."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from fourwire import sdp, sip
from fourwire._core import Audio, Key
from fourwire.demo.levels import SPEECH_DBOV, dbov
from fourwire.media import Media, MediaLeg, MediaPort

__all__ = ["Caller", "Heard", "Telephone", "WaitedInVain", "telephone"]

FORMAT = "audio/pcm;rate=8000"

AS_TOLD = sip.Terms(redirects=0)
"""A redirected call fails, and says by what."""

CHUNK_MS = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """Twenty milliseconds of what came to the ear."""

    arrival_ns: int
    """When the packet that completed it arrived, by the kernel, on CLOCK_MONOTONIC."""
    level: float
    """Loudness in dBov."""
    pcm: bytes
    """Samples: 16 bit at 8 kHz."""

    @property
    def is_speech(self) -> bool:
        """Whether somebody speaks in it."""
        return self.level >= SPEECH_DBOV


class WaitedInVain(TimeoutError):
    """What a caller waited for did not come."""


class Caller:
    """One call as its caller lives it."""

    def __init__(
        self,
        call: sip.OutgoingCall,
        leg: MediaLeg,
        port: MediaPort,
        policy: sdp.MediaPolicy,
        offer: str,
    ) -> None:
        self.call = call
        self.leg = leg
        self.heard: list[Heard] = []
        """All that came so far."""
        self.keys: list[str] = []
        self._port = port
        self._policy = policy
        self._described = offer
        self._news = asyncio.Event()

    def say(self, pcm: bytes) -> None:
        """Speak a recording, 16 bit at 8 kHz, after what is still being spoken."""
        self.leg.say(pcm)

    async def listen(self) -> None:
        """Keep what comes until the leg is closed."""
        async for event in self.leg.events():
            match event:
                case Audio(arrival_ns, audio):
                    self.heard.append(Heard(arrival_ns, dbov(audio), audio))
                case Key(digit):
                    self.keys.append(digit)
            self._news.set()

    async def until(
        self,
        true: Callable[[Sequence[Heard]], bool],
        within_s: float,
        what: str = "what it waits for",
    ) -> None:
        """Wait until what was heard makes `true` true; `WaitedInVain` after `within_s`."""
        with anyio.move_on_after(within_s):
            while not true(self.heard):
                self._news.clear()
                await self._news.wait()
            return
        raise WaitedInVain(f"the caller did not hear {what} within {within_s:g} s")

    async def until_speech(self, within_s: float = 10.0) -> None:
        """Wait until the other side speaks, from now on."""
        start = len(self.heard)

        def speaks(heard: Sequence[Heard]) -> bool:
            return any(chunk.is_speech for chunk in heard[start:])

        await self.until(speaks, within_s, "speech")

    async def until_silence(self, lasting_ms: int = 600, within_s: float = 20.0) -> None:
        """Wait until the other side has been silent for `lasting_ms`, counted from now."""
        start, chunks = len(self.heard), lasting_ms // CHUNK_MS

        def silent(heard: Sequence[Heard]) -> bool:
            last = heard[max(start, len(heard) - chunks) :]
            return len(last) == chunks and not any(chunk.is_speech for chunk in last)

        await self.until(silent, within_s, "silence")

    async def renegotiate(self, direction: sdp.Direction) -> sdp.NegotiatedMedia:
        """Send a re-INVITE that wants media to flow this way, as we see it, and follow it."""
        policy = sdp.MediaPolicy(
            address=self._policy.address,
            port=self._policy.port,
            direction=direction,
            srtp=self._policy.srtp,
        )
        offer = sdp.offer(policy, previous=self._described)
        answer = await self.call.reinvite(offer)
        self._described = offer
        agreed = sdp.accept(offer, answer or "", policy)
        self.leg.follow(agreed)
        return agreed

    async def hang_up(self) -> None:
        """End the call."""
        await self.call.hang_up()

    async def ended(self) -> sip.Ended:
        """Wait for the end of the call, whoever ends it."""
        async for event in self.call.events():
            if isinstance(event, sip.Ended):
                return event
        assert self.call.ended is not None
        return self.call.ended


class Telephone:
    """An endpoint of its own, from which calls are placed."""

    def __init__(self, endpoint: sip.Endpoint, media: Media, address: str) -> None:
        self.endpoint = endpoint
        self._media = media
        self._address = address

    @asynccontextmanager
    async def call(
        self,
        uri: str,
        *,
        from_user: str = "1001",
        codecs: Sequence[sdp.Codec] = (sdp.PCMU,),
        headers: Mapping[str, str] | None = None,
        srtp: sdp.Srtp | None = None,
    ) -> AsyncIterator[Caller]:
        """A call to `uri`, answered when the block begins and hung up when it ends.

        `srtp` offers keys of SRTP. `fourwire.sip.CallFailed` where it is refused.
        """
        port = self._media.reserve()
        policy = sdp.MediaPolicy(
            address=self._address, port=port.port, codecs=tuple(codecs), srtp=srtp
        )
        offer = sdp.offer(policy)
        try:
            call = await self.endpoint.invite(
                uri, from_user=from_user, offer=offer, headers=headers, terms=AS_TOLD
            )
        except BaseException:
            port.close()
            raise
        agreed = sdp.accept(offer, call.answer_sdp or "", policy)
        leg = port.begin(agreed)
        leg.bridge(input=FORMAT, output=FORMAT, append_ms=CHUNK_MS, shape="audio")
        caller = Caller(call, leg, port, policy, offer)
        listening = asyncio.create_task(caller.listen())
        try:
            yield caller
        finally:
            with anyio.CancelScope(shield=True):
                await call.hang_up()
            leg.close()
            await listening


@asynccontextmanager
async def telephone(
    address: str = "127.0.0.1",
    ports: tuple[int, int] = (10000, 20000),
    *,
    takes_referrals: bool = False,
) -> AsyncIterator[Telephone]:
    """A telephone at `address`, on a free SIP port and with an engine of its own.

    With `takes_referrals` it is asked, by an event of its call, to be transferred; else it refuses.
    """
    settings = sip.Settings(
        listeners=[sip.Listener("udp", address, 0)],
        user_agent="fourwire-caller",
        takes_referrals=takes_referrals,
    )
    async with (
        Media(address=address, ports=ports) as media,
        sip.listen(settings) as endpoint,
    ):
        yield Telephone(endpoint, media, address)
