"""SIPp as a third party brings our agent and a telephone together (3PCC, RFC 3725)."""

import asyncio
from pathlib import Path

import pytest
from support.baresip import baresip, only_recording
from support.capture_speech import SECOND, agent_says, found, is_understood, write_wav
from support.peers import require
from support.programs import output_of, status_of, until_listened_at
from support.scene import scene
from support.sipp_plain import free_ports

from fourwire.demo.speech import recording

pytestmark = [pytest.mark.anyio, pytest.mark.heavy, pytest.mark.interop(peer="SIPp")]

ASKS = 5 * SECOND + recording("question")
"""Somebody who hears the greeting out, and speaks."""

TALK_MS = 10_000
"""How long the controller leaves the two together: SIPp's own scenarios give them a second."""


async def controller(folder: Path, side: str, far: str, meeting: str, *options: str) -> int:
    """SIPp's own controller towards the `side` at `far`, to its end; its exit status.

    Its two sides tell each other at `meeting` what they heard.
    """
    place = folder / side
    place.mkdir()
    scenario = await output_of(require("sipp"), "-sd", f"3pcc-C-{side}")
    pause = 'pause milliseconds="1000"'
    assert pause in scenario
    (place / "own.xml").write_text(scenario.replace(pause, f'pause milliseconds="{TALK_MS}"'))
    sip, media = free_ports(2)
    return await status_of(
        *(require("sipp"), "-sf", "own.xml", far, "-3pcc", meeting, "-m", "1"),
        *("-i", "127.0.0.1", "-p", str(sip), "-mi", "127.0.0.1", "-mp", str(media)),
        *("-nostdin", *options),
        cwd=place,
        seconds=60,
    )


async def test_sipp_as_a_third_party_joins_our_agent_and_a_telephone(tmp_path: Path) -> None:
    require("baresip")
    speech = write_wav(tmp_path / "speech.wav", ASKS + 60 * SECOND)
    phone_ports, (meeting_port,) = free_ports(2), free_ports(1)
    meeting = f"127.0.0.1:{meeting_port}"
    async with scene() as stage, baresip(tmp_path, speech, phone_ports, answers=True) as phone:
        agent = stage.uri().removeprefix("sip:voxi@")
        async with asyncio.TaskGroup() as sides:
            theirs = sides.create_task(
                controller(tmp_path, "B", f"127.0.0.1:{phone_ports[0]}", meeting, "-s", "caller")
            )
            await until_listened_at(meeting_port)  # A gives up where B does not yet
            ours = sides.create_task(controller(tmp_path, "A", agent, meeting, "-s", "voxi"))
        assert (ours.result(), theirs.result()) == (0, 0)
        await phone.until("CALL_CLOSED")
        (ended,) = await stage.notes.until("call.ended")
        (session,) = stage.agent.sessions
    assert ended["cause"] == "caller hung up"
    assert is_understood(found(session.heard[: len(ASKS)], ASKS))
    assert is_understood(found(only_recording(tmp_path).pcm, agent_says("greeting")))
