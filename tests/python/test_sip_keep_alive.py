"""Ways that we opened are kept open, and a peer that does not answer is found out (RFC 5626)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import anyio
import pytest
from support.sip import OFFER

from fourwire import sip
from fourwire.sip.framing import PING, PONG, Framer
from fourwire.sip.message import Request, parse
from fourwire.sip.responding import response_to

pytestmark = pytest.mark.anyio


class Far:
    """A server of TCP that says nothing but the answers to pings, while it is well."""

    def __init__(self) -> None:
        self.well = True
        self.pings = 0
        self.closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        while data := await reader.read(65_536):
            for message in framer.receive(data):
                self.pings += message == PING
                if message == PING and self.well:
                    writer.write(PONG)
        self.closed.set()
        writer.close()


@asynccontextmanager
async def connected(far: Far) -> AsyncIterator[sip.Endpoint]:
    """An endpoint of ours that has opened a connection to it, and pings often."""
    listening = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    _, port = listening.sockets[0].getsockname()
    listeners = [sip.Listener("tcp", "127.0.0.1", 0)]
    settings = sip.Settings(listeners=listeners, keep_alive_s=0.05, farewell_s=0.1)
    uri = f"sip:bob@127.0.0.1:{port};transport=tcp"
    async with sip.listen(settings) as us:
        us.dial(uri, to=await us.find(uri), from_user="a", offer=OFFER)
        with anyio.fail_after(10):
            while far.pings < 3:  # noqa: ASYNC110 - a counter
                await anyio.sleep(0.01)
            yield us
    listening.close()
    await listening.wait_closed()


async def test_a_connection_that_we_opened_is_pinged_and_stays_as_long_as_that_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fourwire.sip.connection.PONG_SECONDS", 0.2)
    far = Far()
    async with connected(far) as us:
        while far.pings < 10:  # noqa: ASYNC110 - a counter
            await anyio.sleep(0.01)
        assert us.counters()["connections"] == 1
        assert "connections_unanswered" not in us.counters()

        far.well = False
        await far.closed.wait()
        assert us.counters()["connections_unanswered"] == 1


class Registrar(asyncio.DatagramProtocol):
    """Takes whoever comes by UDP, and remembers by which way."""

    def __init__(self) -> None:
        self.registered: list[object] = []
        self.pinged: list[object] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data == PING:
            self.pinged.append(addr)
            return
        request = parse(data)
        assert isinstance(request, Request)
        self.registered.append(addr)
        kept = (("Contact", request.headers["Contact"]),)
        self.transport.sendto(bytes(response_to(request, 200, to_tag="r", headers=kept)), addr)


async def test_the_way_of_a_registration_by_udp_is_kept_open_until_it_ends() -> None:
    loop = asyncio.get_running_loop()
    office, registrar = await loop.create_datagram_endpoint(Registrar, local_addr=("127.0.0.1", 0))
    _, port = office.get_extra_info("sockname")
    listeners = [sip.Listener("udp", "127.0.0.1", 0)]
    settings = sip.Settings(listeners=listeners, keep_alive_s=0.05, farewell_s=1.0)
    with anyio.fail_after(10):
        async with sip.listen(settings) as us:
            uri = sip.Uri.parse(f"sip:127.0.0.1:{port}")
            number = await us.register(sip.Registrar(uri=uri, user="a"), sip.Trunk(name="pbx"))
            while len(registrar.pinged) < 3:  # noqa: ASYNC110 - a counter
                await anyio.sleep(0.01)
            assert set(registrar.pinged) == set(registrar.registered)

            us.unregister(number)
            async for event in us.registration_events():
                if isinstance(event, sip.Unregistered):
                    break
            await anyio.sleep(0.01)  # for a ping that is under way
            before = len(registrar.pinged)
            await anyio.sleep(0.2)
            assert len(registrar.pinged) == before
    office.close()
    await asyncio.sleep(0)  # lets asyncio close it
