"""baresip calls by TLS, SRTP and a password, with what the README has, line by line."""

import re
import subprocess
from pathlib import Path

import pytest
from support.baresip import only_recording
from support.capture_speech import SECOND, agent_says, found, is_whole, write_wav
from support.peers import require
from support.programs import running
from support.scene import scene
from support.sipp_plain import free_ports

from fourwire.demo.speech import recording
from fourwire.sdp import SUITES
from fourwire.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="baresip")]

SAID = 5 * SECOND + recording("question")

SOUND = """\
module_path /usr/lib/baresip/modules
module aufile.so
module aubridge.so
module sndfile.so
audio_source aufile,{folder}/speech.wav
audio_player aubridge,nowhere
audio_alert aubridge,nowhere
ausrc_srate 8000
auplay_srate 8000
snd_path {folder}
rtp_ports 32000-32100
"""
"""A file for a microphone, and another for a loudspeaker: no machine that tests has either."""


class Readme:
    """What is written in the README, for a gateway at an address."""

    def __init__(self, host: str, port: int) -> None:
        text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
        self._blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self._places = (
            ("DNS:gateway.example", f"IP:{host}"),
            ("gateway.example:5061", f"{host}:{port}"),
            ("gateway.example", host),
            ("0.0.0.0:5061", f"{host}:{port}"),
        )

    def block(self, kind: str, holds: str) -> str:
        """The block of a kind in which `holds` stands."""
        (block,) = [text for told, text in self._blocks if told == kind and holds in text]
        for told, meant in self._places:
            block = block.replace(told, meant)
        return str(block)


def do(lines: str) -> None:
    subprocess.run(["sh", "-ec", lines], check=True, capture_output=True)


def set_up_gateway(readme: Readme) -> Settings:
    """Its certificate and settings, in this folder."""
    do(readme.block("sh", "openssl req"))
    Path("gateway.toml").write_text(readme.block("toml", "over_tls_only"))
    return Settings.load("gateway.toml", environ={})


def set_up_telephone(readme: Readme, folder: Path) -> str:
    """Its files, and a file to speak from; the command that calls."""
    *made, dial = readme.block("sh", "srtp.so").splitlines()
    do("\n".join(made))
    config = Path("phone/config")
    without = re.sub(
        r"^audio_(player|source|alert)\t.*\n", "", config.read_text(), flags=re.MULTILINE
    )
    config.write_text(without + SOUND.format(folder=folder))
    write_wav(folder / "speech.wav", SAID + 60 * SECOND)
    return dial


async def test_baresip_calls_by_tls_srtp_and_password_as_the_readme_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    require("baresip")
    require("openssl")
    monkeypatch.chdir(tmp_path)
    readme = Readme("127.0.0.1", free_ports(1)[0])
    served = readme.block("sh", "--settings gateway.toml")
    (password,) = re.findall(r"ALICE_PASSWORD=(\S+)", served)
    monkeypatch.setenv("ALICE_PASSWORD", password)
    settings = set_up_gateway(readme)
    dial = set_up_telephone(readme, tmp_path)

    async with scene(settings=settings) as stage:
        async with running("sh", "-c", f"exec {dial}", log=tmp_path / "baresip.log"):
            await stage.notes.until("Inworld.Events.WebSocketMediaStarted", 2)
        await stage.notes.until("call.ended")
        (offered,) = stage.notes.named("call.offered")
        (answered,) = stage.notes.named("call.answered")
        (session,) = stage.agent.sessions

    assert (offered["trunk"], offered["srtp_keys_in_clear"]) == ("phones", False)
    assert answered["srtp"] in SUITES
    assert is_whole(found(session.heard[: len(SAID)], SAID))
    assert is_whole(found(only_recording(tmp_path).pcm, agent_says("greeting")))
