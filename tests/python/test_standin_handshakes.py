"""Handshakes that go wrong, and servers that do not read: seen from a socket."""

import asyncio
import socket
import struct
import time
from collections.abc import Sequence

import pytest
from support.standin_client import HEADERS, QUERY, calling
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus

from fourwire import standin
from fourwire.standin import Behaviour, Handshake, Server, faults

pytestmark = pytest.mark.anyio


async def knock(server: Server, *, patience_s: float = 10) -> None:
    """A handshake that must fail."""
    url = server.url + QUERY
    async with connect(url, additional_headers=HEADERS, open_timeout=patience_s):
        raise AssertionError("let in")


async def test_a_server_can_take_the_connection_and_never_answer() -> None:
    async with standin.serve(behaviour=Behaviour(handshake=Handshake.SILENT)) as server:
        with pytest.raises(TimeoutError):
            await knock(server, patience_s=0.2)

    assert server.handshakes == 1
    assert server.sessions == []


async def test_half_a_handshake_does_not_keep_the_server_from_ending() -> None:
    async with asyncio.timeout(10):
        async with standin.serve() as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n")
            await writer.drain()
            async with calling(server) as later:  # so that the one before was accepted
                await later.wait_for("session.created")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_connection_can_break_during_the_handshake() -> None:
    async with standin.serve(behaviour=Behaviour(handshake=Handshake.BROKEN)) as server:
        with pytest.raises((InvalidMessage, ConnectionError, EOFError)):
            await knock(server)

    assert server.handshakes == 1


async def test_a_handshake_can_be_answered_late() -> None:
    async with standin.serve(behaviour=Behaviour(handshake_delay_ms=150)) as server:
        asked = time.monotonic()
        async with calling(server) as caller:
            assert time.monotonic() - asked >= 0.15
            await caller.wait_for("session.created")


@pytest.mark.parametrize(("status", "expected"), [(429, "7"), (503, "7"), (401, None), (500, None)])
async def test_a_refusal_can_say_when_to_come_back(status: int, expected: str | None) -> None:
    behaviour = Behaviour(refuse_status=status, retry_after="7")
    async with standin.serve(behaviour=behaviour) as server:
        with pytest.raises(InvalidStatus) as refusal:
            await knock(server)

    assert refusal.value.response.headers.get("Retry-After") == expected


async def test_a_full_server_says_when_to_come_back() -> None:
    behaviour = Behaviour(max_sessions=0, retry_after="Fri, 31 Dec 1999 23:59:59 GMT")
    async with standin.serve(behaviour=behaviour) as server:
        with pytest.raises(InvalidStatus) as refusal:
            await knock(server)

    assert refusal.value.response.status_code == 429
    assert refusal.value.response.headers["Retry-After"] == "Fri, 31 Dec 1999 23:59:59 GMT"


async def test_a_sequence_of_connections_fails_in_its_own_way_each_and_then_works() -> None:
    behaviours: Sequence[Behaviour] = [
        Behaviour(refuse_status=503),
        Behaviour(handshake=Handshake.BROKEN),
        Behaviour(faults=(faults.Close(before="session.created", code=1013),)),
        Behaviour(),
    ]
    async with standin.serve(behaviour=behaviours) as server:
        with pytest.raises(InvalidStatus):
            await knock(server)
        with pytest.raises((InvalidMessage, ConnectionError, EOFError)):
            await knock(server)
        async with calling(server) as caller:
            await caller.socket.wait_closed()
            assert caller.socket.close_code == 1013
        async with calling(server) as caller:
            await caller.wait_for("session.created")


def leave(transport: asyncio.Transport) -> None:
    """Resets the connection: what waits in the kernel is not sent any more."""
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


FLOOD = b"\xff" * 30_000


async def flood(server: Server, *, seconds: float) -> tuple[int, int]:
    """Appends until the socket takes no more, or for so long; bytes sent, and bytes heard."""
    sent = 0
    async with calling(server) as caller:
        await caller.send(
            "session.update", session={"audio": {"input": {"format": {"type": "audio/pcmu"}}}}
        )
        await caller.wait_for("session.updated")
        try:
            async with asyncio.timeout(seconds):
                while sent < 12_000_000:
                    await caller.append(FLOOD)
                    sent += len(FLOOD)
        except TimeoutError:
            pass
        leave(caller.socket.transport)
    await server.wait_idle()
    return sent, len(server.sessions[0].heard) // 2


async def test_a_server_that_stops_reading_makes_its_client_wait() -> None:
    stops = Behaviour(faults=(faults.StopReading(after="session.updated"),))
    async with standin.serve(behaviour=stops) as server:
        sent, heard = await flood(server, seconds=1)

    assert sent < 12_000_000
    assert heard == 0


async def test_a_slow_reader_makes_its_client_wait_and_hears_at_its_own_pace() -> None:
    async with standin.serve(behaviour=Behaviour(read_bytes_per_s=200_000)) as server:
        sent, heard = await flood(server, seconds=1)

    assert sent < 12_000_000
    assert 30_000 <= heard <= 600_000


async def test_a_server_that_stops_reading_speaks_on() -> None:
    stops = Behaviour(think_ms=0, speed=0, faults=(faults.StopReading(after="response.created"),))
    async with standin.serve(behaviour=stops) as server, calling(server) as caller:
        await caller.send("response.create")
        await caller.wait_for("response.done")
