"""Calls between us and SIPp, which nobody here wrote: it calls us, and we call it."""

import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from support.sipp_plain import free_ports, sipp

from fourwire import sdp, sip

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="SIPp")]

SCENARIOS = Path(__file__).parent.parent / "sipp"

POLICY = sdp.MediaPolicy(address="127.0.0.1", port=10_000, rtcp_mux=False)


class Answerer:
    """A callee that rings, answers, and follows every change of the session."""

    def __init__(self, *, ring_s: float = 0.0) -> None:
        self.late_answers: list[sdp.NegotiatedMedia] = []
        self.directions: list[str] = []
        self.endings: Counter[sip.Cause] = Counter()
        self._ring_s = ring_s

    async def serve(self, incoming: sip.IncomingCall) -> None:
        """Serve one call to its end."""
        try:
            await incoming.ring()
            await anyio.sleep(self._ring_s)
            described = await self._answer(incoming)
            await self._follow(incoming, described)
        except sip.CallEnded as error:
            self.endings[error.ended.cause] += 1

    async def _answer(self, incoming: sip.IncomingCall) -> str:
        if incoming.offer is not None:
            answer = sdp.answer_to(incoming.offer, POLICY)
            await incoming.answer(answer.sdp)
            return answer.sdp
        offered = sdp.offer(POLICY)
        late = await incoming.answer(offered)
        self.late_answers.append(sdp.accept(offered, late or "", POLICY))
        return offered

    async def _follow(self, incoming: sip.IncomingCall, described: str) -> None:
        async for event in incoming.events():
            if isinstance(event, sip.Reinvite):
                answer = sdp.answer_to(event.offer or "", POLICY, previous=described)
                described = answer.sdp
                self.directions.append(answer.media.direction)
                await event.answer(described)
            elif isinstance(event, sip.Ended):
                self.endings[event.cause] += 1


@asynccontextmanager
async def listening(
    answerer: Answerer, transport: str = "udp", max_calls: int = 1000
) -> AsyncIterator[sip.Endpoint]:
    """An endpoint whose calls ``answerer`` serves."""

    async def take(endpoint: sip.Endpoint, tasks: anyio.abc.TaskGroup) -> None:
        async for incoming in endpoint.calls():
            tasks.start_soon(answerer.serve, incoming)

    listeners = [sip.Listener(transport, "127.0.0.1", 0)]
    settings = sip.Settings(listeners=listeners, max_calls=max_calls)
    async with sip.listen(settings) as endpoint, anyio.create_task_group() as tasks:
        tasks.start_soon(take, endpoint, tasks)
        yield endpoint
        tasks.cancel_scope.cancel()


async def call_us(endpoint: sip.Endpoint, scenario: str, calls: int = 1, rate: int = 10) -> None:
    """Let SIPp call the endpoint, and expect every call to go as its scenario has it."""
    transport, host, port = endpoint.addresses[0]
    code, errors = await sipp(
        f"{host}:{port}",
        *("-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", "voxi"),
        *("-m", str(calls), "-r", str(rate), "-t", "t1" if transport == "tcp" else "u1"),
    )
    assert (code, errors) == (0, "")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sipp_calls_and_hangs_up(transport: str) -> None:
    answerer = Answerer()
    async with listening(answerer, transport) as endpoint:
        await call_us(endpoint, "basic_call", calls=20, rate=50)

        assert answerer.endings == {sip.Cause.BYE: 20}
        assert endpoint.counters()["calls"] == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sipp_answers_our_offer_in_its_ack(transport: str) -> None:
    answerer = Answerer()
    async with listening(answerer, transport) as endpoint:
        await call_us(endpoint, "late_offer")

    (media,) = answerer.late_answers
    assert (media.codec, media.telephone_event) == ("PCMU", None)
    assert media.remote[0] == "127.0.0.1"


