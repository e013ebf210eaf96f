"""A gateway and an Asterisk that know each other as docs/asterisk.md says, and who heard whom."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest

from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.speech import recording
from fourwire.settings import PortRange, Settings
from fourwire.standin import Behaviour
from support.asterisk import Asterisk, Manager, page, replaced
from support.capture_speech import SECOND, agent_says, found
from support.scene import Scene, connected, scene

PASSWORDS = {
    "PBX_PASSWORD": "wonderland",
    "FOURWIRE_PASSWORD": "looking-glass",
    "EXTENSION_PASSWORD": "jabberwocky",
}
"""Those of the page."""

QUESTION = recording("question")
"""What a person says."""

SILENT = Behaviour(speech_level_dbov=0)
"""An agent that takes nothing for speech, and so never answers."""

HELLO = agent_says("greeting")[: 3 * len(SECOND) // 2]
"""What we say: the first words of the greeting."""


@asynccontextmanager
async def joined(
    pbx: Asterisk,
    app: App | Callable[[str], App] | None = None,
    behaviour: Behaviour = SILENT,
    passwords: Mapping[str, str] = PASSWORDS,
    **more: object,
) -> AsyncIterator[tuple[Scene, Manager]]:
    """A gateway as the page sets it up, and the Asterisk that knows it; the stand-in answers.

    `more` are further settings; it registers only where they say so.
    """
    settings = msgspec.structs.replace(gateway_settings(pbx), **{"register": (), **more})
    with pytest.MonkeyPatch.context() as environment:
        for name, password in passwords.items():
            environment.setenv(name, password)
        async with pbx.manager() as manager, scene(app, behaviour, settings) as stage:
            yield stage, manager


def was_heard(heard: bytes, said: bytes, seconds: float | None = None) -> bool:
    """Whether a half second with speech of `said`, or of its first `seconds`, is in `heard`.

    Two programs that keep time share the machine, so that not every half second need be there. No
    half second of one recording is more alike to any of another than 0.72.
    """
    return max(place.likeness for place in found(heard, said, seconds)) >= 0.9


async def listen(call: Call, stage: Scene) -> None:
    """Have an agent hear what comes on an answered call from now on; it says nothing (`SILENT`).

    What it heard is `heard` of its session at the stand-in. A recording would not do: where packets
    are late, samples are put in and left out of it until it is on time again.
    """
    joined = anyio.Event()

    async def hear() -> None:
        async with connected(stage.agent.url, call.id, call.audio) as agent:
            await agent.session_update({"instructions": "-"})
            call.bridge(agent)
            joined.set()
            await call.wait_ended()

    call.start_soon(hear)
    await joined.wait()


def heard_by(stage: Scene) -> bytes:
    """What the one agent heard."""
    (session,) = stage.agent.sessions
    return session.heard


def gateway_settings(pbx: Asterisk) -> Settings:
    """A gateway as the page sets it up, for that Asterisk."""
    ours = pbx.authority.identity("127.0.0.1", file="gateway")
    shown = {
        "udp:0.0.0.0:5060": f"udp:127.0.0.1:{pbx.gateway}",
        "tls:0.0.0.0:5061": f"tls:127.0.0.1:{pbx.gateway_tls}",
        "pbx.example:5060": f"127.0.0.1:{pbx.sip}",
        "pbx.example:5061": f"127.0.0.1:{pbx.tls}",
        "fullchain.pem": ours.certificate,
        "privkey.pem": ours.key,
        "authority.pem": pbx.authority.path,
    }
    path = pbx.folder / "gateway.toml"
    path.write_text(replaced(page("toml", "# gateway.toml\n"), shown))
    loaded = Settings.load(path, environ={})
    return msgspec.structs.replace(
        loaded, address="127.0.0.1", rtp_ports=PortRange("26000-26400"), grace_s=0.5
    )
