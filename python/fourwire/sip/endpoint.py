"""The endpoint: a user agent on real sockets and the real clock."""

import asyncio
import ipaddress
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.lowlevel

from .calls import GivenHeaders, IncomingCall, LiveCall, OutgoingCall, pairs
from .core import Rules
from .errors import CallFailed, LocalError
from .events import Ended, Invited
from .flow import Address, Flow, Hop
from .settings import Listener, Settings
from .transaction import Transmit
from .transport import Connection, Connections, UdpSocket, bind, told_address
from .user_agent import UserAgent, sip_uri

T = TypeVar("T")

_log = logging.getLogger("fourwire.sip")

CONNECT_SECONDS = 5.0
"""How long opening a connection, or looking up a name, may take: well within Timer B and F."""

MAX_OPENING = 256
"""Messages that may wait for a connection to open or a name to be found; more are given up."""


class Endpoint:
    """A SIP endpoint that listens. :func:`listen` opens one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: dict[int, UdpSocket] = {}
        self._servers: list[tuple[asyncio.Server, Listener]] = []
        self._connections = Connections(settings, self._deliver)
        self._calls: dict[int, LiveCall] = {}
        self._arrived: asyncio.Queue[IncomingCall] = asyncio.Queue(settings.max_calls)
        self._counters: Counter[str] = Counter()
        self._wake: asyncio.TimerHandle | None = None
        self._flow: Flow | None = None
        self._opening = 0
        self._finished = anyio.Event()
        self._closed = False
        self._agent = UserAgent(Rules(), random.SystemRandom())

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """What is bound: transport, host and port of each listener, in their order."""
        udp = [("udp", *socket.address) for socket in self._sockets.values()]
        tcp = [("tcp", *_bound(server)) for server, _ in self._servers]
        order = [listener.transport for listener in self._settings.listeners]
        queues = {"udp": iter(udp), "tcp": iter(tcp)}
        return [next(queues[transport]) for transport in order]

    @property
    def drain(self) -> bool:
        """True refuses new calls with 503, and tells OPTIONS so; calls that run go on."""
        return self._agent.draining

    @drain.setter
    def drain(self, on: bool) -> None:
        self._agent.draining = on

    async def calls(self) -> AsyncIterator[IncomingCall]:
        """The calls that come in, each once, those before the first listener too."""
        while True:
            yield await self._arrived.get()

    def dial(
        self,
        uri: str,
        *,
        to: Address,
        from_user: str,
        display_name: str = "",
        offer: str | None = None,
        headers: GivenHeaders = None,
    ) -> OutgoingCall:
        """Place a call to ``uri`` by the address ``to``, and return before it is answered.

        ``events()`` tells of ringing and early media, ``answered()`` waits for the end of it.
        Without an ``offer`` the peer is asked for one, which ``acknowledge`` then answers.
        """
        target = sip_uri(uri)
        flow = self._way_to(target.transport, to)
        number = self._agent.invite(
            time.monotonic_ns(),
            uri,
            local=flow.local,
            from_user=from_user,
            display_name=display_name,
            offer=offer,
            headers=pairs(headers),
            to=flow if target.transport == "udp" else Hop(target.transport, *to, flow.local),
        )
        call = self._calls[number] = OutgoingCall(self, number, target.host)
        self._pump()
        return call

    async def invite(
        self,
        uri: str,
        *,
        from_user: str,
        offer: str | None,
        display_name: str = "",
        headers: GivenHeaders = None,
    ) -> OutgoingCall:
        """Place a call and wait for the answer; being cancelled, it cancels the call.

        :raises CallFailed: the peer refuses (3xx to 6xx), nobody answers (408), or the host
            cannot be reached (503).
        """
        target = sip_uri(uri)
        try:
            to = await self._find(target.host, target.port or 5060)
        except OSError as error:
            raise CallFailed(503, str(error)) from None
        call = self.dial(
            uri,
            to=to,
            from_user=from_user,
            display_name=display_name,
            offer=offer,
            headers=headers,
        )
        try:
            await call.answered()
        except asyncio.CancelledError:
            await call.hang_up()
            raise
        return call

    def counters(self) -> dict[str, int]:
        """How often what happened, by name; ``calls``, ``transactions`` and so on as they are."""
        counted = self._counters + self._connections.counters
        return {**self._agent.counters(), **counted, "connections": len(self._connections)}

    def count(self, name: str) -> None:
        """Count one of ``name``."""
        self._counters[name] += 1

    # Opening and closing, by listen().

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        for number, listener in enumerate(self._settings.listeners, start=1):
            sock = bind(listener)
            external = listener.external or self._settings.external
            if listener.transport == "udp":
                made = UdpSocket(number, listener, self._deliver, external)
                await loop.create_datagram_endpoint(lambda made=made: made, sock=sock)  # type: ignore[misc]
                self._sockets[number] = made
            else:
                where = sock.getsockname()[:2]
                server = await loop.create_server(self._connection(external, where), sock=sock)
                self._servers.append((server, listener))
        self._agent = UserAgent(self._rules(), random.SystemRandom())

    def _connection(self, external: str | None, where: Address) -> Callable[[], Connection]:
        return lambda: Connection(self._connections, external, where)

    def _rules(self) -> Rules:
        settings = self._settings
        return Rules(
            user_agent=settings.user_agent,
            max_calls=settings.max_calls,
            full_status=settings.full_status,
            retry_after_s=settings.retry_after_s,
            max_transactions=settings.max_transactions,
            intervals=settings.intervals,
            limits=settings.limits,
            ports={transport: port for transport, _, port in reversed(self.addresses)},
        )

    async def _close(self) -> None:
        self.drain = True
        for call in list(self._calls.values()):
            await call.hang_up()
        with anyio.move_on_after(self._settings.farewell_s):
            await self._idle()
        self._closed = True
        if self._wake is not None:
            self._wake.cancel()
        for task in self._tasks:
            task.cancel()
        for server, _ in self._servers:
            server.close()
        self._connections.close()
        for socket in self._sockets.values():
            socket.close()
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
        now = time.monotonic_ns()
        while (output := self._agent.poll(now)) is not None:
            if isinstance(output, Transmit):
                self._send(output)
            elif isinstance(output, Invited):
                self._arrive(output)
            else:
                call = self._calls.get(output.call)
                if call is not None:
                    call.take(output)
                if isinstance(output, Ended):
                    self._calls.pop(output.call, None)
        if not self._agent.unfinished:
            self._finished.set()
        self._sleep_until(None if self._closed else self._agent.deadline())

    def _arrive(self, event: Invited) -> None:
        assert self._flow is not None, "an INVITE comes by a flow"
        call = IncomingCall(self, event.call, event.request, self._flow)
        self._calls[event.call] = call
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
        if self._send_at_once(transmit.data, transmit.to):
            return
        if isinstance(transmit.to, Hop):
            hop: Hop | None = transmit.to
        else:
            hop = transmit.otherwise
        if hop is None or self._opening >= MAX_OPENING:
            self._give_up(transmit)
            return
        self._opening += 1
        task = asyncio.get_running_loop().create_task(self._open_and_send(transmit, hop))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _send_at_once(self, data: bytes, to: Flow | Hop) -> bool:
        if isinstance(to, Hop):
            return False
        if to.transport == "udp":
            socket = self._sockets.get(to.connection)
            return socket is not None and socket.send(data, to.remote)
        connection = self._connections.find(to.connection)
        connection = connection or self._connections.to_peer(to.remote)
        return connection is not None and connection.send(data)

    async def _open_and_send(self, transmit: Transmit, hop: Hop) -> None:
        try:
            with anyio.fail_after(CONNECT_SECONDS):
                sent = await self._send_to_hop(transmit.data, hop)
        except (OSError, TimeoutError, LocalError):
            sent = False
        finally:
            self._opening -= 1
        if not sent:
            self._give_up(transmit)

    async def _send_to_hop(self, data: bytes, hop: Hop) -> bool:
        remote = await self._find(hop.host, hop.port)
        if hop.transport == "udp":
            return self._send_at_once(data, self._way_to("udp", remote))
        connection = self._connections.to_peer(remote) or await self._connect(remote)
        return connection.send(data)

    async def _connect(self, remote: Address) -> Connection:
        server, listener = self._tcp_server(remote)
        external = listener.external or self._settings.external
        made = self._connection(external, _bound(server))
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(made, *remote)
        return connection

    def _give_up(self, transmit: Transmit) -> None:
        self._agent.undeliverable(time.monotonic_ns(), transmit)
        asyncio.get_running_loop().call_soon(self._pump)

    async def _find(self, host: str, port: int) -> Address:
        """The address of a host name; :class:`OSError` where there is none."""
        if _is_address(host):
            return host, port
        ours = {":" in address for _, address, _ in self.addresses}
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port)
        except UnicodeError:  # a label that is empty or too long
            raise OSError(f"{host} is no name that can be looked up") from None
        for *_, address in found:
            if (":" in str(address[0])) in ours:
                return str(address[0]), port
        raise OSError(f"{host} has no address that a listener here can reach")

    def _way_to(self, transport: str, remote: Address) -> Flow:
        """A flow to ``remote`` by a listener of ours that can reach it."""
        if transport == "udp":
            return self._udp_socket(remote).flow_to(remote)
        if transport == "tcp":
            server, listener = self._tcp_server(remote)
            external = listener.external or self._settings.external
            return Flow("tcp", told_address(external, _bound(server), remote[0]), remote)
        raise LocalError(f"no {transport} transport: SIP here runs over udp and tcp")

    def _udp_socket(self, remote: Address) -> UdpSocket:
        wanted = ":" in remote[0]
        for socket in self._sockets.values():
            if (":" in socket.address[0]) == wanted:
                return socket
        raise LocalError(f"no udp listener here can reach {remote[0]}")

    def _tcp_server(self, remote: Address) -> tuple[asyncio.Server, Listener]:
        wanted = ":" in remote[0]
        for server, listener in self._servers:
            if (":" in listener.host) == wanted:
                return server, listener
        raise LocalError(f"no tcp listener here can reach {remote[0]}")


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


def _bound(server: asyncio.Server) -> Address:
    name = server.sockets[0].getsockname()
    return name[0], name[1]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
