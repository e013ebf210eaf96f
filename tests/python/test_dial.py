"""Calls that we place: the same call as one that came in, once the other side answers."""

import anyio
import msgspec
import pytest
from support.scene import SETTINGS, Scene, scene

from fourwire import sip
from fourwire.app import App
from fourwire.call import Call
from fourwire.settings import Listen, Settings
from fourwire.trunks import Trunk, User

pytestmark = pytest.mark.anyio


G723_ONLY = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9998 RTP/AVP 4\r\n"
)
"""An answer that takes nothing of what we offer."""


def with_trunks(*trunks: Trunk) -> Settings:
    given = {name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__}
    return Settings(**{**given, "trunk": trunks})


def callee() -> App:
    """Answers `voxi`, refuses `busy`, lets `slow` ring."""
    app = App()

    @app.call("voxi")
    async def answer(call: Call) -> None:
        await call.answer()
        await call.wait_ended()

    @app.call("busy")
    async def refuse(call: Call) -> None:
        await call.reject(486)

    @app.call("slow")
    async def ring(call: Call) -> None:
        await call.ring()
        await call.wait_ended()

    return app


async def at_rest(stage: Scene, but: int = 0) -> None:
    """Nothing of any call is left in a gateway, `but` so many calls."""
    with anyio.fail_after(10):
        while (  # noqa: ASYNC110
            len(stage.gateway.calls) > but or stage.gateway.endpoint.counters()["calls"] > but
        ):
            await anyio.sleep(0.01)


async def test_a_call_is_placed_answered_and_hung_up() -> None:
    app = App()
    async with scene(callee()) as stage, scene(app) as ours:
        call = await app.dial(stage.uri(), caller="1001", headers={"X-Colour": "blue"})
        assert (call.dialled, call.caller) == ("voxi", "1001")
        assert call.audio.input == "audio/pcm;rate=16000"
        (offered,) = await stage.notes.until("call.offered")
        assert offered["caller"] == "1001"
        (placed,) = ours.notes.named("call.offered")
        assert placed["sip_call_id"] == offered["sip_call_id"]
        await call.hang_up()
        (ended,) = await ours.notes.until("call.ended")
        assert (ended["cause"], ended["answered"]) == ("hung up", True)
        await at_rest(stage)
        assert stage.causes() == ["caller hung up"]
        assert ours.gateway.calls == {}


async def test_a_refusal_is_an_exception_with_its_status() -> None:
    app = App()
    async with scene(callee()) as stage, scene(app) as ours:
        with pytest.raises(sip.CallFailed) as failed:
            await app.dial(stage.uri("busy"))
        assert failed.value.status == 486
        (ended,) = await ours.notes.until("call.ended")
        assert (ended["cause"], ended["answered"]) == ("not answered", False)
        await at_rest(ours)


async def test_who_does_not_answer_in_time_is_rung_no_longer() -> None:
    app = App()
    async with scene(callee()) as stage, scene(app) as ours:
        with pytest.raises(sip.CallFailed) as failed:
            await app.dial(stage.uri("slow"), timeout_s=0.3)
        assert failed.value.status == 408
        await at_rest(stage)
        await at_rest(ours)
        assert stage.causes() == ["cancelled"]


async def test_a_dial_that_is_cancelled_takes_the_call_back() -> None:
    app = App()
    async with scene(callee()) as stage, scene(app) as ours:
        with anyio.move_on_after(0.3):
            await app.dial(stage.uri("slow"))
        await at_rest(stage)
        await at_rest(ours)
        assert stage.causes() == ["cancelled"]


async def test_a_trunk_says_where_numbers_are_and_who_we_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORD", "wonderland")
    app = App()
    known = with_trunks(Trunk(name="us", users=(User(username="alice", password="WORD"),)))  # noqa: S106
    theirs = App()

    @theirs.call(r"\+1555\d+")
    async def answer(call: Call) -> None:
        await call.answer()
        await call.wait_ended()

    async with scene(theirs, settings=known) as stage:
        _, host, port = stage.gateway.addresses[0]
        out = Trunk(
            name="out",
            server=f"sip:{host}:{port}",
            domain="ours.example",
            username="alice",
            password="WORD",  # noqa: S106
            caller="+15550",
            max_calls=1,
        )
        async with scene(app, settings=with_trunks(out)):
            call = await app.dial("+1 555 1234", trunk="out")
            (offered,) = await stage.notes.until("call.offered")
            assert (offered["trunk"], offered["dialled"]) == ("us", "+15551234")
            assert offered["caller"] == "+15550"
            assert "ours.example" in offered["from_uri"]
            with pytest.raises(sip.CallFailed, match="503 no room"):
                await app.dial("+15559999", trunk="out")
            await call.hang_up()
            await at_rest(stage)


