"""Torture messages, and mutations of them, against a gateway that runs: it goes on taking calls."""

import asyncio
import contextlib
import random
from collections.abc import Iterator

import anyio
import anyio.lowlevel
import msgspec
import pytest
from support import sip_torture, sip_torture_ipv6
from support.hostile import stage_and_stranger, still_takes_calls
from support.mutations import mutated
from support.scene import SETTINGS, Scene
from support.stranger import stranger

from fourwire.settings import Listen

pytestmark = pytest.mark.anyio

TORTURE = [torture.data for torture in (*sip_torture.ALL, *sip_torture_ipv6.ALL)]

BOTH = msgspec.structs.replace(
    SETTINGS, listen=(Listen("udp:127.0.0.1:0"), Listen("tcp:127.0.0.1:0"))
)

AT_A_TIME = 50
"""Datagrams that a socket's buffer surely holds."""


def bad_messages(chance: random.Random, count: int) -> Iterator[bytes]:
    """All torture messages as they are, then `count` mutations of them."""
    yield from TORTURE
    for _ in range(count):
        yield mutated(chance, chance.choice(TORTURE)) or b"\r\n"


async def goes_on(stage: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """No error of ours, no call left, and a new one is taken."""
    async with stranger(*stage.gateway.addresses[0][1:]) as caller:
        await still_takes_calls(caller)
    with anyio.fail_after(10):
        await stage.gateway.wait_idle(10)
    assert "internal_errors" not in stage.gateway.endpoint.counters()
    assert not stage.notes.named("gateway.error") + stage.notes.named("call.error")
    assert not stage.gateway.calls
    assert not caplog.records


async def test_by_udp_every_datagram_is_counted_and_calls_are_taken_afterwards(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with stage_and_stranger(BOTH) as (stage, them):
        counters = stage.gateway.endpoint.counters
        for sent, data in enumerate(bad_messages(random.Random(4), 2000), 1):
            them.send(data)
            if sent % AT_A_TIME == 0:
                with anyio.fail_after(10):
                    while counters().get("received", 0) < sent:  # noqa: ASYNC110 nothing tells
                        await anyio.sleep(0.001)
        assert counters()["transactions"] <= counters()["received"]
        await goes_on(stage, caplog)


async def test_by_tcp_however_the_stream_is_split(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(5)
    async with stage_and_stranger(BOTH) as (stage, _):
        host, port = stage.gateway.addresses[1][1:]
        for data in bad_messages(chance, 300):
            _, writer = await asyncio.open_connection(host, port)
            with contextlib.suppress(ConnectionError):
                while data:
                    length = chance.randint(1, len(data))
                    writer.write(data[:length])
                    await writer.drain()
                    await anyio.lowlevel.checkpoint()
                    data = data[length:]
            chance.choice([writer.transport.abort, writer.close])()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        await goes_on(stage, caplog)
