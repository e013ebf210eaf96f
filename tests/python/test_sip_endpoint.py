"""The endpoint on real sockets of this machine: calls over UDP and TCP, IPv4 and IPv6."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from support.sip import ANSWER, OFFER
from support.sip_torture import options
from support.sipp_plain import free_ports

from fourwire import sip

pytestmark = pytest.mark.anyio

Serve = Callable[[sip.IncomingCall], Awaitable[None]]

QUICK = sip.Intervals(t1=20_000_000, t2=80_000_000, t4=100_000_000)
"""Timers a twenty-fifth of the RFC's, for the few tests that wait for one."""


def settings(transport: str = "udp", host: str = "127.0.0.1", **more: object) -> sip.Settings:
    more.setdefault("listeners", [sip.Listener(transport, host, 0)])
    return sip.Settings(farewell_s=1.0, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def two(
    serve: Serve, transport: str = "udp", host: str = "127.0.0.1", **more: object
) -> AsyncIterator[tuple[sip.Endpoint, sip.Endpoint, str]]:
    """A caller, a callee that serves each call in a task of its own, and the callee's URI."""

    async def serve_all(callee: sip.Endpoint, tasks: anyio.abc.TaskGroup) -> None:
        async for incoming in callee.calls():
            tasks.start_soon(serve, incoming)

    async with (
        sip.listen(settings(transport, host)) as caller,
        sip.listen(settings(transport, host, **more)) as callee,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(serve_all, callee, tasks)
        _, at, port = callee.addresses[0]
        where = f"[{at}]" if ":" in at else at
        suffix = "" if transport == "udp" else f";transport={transport}"
        with anyio.fail_after(20):
            yield caller, callee, f"sip:voxi@{where}:{port}{suffix}"
        tasks.cancel_scope.cancel()


async def answer(incoming: sip.IncomingCall) -> None:
    await incoming.ring()
    await incoming.answer(ANSWER)
    async for event in incoming.events():
        if isinstance(event, sip.Reinvite):
            await event.answer(ANSWER)


async def ended(call: sip.IncomingCall | sip.OutgoingCall) -> sip.Ended:
    endings = [event async for event in call.events() if isinstance(event, sip.Ended)]
    assert len(endings) == 1
    return endings[0]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_call_is_placed_changed_and_hung_up(transport: str, host: str) -> None:
    async with two(answer, transport, host) as (caller, callee, uri):
        call = await caller.invite(uri, from_user="alice", offer=OFFER)
        changed = await call.reinvite(OFFER)
        await call.hang_up()

        assert (call.answer_sdp, changed) == (ANSWER, ANSWER)
        assert (await ended(call)).cause is sip.Cause.HUNG_UP
        while callee.counters()["calls"]:  # noqa: ASYNC110 - a counter, no event
            await anyio.sleep(0.01)


async def test_an_incoming_call_tells_who_calls_whom() -> None:
    seen: list[sip.IncomingCall] = []

    async def look(incoming: sip.IncomingCall) -> None:
        seen.append(incoming)
        await answer(incoming)

    async with two(look) as (caller, _, uri):
        await caller.invite(
            uri,
            from_user="alice",
            display_name="Alice A.",
            offer=OFFER,
            headers={"X-Session": "42"},
        )

    (incoming,) = seen
    assert (incoming.user, incoming.caller, incoming.display_name) == ("voxi", "alice", "Alice A.")
    assert incoming.request_uri == uri
    assert incoming.headers["x-session"] == "42"
    assert incoming.offer == OFFER
    assert incoming.source[0] == "127.0.0.1"
    assert incoming.ended is not None


async def test_early_media_and_ringing_reach_the_caller() -> None:
    async def early(incoming: sip.IncomingCall) -> None:
        await incoming.ring()
        await incoming.progress(ANSWER)
        await incoming.answer(ANSWER)

    async with two(early) as (caller, _, uri):
        call = await caller.invite(uri, from_user="alice", offer=OFFER)
        await call.hang_up()
        seen = [(e.status, e.sdp) async for e in call.events() if isinstance(e, sip.Progressed)]

    assert seen == [(180, None), (183, ANSWER)]


async def test_a_refusal_is_an_exception_with_its_status() -> None:
    async def refuse(incoming: sip.IncomingCall) -> None:
        await incoming.reject(404, "Nobody Here")

    async with two(refuse) as (caller, _, uri):
        with pytest.raises(sip.CallFailed, match="404 Nobody Here") as caught:
            await caller.invite(uri, from_user="alice", offer=OFFER)

    assert (caught.value.status, caught.value.reason) == (404, "Nobody Here")


async def test_a_cancelled_invite_cancels_the_call() -> None:
    causes: list[sip.Cause] = []

    async def wait(incoming: sip.IncomingCall) -> None:
        await incoming.ring()
        await ended(incoming)
        with pytest.raises(sip.CallEnded) as caught:
            await incoming.answer(ANSWER)
        causes.append(caught.value.ended.cause)

    async with two(wait) as (caller, callee, uri):
        with anyio.move_on_after(0.2):
            await caller.invite(uri, from_user="alice", offer=OFFER)
        while not causes:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        assert callee.counters()["calls"] == 0

    assert causes == [sip.Cause.CANCELLED]


async def test_a_late_offer_is_answered_by_the_ack() -> None:
    answers: list[str | None] = []

    async def offer_late(incoming: sip.IncomingCall) -> None:
        assert incoming.offer is None
        answers.append(await incoming.answer(OFFER))
        await incoming.hang_up()

    async with two(offer_late) as (caller, _, uri):
        call = await caller.invite(uri, from_user="alice", offer=None)
        await call.acknowledge(ANSWER)
        await ended(call)

    assert answers == [ANSWER]


async def test_nothing_is_lost_before_the_first_listener() -> None:
    async with sip.listen(settings()) as caller, sip.listen(settings()) as callee:
        _, host, port = callee.addresses[0]
        to = (host, port)
        hops = [sip.Hop("udp", to[0], to[1], address=to[0])]
        call = caller.dial(f"sip:x@{host}:{port}", to=hops, from_user="a", offer=OFFER)
        await anyio.sleep(0.1)
        await call.hang_up()
        await anyio.sleep(0.1)

        incoming = await anext(aiter(callee.calls()))
        assert (await ended(incoming)).cause is sip.Cause.CANCELLED


@pytest.mark.parametrize("listens", [("udp", "tcp"), ("udp",)])
async def test_a_large_call_comes_by_tcp_where_that_is_taken_and_else_by_udp(
    listens: tuple[str, ...],
) -> None:
    came_by: list[str] = []

    async def look(incoming: sip.IncomingCall) -> None:
        came_by.append(incoming.transport)
        await answer(incoming)

    (port,) = free_ports(1)
    both = [sip.Listener(transport, "127.0.0.1", 0) for transport in ("udp", "tcp")]
    theirs = [sip.Listener(transport, "127.0.0.1", port) for transport in listens]
    async with two(look, listeners=theirs) as (_, callee, uri):
        async with sip.listen(settings(listeners=both)) as caller:
            for _ in range(2):
                story = {"X-Story": "a" * 1300}
                call = await caller.invite(uri, from_user="a", offer=OFFER, headers=story)
                assert await call.reinvite(OFFER) == ANSWER
                await call.hang_up()
            assert came_by == [listens[-1]] * 2
            asked_for_tcp = 2 if "tcp" in listens else 1
            assert caller.counters()["large_by_tcp"] == asked_for_tcp
        assert callee.counters()["calls"] == 0


async def test_a_call_that_nobody_answers_at_all_fails_with_408() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        async with sip.listen(settings(intervals=QUICK)) as caller:
            with pytest.raises(sip.CallFailed, match="408"):
                await caller.invite(f"sip:x@127.0.0.1:{port}", from_user="a", offer=OFFER)


async def test_a_host_that_refuses_the_connection_fails_with_503() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        async with sip.listen(settings("tcp")) as caller:
            with pytest.raises(sip.CallFailed, match="503"):
                await caller.invite(
                    f"sip:x@127.0.0.1:{port};transport=tcp", from_user="a", offer=OFFER
                )


async def test_above_max_calls_the_answer_is_503_and_while_draining_too() -> None:
    async with two(answer, max_calls=1) as (caller, callee, uri):
        first = await caller.invite(uri, from_user="a", offer=OFFER)
        with pytest.raises(sip.CallFailed, match="503"):
            await caller.invite(uri, from_user="a", offer=OFFER)
        await first.hang_up()
        await ended(first)
        callee.drain = True
        with pytest.raises(sip.CallFailed, match="503"):
            await caller.invite(uri, from_user="a", offer=OFFER)
        assert callee.counters()["calls_refused_full"] == 2


async def test_closing_hangs_up_what_is_left() -> None:
    async with sip.listen(settings()) as caller:
        async with two(answer) as (_, callee, uri):
            call = await caller.invite(uri, from_user="a", offer=OFFER)
            assert callee.counters()["calls"] == 1
        assert (await ended(call)).cause is sip.Cause.BYE


async def test_a_busy_port_says_what_to_do() -> None:
    async with sip.listen(settings()) as endpoint:
        _, host, port = endpoint.addresses[0]
        with pytest.raises(OSError, match=r"udp 127\.0\.0\.1:\d+: the port is in use; stop"):
            async with sip.listen(sip.Settings(listeners=[sip.Listener("udp", host, port)])):
                pass
    with pytest.raises(OSError, match="no interface of this machine"):
        async with sip.listen(sip.Settings(listeners=[sip.Listener("tcp", "192.0.2.1", 0)])):
            pass


async def test_several_listeners_are_told_in_their_order() -> None:
    listeners = [
        sip.Listener("tcp", "127.0.0.1", 0),
        sip.Listener("udp", "::1", 0),
        sip.Listener("udp", "127.0.0.1", 0),
    ]

    async with sip.listen(settings(listeners=listeners)) as endpoint:
        assert [(t, h) for t, h, _ in endpoint.addresses] == [
            ("tcp", "127.0.0.1"),
            ("udp", "::1"),
            ("udp", "127.0.0.1"),
        ]


async def test_a_listener_on_all_addresses_tells_each_peer_the_one_that_faces_it() -> None:
    contacts: list[str] = []

    async def look(incoming: sip.IncomingCall) -> None:
        contacts.append(incoming.headers["Contact"])
        await answer(incoming)

    async with two(look, host="0.0.0.0") as (caller, callee, uri):  # noqa: S104
        call = await caller.invite(
            uri.replace("0.0.0.0", "localhost"),  # noqa: S104
            from_user="a",
            offer=OFFER,
        )
        await call.hang_up()
        assert callee.addresses[0][1] == "0.0.0.0"  # noqa: S104

    (contact,) = contacts
    assert contact.startswith("<sip:a@127.0.0.1:")


async def test_a_host_that_has_no_address_fails_with_503() -> None:
    async with sip.listen(settings()) as caller:
        with pytest.raises(sip.CallFailed, match="503"):
            await caller.invite("sip:x@nowhere.invalid", from_user="a", offer=OFFER)


async def test_peers_are_told_the_external_address_of_a_listener_behind_nat() -> None:
    async with two(answer, external="203.0.113.5:5999") as (_, _, uri):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", 0))
            phone.settimeout(5)
            call = invite_from(phone, uri)
            target = uri.partition("@")[2].split(":")
            await asyncio.to_thread(phone.sendto, call, (target[0], int(target[1])))
            while b"200 OK" not in (reply := await asyncio.to_thread(phone.recv, 9999)):
                pass
        assert b"Contact: <sip:203.0.113.5:5999>" in reply


def invite_from(phone: socket.socket, uri: str) -> bytes:
    host, port = phone.getsockname()
    return (
        f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKp\r\n"
        f"From: <sip:p@{host}>;tag=1\r\nTo: <{uri}>\r\nCall-ID: p\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:p@{host}:{port}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def open_stream(endpoint: sip.Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    _, host, port = endpoint.addresses[0]
    return await asyncio.open_connection(host, port)


async def closed(reader: asyncio.StreamReader) -> bool:
    """Wait until the other side closes, politely or not."""
    try:
        return not await reader.read()
    except ConnectionError:
        return True


async def test_a_ping_on_a_connection_gets_its_pong() -> None:
    async with sip.listen(settings("tcp")) as endpoint:
        reader, writer = await open_stream(endpoint)
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        writer.close()


async def test_responses_come_back_on_the_connection_of_the_request() -> None:
    async with sip.listen(settings("tcp")) as endpoint:
        reader, writer = await open_stream(endpoint)
        for byte in options(Via="SIP/2.0/TCP 192.0.2.200;branch=z9hG4bKx"):
            writer.write(bytes([byte]))
        assert (await reader.readline()).startswith(b"SIP/2.0 200 ")
        writer.close()


@pytest.mark.parametrize(
    ("sent", "more"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", {}),
        (b"OPTIONS sip:a", {"message_s": 0.1}),
        (b"", {"idle_s": 0.1}),
        (b"", {"silent_s": 0.1}),
    ],
)
async def test_a_connection_that_is_noise_slow_or_idle_is_closed(
    sent: bytes, more: dict[str, float]
) -> None:
    async with sip.listen(settings("tcp", **more)) as endpoint:
        reader, writer = await open_stream(endpoint)
        writer.write(sent)
        with anyio.fail_after(5):
            assert await closed(reader)
        writer.close()
        await anyio.sleep(0.05)
        assert endpoint.counters()["connections"] == 0


async def test_a_connection_that_has_said_something_may_be_silent_for_longer() -> None:
    async with sip.listen(settings("tcp", silent_s=0.1)) as endpoint:
        reader, writer = await open_stream(endpoint)
        writer.write(b"\r\n\r\n")
        assert await reader.readline() == b"\r\n"
        with anyio.move_on_after(0.3) as waited:
            await reader.read(1)
        assert waited.cancelled_caught
        assert endpoint.counters()["connections"] == 1
        writer.close()


async def test_above_the_limit_of_connections_a_new_one_is_closed() -> None:
    async with sip.listen(settings("tcp", max_connections=1)) as endpoint:
        _, first = await open_stream(endpoint)
        await anyio.sleep(0.05)
        reader, second = await open_stream(endpoint)
        assert await closed(reader)
        assert endpoint.counters()["connections_refused"] == 1
        first.close()
        second.close()


async def test_strangers_leave_connections_for_trunks_and_for_ours() -> None:
    trunk = sip.Trunk(name="pbx", networks=(ipaddress.ip_network("127.0.0.2"),))
    told = settings("tcp", max_connections=4, access=sip.Access(trunks=[trunk]))
    deaf = settings("tcp", access=sip.Access(strangers="refuse"))
    async with sip.listen(told) as endpoint, sip.listen(deaf) as callee:
        _, host, port = endpoint.addresses[0]
        crowd = [await anyio.connect_tcp(host, port, local_host="127.0.0.1") for _ in range(10)]
        with anyio.fail_after(10):
            while endpoint.counters().get("connections_refused", 0) < 7:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            pbx = await anyio.connect_tcp(host, port, local_host="127.0.0.2")
            await pbx.send(options())
            assert (await pbx.receive()).startswith(b"SIP/2.0 200 ")
            await pbx.aclose()
            while endpoint.counters()["connections"] > 3:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            uri = f"sip:a@{callee.addresses[0][1]}:{callee.addresses[0][2]};transport=tcp"
            with pytest.raises(sip.CallFailed, match="403"):
                await endpoint.invite(uri, from_user="us", offer=OFFER)
        for each in crowd:
            await each.aclose()


async def test_noise_on_udp_is_counted_and_harms_nobody() -> None:
    async with two(answer) as (caller, callee, uri):
        _, host, port = callee.addresses[0]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
            for data in (b"\xff" * 1000, b"", b"SIP/2.0 200 OK\r\n\r\n", b"ACK\r\n\r\n"):
                noise.sendto(data, (host, port))
        call = await caller.invite(uri, from_user="a", offer=OFFER)
        await call.hang_up()

        counters = callee.counters()
        assert counters["malformed_dropped"] == 3
        assert "internal_errors" not in counters


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: sip.Listener("ws", "0.0.0.0"), "transport is 'ws'"),  # noqa: S104
        (lambda: sip.Listener("udp", "0.0.0.0", 70000), "port is 70000"),  # noqa: S104
        (lambda: sip.Settings(max_calls=0), "max_calls is 0"),
        (lambda: sip.Settings(listeners=[]), "listeners is empty"),
        (lambda: sip.Settings(full_status=200), "full_status is 200"),  # type: ignore[arg-type]
    ],
)
def test_wrong_settings_name_the_value(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()
