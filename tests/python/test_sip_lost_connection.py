"""Requests by a connection that closes before they are answered: once more, then given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from support.sip import ANSWER, OFFER, World
from support.sipp_plain import free_ports

from fourwire import sip
from fourwire.sip.events import Answered, Cause, Ended
from fourwire.sip.framing import Framer
from fourwire.sip.message import Request, parse
from fourwire.sip.responding import response_to
from fourwire.sip.transaction import Transmit
from fourwire.sip.user_agent import UserAgent

LARGE = (("X-Story", "a" * 1300),)


def calling(headers: tuple[tuple[str, str], ...] = ()) -> tuple[UserAgent, list[Transmit]]:
    """A call by TCP, and what was sent for it."""
    agent = World().peer("192.0.2.1", ports={"udp": 5060, "tcp": 5060}).agent
    call(agent, headers)
    return agent, sent_by(agent)


def call(agent: UserAgent, headers: tuple[tuple[str, str], ...] = ()) -> None:
    """Place a call: a small one by TCP, a large one as it may."""
    agent.invite(
        0,
        f"sip:bob@192.0.2.2{'' if headers else ';transport=tcp'}",
        local=("192.0.2.1", 5060),
        from_user="alice",
        offer=OFFER,
        headers=headers,
    )


def sent_by(agent: UserAgent) -> list[Transmit]:
    outputs = []
    while (output := agent.poll(0)) is not None:
        outputs.append(output)
    return [output for output in outputs if isinstance(output, Transmit)]


def test_a_request_whose_connection_closes_is_sent_by_another_and_then_given_up() -> None:
    agent, (first,) = calling()
    agent.went_by(first, 1001)
    agent.flow_lost(0, 1001)
    (again,) = sent_by(agent)
    assert again.data == first.data

    agent.went_by(again, 1002)
    agent.flow_lost(0, 1002)
    ended = agent.poll(0)
    assert ended == Ended(1, Cause.UNANSWERED, 503, "Service Unavailable")
    assert agent.poll(0) is None
    assert agent.counters()["unanswered_by_connection"] == 2
    assert agent.idle


def test_a_large_request_goes_by_udp_where_each_connection_is_closed() -> None:
    agent, (first,) = calling(LARGE)
    agent.went_by(first, 1001)
    agent.flow_lost(0, 1001)
    (again,) = sent_by(agent)
    agent.went_by(again, 1002)
    agent.flow_lost(0, 1002)
    (by_udp,) = sent_by(agent)
    assert [each.to.transport for each in (first, again, by_udp)] == ["tcp", "tcp", "udp"]
    assert agent.calls == 1
    call(agent, LARGE)
    assert [each.to.transport for each in sent_by(agent)] == ["udp"]  # it is known now


def test_who_has_heard_that_it_is_tried_waits_on() -> None:
    agent, (first,) = calling()
    agent.went_by(first, 1001)
    request = parse(first.data)
    assert isinstance(request, Request)
    flow = sip.Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.2", 5060), 1001)
    agent.receive(0, bytes(response_to(request, 100)), flow)
    agent.flow_lost(0, 1001)
    assert sent_by(agent) == []
    told = (("Contact", "<sip:192.0.2.2;transport=tcp>"),)
    agent.receive(0, bytes(response_to(request, 200, to_tag="t", headers=told, sdp=ANSWER)), flow)
    outputs = [agent.poll(0) for _ in range(4)]
    assert any(isinstance(output, Answered) for output in outputs)


def test_the_end_of_another_connection_changes_nothing() -> None:
    agent, (first,) = calling()
    agent.went_by(first, 1001)
    agent.flow_lost(0, 1002)
    assert agent.poll(0) is None


@asynccontextmanager
async def server(answers_from: int) -> AsyncIterator[tuple[str, list[int]]]:
    """A server of TCP that closes connections without an answer, until the one of that number."""
    taken: list[int] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(len(taken) + 1)
        number, framer = len(taken), Framer()
        while data := await reader.read(65_536):
            for message in framer.receive(data):
                request = parse(message)
                assert isinstance(request, Request)
                if number < answers_from:
                    writer.close()
                    return
                told = (("Contact", f"<{uri}>"),)
                sdp = ANSWER if request.method == "INVITE" else None
                ok = response_to(request, 200, to_tag="t", headers=told, sdp=sdp)
                writer.write(b"" if request.method == "ACK" else bytes(ok))
        writer.close()

    (port,) = free_ports(1)
    uri = f"sip:bob@127.0.0.1:{port};transport=tcp"
    listening = await asyncio.start_server(take, "127.0.0.1", port)
    try:
        yield uri, taken
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.mark.anyio
async def test_a_call_survives_a_server_that_restarts_and_fails_where_that_is_no_use() -> None:
    ours = sip.Settings(listeners=[sip.Listener("tcp", "127.0.0.1", 0)], farewell_s=1.0)
    with anyio.fail_after(10):
        async with server(2) as (uri, taken), sip.listen(ours) as us:
            call = await us.invite(uri, from_user="a", offer=OFFER)
            await call.hang_up()
            assert taken == [1, 2]
        async with server(99) as (uri, taken), sip.listen(ours) as us:
            with pytest.raises(sip.CallFailed, match="503"):
                await us.invite(uri, from_user="a", offer=OFFER)
            assert taken == [1, 2]
