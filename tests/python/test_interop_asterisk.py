"""Asterisk, which nobody here wrote, set up as docs/asterisk.md says: each side hears the other."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import numpy as np
import pytest
from support.asterisk import Asterisk, Manager, asterisk, gateway_settings, heard_in
from support.capture_speech import SECOND, agent_says, found
from support.scene import Scene, scene

from fourwire import sip
from fourwire.app import App
from fourwire.demo.speech import recording
from fourwire.sdp import SUITES
from fourwire.wav import read_wav

pytestmark = [pytest.mark.anyio, pytest.mark.interop, pytest.mark.heavy]

QUESTION = recording("question")
LATER = SECOND + QUESTION
"""Somebody who speaks once the agent has begun to."""


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """An Asterisk for all tests."""
    with asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the page."""
    monkeypatch.setenv("PBX_PASSWORD", "wonderland")
    monkeypatch.setenv("FOURWIRE_PASSWORD", "looking-glass")
    monkeypatch.setenv("EXTENSION_PASSWORD", "jabberwocky")


@asynccontextmanager
async def joined(
    pbx: Asterisk, app: App | None = None, **more: object
) -> AsyncIterator[tuple[Scene, Manager]]:
    """A gateway as the page sets it up, and the Asterisk that knows it; the stand-in answers."""
    settings = msgspec.structs.replace(gateway_settings(pbx), **{"register": (), **more})
    async with pbx.manager() as manager, scene(app, settings=settings) as stage:
        yield stage, manager


def was_heard(heard: bytes, said: bytes, seconds: float | None = None) -> bool:
    """Whether a half second with speech of `said`, or of its first `seconds`, is whole in `heard`.

    Two programs that keep time share the machine, so that not every half second need be.
    """
    return max(place.likeness for place in found(heard, said, seconds)) >= 0.99


def caller_in(path: Path) -> bytes:
    """The caller's side of a recording of ours."""
    return np.frombuffer(read_wav(path).pcm, np.int16)[::2].tobytes()


@pytest.mark.parametrize("codec", ["pcmu", "pcma", "g722"])
async def test_asterisk_proves_its_password_and_converses(
    codec: str, pbx: Asterisk, tmp_path: Path
) -> None:
    """Asterisk calls as a trunk with digest; the agent hears its words and it hears the agent's."""
    async with joined(pbx) as (stage, manager):
        heard = tmp_path / "heard.wav"
        await manager.person(f"call-{codec}@test", LATER, heard)
        await stage.notes.until("call.ended")
        (session,) = stage.agent.sessions
        (offered,) = stage.notes.named("call.offered")
        (answered,) = stage.notes.named("call.answered")
        assert stage.causes() == ["caller hung up"]
        assert (offered["trunk"], offered["caller"], offered["dialled"]) == ("pbx", "1001", "voxi")
        assert answered == {"codec": codec.upper(), "srtp": None}
        assert stage.gateway.endpoint.counters()["challenged"] >= 1
    assert was_heard(session.heard, LATER)
    assert was_heard(await heard_in(heard), agent_says("greeting"), seconds=1.0)


async def test_asterisk_with_a_wrong_password_gets_no_call(pbx: Asterisk, tmp_path: Path) -> None:
    """Digest that does not prove what it should is refused, and no agent is asked."""
    async with joined(pbx) as (stage, manager):
        await manager.person("call-guesses@test", LATER, tmp_path / "heard.wav")
        await manager.until("OriginateResponse", Response="Failure")
        assert stage.notes.named("call.offered") == []
        assert stage.gateway.endpoint.counters()["authentications_failed"] >= 1


async def test_asterisk_converses_by_tls_and_srtp(pbx: Asterisk, tmp_path: Path) -> None:
    """Asterisk calls by TLS with certificates that both check, and by SDES with SRTP."""
    async with joined(pbx) as (stage, manager):
        heard = tmp_path / "heard.wav"
        await manager.person("701@internal", LATER, heard)
        await stage.notes.until("call.ended")
        (session,) = stage.agent.sessions
        (offered,) = stage.notes.named("call.offered")
        (answered,) = stage.notes.named("call.answered")
        assert (offered["trunk"], offered["srtp_keys_in_clear"]) == ("pbx", False)
        assert answered["srtp"] in SUITES
    assert was_heard(session.heard, LATER)
    assert was_heard(await heard_in(heard), agent_says("greeting"), seconds=1.0)


async def test_asterisk_calls_the_extension_that_registered(pbx: Asterisk, tmp_path: Path) -> None:
    """`[[register]]` proves its password; calls to the extension come, and stop once we leave."""
    heard = tmp_path / "heard.wav"
    async with joined(pbx, register=gateway_settings(pbx).register) as (stage, manager):
        await stage.notes.until("registration.registered")
        await manager.person("2000@internal", LATER, heard)
        await stage.notes.until("call.ended")
        (session,) = stage.agent.sessions
        (offered,) = stage.notes.named("call.offered")
        assert (offered["trunk"], offered["dialled"]) == ("extension", "2000")
    assert stage.notes.named("registration.ended") == [{"name": "extension"}]
    assert was_heard(session.heard, LATER)
    assert was_heard(await heard_in(heard), agent_says("greeting"), seconds=1.0)
    async with pbx.manager() as manager:
        assert "sip:2000@" not in await manager.command("pjsip show contacts")


@pytest.mark.parametrize(("trunk", "secure"), [("pbx", False), ("pbx-tls", True)])
async def test_a_call_of_ours_into_asterisk_proves_our_password_and_is_echoed(
    trunk: str, secure: bool, pbx: Asterisk, tmp_path: Path
) -> None:
    """`app.dial` by a trunk that asks for digest; what is said comes back from Asterisk's Echo."""
    app, ours = App(), tmp_path / "ours.wav"
    async with joined(pbx, app, codecs=("PCMU",)) as (stage, _):
        call = await app.dial("600", trunk=trunk)
        call.record(str(ours))
        await call.play(QUESTION)
        await anyio.sleep(0.3)
        await call.hang_up()
        await stage.notes.until("call.ended")
        (answered,) = stage.notes.named("call.answered")
        assert (answered["srtp"] in SUITES) is secure
    assert was_heard(caller_in(ours), QUESTION)


async def test_asterisk_refuses_a_call_of_ours_with_a_wrong_password(
    pbx: Asterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its refusal is an exception with its status."""
    monkeypatch.setenv("FOURWIRE_PASSWORD", "guess")
    app = App()
    async with joined(pbx, app):
        with pytest.raises(sip.CallFailed) as failed:
            await app.dial("600", trunk="pbx")
        assert failed.value.status in (401, 403)


async def test_asterisk_sees_whether_we_are_there(pbx: Asterisk) -> None:
    """Its OPTIONS (qualify) are answered, by UDP and by TLS, as long as the gateway runs."""
    async with pbx.manager() as manager:
        await manager.until_shown("pjsip show contacts", " Unavail ", 2)
        async with joined(pbx):
            await manager.until_shown("pjsip show contacts", " Avail ", 2)
