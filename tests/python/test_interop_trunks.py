"""SIPp and baresip, which nobody here wrote, are trunks of a gateway and prove who they are."""

from pathlib import Path

import anyio
import pytest
from support.baresip import baresip
from support.capture_speech import SECOND, write_wav
from support.certificates import Authority
from support.peers import require
from support.scene import SETTINGS, scene
from support.sipp_plain import free_ports, run_sipp

from fourwire import sip
from fourwire.app import App
from fourwire.settings import Listen, Settings
from fourwire.sip import Tls
from fourwire.trunks import Register, Trunk, User

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="SIPp")]


@pytest.fixture
def trunks(monkeypatch: pytest.MonkeyPatch) -> tuple[Trunk, ...]:
    """One trunk that is known by a password alone."""
    monkeypatch.setenv("PBX_PASSWORD", "wonderland")
    return (Trunk(name="pbx", users=(User(username="alice", password="PBX_PASSWORD"),)),)  # noqa: S106


def settings(trunks: tuple[Trunk, ...], **more: object) -> Settings:
    given = {name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__}
    return Settings(**{**given, "trunk": trunks, **more})


def joined(path: Path, *parts: str) -> None:
    """One file of several, as baresip wants its certificate."""
    path.write_bytes(b"".join(Path(part).read_bytes() for part in parts))


async def test_sipp_proves_its_password_and_calls(trunks: tuple[Trunk, ...]) -> None:
    async with scene(settings=settings(trunks)) as stage:
        code, errors = await run_sipp(
            stage.gateway.addresses[0], "proven_call", user="alice", word="wonderland", calls=5
        )
        assert (code, errors) == (0, "")
        await stage.notes.until("call.ended", 5)

        assert {note["trunk"] for note in stage.notes.named("call.offered")} == {"pbx"}


async def test_sipp_with_a_wrong_password_gets_no_call(trunks: tuple[Trunk, ...]) -> None:
    async with scene(settings=settings(trunks)) as stage:
        code, errors = await run_sipp(
            stage.gateway.addresses[0], "proven_call", user="alice", word="looking-glass"
        )
        assert code == 1
        assert "403" in errors
        assert stage.notes.named("call.offered") == []
        assert stage.gateway.endpoint.counters()["authentications_failed"] == 1


@pytest.mark.interop(peer="baresip")
async def test_baresip_calls_over_tls_and_proves_its_password(
    trunks: tuple[Trunk, ...], tmp_path: Path
) -> None:
    require("baresip")
    authority = Authority(tmp_path)
    ours = authority.identity("127.0.0.1")
    speech = write_wav(tmp_path / "speech.wav", 30 * SECOND)
    secured = settings(
        trunks,
        listen=(Listen("tls:127.0.0.1:0"),),
        tls=Tls(certificate=ours.certificate, key=ours.key),
    )
    theirs = authority.identity("127.0.0.1", file="phone")
    both = tmp_path / "phone.pem"
    joined(both, theirs.key, theirs.certificate)
    async with scene(settings=secured) as stage:
        async with baresip(
            tmp_path,
            speech,
            free_ports(2),
            account=";auth_user=alice;auth_pass=wonderland;transport=tls",
            config=f"sip_certificate {both}\nsip_cafile {authority.path}\n",
        ) as phone:
            _, host, port = stage.gateway.addresses[0]
            await phone.tell("dial", f"sip:voxi@{host}:{port};transport=tls")
            await phone.until("CALL_ESTABLISHED")
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted")
            await phone.tell("hangup")
            await stage.notes.until("call.ended")

        (offered,) = stage.notes.named("call.offered")
        assert (offered["trunk"], offered["caller"]) == ("pbx", "caller")
        assert stage.causes() == ["caller hung up"]
        assert stage.gateway.endpoint.counters()["challenged"] >= 1


async def test_sipp_as_a_registrar_asks_for_our_password_and_keeps_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUR_PASSWORD", "looking-glass")
    (port,) = free_ports(1)
    results: list[tuple[int, str]] = []

    async def registrar() -> None:
        results.append(await run_sipp(None, "registrar", port=port, word="looking-glass"))

    register = Register(
        name="office",
        server=f"sip:127.0.0.1:{port}",
        user="alice",
        password="OUR_PASSWORD",  # noqa: S106 - where it stands
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(registrar)
        async with scene(settings=settings((), register=(register,))) as stage:
            (registered,) = await stage.notes.until("registration.registered")
            assert registered == {"name": "office", "expires_s": 600}
            assert stage.gateway.registrations.standing["office"].registered
        await stage.notes.until("registration.ended")
    assert results == [(0, "")]


@pytest.mark.parametrize(("word", "status"), [("wonderland", 200), ("looking-glass", 403)])
async def test_sipp_asks_for_our_password_when_we_call_it(
    monkeypatch: pytest.MonkeyPatch, word: str, status: int
) -> None:
    monkeypatch.setenv("OUR_PASSWORD", word)
    (port,) = free_ports(1)
    results: list[tuple[int, str]] = []

    async def carrier() -> None:
        results.append(await run_sipp(None, "proven_answer", port=port, word="wonderland"))

    out = Trunk(
        name="carrier",
        server=f"sip:127.0.0.1:{port}",
        domain="carrier.example",
        username="alice",
        password="OUR_PASSWORD",  # noqa: S106 - where it stands
        caller="+15551234",
        trusted=True,
    )
    app = App()
    async with scene(app, settings=settings((out,))), anyio.create_task_group() as tasks:
        tasks.start_soon(carrier)
        reached = 200
        try:
            call = await app.dial("+1999", trunk="carrier", headers={"X-Colour": "blue"})
            assert call.audio.input == "audio/pcmu"
            await call.hang_up()
        except sip.CallFailed as failed:
            reached = failed.status
        assert reached == status
    assert results == [(0, "")]
