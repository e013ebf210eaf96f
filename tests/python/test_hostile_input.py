"""Garbage on every port while a call runs: it is answered or counted, and the call goes on."""

import asyncio
import contextlib
import random
import socket

import anyio
import anyio.lowlevel
import msgspec
import pytest
from support.hostile import stage_and_stranger, still_takes_calls
from support.mutations import mutated
from support.scene import SETTINGS, Scene, scene
from support.stranger import OFFER, Stranger, stranger

from fourwire import sdp
from fourwire.settings import Listen

pytestmark = pytest.mark.anyio

METHODS = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "REFER", "PRACK", "ODD"]


async def bad_requests(chance: random.Random, stage: Scene, them: Stranger) -> None:
    """Send requests that are almost right, no faster than they are read."""
    counters = stage.gateway.endpoint.counters
    before = counters()["received"]
    for _ in range(50):
        call = them.dialog("stays")
        request = call.request(chance.choice(METHODS), chance.choice([OFFER, OFFER, None]))
        them.send(mutated(chance, request.encode()))
    with anyio.fail_after(5):
        while counters()["received"] < before + 50:  # noqa: ASYNC110 nothing tells
            await anyio.sleep(0.001)


async def bad_dialog(chance: random.Random, them: Stranger) -> None:
    """Place a call and send nonsense within it, then hang up."""
    call = them.dialog("stays")
    await call.invite(chance.choice([OFFER, None]))
    for method in chance.choices(["INVITE", "ACK", "INFO", "CANCEL"], k=6):
        body = mutated(chance, OFFER.encode()).decode("utf-8", "surrogateescape")
        call.send(method, body)
    call.send("BYE")


async def test_requests_that_are_almost_right_end_no_call_but_their_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chance = random.Random(1)
    async with stage_and_stranger() as (stage, them):
        _, host, port = stage.gateway.addresses[0]
        call = them.dialog("stays")
        await call.invite()
        call.acknowledge()
        await stage.notes.until("call.answered")
        (undisturbed,) = stage.gateway.calls.values()
        for _ in range(40):
            await bad_requests(chance, stage, them)
            await anyio.lowlevel.checkpoint()
        async with stranger(host, port) as other:
            for _ in range(20):
                await bad_dialog(chance, other)
            await still_takes_calls(other)
        assert "internal_errors" not in stage.gateway.endpoint.counters()
        assert not stage.notes.named("gateway.error") + stage.notes.named("call.error")
        assert undisturbed.ended is None
    assert not caplog.records


async def test_streams_that_make_no_sense_are_closed_and_disturb_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chance = random.Random(2)
    listeners = (Listen("udp:127.0.0.1:0"), Listen("tcp:127.0.0.1:0"))
    settings = msgspec.structs.replace(SETTINGS, listen=listeners)
    async with stage_and_stranger(settings) as (stage, them):
        _, host, port = stage.gateway.addresses[1]
        for _ in range(100):
            _, writer = await asyncio.open_connection(host, port)
            request = them.dialog("stays").request("INVITE", OFFER).replace("/UDP", "/TCP")
            for _ in range(chance.randint(1, 3)):
                writer.write(mutated(chance, request.encode()))
            await writer.drain()
            chance.choice([writer.transport.abort, writer.close])()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        await still_takes_calls(them)
        assert "internal_errors" not in stage.gateway.endpoint.counters()
        assert not stage.notes.named("gateway.error") + stage.notes.named("call.error")
    assert not caplog.records


async def test_garbage_on_the_media_ports_is_not_heard_and_stops_no_speech() -> None:
    chance = random.Random(3)
    async with scene() as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        there = sdp.SessionDescription.parse(caller.call.answer_sdp or "")
        port = there.media[0].port
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            for _ in range(2000):
                head = bytes([chance.choice([0x80, 0x80, 0x90, 0xA0, 0xBF, chance.randrange(256)])])
                garbage = head + chance.randbytes(chance.randrange(200))
                other.sendto(garbage, ("127.0.0.1", port + chance.randrange(2)))
        await caller.until_speech()
        assert not stage.causes()
