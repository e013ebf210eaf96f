"""Callers and scenarios that misbehave: each ends its own call, well, and nothing else."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest
from support.gateway import Notes
from support.scene import SETTINGS, Scene, scene
from support.stranger import OFFER, Stranger, stranger

from fourwire.app import App
from fourwire.call import Call
from fourwire.console import Console
from fourwire.demo.caller import telephone
from fourwire.journal import Entry, Journal
from fourwire.settings import Listen

pytestmark = pytest.mark.anyio


def app() -> App:
    """Scenarios that need no agent, by what is dialled."""
    made = App()

    @made.call("stays|voxi")
    async def stays(call: Call) -> None:
        await call.answer()
        await anyio.sleep_forever()

    @made.call("bad-farewell")
    async def bad_farewell(call: Call) -> None:
        await call.answer()
        await call.hang_up({"X-Bad": "a\r\nb"})

    @made.call("cancelled-by-itself")
    async def cancelled_by_itself(call: Call) -> None:
        await call.answer()
        raise asyncio.CancelledError

    @made.call("exits")
    async def exits(call: Call) -> None:
        await call.answer()
        raise SystemExit(3)

    return made


@asynccontextmanager
async def stage_and_stranger() -> AsyncIterator[tuple[Scene, Stranger]]:
    async with scene(app()) as stage:
        _, host, port = stage.gateway.addresses[0]
        async with stranger(host, port) as them:
            yield stage, them


async def the_end(stage: Scene, count: int = 1) -> list[str]:
    """Causes of all ends, once nothing of a call is left in the gateway."""
    await stage.notes.until("call.ended", count)
    with anyio.fail_after(10):
        await stage.gateway.wait_idle(10)
        while stage.gateway.endpoint.counters()["calls"]:  # noqa: ASYNC110 nothing tells
            await anyio.sleep(0.01)
    return stage.causes()


async def still_takes_calls(them: Stranger) -> None:
    """A call is answered and hung up."""
    call = them.dialog("stays")
    assert (await call.invite()).status == 200
    call.acknowledge()
    call.send("BYE")
    assert (await them.final()).status == 200


@pytest.mark.parametrize("answer", [None, "", "v=0", "nonsense", OFFER.replace("AVP 0", "AVP 18")])
async def test_an_ack_that_owes_the_answer_ends_the_call_with_a_bye(answer: str | None) -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog()
        assert (await call.invite(None)).status == 200
        call.acknowledge(answer)
        await call.heard_bye()
        assert await the_end(stage) == ["line failed"]


async def test_a_farewell_that_cannot_be_written_still_hangs_up() -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog("bad-farewell")
        await call.invite()
        call.acknowledge()
        await call.heard_bye()
        await the_end(stage)


@pytest.mark.parametrize("name", ["cancelled-by-itself", "exits"])
async def test_a_scenario_that_breaks_out_of_its_task_ends_its_call_alone(name: str) -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog(name)
        await call.invite()
        call.acknowledge()
        await call.heard_bye()
        assert await the_end(stage) == ["handler error"]
        await still_takes_calls(them)


@pytest.mark.parametrize(
    "sender",
    ['"\udcff\udcfe" <sip:1001@127.0.0.1>', "<tel:+49301234>", "<sip:%ff%00%0a@127.0.0.1>"],
)
async def test_a_strange_caller_is_answered_and_written_down(sender: str) -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog(sender=sender)
        assert (await call.invite()).status == 200
        call.acknowledge()
        call.send("BYE")
        assert await the_end(stage) == ["caller hung up"]
        for entry in stage.notes:
            assert entry.line().count("\n") == 0


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("c=IN IP4 0.0.0.0", 200),
        ("c=IN IP6 ::1", 488),
        ("c=IN IP4 telephone.example", 488),
        ("c=IN IP4 255.255.255.255", 488),
        ("a=rtcp:9 IN IP4 telephone.example", 200),
        ("a=rtcp:0", 200),
    ],
)
async def test_a_strange_address_in_the_offer_has_its_answer(line: str, status: int) -> None:
    offer = OFFER + line + "\r\n"
    async with stage_and_stranger() as (stage, them):
        call = them.dialog()
        assert (await call.invite(offer)).status == status
        call.acknowledge()
        if status == 200:
            call.send("BYE")
            assert (await them.final()).cseq.method == "BYE"
            assert await the_end(stage) == ["caller hung up"]
        await still_takes_calls(them)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (OFFER + "c=IN IP4 0.0.0.0\r\n", 200),
        (OFFER + "c=IN IP6 ::1\r\n", 488),
        (OFFER + "a=rtcp:9 IN IP4 telephone.example\r\n", 200),
        (OFFER.replace("AVP 0", "AVP 18"), 488),
        ("nonsense", 400),
    ],
)
async def test_a_strange_change_of_media_leaves_the_call_alone(body: str, status: int) -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog()
        await call.invite()
        call.acknowledge()
        assert (await call.invite(body)).status == status
        call.acknowledge()
        assert not stage.causes()
        call.send("BYE")
        assert await the_end(stage) == ["caller hung up"]


async def test_an_answer_in_the_ack_of_a_change_that_means_nothing_ends_the_call() -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog()
        await call.invite()
        call.acknowledge()
        assert (await call.invite(None)).status == 200
        call.acknowledge("nonsense")
        await call.heard_bye()
        assert await the_end(stage) == ["line failed"]


async def test_a_host_that_no_resolver_takes_is_given_up_at_once() -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog("bad-farewell", contact=f"<sip:x@{'a' * 70}.example>")
        await call.invite()
        call.acknowledge()
        assert len(await the_end(stage)) == 1
        with anyio.fail_after(5):
            counters = stage.gateway.endpoint.counters
            while not counters().get("undeliverable"):  # noqa: ASYNC110 nothing tells
                await anyio.sleep(0.01)


async def test_a_caller_by_ipv6_is_heard_and_spoken_to() -> None:
    settings = msgspec.structs.replace(SETTINGS, listen=(Listen("udp:[::1]:0"),), address="")
    async with scene(settings=settings) as stage, telephone("::1", (21500, 21900)) as phone:
        _, _, port = stage.gateway.addresses[0]
        async with phone.call(f"sip:voxi@[::1]:{port}") as caller:
            await caller.until_speech()
        assert await the_end(stage) == ["caller hung up"]


async def test_a_journal_that_cannot_be_written_ends_no_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(entry: Entry) -> None:
        raise OSError(28, "No space left on device")

    notes = Notes()
    async with app().open(SETTINGS, Journal(full, notes)) as gateway:
        _, host, port = gateway.addresses[0]
        async with stranger(host, port) as them:
            await still_takes_calls(them)
            await notes.until("call.ended")
    (record,) = caplog.records
    assert "the journal cannot be written, calls go on" in record.message


def test_what_a_caller_calls_itself_cannot_steer_the_terminal() -> None:
    stream = io.StringIO()
    Console(stream).line("\x1b[2Jclear\nforged line \x07\x9b")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().rstrip("\n").isprintable()
