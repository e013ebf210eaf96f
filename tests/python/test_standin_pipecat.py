"""Pipecat's Inworld service holds a conversation with the stand-in."""

import asyncio
import json
from pathlib import Path

import pytest
from support.peers import require

from fourwire import standin
from fourwire.standin import Behaviour, FunctionCall, FunctionCalls
from fourwire.standin.formats import AudioFormat
from fourwire.standin.recordings import GREETING, recorded

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="Pipecat")]

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / "pipecat" / "bin" / "python"
CALL = Path(__file__).parent / "support" / "pipecat_call.py"
PCM = AudioFormat("audio/pcm", 24000)


async def test_pipecat_is_greeted_answered_interrupts_and_calls_a_function() -> None:
    require(str(PYTHON))  # scripts/install_pipecat.sh
    weather = FunctionCalls((FunctionCall("get_weather", '{"city":"Paris"}'),))
    behaviour = Behaviour(speed=1.0, think_ms=100, onset_ms=100, calls={2: weather})
    async with standin.serve(behaviour=behaviour) as server:
        heard = await conversed(server.url)

    (session,) = server.sessions
    greeting, cut, calling, told = session.find("response.done")
    assert heard["errors"] == []
    assert heard["greeting_bytes"] == len(recorded(GREETING, PCM).audio)
    assert cut.fields["response.status"] == "cancelled"
    assert 0 < heard["interrupted_bytes"] < len(recorded("answer-1", PCM).audio)
    assert heard["turns"] == 2
    assert heard["asked"] == [{"city": "Paris"}]
    assert [done.fields["response.status"] for done in (greeting, calling, told)] == [
        "completed"
    ] * 3
    (answer,) = [
        entry
        for entry in session.find("conversation.item.create")
        if entry.fields["item.type"] == "function_call_output"
    ]
    assert json.loads(str(answer.fields["item.output"])) == {"weather": "sunny"}
    assert heard["told_bytes"] > 0
    assert session.find("error") == []


async def conversed(url: str) -> dict[str, object]:
    """What came of a call by Pipecat's own Python."""
    process = await asyncio.create_subprocess_exec(
        *(PYTHON, CALL, url), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(90):
            out, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaints.decode()[-2000:]
    heard: dict[str, object] = json.loads(out)
    return heard
