"""baresip, which nobody here wrote, calls the gateway; what each side heard is held in hand."""

import socket
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.baresip import baresip
from support.peers import require
from support.scene import scene, spoken

from fourwire.demo.figures import likeness
from fourwire.demo.speech import recording
from fourwire.wav import read_wav

pytestmark = [pytest.mark.anyio, pytest.mark.interop]

EXCERPT = slice(3200, 16_000)
"""Eight tenths of a second of a recording: what is looked for in what was heard."""


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nothing listened at a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(each.getsockname()[1] for each in sockets)


def recordings(folder: Path) -> list[bytes]:
    """What baresip heard, in order; it begins a new file after each change of the session."""
    return [read_wav(path).pcm for path in sorted(folder.glob("*dec.wav"))]


@pytest.fixture
def speech(tmp_path: Path) -> Iterator[Path]:
    """What baresip says: it hears the greeting out, speaks, and has a long silence after it.

    baresip hangs up when its file ends.
    """
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 8000, 0, "NONE", ""))
        wav.writeframes(bytes(16_000 * 6) + recording("question") + bytes(16_000 * 60))
    return path


async def test_a_conversation_a_hold_and_keys(speech: Path, tmp_path: Path) -> None:
    require("baresip")
    sip_port, control_port = free_ports(2)
    async with scene() as stage:
        async with baresip(tmp_path, speech, (sip_port, control_port)) as phone:
            await phone.tell("dial", stage.uri())
            await phone.until("CALL_ESTABLISHED")
            await stage.notes.until("Inworld.Events.WebSocketMediaEnded", 2)
            await phone.tell("sndcode", "5")
            await stage.notes.until("call.key")
            await phone.tell("hold")
            (held,) = await stage.notes.until("call.media_changed")
            assert held["direction"] in ("recvonly", "inactive")
            await phone.tell("resume")
            _, resumed = await stage.notes.until("call.media_changed", 2)
            assert resumed["direction"] == "sendrecv"
            await phone.tell("hangup")
            await stage.notes.until("call.ended")
        assert stage.causes() == ["caller hung up"]
        (session,) = stage.agent.sessions

    heard = b"".join(recordings(tmp_path))
    assert likeness(session.heard, recording("question")[EXCERPT])[0] > 0.9
    assert likeness(heard, spoken("greeting")[EXCERPT])[0] > 0.9
    assert likeness(heard, spoken("answer-1")[EXCERPT])[0] > 0.9
