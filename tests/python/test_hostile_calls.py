"""Callers and scenarios that misbehave: each ends its own call, well, and nothing else."""

import asyncio
import gc
import io
from pathlib import Path

import anyio
import msgspec
import pytest
from support.gateway import Notes
from support.hostile import app, stage_and_stranger, still_takes_calls, the_end
from support.scene import SETTINGS, plain, scene
from support.stranger import OFFER, stranger

from fourwire import gateway
from fourwire.console import Console
from fourwire.demo.caller import telephone
from fourwire.journal import Entry, Journal
from fourwire.settings import Listen, PortRange

pytestmark = pytest.mark.anyio


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


ENDS = {
    "cancelled-by-itself": "handler error",
    "exits": "handler error",
    "exits-beside": "handler error",
    "exits-after": "hung up",
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_scenario_that_breaks_out_of_its_task_ends_its_call_alone(name: str) -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog(name)
        await call.invite()
        call.acknowledge()
        await call.heard_bye()
        assert await the_end(stage) == [ENDS[name]]
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


async def test_who_is_refused_fills_no_disk_with_what_he_calls_himself() -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog("b" * 5000, sender=f"<sip:{'a' * 5000}@127.0.0.1>")
        assert (await call.invite()).status == 404
        (refused,) = (note for note in stage.notes if note.event == "gateway.refused")
        assert len(refused.line()) < 1500
        assert refused.fields["caller"] == "a" * 256 + "…"


async def test_routes_and_the_journal_are_told_numbers_without_their_parameters() -> None:
    async with stage_and_stranger() as (stage, them):
        sender = "<sip:+15550002;isup-oli=62@127.0.0.1;user=phone>"
        call = them.dialog("+15550001;npdi;rn=+15550003", sender=sender)
        assert (await call.invite()).status == 404
        (refused,) = stage.notes.named("gateway.refused")
        assert (refused["dialled"], refused["caller"]) == ("+15550001", "+15550002")


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
    async with app().open(SETTINGS, Journal(full, notes)) as running:
        _, host, port = running.addresses[0]
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


async def test_a_cancel_beats_an_answer_that_takes_its_time_and_leaves_nothing() -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog("slow")
        call.send("INVITE", OFFER, branch="one")
        await them.hear("SIP/2.0 180")
        call.send("CANCEL", cseq=1, branch="one")
        assert {(await them.final()).status, (await them.final()).status} == {200, 487}
        assert await the_end(stage) == ["cancelled"]


@pytest.mark.parametrize("dialled", ["slow", "early", "stays"])
async def test_a_cancel_right_behind_its_invite_is_nobodys_fault(dialled: str) -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog(dialled)
        call.send("INVITE", OFFER, branch="one")
        call.send("CANCEL", cseq=1, branch="one")
        assert {(await them.final()).status, (await them.final()).status} == {200, 487}
        assert await the_end(stage) == ["cancelled"]
        assert stage.notes.named("call.error") == []


async def test_an_invite_sent_many_times_is_one_call() -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog()
        invite = call.request("INVITE", OFFER)
        for _ in range(20):
            them.send(invite)
        call.to_tag = (await them.final()).to.tag or ""
        call.acknowledge()
        merged = them.dialog()
        merged.call_id = call.call_id
        merged.send("INVITE", OFFER, branch="by-another-way")
        assert (await them.final()).status == 482
        assert len(stage.gateway.calls) == 1
        call.send("BYE", cseq=2)
        assert await the_end(stage) == ["caller hung up"]


async def test_a_bye_before_the_ack_ends_the_call_once() -> None:
    async with stage_and_stranger() as (stage, them):
        call = them.dialog()
        await call.invite()
        call.send("BYE")
        call.acknowledge()
        assert await the_end(stage) == ["caller hung up"]


async def test_above_the_most_calls_and_without_a_free_port_a_call_is_refused_with_503() -> None:
    few = msgspec.structs.replace(SETTINGS, rtp_ports=PortRange("24000-24003"), max_calls=3)
    async with stage_and_stranger(few) as (stage, them):
        calls = [them.dialog() for _ in range(2)]
        for call in calls:
            assert (await call.invite()).status == 200
            call.acknowledge()
        assert (await them.dialog().invite()).status == 503
        (refused,) = stage.notes.named("gateway.refused")
        assert "no free RTP port in 24000-24003" in refused["why"]
        for call in calls:
            call.send("BYE")
        assert await the_end(stage, 2) == ["caller hung up"] * 2
    one = msgspec.structs.replace(SETTINGS, max_calls=1)
    async with stage_and_stranger(one) as (stage, them):
        call = them.dialog()
        await call.invite()
        call.acknowledge()
        assert (await them.dialog().invite()).status == 503
        call.send("BYE")
        assert await the_end(stage) == ["caller hung up"]


async def test_a_hundred_calls_leave_no_socket_task_or_port_behind() -> None:
    async with stage_and_stranger() as (stage, them):

        def held() -> tuple[int, int, int]:
            in_use = stage.gateway.media.counters()["ports_in_use"]
            return len([*Path("/proc/self/fd").iterdir()]), len(asyncio.all_tasks()), in_use

        await still_takes_calls(them)
        await the_end(stage)
        gc.collect()  # of what other tests left
        with anyio.fail_after(5):
            while held()[2]:  # noqa: ASYNC110 the engine's threads tell nobody
                await anyio.sleep(0.01)
        before = held()
        calls = [them.dialog() for _ in range(100)]
        for call in calls:
            await call.invite()
            call.acknowledge()
        assert len(stage.gateway.calls) == 100
        for call in calls:
            call.send("BYE")
        assert await the_end(stage, 101) == ["caller hung up"] * 101
        with anyio.fail_after(5):
            while held() != before:  # noqa: ASYNC110 the engine's threads tell nobody
                await anyio.sleep(0.01)


async def test_a_scenario_that_will_not_end_keeps_no_caller_and_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway, "NO_GRACE_SECONDS", 0.05)
    async with stage_and_stranger() as (stage, them):
        call = them.dialog("lingers")
        await call.invite()
        call.acknowledge()
        await stage.notes.until("call.answered")
        (lingering,) = stage.gateway.calls.values()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.gateway.drain, 0.0)
            await call.heard_bye()
        (stuck,) = stage.notes.named("gateway.stuck")
        assert stuck["ids"] == [lingering.id]
        assert stage.causes() == ["shutdown"]
        lingering.data["release"].set()
        assert await the_end(stage) == ["shutdown"]


async def test_a_caller_need_not_wait_for_an_agent_that_never_answers() -> None:
    knocked, left = anyio.Event(), anyio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocked.set()
        await reader.read()  # to the end: what was sent, and then the connection closed
        writer.close()
        left.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        scene(plain(f"ws://127.0.0.1:{port}/session")) as stage,
        stranger(*stage.gateway.addresses[0][1:]) as them,
    ):
        call = them.dialog()
        call.send("INVITE", OFFER, branch="one")
        await knocked.wait()
        call.send("CANCEL", cseq=1, branch="one")
        assert {(await them.final()).status, (await them.final()).status} == {200, 487}
        assert await the_end(stage) == ["cancelled"]
        with anyio.fail_after(5):
            await left.wait()