async def test_sipp_holds_the_call_and_takes_it_back() -> None:
    answerer = Answerer()
    async with listening(answerer) as endpoint:
        await call_us(endpoint, "hold", calls=5)

    assert sorted(answerer.directions) == ["recvonly"] * 5 + ["sendrecv"] * 5
    assert answerer.endings == {sip.Cause.BYE: 5}


async def test_sipp_gives_up_while_it_rings() -> None:
    answerer = Answerer(ring_s=30)
    async with listening(answerer) as endpoint:
        await call_us(endpoint, "cancel")

        assert endpoint.counters()["ended_cancelled"] == 1
        assert endpoint.counters()["calls"] == 0


async def test_sipp_finds_no_room_above_max_calls() -> None:
    async with listening(Answerer(), max_calls=1) as endpoint, listening(Answerer()) as other:
        _, host, port = endpoint.addresses[0]
        held = await other.invite(f"sip:x@{host}:{port}", from_user="a", offer=sdp.offer(POLICY))
        await call_us(endpoint, "refused", calls=3)
        await held.hang_up()
        await call_us(endpoint, "basic_call")

        assert endpoint.counters()["calls_refused_full"] == 3


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_we_call_sipp_and_hang_up(transport: str) -> None:
    results: list[tuple[int, str]] = []

    async def be_called() -> None:
        kind = "t1" if transport == "tcp" else "u1"
        results.append(await sipp("-sn", "uas", "-m", "1", "-t", kind, port=port))

    (port,) = free_ports(1)
    async with listening(Answerer(), transport) as endpoint, anyio.create_task_group() as tasks:
        tasks.start_soon(be_called)
        uri = f"sip:uas@127.0.0.1:{port};transport={transport}"
        call = await reach(endpoint, uri)
        assert "m=audio" in (call.answer_sdp or "")
        await call.hang_up()

    assert results == [(0, "")]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_large_call_of_ours_reaches_sipp_by_what_it_listens_for(transport: str) -> None:
    results: list[tuple[int, str]] = []

    async def be_called() -> None:
        kind = "t1" if transport == "tcp" else "u1"
        results.append(await sipp("-sn", "uas", "-m", "1", "-t", kind, port=port))

    (port,) = free_ports(1)
    ours = [sip.Listener(kind, "127.0.0.1", 0) for kind in ("udp", "tcp")]
    async with sip.listen(sip.Settings(listeners=ours)) as us, anyio.create_task_group() as tasks:
        tasks.start_soon(be_called)
        await until_taken(port, transport)
        call = await us.invite(
            f"sip:uas@127.0.0.1:{port}",
            from_user="us",
            offer=sdp.offer(POLICY),
            headers={"X-Story": "a" * 1300},
        )
        assert "m=audio" in (call.answer_sdp or "")
        await call.hang_up()

        counters = us.counters()
        assert counters["large_by_tcp"] == 1
        assert counters.get("udp_after_tcp", 0) == (1 if transport == "udp" else 0)
    assert results == [(0, "")]


async def until_taken(port: int, transport: str) -> None:
    """Wait until somebody listens at a port."""
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    with anyio.fail_after(10):
        while True:
            with socket.socket(socket.AF_INET, kind) as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return
            await anyio.sleep(0.05)


async def reach(endpoint: sip.Endpoint, uri: str) -> sip.OutgoingCall:
    """Call until somebody listens there."""
    while True:
        try:
            return await endpoint.invite(uri, from_user="us", offer=sdp.offer(POLICY))
        except sip.CallFailed as error:
            if error.status != 503:
                raise
            await anyio.sleep(0.1)


@pytest.mark.alone
async def test_two_hundred_calls_at_fifty_a_second_all_succeed() -> None:
    answerer = Answerer()
    async with listening(answerer) as endpoint:
        await call_us(endpoint, "basic_call", calls=200, rate=50)

    assert answerer.endings == {sip.Cause.BYE: 200}
