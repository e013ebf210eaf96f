"""A whole call on a virtual clock: a loop whose time leaps, a leg with real audio, a stand-in.

No socket and no thread, so a minute of talk takes no minute and comes out the same every time.
"""

import asyncio
import selectors
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

import anyio

from fourwire import Leg, LegConfig, RtpPacket, audioop, g711
from fourwire._core import Closed, RecordingStarted, RecordingStopped, Rtcp, Rtp
from fourwire.call import Call
from fourwire.call_options import CallOptions
from fourwire.conversation import Conversation
from fourwire.failure_policy import FailurePolicy
from fourwire.inworld import Toolbox
from fourwire.journal import Clock, Journal
from fourwire.media import MediaLeg
from support.gateway import FakeLine, Notes
from support.virtual_agents import Agents, Door, now_ns

PACKET_S = 0.02
SPEECH_LEVEL = 1000

STEADY = FailurePolicy(pause_s=0.0)
"""A policy without chance."""


class _LeapingSelector(selectors.SelectSelector):
    """Where nothing is to be read, the time that would be waited for is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(None if timeout is None else 0)
        if not ready and timeout is not None:
            self.now += timeout
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still but where everybody waits."""

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


class LoopClock(Clock):
    """The journal's clock on the loop's."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class _Live:
    """What the engine's leg is to a `MediaLeg`, without the engine."""

    id, port = 1, 4000

    def __init__(self) -> None:
        self.core = Leg(LegConfig(telephone_event=101, ssrc=1, first_sequence=0), now_ns())
        self.closed = False

    def __getattr__(self, verb: str) -> Any:
        return getattr(self.core, verb)

    def bridge(self, *, link: None, **how: Any) -> None:
        self.core.bridge(**how)

    def play(self, number: int, audio: bytes, **how: Any) -> bool:
        self.core.play(number, audio, **how)
        return True

    def say(self, audio: bytes, **about: Any) -> bool:
        return self.core.say(audio, **about) == "queued"

    def record(self, path: str | None, **how: Any) -> None:
        """Nothing is written."""

    def pause_recording(self, pause: str | None) -> None:
        """Nothing is written anyway."""

    def close(self) -> None:
        self.closed = True


class VirtualLeg(MediaLeg):
    """A leg with real audio; `heard` is what came to the caller's ear, 20 ms at a time."""

    def __init__(self) -> None:
        self.live = _Live()
        super().__init__(self.live)  # type: ignore[arg-type]
        self.heard: list[tuple[float, bytes]] = []
        """When, and 160 samples of 16 bit."""
        self.loud: list[float] = []
        """When something was heard."""
        self._spoken = 0
        self._says: deque[bytes] = deque()
        self._taping: str | None = None
        self.slow_disk = False
        """Whether a test tells itself when a recording is finished."""

    def speak(self, pcm: bytes) -> None:
        """Let the caller say something, 16 bit at 8 kHz."""
        codes = g711.encode_pcmu(pcm)
        self._says.extend(codes[start : start + 160] for start in range(0, len(codes), 160))

    def record(self, path: str | None, **how: Any) -> None:
        """Tell of a recording as the engine does, a moment later; no file is written."""
        super().record(path, **how)
        soon = asyncio.get_running_loop().call_soon
        if self._taping is not None and not self.slow_disk:
            soon(self.receive, RecordingStopped(self._taping, 1.0, 0.0, 0, self._taping))
        if path is not None:
            soon(self.receive, RecordingStarted(path, now_ns(), 8000))
        self._taping = path

    async def run(self) -> None:
        """Carry packets both ways until the leg is closed."""
        while not self.live.closed:
            self._send()
            while (output := self.live.core.poll(now_ns())) is not None:
                self._take(output)
            await anyio.sleep(PACKET_S)
        self.receive(Closed({}, "asked"))

    def _send(self) -> None:
        payload = self._says.popleft() if self._says else bytes([0xFF]) * 160
        packet = RtpPacket(
            payload_type=0,
            sequence=self._spoken & 0xFFFF,
            timestamp=self._spoken * 160,
            ssrc=5,
            payload=payload,
        )
        self._spoken += 1
        self.live.core.receive(now_ns(), packet.write())

    def _take(self, output: Any) -> None:
        if isinstance(output, Rtp):
            payload = bytes(RtpPacket.parse(output.datagram).payload)
            pcm, at = g711.decode_pcmu(payload), now_ns() / 1e9
            self.heard.append((at, pcm))
            if audioop.max(pcm, 2) > SPEECH_LEVEL:
                self.loud.append(at)
        elif not isinstance(output, Rtcp):
            self.receive(output)


class Stage:
    """A call on the virtual clock with everything around it."""

    def __init__(self, *doors: Door, options: CallOptions | None = None) -> None:
        self.agents = Agents(*doors)
        self.line = FakeLine()
        self.leg = VirtualLeg()
        self.line.leg = self.leg  # type: ignore[assignment]
        self.notes = Notes()
        book = Journal(self.notes, clock=LoopClock())
        self.call = Call("c1", self.line, book.call("c1"), options)

        self.living = anyio.CancelScope()
        """The task that runs the call."""

    @property
    def now(self) -> float:
        return now_ns() / 1e9

    async def live(self, scenario: Callable[["Stage"], Awaitable[None]]) -> None:
        """Run the call by `scenario`."""
        with self.living:
            await self.call.live(lambda _call: scenario(self))

    def causes(self) -> list[str]:
        """Why the call ended, one for each record of an end."""
        return [note["cause"] for note in self.notes.named("call.ended")]

    def loud(self, since: float = 0.0) -> list[float]:
        """When the caller heard something."""
        return self.leg.loud[bisect_left(self.leg.loud, since) :]

    def heard(self, since: float = 0.0) -> bytes:
        """All that the caller heard."""
        return b"".join(pcm for at, pcm in self.leg.heard if at >= since)

    async def until(self, true: Callable[[], object], within_s: float = 120.0) -> None:
        """Wait until something is true, on the virtual clock."""
        with anyio.fail_after(within_s):
            while not true():  # noqa: ASYNC110 - time leaps
                await anyio.sleep(PACKET_S)


def conversing(
    policy: FailurePolicy = STEADY,
    tools: Toolbox | Callable[[Call], Toolbox] | None = None,
    session: Mapping[str, Any] = MappingProxyType({}),
    **more: Any,
) -> Callable[[Stage], Any]:
    """A scenario that does nothing but talk."""

    async def scenario(it: Stage) -> None:
        may = tools if tools is None or isinstance(tools, Toolbox) else tools(it.call)
        conversation = Conversation(
            connect=lambda key: it.agents.connect(key, audio=it.call.audio, tools=may),
            session={"instructions": "-", "output_modalities": ["audio", "text"], **session},
            greeting="Greet the caller.",
            **more,
        )
        await it.call.converse(conversation, policy)

    return scenario


@asynccontextmanager
async def stage(
    scenario: Callable[[Stage], Awaitable[None]],
    *doors: Door,
    options: CallOptions | None = None,
) -> AsyncIterator[Stage]:
    """`scenario` under way; the block ends when the call has, and nothing may be left of it."""
    it = Stage(*doors, options=options)
    before = asyncio.all_tasks()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.leg.run)
        tasks.start_soon(it.live, scenario)
        yield it
        await it.call.wait_ended()
        it.leg.close()
    await anyio.sleep(10)
    assert it.agents.alive == 0, "a session was left open"
    assert asyncio.all_tasks() == before, "a task was left behind"
    assert len(it.causes()) == 1
