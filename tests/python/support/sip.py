"""User agents in a room of their own: a network in memory, a clock that we turn."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fourwire.sip.core import Rules
from fourwire.sip.errors import MalformedMessage
from fourwire.sip.events import Event, Invited, Reinvited
from fourwire.sip.flow import Address, Flow
from fourwire.sip.message import Message, Request, Response, parse
from fourwire.sip.timers import SECOND
from fourwire.sip.transaction import Transmit
from fourwire.sip.user_agent import UserAgent

MILLISECOND = SECOND // 1000

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\n"
)
ANSWER = OFFER.replace("192.0.2.1", "192.0.2.2")


@dataclass
class Weather:
    """What a network does to datagrams."""

    loss: float = 0.0
    duplication: float = 0.0
    delay_ms: tuple[int, int] = (5, 5)
    """Least and greatest; different values put datagrams out of order."""


@dataclass(frozen=True)
class Sent:
    """One message as it left."""

    at_ms: float
    source: Address
    message: Message
    transport: str

    @property
    def what(self) -> str:
        """The method, or the status and the method it answers."""
        if isinstance(self.message, Request):
            return self.message.method
        return f"{self.message.status} {self.message.cseq.method}"


class Script:
    """Answers each request by a function; keeps to no rule of SIP beside that."""

    def __init__(self, answer: Callable[[Request], Response | None]) -> None:
        self._answer = answer
        self._outputs: deque[Transmit] = deque()

    def receive(self, now: int, data: bytes, flow: Flow) -> None:
        message = parse(data)
        response = self._answer(message) if isinstance(message, Request) else None
        if response is not None:
            self._outputs.append(Transmit(bytes(response), flow))

    def poll(self, now: int) -> Transmit | None:
        return self._outputs.popleft() if self._outputs else None

    def deadline(self) -> int | None:
        return None


@dataclass
class Peer:
    """A user agent at an address, and what it told."""

    agent: UserAgent
    address: Address
    events: list[Event] = field(default_factory=list)
    on_event: Callable[[Event], None] = lambda event: None

    def told(self, kind: type) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


class World:
    """Peers, the network between them, and the time."""

    def __init__(
        self, seed: int = 1, *, transport: str = "udp", weather: Weather | None = None
    ) -> None:
        self.now = 0
        self.sent: list[Sent] = []
        self.swallow: Callable[[Sent], bool] = lambda sent: False
        """Messages that the network loses on purpose."""
        self.tamper: Callable[[bytes], list[bytes]] = lambda data: [data]
        """What somebody on the way makes of each message."""
        self.weather = weather or Weather()
        self.closed: set[str] = set()
        """Hosts that take no TCP in a world of UDP."""
        self._random = random.Random(seed)
        self._transport = transport
        self._peers: dict[Address, Peer] = {}
        self._under_way: list[tuple[int, int, bytes, Address, Flow]] = []
        self._count = 0

    def peer(self, host: str, port: int = 5060, **rules: object) -> Peer:
        """A new user agent at an address."""
        rules.setdefault("ports", {self._transport: port})
        seed = self._random.getrandbits(32)
        agent = UserAgent(Rules(**rules), random.Random(seed))  # type: ignore[arg-type]
        peer = self._peers[host, port] = Peer(agent, (host, port))
        return peer

    def server(
        self, host: str, answer: Callable[[Request], Response | None], port: int = 5060
    ) -> None:
        """A server that answers requests as a test says, each time it is asked."""
        script: Any = Script(answer)
        self._peers[host, port] = Peer(script, (host, port))

    def place(self, caller: Peer, callee: Peer, offer: str | None = OFFER, **more: object) -> int:
        """Let ``caller`` call ``callee``."""
        host, port = callee.address
        transport = "" if self._transport == "udp" else f";transport={self._transport}"
        number = caller.agent.invite(
            self.now,
            f"sip:bob@{host}:{port}{transport}",
            local=caller.address,
            from_user="alice",
            offer=offer,
            to=self._flow(caller.address, callee.address),
            **more,  # type: ignore[arg-type]
        )
        self.drain(caller)
        return number

    def send(self, data: bytes, to: Peer, source: Address = ("192.0.2.99", 5060)) -> None:
        """Let a message arrive at ``to`` at once, from nobody in this world."""
        to.agent.receive(self.now, data, self._flow(to.address, source))
        self.drain(to)

    def do(self, peer: Peer, command: Callable[[UserAgent, int], None]) -> None:
        """Give a peer a command."""
        command(peer.agent, self.now)
        self.drain(peer)

    def drain(self, peer: Peer) -> None:
        """Poll a peer until it has nothing more."""
        while (output := peer.agent.poll(self.now)) is not None:
            if isinstance(output, Transmit):
                self._post(peer, output)
            else:
                peer.events.append(output)
                peer.on_event(output)

    def run(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due in it."""
        end = self.now + int(seconds * SECOND)
        while (due := self._next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self._deliver()
            for peer in self._peers.values():
                self.drain(peer)
        self.now = end

    def messages(self, what: str, source: Peer | None = None) -> list[Sent]:
        """What left with this name, lost or not."""
        return [s for s in self.sent if s.what == what and source in (None, self._at(s))]

    def times_ms(self, what: str, source: Peer | None = None) -> list[float]:
        """When it left, counted from the first."""
        times = [sent.at_ms for sent in self.messages(what, source)]
        return [at - times[0] for at in times]

    def replies(self) -> list[Response]:
        """All responses that left."""
        return [s.message for s in self.sent if isinstance(s.message, Response)]

    def _at(self, sent: Sent) -> Peer | None:
        return self._peers.get(sent.source)

    def _next_due(self) -> int | None:
        deadlines = [peer.agent.deadline() for peer in self._peers.values()]
        if self._under_way:
            deadlines.append(self._under_way[0][0])
        return min((at for at in deadlines if at is not None), default=None)

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= self.now:
            _, _, data, to, flow = heapq.heappop(self._under_way)
            peer = self._peers.get(to)
            if peer is not None:
                peer.agent.receive(self.now, data, flow)
                self.drain(peer)

    def _post(self, peer: Peer, transmit: Transmit) -> None:
        to = transmit.to
        remote = to.remote if isinstance(to, Flow) else (to.address or to.host, to.port or 5060)
        sent = self._noted(peer, transmit)
        if to.transport == "tcp" and remote[0] in self.closed:
            peer.agent.undeliverable(self.now, transmit)
            return
        if sent is not None and self.swallow(sent):
            return
        copies = 1
        if to.transport == "udp":
            copies = 0 if self._random.random() < self.weather.loss else 1
            copies += self._random.random() < self.weather.duplication
        flow = Flow(to.transport, remote, peer.address, 1)
        for data in [each for _ in range(copies) for each in self.tamper(transmit.data)]:
            self._count += 1
            delay = self._random.randint(*self.weather.delay_ms) * MILLISECOND
            heapq.heappush(self._under_way, (self.now + delay, self._count, data, remote, flow))

    def _noted(self, peer: Peer, transmit: Transmit) -> Sent | None:
        """What is noted of a message; None of an answer that repeats what could not be read."""
        try:
            message = parse(transmit.data)
        except MalformedMessage:
            assert transmit.data.startswith(b"SIP/2.0 4"), "we ask nothing that is malformed"
            return None
        transport = transmit.to.transport
        self.sent.append(Sent(self.now / MILLISECOND, peer.address, message, transport))
        return self.sent[-1]

    def _flow(self, local: Address, remote: Address) -> Flow:
        return Flow(self._transport, local, remote, 1)


def losing(*names: str) -> Callable[[Sent], bool]:
    """A network that loses every message of these names."""
    return lambda sent: sent.what in names


def pair(world: World, **rules: object) -> tuple[Peer, Peer]:
    """A caller, and a callee with ``rules``."""
    return world.peer("192.0.2.1"), world.peer("192.0.2.2", **rules)


def answering(world: World, peer: Peer, sdp: str = ANSWER) -> None:
    """Let a peer answer every call and every re-INVITE at once."""

    def answer(event: Event) -> None:
        if isinstance(event, Invited):
            peer.agent.answer(world.now, event.call, sdp)
        elif isinstance(event, Reinvited):
            peer.agent.answer_reinvite(world.now, event.call, event.cseq, sdp)

    peer.on_event = answer


def established(world: World, **rules: object) -> tuple[Peer, Peer]:
    """A caller and a callee whose call is up, unless the network is against it."""
    caller, callee = pair(world, **rules)
    answering(world, callee)
    world.place(caller, callee)
    world.run(1)
    return caller, callee
