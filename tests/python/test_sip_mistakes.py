"""A mistake of ours in one request or at one moment harms no other call, and nobody waits."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from support.sip import ANSWER, OFFER, World
from support.sip_torture import invite, options

from fourwire import sip
from fourwire.sip import sockets
from fourwire.sip.flow import Flow, Hop
from fourwire.sip.postman import Postman
from fourwire.sip.server_call import ServerCall
from fourwire.sip.transaction import Transmit

pytestmark = pytest.mark.anyio


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("a mistake")


def test_a_request_that_a_mistake_meets_is_answered_and_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    monkeypatch.setattr(ServerCall, "begin", broken)
    with pytest.raises(RuntimeError):
        world.send(invite(), callee)
    world.drain(callee)
    assert [reply.status for reply in world.replies()] == [500]
    world.run(80)
    assert callee.agent.counters()["transactions"] == 0


async def test_a_mistake_while_something_is_sent_stops_no_timer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    left = [1, 1]

    def watch(what: str, data: bytes, _way: Flow | Hop) -> None:
        if what == "sent" and data.startswith(b"INVITE") and left and left.pop():
            raise RuntimeError("a mistake")

    told = sip.Settings(listeners=[sip.Listener("udp", "127.0.0.1", 0)], farewell_s=1.0)
    async with sip.listen(told) as caller, sip.listen(told) as callee:
        caller.on_message = watch
        _, host, port = callee.addresses[0]
        calls = callee.calls()
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_take, calls)
                call = await caller.invite(f"sip:a@{host}:{port}", from_user="alice", offer=OFFER)
        assert call.answer_sdp == ANSWER
        assert caller.counters()["internal_errors"] == 2
        await call.hang_up()
    assert all("could not be carried out" in record.message for record in caplog.records)


async def test_a_mistake_with_one_connection_closes_the_door_to_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = sip.Settings(listeners=[sip.Listener("tcp", "127.0.0.1", 0)], farewell_s=1.0)
    async with sip.listen(told) as endpoint:
        _, host, port = endpoint.addresses[0]
        with monkeypatch.context() as patch, anyio.fail_after(10):
            patch.setattr(sockets, "_give_up_the_vanished", broken)
            async with await anyio.connect_tcp(host, port) as first:
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await first.receive()
        with anyio.fail_after(10):
            async with await anyio.connect_tcp(host, port) as second:
                await second.send(options())
                assert (await second.receive()).startswith(b"SIP/2.0 200 ")
        assert endpoint.counters()["internal_errors"] == 1
    assert [record.message for record in caplog.records] == ["a connection was not taken"]


@pytest.mark.parametrize("error", [ValueError, UnicodeError, OSError, TimeoutError])
async def test_what_no_socket_takes_is_given_up(error: type[Exception]) -> None:
    """TLS raises ValueError for a name that cannot stand in a certificate."""

    class Deaf:
        def send(self, *_: object) -> int:
            return 0

        async def send_to(self, *_: object) -> int:
            raise error("not such a name")

    given_up: list[Transmit] = []
    deaf: Any = Deaf()
    postman = Postman(deaf, lambda *_: None, given_up.append)
    transmit = Transmit(b"x", Hop("tls", "odd.example", None))
    postman.send(transmit)
    with anyio.fail_after(5):
        while not given_up:  # noqa: ASYNC110 nothing tells
            await anyio.sleep(0.001)
    assert given_up == [transmit]


class Nobody:
    """A domain name system that knows nothing."""

    async def nothing(self, _name: str) -> list[Any]:
        return []

    pointers = services = addresses = nothing


async def test_a_registrar_whose_name_is_not_found_yet_is_tried_by_what_we_listen_on() -> None:
    told = sip.Settings(listeners=[sip.Listener("tcp", "127.0.0.1", 0)], farewell_s=0.1)
    async with sip.listen(told) as endpoint:
        endpoint.sockets.lookup = Nobody()
        registrar = sip.Registrar(uri=sip.Uri.parse("sip:nowhere.invalid"), user="us")
        number = await endpoint.register(registrar, sip.Trunk(name="carrier"))
        with anyio.fail_after(20):
            event = await anext(endpoint.registration_events())
        assert isinstance(event, sip.NotRegistered)
        assert (event.registration, event.status) == (number, 503)
        udp = sip.Uri.parse("sip:nowhere.invalid;transport=udp")
        with pytest.raises(sip.LocalError, match="no udp listener"):
            await endpoint.register(sip.Registrar(uri=udp, user="us"), sip.Trunk(name="carrier"))


async def _take(calls: AsyncIterator[sip.IncomingCall]) -> None:
    await (await anext(calls)).answer(ANSWER)
