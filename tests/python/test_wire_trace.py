"""A trace shows what went over the wire of a call, from its first frame on, and no key."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.scene import SETTINGS, scene

from fourwire import inworld, sip
from fourwire.app import App
from fourwire.call import Call
from fourwire.settings import Secret, SettingsError
from fourwire.wire_trace import Trace, Wire

pytestmark = pytest.mark.anyio

KEY = "dHJhY2VkOmEta2V5LXRoYXQtbm9ib2R5LXNlZXM="


def lines(path: Path) -> list[dict[str, Any]]:
    """What the trace holds."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def tracing(path: Path | None) -> Any:
    """An app that traces a call of its own into `path`, and talks with a secret key."""

    def app_of(url: str) -> App:
        app = App()

        @app.call()
        async def answer(call: Call) -> None:
            if path is not None:
                call.trace(str(path))
            key = Secret("KEY", KEY)
            async with inworld.connect(api_key=key, session_key=call.id, url=url) as agent:
                await call.answer()
                await agent.session_update({"instructions": f"Never say {KEY}."})
                call.bridge(agent)
                agent.greet("Greet the caller.")
                await call.wait_ended()

        return app

    return app_of


async def test_a_call_is_traced_on_demand_with_its_frames_and_its_sip_and_without_its_key(
    tmp_path: Path,
) -> None:
    path = tmp_path / "call.jsonl"
    async with scene(tracing(path)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
        await stage.notes.until("call.ended")
        (call,) = {entry.call for entry in stage.notes if entry.call}
    told = lines(path)
    assert {line["call"] for line in told} == {call}
    frames = [line["frame"] for line in told if line["wire"] == "agent"]
    assert frames[0]["type"] == "session.created"
    assert "session.update" in [frame["type"] for frame in frames]
    appends = [frame for frame in frames if frame["type"] == "input_audio_buffer.append"]
    assert appends
    assert all(frame["audio"].endswith("characters of audio>") for frame in appends)
    messages = [line["message"].split("\n")[0] for line in told if line["wire"] == "sip"]
    assert "SIP/2.0 200 OK" in messages
    assert any(message.startswith("BYE ") for message in messages)
    assert KEY not in path.read_text()


async def test_everything_is_traced_by_setting_also_what_belongs_to_no_call(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    settings = msgspec.structs.replace(SETTINGS, trace=Trace(path=str(path), numbers=False))
    async with scene(tracing(None), settings=settings) as stage:
        async with stage.phone.call(stage.uri("15551234567"), from_user="49301234567") as caller:
            await caller.until_speech()
        await stage.notes.until("call.ended")
    told = lines(path)
    assert told[0]["message"].startswith("INVITE ")
    assert told[0]["peer"].startswith("udp:127.0.0.1:")
    assert {line["wire"] for line in told} == {"sip", "agent"}
    assert "301234567" not in path.read_text()
    assert KEY not in path.read_text()


async def test_a_call_that_nobody_traces_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with scene(tracing(None)) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
    assert os.listdir() == []  # noqa: PTH208


def test_a_trace_ends_where_it_has_its_largest_size(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    wire = Wire(Trace(path=str(path), most_mb=0.002))
    peer = sip.Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5060))
    for _ in range(100):
        wire.sip("received", b"OPTIONS sip:h SIP/2.0\r\nCall-ID: x\r\n\r\n", peer)
    wire.close()
    wire.sip("received", b"OPTIONS sip:after SIP/2.0\r\n\r\n", peer)
    await_written(path)
    told = lines(path)
    assert 5 < len(told) < 20
    assert told[-1] == {"wire": "end", "why": "the trace has its largest size"}


def await_written(path: Path) -> None:
    """Wait until the outlet's own thread has ended."""
    for thread in threading.enumerate():
        if thread.name == "fourwire-outlet":
            thread.join(5)
    assert path.exists()


def test_a_trace_that_cannot_be_written_is_told_with_its_path() -> None:
    with pytest.raises(SettingsError, match="trace: cannot write /nowhere/t"):
        Wire(Trace(path="/nowhere/t"))
