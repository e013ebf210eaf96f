"""What whom we call sends before it answers: heard by whoever is told to, and recorded."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
import numpy as np
import pytest
from support.callee import Callee, callee
from support.phone import PATIENCE_S, Phone
from support.scene import SETTINGS, Scene, connected, scene

from fourwire import sip
from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.speech import recording
from fourwire.inworld import events
from fourwire.settings import Settings
from fourwire.sip.message import Request
from fourwire.wav import read_wav

pytestmark = pytest.mark.anyio


def announcing() -> App:
    """Says something before it answers, which it does when a key is pressed."""
    app = App()

    @app.call()
    async def announce(call: Call) -> None:
        await call.progress()
        call.start_soon(partial(_say, call))
        async for _key in call.keys():
            break
        await call.answer()
        await call.wait_ended()

    return app


async def _say(call: Call) -> None:
    await call.play(recording("question"), loop=True)


def order(stage: Scene, *names: str) -> list[str]:
    """Which of these was noted, in the order in which they first were."""
    told = [entry.event for entry in stage.notes]
    return sorted((name for name in names if name in told), key=told.index)


async def test_an_agent_hears_and_presses_keys_before_the_call_is_answered() -> None:
    app = App()
    async with scene(announcing()) as far, scene(app) as stage:

        async def listen(call: Call) -> None:
            async with connected(stage.agent.url, call.id, call.audio) as agent:
                await agent.session_update({"instructions": "-"})
                call.bridge(agent)
                async for event in agent:
                    call.log(event)
                    if isinstance(event, events.SpeechStarted):
                        call.send_digits("5")

        call = await app.dial(far.uri(), early=listen)
        assert call.agent is not None
        heard = "Inworld.RealtimeAPI.InputAudioBufferSpeechStarted"
        names = ("call.early_media", heard, "call.answered")
        assert order(stage, *names) == list(names)
        assert order(far, "call.early_media", "call.key", "call.answered") == [
            "call.early_media",
            "call.key",
            "call.answered",
        ]
        await call.hang_up()
        await stage.notes.until("call.ended")


async def test_where_nobody_is_told_to_listen_it_is_recorded(tmp_path: Path) -> None:
    app = App()
    recorded = msgspec.structs.replace(SETTINGS, recordings=str(tmp_path))
    async with scene(plain_announcement()) as far, scene(app, settings=recorded) as stage:
        call = await app.dial(far.uri())
        assert call.agent is None
        await call.hang_up()
        (end,) = await stage.notes.until("call.ended")
        names = ("call.early_media", "call.recording_started", "call.answered")
        assert order(stage, *names) == list(names)
        (started,) = stage.notes.named("call.recording_started")
    wav = read_wav(started["path"])
    assert wav.duration_s > end["talked_s"] + 0.4
    theirs = np.frombuffer(wav.pcm, "<i2").reshape(-1, 2)[:, 0]
    assert np.abs(theirs).max() > 3000


def plain_announcement() -> App:
    """Says something for half a second, and answers then."""
    app = App()

    @app.call()
    async def announce(call: Call) -> None:
        await call.progress()
        await call.play(recording("question")[3200:12800])
        await call.answer()
        await call.wait_ended()

    return app


def at(phone: Phone, codec: int = 0) -> str:
    """The description of a party that is heard and hears at `phone`."""
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {phone.address[1]} RTP/AVP {codec}\r\n"
    )


@pytest.fixture
def phones() -> Iterator[tuple[Phone, Phone]]:
    """Two parties that may ring."""
    one, other = Phone(), Phone()
    with one.socket, other.socket:
        yield one, other


async def hears(phone: Phone) -> None:
    """Something of ours arrives at `phone`, from now on."""
    phone.socket.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            phone.socket.recv(2048)
    phone.socket.settimeout(PATIENCE_S)
    await anyio.to_thread.run_sync(phone.hear)


@asynccontextmanager
async def placed(settings: Settings = SETTINGS) -> AsyncIterator[tuple[Scene, Callee, Request]]:
    """A call of ours to somebody whom a test plays, not answered yet."""
    app = App()
    async with (
        callee() as far,
        scene(app, settings=settings) as stage,
        anyio.create_task_group() as tasks,
    ):

        async def dial() -> None:
            with contextlib.suppress(sip.CallFailed):
                await app.dial(far.uri)

        tasks.start_soon(dial)
        yield stage, far, await far.asked("INVITE")
        for call in stage.gateway.calls.values():
            await call.hang_up()


async def test_of_several_who_ring_the_last_is_heard_until_one_answers(
    phones: tuple[Phone, Phone],
) -> None:
    one, other = phones
    async with placed() as (stage, far, invite):
        far.reply(invite, 183, tag="one", body=at(one))
        await hears(one)
        far.reply(invite, 183, tag="other", body=at(other))
        await hears(other)
        far.reply(invite, 183, tag="one", body=at(one))  # says nothing new
        far.reply(invite, 180, tag="other")
        await stage.notes.until("call.ringing")
        await hears(other)
        far.reply(invite, 200, tag="one")
        await far.asked("ACK")
        await hears(one)
        assert len(stage.notes.named("call.early_media")) == 2
        await stage.notes.until("call.answered")


async def test_who_changes_its_media_before_it_answers_is_answered_and_followed(
    phones: tuple[Phone, Phone],
) -> None:
    first, then = phones
    reliable = ("Require: 100rel", "RSeq: 1", "Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE")
    async with placed() as (stage, far, invite):
        far.reply(invite, 183, *reliable, body=at(first))
        far.reply(await far.asked("PRACK"), 200)
        await hears(first)
        far.ask(invite, "UPDATE", 1, body=at(then))
        answer = await far.answered("UPDATE")
        assert (answer.status, b"m=audio" in answer.body) == (200, True)
        await hears(then)
        far.reply(invite, 200)
        await far.asked("ACK")
        await stage.notes.until("call.answered")
        await hears(then)


async def test_early_media_that_cannot_be_used_is_passed_over(
    phones: tuple[Phone, Phone],
) -> None:
    phone, _ = phones
    async with placed() as (stage, far, invite):
        far.reply(invite, 183, body=at(phone, codec=18))
        far.reply(invite, 183, body="v=")
        far.reply(invite, 200, body=at(phone))
        await far.asked("ACK")
        await hears(phone)
        assert stage.notes.named("call.early_media") == []


async def test_a_refusal_after_early_media_is_a_refusal(
    phones: tuple[Phone, Phone],
) -> None:
    phone, _ = phones
    async with placed() as (stage, far, invite):
        far.reply(invite, 183, body=at(phone))
        await hears(phone)
        far.reply(invite, 486)
        (end,) = await stage.notes.until("call.ended")
        assert (end["cause"], end["answered"]) == ("not answered", False)
        assert "486" in end["detail"]


async def test_who_is_silent_before_it_answers_has_not_lost_its_line(
    phones: tuple[Phone, Phone],
) -> None:
    phone, _ = phones
    impatient = msgspec.structs.replace(SETTINGS, rtp_lost_s=0.1)
    async with placed(impatient) as (stage, far, invite):
        far.reply(invite, 183, body=at(phone))
        await stage.notes.until("call.rtp_stopped")
        far.reply(invite, 200, body=at(phone))
        await stage.notes.until("call.answered")
        (end,) = await stage.notes.until("call.ended")
        assert end["cause"] == "rtp lost"
