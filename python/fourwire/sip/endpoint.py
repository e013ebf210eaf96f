"""The endpoint: a user agent on real sockets and the real clock."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Literal, TypeVar

import anyio
import anyio.lowlevel

from .access import Access, Trunk
from .alias import Aliased
from .calls import GivenHeaders, IncomingCall, LiveCall, OutgoingCall, pairs
from .client_call import Terms
from .core import Rules
from .errors import CallFailed, LocalError
from .events import Ended, Invited, Registered, RegistrationEvent, Unregistered
from .flow import Address, Flow, Hop
from .postman import OPENING_SECONDS, Postman
from .registration import Registrar
from .settings import Settings
from .sockets import Sockets
from .transaction import Transmit
from .transport import forget_facing
from .uri import Uri
from .user_agent import DEFAULT_TERMS, UserAgent, sip_uri

T = TypeVar("T")

OnMessage = Callable[[Literal["sent", "received"], bytes, Flow | Hop], None]

_log = logging.getLogger("fourwire.sip")

MAX_TOLD = 1000
"""Events of registrations that wait for a listener; more are dropped and counted."""

NOWHERE = "192.0.2.1"
"""An address of no machine (RFC 5737): our own that faces the Internet faces it."""


class Endpoint:
    """A SIP endpoint that listens. :func:`listen` opens one."""

    def __init__(self, settings: Settings) -> None:
        self.on_message: OnMessage | None = None
        """Sees every message, as it came or is about to be sent."""
        self._settings = settings
        self.sockets = Sockets(
            settings, self._deliver, self._lost, knows=lambda host: self._agent.knows(host)
        )
        self._postman = Postman(self.sockets, self._went, self._give_up)
        self._calls: dict[int, LiveCall] = {}
        self._arrived: asyncio.Queue[IncomingCall] = asyncio.Queue(settings.max_calls)
        self._registered: asyncio.Queue[RegistrationEvent] = asyncio.Queue(MAX_TOLD)
        self._registrations: dict[int, tuple[str, Address]] = {}
        """Registrations, each with its transport and an address where its registrar is."""
        self._counters: Counter[str] = Counter()
        self._wake: asyncio.TimerHandle | None = None
        self._flow: Flow | None = None
        self._finished = anyio.Event()
        self._closed = False
        self._agent = UserAgent(Rules(), random.SystemRandom())

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """What is bound: transport, host and port of each listener, in their order."""
        return self.sockets.addresses

    @property
    def drain(self) -> bool:
        """True refuses new calls with 503, those that we would place too, and tells OPTIONS so;
        calls that run go on."""
        return self._agent.draining

    @drain.setter
    def drain(self, on: bool) -> None:
        self._agent.draining = on

    def admit(self, access: Access) -> None:
        """Let in by ``access`` what comes from now on; calls that run go on as they are."""
        self._agent.admit(access)

    async def calls(self) -> AsyncIterator[IncomingCall]:
        """The calls that come in, each once, those before the first listener too."""
        while True:
            yield await self._arrived.get()

    async def register(self, registrar: Registrar, trunk: Trunk, server: Uri | None = None) -> int:
        """Register with a registrar, by ``server`` where that is another, and stay registered.

        Calls that it sends are of ``trunk``. Returns the number that
        :meth:`registration_events` tells of. Closing the endpoint unregisters.
        """
        goal = server or registrar.uri
        found = await self.sockets.hops_to(goal)
        transport = found[0].transport if found else self.sockets.transport_to(goal)
        remote = (found[0].address if found else NOWHERE, 0)
        local = self.sockets.way_to(transport, remote).local
        # Without the address, so that it is looked up again each time.
        to = Hop(transport, goal.host, goal.port, local)
        number = self._agent.register(time.monotonic_ns(), registrar, to, trunk)
        self._registrations[number] = (transport, remote)
        self._pump()
        return number

    def unregister(self, registration: int) -> None:
        """Have a registrar forget us; nothing happens where it has."""
        self._command(lambda ua, now: ua.unregister(now, registration))

    async def registration_events(self) -> AsyncIterator[RegistrationEvent]:
        """What becomes of registrations, each event once."""
        while True:
            yield await self._registered.get()

    def dial(
        self,
        uri: str,
        *,
        to: Sequence[Hop],
        from_user: str,
        display_name: str = "",
        offer: str | None = None,
        headers: GivenHeaders = None,
        terms: Terms = DEFAULT_TERMS,
    ) -> OutgoingCall:
        """Place a call to ``uri``, and return before it is answered.

        ``to`` is what :meth:`find` gives; what is silent or full of it is passed over.
        ``events()`` tells of ringing and early media, ``answered()`` waits for the end of it.
        Without an ``offer`` the peer is asked for one, which ``acknowledge`` then answers.

        :raises CallFailed: there is no room for it, or the endpoint drains (503).
        """
        if not self.has_room(terms.trunk, terms.max_calls):
            raise CallFailed(503, f"no room for another call {terms.trunk}".strip())
        target = sip_uri(uri)
        first, *others = [self._way(hop) for hop in to]
        number = self._agent.invite(
            time.monotonic_ns(),
            uri,
            local=first.local or ("", 0),
            from_user=from_user,
            display_name=display_name,
            offer=offer,
            headers=pairs(headers),
            to=first,
            terms=replace(terms, others=tuple(others)),
        )
        call = self._calls[number] = OutgoingCall(self, number, target.host)
        self._pump()
        return call

    async def find(self, uri: str) -> list[Hop]:
        """Where a call to ``uri`` may go, in the order in which to try (RFC 3263).

        :raises CallFailed: nowhere (503).
        """
        target = sip_uri(uri)
        found: list[Hop] = []
        with anyio.move_on_after(OPENING_SECONDS):
            found = await self.sockets.hops_to(target)
        if not found:
            raise CallFailed(503, f"{target.host} has no address that a listener here can reach")
        return found

    async def invite(
        self,
        uri: str,
        *,
        from_user: str,
        offer: str | None,
        display_name: str = "",
        headers: GivenHeaders = None,
        terms: Terms = DEFAULT_TERMS,
    ) -> OutgoingCall:
        """Place a call and wait for the answer; being cancelled, it cancels the call.

        :raises CallFailed: the peer refuses (3xx to 6xx), nobody answers (408), or the host
            cannot be reached (503).
        """
        call = self.dial(
            uri,
            to=await self.find(uri),
            from_user=from_user,
            display_name=display_name,
            offer=offer,
            headers=headers,
            terms=terms,
        )
        try:
            await call.answered()
        except asyncio.CancelledError:
            await call.hang_up()
            raise
        return call

    def _way(self, hop: Hop) -> Flow | Hop:
        """The way to a hop whose address is known, our end of it included."""
        flow = self.sockets.way_to(hop.transport, (hop.address, hop.port or 0))
        return flow if hop.transport == "udp" else replace(hop, local=flow.local)

    def has_room(self, trunk: str = "", limit: int | None = None) -> bool:
        """Whether there is room for one call more, of a trunk that has ``limit`` at most."""
        return self._agent.has_room(trunk, limit)

    def counters(self) -> dict[str, int]:
        """How often what happened, by name; ``calls``, ``transactions`` and so on as they are."""
        shelf = self.sockets.connections
        counted = self._counters + shelf.counters + self.sockets.counters
        return {**self._agent.counters(), **counted, "connections": len(shelf)}

    def count(self, name: str) -> None:
        """Count one of ``name``."""
        self._counters[name] += 1

    # Opening and closing, by listen().

    async def _open(self) -> None:
        await self.sockets.open()
        self._agent = UserAgent(self._rules(), random.SystemRandom())

    def _rules(self) -> Rules:
        settings = self._settings
        return Rules(
            user_agent=settings.user_agent,
            max_calls=settings.max_calls,
            full_status=settings.full_status,
            session_expires_s=settings.session_expires_s,
            min_se_s=settings.min_se_s,
            provisionals=settings.provisionals,
            takes_referrals=settings.takes_referrals,
            retry_after_s=settings.retry_after_s,
            max_transactions=settings.max_transactions,
            intervals=settings.intervals,
            limits=settings.limits,
            access=settings.access,
            large_requests=settings.large_requests,
            offers_alias=self.sockets.offers_alias,
            ports=self.sockets.told_ports,
        )

    async def _close(self) -> None:
        self.drain = True
        for call in list(self._calls.values()):
            await call.hang_up()
        for registration in self._registrations:
            self.unregister(registration)
        with anyio.move_on_after(self._settings.farewell_s):
            await self._idle()
        self._closed = True
        if self._wake is not None:
            self._wake.cancel()
        self._postman.close()
        await self.sockets.close()
        await anyio.lowlevel.checkpoint()  # lets asyncio call connection_lost

    async def _idle(self) -> None:
        """Wait until no call is left whose BYE or CANCEL is under way."""
        while self._agent.unfinished:
            self._finished = anyio.Event()
            await self._finished.wait()

    # Messages in, messages out.

    def _deliver(self, data: bytes, flow: Flow) -> None:
        self._flow = flow
        try:
            if self.on_message is not None:
                self.on_message("received", data, flow)
            self._agent.receive(time.monotonic_ns(), data, flow)
        except Exception:
            # A bug of ours must not stop the calls of others; the message is gone.
            self._counters["internal_errors"] += 1
            _log.exception("a SIP message from %s was not understood", flow.remote)
        self._pump()

    def _command(self, command: Callable[[UserAgent, int], T]) -> T:
        """Carry out a command of a call's, and send what comes of it."""
        try:
            return command(self._agent, time.monotonic_ns())
        finally:
            self._pump()

    def _pump(self) -> None:
        """Carry out what the user agent wants, and wake up when it wants something next."""
        try:
            self._carry_out()
        except Exception:
            # A bug of ours must not stop the timers of all calls; what is left comes at once.
            self._counters["internal_errors"] += 1
            _log.exception("SIP that was due could not be carried out")
            asyncio.get_running_loop().call_soon(self._pump)
        if not self._agent.unfinished:
            self._finished.set()
        self._sleep_until(None if self._closed else self._agent.deadline())

    def _carry_out(self) -> None:
        now = time.monotonic_ns()
        while (output := self._agent.poll(now)) is not None:
            if isinstance(output, Transmit):
                self._send(output)
            elif isinstance(output, Aliased):
                self.sockets.alias(output.connection, output.port)
            elif isinstance(output, Invited):
                self._arrive(output)
            elif isinstance(output, RegistrationEvent):
                self._tell(output)
            else:
                call = self._calls.get(output.call)
                if call is not None:
                    call.take(output)
                if isinstance(output, Ended):
                    self._calls.pop(output.call, None)

    def _tell(self, event: RegistrationEvent) -> None:
        if isinstance(event, Registered) and event.flow is not None:
            self.sockets.keep(event.registration, event.flow)
        elif isinstance(event, Unregistered):
            self.sockets.drop(event.registration)
        if not isinstance(event, Unregistered):
            self._locate(event.registration)
        try:
            self._registered.put_nowait(event)
        except asyncio.QueueFull:  # nobody listens
            self.count("registration_events_dropped")

    def _locate(self, registration: int) -> None:
        """Look whether our address is another than when we began, or was none then."""
        transport, remote = self._registrations[registration]
        forget_facing()
        with suppress(LocalError):
            local = self.sockets.way_to(transport, remote).local
            self._agent.relocate(time.monotonic_ns(), registration, local)

    def _lost(self, connection: int) -> None:
        self._agent.flow_lost(time.monotonic_ns(), connection)
        asyncio.get_running_loop().call_soon(self._pump)

    def _arrive(self, event: Invited) -> None:
        assert self._flow is not None, "an INVITE comes by a flow"
        call = IncomingCall(self, event.call, event.request, self._flow, event.trunk)
        self._calls[event.call] = call
        replaced = self._calls.get(event.replaces)
        if replaced is not None and replaced.gives_way:
            replaced.ask_for(call)
            return
        try:
            self._arrived.put_nowait(call)
        except asyncio.QueueFull:  # nobody takes calls, though callers come and go
            self.count("calls_not_taken")
            self._agent.reject(time.monotonic_ns(), event.call, 503)

    def _sleep_until(self, deadline: int | None) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if deadline is not None:
            seconds = max(0, deadline - time.monotonic_ns()) / 1e9
            self._wake = asyncio.get_running_loop().call_later(seconds, self._pump)

    def _send(self, transmit: Transmit) -> None:
        if self._closed:
            return
        if self.on_message is not None:
            self.on_message("sent", transmit.data, transmit.to)
        self._postman.send(transmit)

    def _went(self, transmit: Transmit, connection: int) -> None:
        self._agent.went_by(transmit, connection)

    def _give_up(self, transmit: Transmit) -> None:
        self._agent.undeliverable(time.monotonic_ns(), transmit)
        asyncio.get_running_loop().call_soon(self._pump)


@asynccontextmanager
async def listen(settings: Settings) -> AsyncIterator[Endpoint]:
    """A SIP endpoint that listens while the block runs, then hangs up what is left.

    :raises OSError: an address cannot be bound; the message says what can be done.
    """
    endpoint = Endpoint(settings)
    try:
        await endpoint._open()
        yield endpoint
    finally:
        with anyio.CancelScope(shield=True):
            await endpoint._close()
