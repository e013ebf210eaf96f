"""Asterisk, which nobody here wrote, set up as docs/asterisk.md says: each side hears the other."""

from pathlib import Path

import anyio
import pytest
from support.asterisk import Asterisk, heard_in
from support.asterisk_scene import (
    PASSWORDS,
    QUESTION,
    gateway_settings,
    heard_by,
    joined,
    listen,
    was_heard,
)
from support.capture_speech import SECOND, agent_says

from fourwire import sip
from fourwire.app import App
from fourwire.standin import Behaviour

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="Asterisk"), pytest.mark.heavy]

SUITE = "AES_CM_128_HMAC_SHA1_80"
"""What Asterisk offers, and takes of what we offer."""

LATER = SECOND + QUESTION
"""Somebody who speaks once the agent has begun to."""


@pytest.mark.parametrize("codec", ["pcmu", "pcma", "g722"])
async def test_asterisk_proves_its_password_and_converses(
    codec: str, pbx: Asterisk, tmp_path: Path
) -> None:
    """Asterisk calls as a trunk with digest; the agent hears its words and it hears the agent's."""
    async with joined(pbx, behaviour=Behaviour()) as (stage, manager):
        heard = tmp_path / "heard.wav"
        await manager.person(f"call-{codec}@test", LATER, heard)
        await stage.notes.until("call.ended")
        (offered,) = stage.notes.named("call.offered")
        (answered,) = stage.notes.named("call.answered")
        assert stage.causes() == ["caller hung up"]
        assert (offered["trunk"], offered["caller"], offered["dialled"]) == ("pbx", "1001", "voxi")
        assert answered == {"codec": codec.upper(), "srtp": None}
        assert stage.gateway.endpoint.counters()["challenged"] >= 1
    assert was_heard(heard_by(stage), LATER)
    assert was_heard(await heard_in(heard), agent_says("greeting"), seconds=1.0)


async def test_asterisk_with_a_wrong_password_gets_no_call(pbx: Asterisk, tmp_path: Path) -> None:
    """Digest that does not prove what it should is refused, and no agent is asked."""
    async with joined(pbx, behaviour=Behaviour()) as (stage, manager):
        await manager.person("call-guesses@test", LATER, tmp_path / "heard.wav")
        await manager.until("OriginateResponse", Response="Failure")
        assert stage.notes.named("call.offered") == []
        assert stage.gateway.endpoint.counters()["authentications_failed"] >= 1


async def test_asterisk_converses_by_tls_and_srtp(pbx: Asterisk, tmp_path: Path) -> None:
    """Asterisk calls by TLS with certificates that both check, and by SDES with SRTP."""
    async with joined(pbx, behaviour=Behaviour()) as (stage, manager):
        heard = tmp_path / "heard.wav"
        await manager.person("701@internal", LATER, heard)
        await stage.notes.until("call.ended")
        (offered,) = stage.notes.named("call.offered")
        (answered,) = stage.notes.named("call.answered")
        assert (offered["trunk"], offered["srtp_keys_in_clear"]) == ("pbx", False)
        assert answered["srtp"] == SUITE
    assert was_heard(heard_by(stage), LATER)
    assert was_heard(await heard_in(heard), agent_says("greeting"), seconds=1.0)


async def test_asterisk_calls_the_extension_that_registered(pbx: Asterisk, tmp_path: Path) -> None:
    """`[[register]]` proves its password; calls to the extension come, and stop once we leave."""
    heard = tmp_path / "heard.wav"
    async with joined(pbx, behaviour=Behaviour(), register=gateway_settings(pbx).register) as (
        stage,
        manager,
    ):
        await stage.notes.until("registration.registered")
        await manager.person("2000@internal", LATER, heard)
        await stage.notes.until("call.ended")
        (offered,) = stage.notes.named("call.offered")
        assert (offered["trunk"], offered["dialled"]) == ("extension", "2000")
    assert stage.notes.named("registration.ended") == [{"name": "extension"}]
    assert was_heard(heard_by(stage), LATER)
    assert was_heard(await heard_in(heard), agent_says("greeting"), seconds=1.0)
    async with pbx.manager() as manager:
        assert "sip:2000@" not in await manager.command("pjsip show contacts")


@pytest.mark.parametrize(("trunk", "suite"), [("pbx", None), ("pbx-tls", SUITE)])
async def test_a_call_of_ours_into_asterisk_proves_our_password_and_is_echoed(
    trunk: str, suite: str | None, pbx: Asterisk
) -> None:
    """`app.dial` by a trunk that asks for digest; what is said comes back from Asterisk's Echo."""
    app = App()
    async with joined(pbx, app, codecs=("PCMU",)) as (stage, _):
        call = await app.dial("600", trunk=trunk)
        await listen(call, stage)
        await call.play(QUESTION)
        await anyio.sleep(0.3)
        await call.hang_up()
        await stage.notes.until("call.ended")
        (answered,) = stage.notes.named("call.answered")
        assert answered["srtp"] == suite
    assert was_heard(heard_by(stage), QUESTION)


async def test_asterisk_refuses_a_call_of_ours_with_a_wrong_password(pbx: Asterisk) -> None:
    """Its refusal is an exception with its status."""
    app = App()
    async with joined(pbx, app, passwords=PASSWORDS | {"FOURWIRE_PASSWORD": "guess"}):
        with pytest.raises(sip.CallFailed) as failed:
            await app.dial("600", trunk="pbx")
        assert failed.value.status in (401, 403)


async def test_asterisk_sees_whether_we_are_there(pbx: Asterisk) -> None:
    """Its OPTIONS (qualify) are answered, by UDP and by TLS, as long as the gateway runs."""
    async with pbx.manager() as manager:
        await manager.until_shown("pjsip show contacts", " Unavail ", 2)
        async with joined(pbx, behaviour=Behaviour()):
            await manager.until_shown("pjsip show contacts", " Avail ", 2)