async def test_calls_that_are_placed_at_once_are_no_more_than_there_is_room_for() -> None:
    app = App()
    async with scene(callee()) as stage:
        _, host, port = stage.gateway.addresses[0]
        out = Trunk(name="out", server=f"sip:{host}:{port}", max_calls=2)
        async with scene(app, settings=with_trunks(out)) as ours:
            outcomes: list[object] = []

            async def dial() -> None:
                try:
                    outcomes.append(await app.dial(stage.uri(), trunk="out"))
                except sip.CallFailed as failed:
                    outcomes.append(str(failed))

            async with anyio.create_task_group() as dials:
                for _ in range(5):
                    dials.start_soon(dial)
            calls = [each for each in outcomes if isinstance(each, Call)]
            assert len(calls) == 2
            refusals = [each for each in outcomes if not isinstance(each, Call)]
            assert refusals == ["503 no room for another call out"] * 3
            await at_rest(ours, but=2)
            for call in calls:
                await call.hang_up()
            await at_rest(stage)


@pytest.mark.parametrize("answer", ["", "v=0\r\n", "no description at all", G723_ONLY])
async def test_an_answer_that_nobody_understands_is_acknowledged_hung_up_and_told(
    answer: str,
) -> None:
    listeners = [sip.Listener("udp", "127.0.0.1", 0)]
    app = App()
    async with sip.listen(sip.Settings(listeners=listeners)) as other, scene(app) as ours:
        ends: list[sip.Cause] = []

        async def take() -> None:
            incoming = await anext(other.calls())
            await incoming.answer(answer)  # returns with the ACK
            ends.extend([e.cause async for e in incoming.events() if isinstance(e, sip.Ended)])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take)
            _, host, port = other.addresses[0]
            with pytest.raises(sip.CallFailed, match="their answer: ") as failed:
                await app.dial(f"sip:voxi@{host}:{port}")
        assert failed.value.status == 488
        assert ends == [sip.Cause.BYE]
        await at_rest(ours)


async def test_a_gateway_that_drains_calls_nobody() -> None:
    app = App()
    async with scene(callee()) as stage, scene(app) as ours:
        ours.gateway.take_new_calls(False)
        with pytest.raises(sip.CallFailed, match="503 no room"):
            await app.dial(stage.uri())
        ours.gateway.take_new_calls(True)
        await (await app.dial(stage.uri())).hang_up()
        await at_rest(stage)


@pytest.mark.parametrize(
    ("target", "trunk", "problem"),
    [
        ("+1555", "", "only a trunk knows"),
        ("+1555", "none", "there is no trunk none"),
        ("mailto:a@b", "", "cannot be called"),
        ("+1555", "in", "has no server"),
    ],
)
async def test_what_cannot_be_called_is_said_at_once(target: str, trunk: str, problem: str) -> None:
    app = App()
    with pytest.raises(RuntimeError, match="does not run"):
        await app.dial(target)
    only_in = Trunk(name="in", sources=("192.0.2.1",))
    async with scene(app, settings=with_trunks(only_in)):
        with pytest.raises(ValueError, match=problem):
            await app.dial(target, trunk=trunk)


async def test_a_trunk_at_an_address_of_ipv6_is_called_and_told_who_calls() -> None:
    app = App()
    six = {"listen": (Listen("udp:[::1]:0"),), "address": "::1"}
    async with scene(callee(), settings=msgspec.structs.replace(SETTINGS, **six)) as far:
        _, host, port = far.gateway.addresses[0]
        trunk = Trunk(name="six", server=f"sip:[{host}]:{port}", caller="4711", trusted=True)
        async with scene(app, settings=msgspec.structs.replace(with_trunks(trunk), **six)):
            call = await app.dial("sip:voxi@[::1]", trunk="six")
            (offered,) = far.notes.named("call.offered")
            assert (offered["from_uri"], offered["audio_at"][0]) == ("sip:4711@[::1]", "::1")
            await call.hang_up()
