"""Other ways to an Asterisk: TCP, IPv6, SHA-256, Opus; each with calls both ways."""

from dataclasses import dataclass, field
from pathlib import Path

import anyio
import msgspec
import pytest
from support.asterisk import Asterisk, heard_in
from support.asterisk_scene import (
    HELLO,
    QUESTION,
    gateway_settings,
    joined,
    listen,
    was_heard,
)
from support.capture_speech import SECOND

from fourwire.app import App
from fourwire.call import Call
from fourwire.settings import Listen
from fourwire.trunks import Access

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="Asterisk"), pytest.mark.heavy]


@dataclass(frozen=True)
class Way:
    """How both are pointed at each other, and what the messages of the calls show of it."""

    host: str = "127.0.0.1"
    transport: str = "udp"
    codec: str = "PCMU"
    algorithm: str = "MD5"
    settings: dict[str, object] = field(default_factory=dict)


WAYS = {
    "by-tcp": Way(transport="tcp"),
    "by-ipv6": Way(host="::1", settings={"address": "::1"}),
    "by-sha256": Way(algorithm="SHA-256", settings={"access": Access(algorithms=("SHA-256",))}),
    "by-opus": Way(codec="opus"),
}


def settings_of(name: str, way: Way, pbx: Asterisk) -> dict[str, object]:
    """What the gateway is told beside what the page says."""
    at = f"[{way.host}]" if ":" in way.host else way.host
    (known, *_) = gateway_settings(pbx).trunk
    server = f"sip:{at}:{pbx.sip};transport={way.transport}"
    trunk = msgspec.structs.replace(known, server=server, caller=name)
    listen = (Listen(f"{way.transport}:{at}:{pbx.gateway}"),)
    return {"listen": listen, "trunk": (trunk,), "codecs": (way.codec,), **way.settings}


@pytest.mark.parametrize("name", WAYS)
async def test_asterisk_calls_us_and_we_call_it(name: str, pbx: Asterisk, tmp_path: Path) -> None:
    """Both calls at once, each proven by digest: its words come to us, ours back from its Echo."""
    way, app, heard = WAYS[name], App(), tmp_path / "heard.wav"

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        await listen(call, stage)
        await call.play(HELLO)
        await call.wait_ended()

    async with joined(pbx, app, **settings_of(name, way, pbx)) as (stage, manager):
        await manager.person(f"call-{name}@test", SECOND + QUESTION, heard)
        call = await app.dial("600", trunk="pbx")
        await listen(call, stage)
        await call.play(QUESTION)
        await anyio.sleep(0.3)
        await call.hang_up()
        await stage.notes.until("call.ended", 2)
        assert sorted(stage.causes()) == ["caller hung up", "hung up"]
        answers = stage.notes.named("call.answered")
        assert answers == 2 * [{"codec": way.codec, "srtp": None}]
        offered = stage.notes.named("call.offered")
        assert {note["audio_at"][0] for note in offered if note["audio_at"]} == {way.host}
        assert stage.gateway.endpoint.counters()["challenged"] >= 1
        ours = pbx.messages(f"<sip:{name}@", f"algorithm={way.algorithm}", "INVITE")
        theirs = pbx.messages("<sip:1001@", f"algorithm={way.algorithm}", "INVITE")
        assert "INVITE" in ours
        assert "INVITE" in theirs
    assert [was_heard(session.heard, QUESTION) for session in stage.agent.sessions] == [True, True]
    assert was_heard(await heard_in(heard), HELLO)
