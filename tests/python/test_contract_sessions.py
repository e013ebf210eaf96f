"""The contract with authors of scenarios, point by point: the session, and barge-in.

The other points are in `test_contract_calls.py`.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from support.capture_speech import agent_says
from support.realtime import CREATED, UPDATED, Peer, realtime
from support.scene import connected, scene

from fourwire import inworld
from fourwire._core import Leg, LegConfig, RtpPacket
from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.speech import recording
from fourwire.inworld import events
from fourwire.standin import Behaviour, faults

pytestmark = pytest.mark.anyio

MILLISECOND = 1_000_000


def connect(url: str) -> inworld.connect:
    return inworld.connect(api_key="any-key", session_key="call-1", url=url)


async def heard_of(
    script: Callable[[inworld.Agent], Awaitable[None]], answers: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What a server heard that answers with one of `answers` after each message."""
    heard: list[dict[str, Any]] = []

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        for answer in answers:
            heard.append(await peer.hear())
            await peer.say(answer)
        await peer.hear_all()

    async with realtime(serve) as server, connect(server.url) as agent:
        await script(agent)
    return heard


def app_of(answer: Callable[[Call, inworld.Agent, str], Awaitable[None]]) -> Callable[[str], App]:
    """A call that is answered and has an agent; the rest is `answer`'s business."""

    def app(url: str) -> App:
        made = App()

        @made.call()
        async def begin(call: Call) -> None:
            async with connected(url, call.id, call.audio) as agent:
                await call.answer()
                await agent.session_update({"instructions": "-"})
                await answer(call, agent, url)

        return made

    return app


async def test_06_no_event_is_lost_between_connecting_and_listening() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        await peer.hear_all()

    async with realtime(script) as server, connect(server.url) as agent:
        await anyio.sleep(0.05)  # the event has come long before anybody asks
        names = []
        async for event in agent:
            names.append(event.name.rpartition(".")[2])
            if isinstance(event, events.SessionCreated):
                break
        assert names[-1] == "SessionCreated"


async def test_07_every_message_has_name_and_payload_and_audio_stays_away() -> None:
    strange = faults.Odd(frame=faults.OddFrame.UNKNOWN, after="session.created")
    odd = Behaviour(faults=(strange,))
    async with scene(behaviour=odd) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
        await stage.notes.until("call.ended")
        names = {entry.event for entry in stage.notes}
        assert "Inworld.RealtimeAPI.Unknown" in names
        assert "Inworld.RealtimeAPI.ResponseCreated" in names
        assert not any("AudioDelta" in name for name in names)
        (created,) = stage.notes.named("Inworld.RealtimeAPI.SessionCreated")
        assert created


async def test_08_commands_take_what_voxengine_takes_and_are_harmless_after_the_end() -> None:
    async def script(agent: inworld.Agent) -> None:
        await agent.session_update({"session": {"instructions": "Be brief."}})
        await agent.session_update({"instructions": "Be briefer."})
        await agent.close()
        assert not agent.response_create()
        assert agent.counters()["refused_after_close"] == 1

    first, second = await heard_of(script, [UPDATED, UPDATED])
    assert first["session"]["instructions"] == "Be brief."
    assert second["session"]["instructions"] == "Be briefer."
    assert first["event_id"] != second["event_id"]


async def test_09_a_session_keeps_every_field_and_only_its_audio_is_that_of_the_call() -> None:
    given = {
        "instructions": "-",
        "nobody": {"knows": ["this"]},
        "providerData": {"future": {"thing": 7}},
        "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}, "other": 1},
    }

    async def script(agent: inworld.Agent) -> None:
        await agent.session_update(given)

    (sent,) = await heard_of(script, [UPDATED])
    session = sent["session"]
    assert session["nobody"] == {"knows": ["this"]}
    assert session["providerData"]["future"] == {"thing": 7}
    assert session["audio"]["other"] == 1
    assert session["audio"]["input"]["format"]["type"] == "audio/pcmu"


