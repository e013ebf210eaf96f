"""What the doctor tries out: a call through the gateway itself, and a session with the agent."""

import anyio
import msgspec

from fourwire import inworld, standin
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.demo.caller import telephone
from fourwire.doctor.audio_path import AudioPath, explain
from fourwire.doctor.finding import Finding, bad, good
from fourwire.gateway import CODECS
from fourwire.http_page import Http
from fourwire.inworld.errors import HandshakeRefused, InworldError
from fourwire.journal import Entry, Journal
from fourwire.load import Overload
from fourwire.media_security import SrtpSettings
from fourwire.plan import Answer
from fourwire.recording_settings import RecordingSettings
from fourwire.settings import Listen, Settings, SettingsError
from fourwire.sip import CallFailed
from fourwire.spans import Otel
from fourwire.trunks import Access
from fourwire.wire_trace import Trace

__all__ = ["agent_finding", "call_through_itself", "of_loopback"]

CALL_SECONDS = 15.0
"""How long the call may take to be answered and to be heard."""


def of_loopback(settings: Settings) -> Settings:
    """The settings, with doors that only this machine comes by, and nothing written or told."""
    return msgspec.structs.replace(
        settings,
        listen=(Listen("udp:127.0.0.1:0"),),
        address="127.0.0.1",
        trunk=(),
        register=(),
        access=Access(),
        overload=Overload(cpu=0, loop_lag_ms=0, late_ticks=0),
        http=Http(),
        tls=None,
        srtp=SrtpSettings(),
        recordings="",
        recording=RecordingSettings(),
        journal="",
        trace=Trace(),
        otel=Otel(),
    )


async def call_through_itself(settings: Settings) -> list[Finding]:
    """Call the gateway of these settings over loopback, SIP and audio, with a stand-in agent."""
    entries: list[Entry] = []
    codecs = [CODECS[name] for name in settings.codecs]
    app = App()
    try:
        with anyio.fail_after(CALL_SECONDS):
            async with standin.serve() as agent, telephone() as phone:
                app.call()(scenario(AgentFile(), "stand-in", agent.url))
                async with app.open(of_loopback(settings), Journal(entries.append)) as gateway:
                    _, host, port = gateway.addresses[0]
                    uri = f"sip:doctor@{host}:{port}"
                    async with phone.call(uri, codecs=codecs) as caller:
                        await caller.until_speech()
                        await caller.until_silence(400)
                    await gateway.wait_idle(2.0)
    except (CallFailed, SettingsError, TimeoutError, OSError) as error:
        why = str(error) or f"nothing was heard within {CALL_SECONDS:g} s"
        return [bad(f"a call on this machine failed: {why}", "see docs/configuration.md")]
    counters = [entry.fields["rtp"] for entry in entries if entry.event == "call.ended"]
    found = [finding for rtp in counters for finding in explain(AudioPath(rtp=rtp))]
    return [good("a call on this machine was answered, and the agent was heard"), *found]


async def agent_finding(answer: Answer) -> Finding:
    """Open and close a session with the agent's service; nothing is said, so it costs nothing."""
    name = answer.title
    if answer.key is None:
        return bad(f"{name} has no key", answer.lack)
    try:
        async with inworld.connect(
            api_key=answer.key, url=answer.agent.url, auth_scheme=answer.agent.auth_scheme
        ):
            return good(f"{name}: a session was opened at {answer.agent.url}")
    except HandshakeRefused as error:
        return bad(f"{name}: {error}", "is the key right, and of the right kind (auth_scheme)?")
    except InworldError as error:
        return bad(f"{name}: {error}", "can this machine reach the service (firewall, proxy)?")
