"""Callers that nobody here wrote, through the whole gateway: SIPp speaks, presses keys, listens."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from support.capture import Ear, found, listen_on, write_speech
from support.scene import Scene, scene
from support.sipp import Outcome, ears_of, place_calls, require_digits, require_player

from fourwire.demo.speech import recording
from fourwire.standin.formats import AudioFormat, Decoder
from fourwire.standin.recordings import recorded

pytestmark = [pytest.mark.anyio, pytest.mark.interop]

SECOND = bytes(16_000)
"""A second of silence at 8 kHz."""


def agents(name: str) -> bytes:
    """What the stand-in says under `name`, as it leaves it for a caller in G.711."""
    audio = AudioFormat("audio/pcmu", 8000)
    return Decoder(audio).decode(recorded(name, audio).audio)


async def call(stage: Scene, folder: Path, pcm: bytes, payload_type: int, talk_ms: int) -> Ear:
    """Let SIPp say `pcm` in one call; what it heard."""
    write_speech(folder / "speech.pcap", pcm, payload_type)
    with ears_of(1) as (port, (ear,)):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen_on, [ear])
            outcome = await place_calls(
                stage.gateway.addresses[0],
                "speech",
                folder,
                port,
                payload_type=payload_type,
                talk_ms=talk_ms,
            )
            tasks.cancel_scope.cancel()
        ear.listen()
    assert outcome == Outcome(code=0, succeeded=1, failed=0, complaints="")
    return ear


@pytest.mark.parametrize("p", [0,8])
async def test_x(tmp_path: Path, p) -> None:
    said = SECOND * 5 + recording("question") + SECOND * 2
    async with scene() as stage:
        ear = await call(stage, tmp_path, said, p, 9500)
        (e,) = await stage.notes.until("call.ended")
        print(e)
        print(ear.missing, len(ear.gaps_ms), max(ear.gaps_ms), sorted(ear.gaps_ms)[-10:])
        print(found(ear.speech, agents("greeting")))
        print(found(ear.speech, agents("answer-1")))
        print(found(stage.agent.sessions[0].heard, said))
    assert 0