async def test_10_bridging_again_changes_nothing_and_a_second_agent_replaces_the_first() -> None:
    async def answer(call: Call, agent: inworld.Agent, url: str) -> None:
        call.bridge(agent)
        call.bridge(agent)
        async with connected(url, f"{call.id}-2", call.audio) as other:
            await other.session_update({"instructions": "-"})
            call.bridge(other)
            assert call.agent is other
            other.greet("Greet.")
            await call.wait_ended()

    async with scene(app_of(answer)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
        await stage.notes.until("call.ended")
        assert len(stage.notes.named("bridge.opened")) == 2
        first, second = stage.agent.sessions
        assert "input_audio_buffer.append" in second.types("in")
        assert first.types("in").count("input_audio_buffer.append") < 10


async def test_11_the_caller_is_greeted_once_however_often_the_session_is_updated() -> None:
    async def answer(call: Call, agent: inworld.Agent, url: str) -> None:
        call.bridge(agent)
        for _ in range(3):
            agent.greet("Greet the caller.")
            await agent.session_update({"instructions": "-"})
        await call.wait_ended()

    async with scene(app_of(answer)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
        await stage.notes.until("call.ended")
        (session,) = stage.agent.sessions
        assert session.types("in").count("response.create") == 1


def turn(leg: Leg, now: int) -> bytes:
    """The payload of the packet that is due at `now`."""
    (packet,) = [out for out in drained(leg, now) if isinstance(out, bytes)]
    return RtpPacket.parse(packet).payload


def drained(leg: Leg, now: int) -> list[Any]:
    """All that a leg has to give at `now`; packets as they go on the wire."""
    found = []
    while (out := leg.poll(now)) is not None:
        found.append(getattr(out, "datagram", out))
    return found


async def test_12_speech_of_the_caller_silences_the_agent_within_a_packet_and_all_know_it() -> None:
    async with scene(behaviour=Behaviour(late_deltas=3)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            caller.say(recording("interruption"))
            await caller.until_silence(300)
            await caller.until_speech()
        (ended,) = await stage.notes.until("call.ended")
        (session,) = stage.agent.sessions
        assert session.types("in").count("output_audio_buffer.clear") == 1
        (cut,) = stage.notes.named("bridge.interrupted")
        assert cut["heard_ms"] > 0
        assert cut["discarded_ms"] > 200
        greeting, *_ = ended["transcript"]
        assert (greeting.cut, greeting.heard_ms) == (True, pytest.approx(cut["heard_ms"]))
        assert ended["rtp"]["reply_refused"] > 0  # what came late of it was never said


async def test_13_clearing_here_is_not_clearing_there() -> None:
    leg = Leg(LegConfig(), 0)
    leg.bridge()
    leg.say(b"\x11" * 8000, response="r", item="i")
    leg.clear()
    drained(leg, 0)
    assert leg.counters()["reply_discarded"] == 8000  # nobody else was told of it

    sent: list[str] = []

    async def script(agent: inworld.Agent) -> None:
        assert agent.output_audio_buffer_clear()
        await agent.session_update({"instructions": "-"})

    cleared = {"type": "output_audio_buffer.cleared"}
    sent = [message["type"] for message in await heard_of(script, [cleared, UPDATED])]
    assert sent == ["output_audio_buffer.clear", "session.update"]


async def test_14_media_starts_and_ends_when_it_is_heard_and_its_length_is_told() -> None:
    async with scene() as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            await stage.notes.until("Inworld.Events.WebSocketMediaEnded")
        (started, *_) = stage.notes.named("Inworld.Events.WebSocketMediaStarted")
        (done, *_) = stage.notes.named("Inworld.Events.WebSocketMediaEnded")
        spoken_ms = len(agent_says("greeting")) / 16
        assert started["data"]["encoding"] == "audio/pcmu"
        assert done["data"]["duration_ms"] == pytest.approx(spoken_ms, abs=25)


async def test_16_every_event_can_be_written_as_json_with_the_id_of_its_call() -> None:
    async with scene() as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
        await stage.notes.until("call.ended")
        lines = [json.loads(entry.line()) for entry in stage.notes]
        ids = {line["call"] for line in lines if line.get("call")}
        assert len(ids) == 1
        assert {line["event"] for line in lines if not line.get("call")} <= {
            "gateway.listening",
            "gateway.stopped",
        }
