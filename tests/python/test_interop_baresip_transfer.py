"""Three telephones: baresip calls, is sent on, and talks with another; each holds the other."""

from pathlib import Path

import anyio
import pytest
from support.baresip import baresip, packets_heard
from support.capture_speech import SECOND, agent_says, found, is_understood, write_wav
from support.putting_through import PUTS_THROUGH, consulting, putting_through
from support.scene import connected, scene
from support.sipp_plain import free_ports

from fourwire import App, Call
from fourwire.demo.speech import recording
from fourwire.wav import read_wav

pytestmark = [pytest.mark.anyio, pytest.mark.heavy, pytest.mark.interop(peer="baresip")]

ASKS = 5 * SECOND + recording("question")
"""A caller who hears the announcement out; he begins anew with each call."""

HOLD_S = 1.0

TALK_S = 8
"""How long two talk whom we have sent on: nobody tells us of it any more."""

ANSWERS = SECOND + recording("goodbye")


def place(folder: Path, name: str, said: bytes) -> tuple[Path, Path]:
    """A folder for a telephone of that name, and what it says, in a file."""
    (folder / name).mkdir()
    return folder / name, write_wav(folder / name / "speech.wav", said + 60 * SECOND)


def last_recording(folder: Path) -> bytes:
    """What a telephone heard in its last call."""
    *_, path = sorted(folder.glob("*dec.wav"), key=lambda path: path.stat().st_mtime)
    return read_wav(path).pcm


async def test_baresip_is_put_through_to_another_baresip_and_they_hear_each_other(
    tmp_path: Path,
) -> None:
    desk_ports = free_ports(2)
    desk = f"sip:caller@127.0.0.1:{desk_ports[0]}"
    async with scene(putting_through(tmp_path, desk), PUTS_THROUGH) as stage:
        asks, answers = place(tmp_path, "asks", ASKS), place(tmp_path, "answers", ANSWERS)
        async with (
            baresip(*answers, desk_ports, answers=True) as theirs,
            baresip(*asks, free_ports(2)) as phone,
        ):
            await phone.tell("dial", stage.uri())
            (ended,) = await stage.notes.until("call.ended")
            await theirs.until("CALL_ESTABLISHED")
            await anyio.sleep(TALK_S)
            await phone.tell("hangup")
            await theirs.until("CALL_CLOSED")

    assert (ended["cause"], ended["detail"]) == ("transferred", desk)
    assert is_understood(found(last_recording(answers[0]), ASKS))
    assert is_understood(found(last_recording(asks[0]), ANSWERS))


async def test_two_callers_of_baresip_are_joined_though_it_knows_no_replaces(
    tmp_path: Path,
) -> None:
    """baresip 1.0 calls whom the REFER names, without its Replaces (RFC 3891): a second call."""
    desk_ports = free_ports(2)
    desk = f"sip:caller@127.0.0.1:{desk_ports[0]}"
    async with scene(consulting(desk)) as stage:
        asks, answers = place(tmp_path, "asks", ASKS), place(tmp_path, "answers", ANSWERS)
        async with (
            baresip(*answers, desk_ports, answers=True) as theirs,
            baresip(*asks, free_ports(2)) as phone,
        ):
            await phone.tell("dial", stage.uri())
            await stage.notes.until("call.ended", 2)
            await anyio.sleep(TALK_S)
            await phone.tell("hangup")
            await theirs.until("CALL_CLOSED", 2)
    assert stage.causes() == ["transferred", "transferred"]
    assert is_understood(found(last_recording(answers[0]), ASKS))
    assert is_understood(found(last_recording(asks[0]), ANSWERS))


def holding(url: str) -> App:
    """An agent whose caller is put on hold for a moment by pressing a key."""
    app = App()

    @app.call()
    async def answer(call: Call) -> None:
        async with connected(url, call.id, call.audio) as agent:
            await call.answer()
            await agent.session_update({"instructions": "-"})
            call.bridge(agent)
            agent.greet("Greet the caller.")
            async for _ in call.keys():
                await call.hold()
                await anyio.sleep(HOLD_S)
                await call.resume()

    return app


async def test_baresip_is_held_and_taken_back(tmp_path: Path) -> None:
    folder, speech = place(tmp_path, "asks", 2 * SECOND + ASKS)
    async with scene(holding) as stage:
        async with baresip(folder, speech, free_ports(2)) as phone:
            await phone.tell("dial", stage.uri())
            await stage.notes.until("Inworld.Events.WebSocketMediaEnded")
            await phone.tell("sndcode", "1")
            await stage.notes.until("call.resumed")
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted", 2)
            await phone.tell("hangup")
            (ended,) = await stage.notes.until("call.ended")
            await phone.until("CALL_CLOSED")
        (session,) = stage.agent.sessions
    assert len(stage.notes.named("call.on_hold")) == 1
    assert is_understood(found(session.heard, recording("question")))
    assert is_understood(found(last_recording(folder), agent_says("greeting")))
    # Counters are a tenth of a second old.
    assert abs(packets_heard(folder) - ended["rtp"]["packets_sent"]) <= 10
    assert ended["rtp"]["lost"] == 0
