"""A whole scene on loopback: a gateway, an agent on a socket, and a telephone."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fourwire import inworld, standin
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.caller import Telephone, telephone
from fourwire.gateway import Gateway
from fourwire.journal import Journal
from fourwire.load import Overload
from fourwire.settings import Listen, PortRange, Settings
from support.gateway import Notes

SETTINGS = Settings(
    listen=(Listen("udp:127.0.0.1:0"),),
    address="127.0.0.1",
    rtp_ports=PortRange("21000-21400"),
    grace_s=0.5,
    overload=Overload(cpu=0),  # callers and agents have the same event loop here
)


@dataclass
class Scene:
    """Everybody there."""

    gateway: Gateway
    agent: standin.Server
    phone: Telephone
    notes: Notes

    def uri(self, user: str = "voxi") -> str:
        """Where to dial."""
        _, host, port = self.gateway.addresses[0]
        return f"sip:{user}@{host}:{port}"

    def causes(self) -> list[str]:
        """Why calls ended, one for each record of an end."""
        return [note["cause"] for note in self.notes.named("call.ended")]


@asynccontextmanager
async def scene(
    app: App | Callable[[str], App] | None = None,
    behaviour: standin.Behaviour | None = None,
    settings: Settings = SETTINGS,
) -> AsyncIterator[Scene]:
    """All on loopback; `app` may want the agent's URL. Without: the plain agent, for any number."""
    notes = Notes()
    async with (
        standin.serve(behaviour=behaviour or standin.Behaviour()) as agent,
        telephone(ports=(21500, 21900)) as phone,
    ):
        if app is None:
            app = plain(agent.url)
        elif not isinstance(app, App):
            app = app(agent.url)
        async with app.open(settings, Journal(notes)) as gateway:
            yield Scene(gateway, agent, phone, notes)


def plain(url: str) -> App:
    """An app that lets a plain agent answer every number."""
    app = App()
    app.call()(scenario(AgentFile(), "any-key", url))
    return app


def by_hand(url: str) -> App:
    """A scenario that opens its session itself, and has no policy for its loss."""
    app = App()

    @app.call()
    async def answer(call: Call) -> None:
        async with connected(url, call.id, call.audio) as agent:
            await call.answer()
            await agent.session_update({"instructions": "-"})
            call.bridge(agent)
            agent.greet("Greet the caller.")
            async for event in agent:
                call.log(event)

    return app


def connected(url: str, call_id: str, audio: inworld.AudioFormats | None = None) -> inworld.connect:
    """A session with the stand-in."""
    return inworld.connect(api_key="any-key", session_key=call_id, url=url, audio=audio)
