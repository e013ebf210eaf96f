"""Linphone, which nobody here wrote, calls the gateway; what each side heard is compared."""

from pathlib import Path

import anyio
import msgspec
import pytest
from support.capture_speech import SECOND, Found, agent_says, found, is_understood, write_wav
from support.certificates import Authority
from support.linphone import linphone
from support.putting_through import consulting
from support.scene import SETTINGS, scene
from support.sipp_plain import free_ports

from fourwire.demo.speech import recording
from fourwire.media_security import SrtpSettings
from fourwire.sdp import SUITES
from fourwire.settings import Listen
from fourwire.sip import Tls
from fourwire.trunks import Trunk, User
from fourwire.wav import read_wav

pytestmark = [pytest.mark.anyio, pytest.mark.heavy, pytest.mark.interop(peer="Linphone")]

ASKS = 5 * SECOND + recording("question")
"""A caller who hears the greeting out, and speaks."""

ONLY_G711 = """\
[audio_codec_0]
mime=opus
rate=48000
channels=2
enabled=0
[audio_codec_1]
mime=speex
rate=16000
channels=1
enabled=0
[audio_codec_2]
mime=speex
rate=8000
channels=1
enabled=0
"""
"""For two of them, which would speak something else than what is said by the sample."""


def says(path: Path, pcm: bytes) -> Path:
    """A file for Linphone to speak from."""
    return write_wav(path, pcm + 30 * SECOND)


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return says(tmp_path / "speech.wav", 2 * ASKS)


def heard(path: Path) -> list[Found]:
    """Where the greeting is in what Linphone recorded, which begins a little after the call."""
    told = read_wav(path)
    assert (told.rate, told.channels) == (8000, 1)
    return found(told.pcm, agent_says("greeting"))


async def test_linphone_asks_is_answered_presses_keys_holds_and_asks_again(
    speech: Path, tmp_path: Path
) -> None:
    into = tmp_path / "heard.wav"
    async with scene() as stage:
        async with linphone(tmp_path) as phone:
            await phone.call(stage.uri(), speech, into)
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted", 2)
            for key in "42#":
                await phone.tell(key)
                await anyio.sleep(0.3)
            await stage.notes.until("call.key", 3)
            await phone.tell("pause")
            await stage.notes.until("call.media_changed")
            await phone.match("is now paused")
            await phone.tell("resume")
            await stage.notes.until("call.media_changed", 2)
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted", 3)
            await phone.tell("terminate")
            (ended,) = await stage.notes.until("call.ended")
        assert stage.causes() == ["caller hung up"]
        (session,) = stage.agent.sessions

    assert [note["digit"] for note in stage.notes.named("call.key")] == ["4", "2", "#"]
    changes = [note["direction"] for note in stage.notes.named("call.media_changed")]
    assert changes == ["recvonly", "sendrecv"]
    assert is_understood(found(session.heard[: len(ASKS)], ASKS))
    assert is_understood(found(session.heard[len(ASKS) :], recording("question")))
    assert is_understood(heard(into))
    assert (ended["rtp"]["lost"], ended["rtp"]["late"]) == (0, 0)


async def test_linphone_calls_by_tls_and_srtp_and_proves_its_password(
    speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PBX_PASSWORD", "wonderland")
    authority = Authority(tmp_path)
    ours = authority.identity("localhost")  # Linphone matches no addresses
    trunk = Trunk(name="pbx", users=(User(username="alice", password="PBX_PASSWORD"),))  # noqa: S106
    secured = msgspec.structs.replace(
        SETTINGS,
        listen=(Listen("tls:127.0.0.1:0"),),
        tls=Tls(certificate=ours.certificate, key=ours.key),
        srtp=SrtpSettings(policy="required", over_tls_only=True),
        trunk=(trunk,),
    )
    into = tmp_path / "heard.wav"
    sip = f"root_ca={authority.path}\nmedia_encryption=srtp\nmedia_encryption_mandatory=1"
    login = "[auth_info_0]\nusername=alice\npasswd=wonderland\nrealm=fourwire\n"
    async with scene(settings=secured) as stage:
        async with linphone(tmp_path, transport="sip_tls_port", sip=sip, more=login) as phone:
            _, _, port = stage.gateway.addresses[0]
            await phone.call(f"sip:voxi@localhost:{port};transport=tls", speech, into)
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted", 2)
            await phone.tell("terminate")
            await stage.notes.until("call.ended")
        (offered,) = stage.notes.named("call.offered")
        (answered,) = stage.notes.named("call.answered")
        (session,) = stage.agent.sessions

    assert (offered["trunk"], offered["srtp_keys_in_clear"]) == ("pbx", False)
    assert answered["srtp"] in SUITES
    assert is_understood(found(session.heard[: len(ASKS)], ASKS))
    assert is_understood(heard(into))


async def test_a_caller_of_linphone_takes_our_place_in_a_call_with_another(
    tmp_path: Path,
) -> None:
    """Both know Replaces (RFC 3891): the one who is called sees one call go over into the other."""
    (asks, answers), (port,) = (tmp_path / "asks", tmp_path / "answers"), free_ports(1)
    asks.mkdir()
    answers.mkdir()
    question = says(asks / "speech.wav", SECOND + recording("question"))
    answer = says(answers / "speech.wav", SECOND + recording("goodbye"))
    async with scene(consulting(f"sip:desk@127.0.0.1:{port}")) as stage:
        async with (
            linphone(answers, port=port, answers=True, more=ONLY_G711) as theirs,
            linphone(asks, more=ONLY_G711) as phone,
        ):
            await phone.tell(f"call {stage.uri()}")
            await theirs.talk(answer, answers / "heard.wav", calls=2)
            await phone.talk(question, asks / "heard.wav", calls=2)
            await anyio.sleep(6)
            await phone.tell("terminate")
            await theirs.match("(?s)ended.*ended")
        await stage.notes.until("call.ended", 2)
    assert stage.causes() == ["transferred", "transferred"]
    assert is_understood(found(read_wav(answers / "heard.wav").pcm, recording("question")))
    assert is_understood(found(read_wav(asks / "heard.wav").pcm, recording("goodbye")))
