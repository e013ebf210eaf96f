"""A mistake of ours in one request or at one moment harms no other call, and nobody waits."""

from collections.abc import AsyncIterator

import anyio
import pytest
from support.sip import ANSWER, OFFER, World
from support.sip_torture import invite

from fourwire import sip
from fourwire.sip.flow import Flow, Hop
from fourwire.sip.server_call import ServerCall


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


@pytest.mark.anyio
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


async def _take(calls: AsyncIterator[sip.IncomingCall]) -> None:
    await (await anext(calls)).answer(ANSWER)
