"""PJSIP, which nobody here wrote, calls the gateway; what each side heard is compared."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from support.capture_speech import SECOND, agent_says, found, is_understood, is_whole, write_wav
from support.scene import SETTINGS, Scene, scene

from fourwire import Resampler
from fourwire.demo.speech import recording
from fourwire.media_security import SrtpSettings
from fourwire.sdp import SUITES
from fourwire.settings import Settings
from fourwire.trunks import Trunk, User
from fourwire.wav import read_wav

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.interop(peer="PJSIP"),
    pytest.mark.skipif(
        not find_spec("pjsua2") and not os.environ.get("CI"),
        reason="PJSIP is not there: pip install pjsua2-python",
    ),
]

PHONE = Path(__file__).parent / "support" / "pjsip_phone.py"
ASKS = 5 * SECOND + recording("question")
"""A caller who hears the greeting out, and speaks."""


def with_settings(**more: object) -> Settings:
    return msgspec.structs.replace(SETTINGS, **more)


async def pjsip(folder: Path, uri: str, seconds: float, *options: str) -> dict[str, Any]:
    """A call of PJSIP's, whose recording lies in `folder`; how it went."""
    speech = write_wav(folder / "speech.wav", ASKS + 30 * SECOND)
    order = [sys.executable, str(PHONE), uri, str(speech), str(folder / "heard.wav"), str(seconds)]
    done = await anyio.run_process([*order, *options])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def heard_in(folder: Path) -> bytes:
    """What PJSIP heard, at 8 kHz; its own bridge runs at 16."""
    it = read_wav(folder / "heard.wav")
    assert it.rate in (8000, 16000)
    return it.pcm if it.rate == 8000 else halved(it.pcm)


def halved(pcm: bytes) -> bytes:
    return Resampler(16000, 8000).process(pcm)


async def both_heard(stage: Scene, folder: Path) -> None:
    """Hold what each side said against what the other heard."""
    await stage.notes.until("call.ended")
    (session,) = stage.agent.sessions
    assert is_whole(found(session.heard[: len(ASKS)], ASKS))
    assert is_understood(found(heard_in(folder), agent_says("greeting")))
    assert stage.causes() == ["caller hung up"]


async def test_pjsip_hears_the_greeting_out_asks_and_presses_keys(tmp_path: Path) -> None:
    async with scene() as stage:
        told = await pjsip(tmp_path, stage.uri(), 8.5, "--digits", "12#")
        await both_heard(stage, tmp_path)
        assert [note["digit"] for note in stage.notes.named("call.key")] == ["1", "2", "#"]
    assert told["states"][-2:] == ["CONFIRMED", "DISCONNECTED"]


async def test_pjsip_calls_under_srtp_and_proves_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PBX_PASSWORD", "wonderland")
    trunk = Trunk(name="pbx", users=(User(username="alice", password="PBX_PASSWORD"),))  # noqa: S106
    secured = with_settings(trunk=(trunk,), srtp=SrtpSettings(policy="required"))
    async with scene(settings=secured) as stage:
        options = ("--srtp", "--user", "alice", "--password", "wonderland")
        await pjsip(tmp_path, stage.uri(), 8.5, *options)
        await both_heard(stage, tmp_path)
        (answered,) = stage.notes.named("call.answered")
        assert answered["srtp"] in SUITES


async def test_pjsip_holds_and_comes_back(tmp_path: Path) -> None:
    async with scene() as stage:
        await pjsip(tmp_path, stage.uri(), 3.0, "--hold-at", "1.0", "--codec", "PCMA")
        await stage.notes.until("call.ended")
        changes = [note["direction"] for note in stage.notes.named("call.media_changed")]
        assert changes == ["recvonly", "sendrecv"]
        assert [note["codec"] for note in stage.notes.named("call.answered")] == ["PCMA"]
