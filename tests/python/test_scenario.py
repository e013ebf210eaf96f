"""Whole calls over real loopback: SIP, RTP, a WebSocket, and the stand-in agent."""

import json
import os
import signal
from pathlib import Path

import anyio
import msgspec
import pytest
from support.gateway import Notes
from support.scene import SETTINGS, Scene, by_hand, connected, scene

from fourwire import inworld, sdp, sip
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.speech import recording
from fourwire.inworld import events
from fourwire.journal import Journal
from fourwire.settings import Settings
from fourwire.standin import Behaviour, faults

pytestmark = pytest.mark.anyio

SEED_EVENTS = {
    "SessionCreated",
    "SessionUpdated",
    "ConnectorInformation",
    "HTTPResponse",
    "InputAudioBufferSpeechStarted",
    "InputAudioBufferSpeechStopped",
    "InputAudioBufferCommitted",
    "ConversationItemInputAudioTranscriptionDelta",
    "ConversationItemInputAudioTranscriptionCompleted",
    "ResponseCreated",
    "ResponseDone",
    "ResponseOutputAudioDone",
    "ResponseOutputAudioTranscriptDone",
    "OutputAudioBufferStarted",
    "OutputAudioBufferStopped",
    "OutputAudioBufferCleared",
}
"""Those of the scenario's list that happen in a call without trouble."""


G729 = sdp.Codec("G729", 18)


async def one_end(stage: Scene) -> list[str]:
    """The causes of all ends, once there is one."""
    await stage.notes.until("call.ended")
    await anyio.wait_all_tasks_blocked()
    return stage.causes()


async def test_a_caller_is_greeted_interrupts_and_is_answered() -> None:
    async with scene() as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            caller.say(recording("interruption"))
            await caller.until_silence(300)
            await caller.until_speech()
        assert await one_end(stage) == ["caller hung up"]

        names = {entry.event for entry in stage.notes}
        missing = {name for name in SEED_EVENTS if f"Inworld.RealtimeAPI.{name}" not in names}
        assert not missing
        assert {
            "Inworld.Events.WebSocketMediaStarted",
            "Inworld.Events.WebSocketMediaEnded",
        } <= names
        assert not any("delta" in name.lower() and "audio.delta" in name for name in names)

        (cut,) = stage.notes.named("bridge.interrupted")
        assert cut["discarded_ms"] > 200
        greeting, said, _answer = stage.notes.named("call.ended")[0]["transcript"]
        assert (greeting.speaker, greeting.cut) == ("agent", True)
        assert greeting.heard_ms == pytest.approx(cut["heard_ms"])
        assert said.speaker == "user"

        session = stage.agent.sessions[0]
        assert session.types("in").count("output_audio_buffer.clear") == 1
        assert loudest(session.heard) > -30


def loudest(pcm: bytes) -> float:
    """The loudest 20 ms, in dBov."""
    from fourwire.demo.levels import dbov

    return max(dbov(pcm[start : start + 320]) for start in range(0, len(pcm), 320))


async def test_pcma_callers_talk_to_the_agent_in_pcma() -> None:
    async with scene() as stage, stage.phone.call(stage.uri(), codecs=[sdp.PCMA]) as caller:
        await caller.until_speech()
        (opened,) = stage.notes.named("bridge.opened")
        assert (opened["input"], opened["output"]) == ("audio/pcma", "audio/pcma")


async def test_a_wideband_caller_and_the_agent_speak_at_the_codecs_own_rate() -> None:
    async with scene() as stage:
        codecs = [sdp.PCMU, sdp.G722]
        async with stage.phone.call(stage.uri(), codecs=codecs) as caller:
            await caller.until_speech()
            caller.say(recording("interruption"))
            await caller.until_silence(300)
            await caller.until_speech()
        assert await one_end(stage) == ["caller hung up"]
        assert stage.notes.named("call.answered") == [{"codec": "G722", "srtp": None}]
        (opened,) = stage.notes.named("bridge.opened")
        assert (opened["input"], opened["output"]) == ("audio/pcm;rate=16000",) * 2
        assert loudest(stage.agent.sessions[0].heard) > -30


async def test_a_caller_with_opus_and_the_agent_speak_at_24_khz() -> None:
    settings = msgspec.structs.replace(SETTINGS, codecs=("opus", "PCMU"))
    async with scene(settings=settings) as stage:
        codecs = [sdp.PCMU, sdp.OPUS]
        async with stage.phone.call(stage.uri(), codecs=codecs) as caller:
            await caller.until_speech()
            caller.say(recording("interruption"))
            await caller.until_silence(300)
            await caller.until_speech()
        assert await one_end(stage) == ["caller hung up"]
        assert stage.notes.named("call.answered") == [{"codec": "opus", "srtp": None}]
        (opened,) = stage.notes.named("bridge.opened")
        assert (opened["input"], opened["output"]) == ("audio/pcm;rate=24000",) * 2
        assert loudest(stage.agent.sessions[0].heard) > -30


async def test_a_caller_who_asks_for_an_offer_gets_one() -> None:
    async with scene() as stage:
        target = sip.Listener("udp", "127.0.0.1", 0)
        async with sip.listen(sip.Settings(listeners=[target])) as endpoint:
            call = await endpoint.invite(stage.uri(), from_user="1001", offer=None)
            policy = sdp.MediaPolicy(address="127.0.0.1", port=9998, codecs=(sdp.PCMA,))
            await call.acknowledge(sdp.answer_to(call.answer_sdp or "", policy).sdp)
            await anyio.sleep(0.1)
            await call.hang_up()
        assert await one_end(stage) == ["caller hung up"]
        assert stage.notes.named("call.answered") == [{"codec": "PCMA", "srtp": None}]


async def test_an_unknown_number_is_refused_with_404_and_a_strange_offer_with_488() -> None:
    app = App()
    app.call("voxi")(lambda call: call.answer())
    async with scene(app) as stage:
        with pytest.raises(sip.CallFailed) as refused:
            async with stage.phone.call(stage.uri("nobody")):
                pass
        assert refused.value.status == 404
        strange = sdp.offer(sdp.MediaPolicy(address="127.0.0.1", port=4000, codecs=(G729,)))
        with pytest.raises(sip.CallFailed) as refused:
            await stage.phone.endpoint.invite(stage.uri(), from_user="1", offer=strange)
        assert refused.value.status == 488
        assert [note["status"] for note in stage.notes.named("gateway.refused")] == [404, 488]
        assert not stage.causes()


async def test_audio_may_flow_before_the_answer() -> None:
    app = App()

    @app.call()
    async def early(call: Call) -> None:
        await call.progress({"X-Early": "yes"})
        await call.answer()
        await call.wait_ended()

    async with scene(app) as stage:
        policy = sdp.MediaPolicy(address="127.0.0.1", port=9996)
        _, host, port = stage.gateway.addresses[0]
        call = stage.phone.endpoint.dial(
            stage.uri(),
            to=[sip.Hop("udp", host, port, address=host)],
            from_user="1001",
            offer=sdp.offer(policy),
        )
        await call.answered()
        progressed = await anext(aiter(call.events()))
        assert isinstance(progressed, sip.Progressed)
        assert (progressed.status, progressed.sdp is not None) == (183, True)
        await call.hang_up()
        assert await one_end(stage) == ["caller hung up"]
        names = [entry.event for entry in stage.notes]
        assert names.index("call.early_media") < names.index("call.answered")


async def test_a_cancel_before_the_answer_ends_the_call_once() -> None:
    app = App()
    ringing = anyio.Event()

    @app.call()
    async def ring(call: Call) -> None:
        await call.ring()
        ringing.set()
        await anyio.sleep_forever()

    async with scene(app) as stage:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dial, stage)
            await ringing.wait()
            tasks.cancel_scope.cancel()
        assert await one_end(stage) == ["cancelled"]


async def dial(stage: Scene) -> None:
    """Place a call and stay in it."""
    async with stage.phone.call(stage.uri()):
        await anyio.sleep_forever()


async def test_a_websocket_that_closes_ends_the_call_with_a_bye() -> None:
    async with (
        scene(by_hand, Behaviour(faults=(faults.Close(after_ms=300),))) as stage,
        stage.phone.call(stage.uri()) as caller,
    ):
        ended = await caller.ended()
        assert ended.cause is sip.Cause.BYE
        assert await one_end(stage) == ["agent closed"]


async def test_a_connection_that_breaks_off_ends_the_call_as_a_failure() -> None:
    async with (
        scene(by_hand, Behaviour(faults=(faults.Break(after_ms=300),))) as stage,
        stage.phone.call(stage.uri()) as caller,
    ):
        assert (await caller.ended()).cause is sip.Cause.BYE
        assert await one_end(stage) == ["agent failed"]


async def test_an_agent_that_refuses_the_key_refuses_the_call_with_503() -> None:
    async with scene(behaviour=Behaviour(refuse_status=401)) as stage:
        with pytest.raises(sip.CallFailed) as refused:
            async with stage.phone.call(stage.uri()):
                pass
        assert refused.value.status == 503
        assert await one_end(stage) == ["agent failed"]
        assert stage.notes.named("Inworld.RealtimeAPI.HTTPResponse")[0]["data"]["status"] == 401
        assert stage.notes.named("Inworld.RealtimeAPI.WebSocketError")


async def test_an_unreachable_agent_refuses_the_call_with_503() -> None:
    app = App()
    app.call()(scenario(AgentFile(), "any-key", "ws://127.0.0.1:9/session"))
    async with scene(app) as stage:
        with pytest.raises(sip.CallFailed) as refused:
            async with stage.phone.call(stage.uri()):
                pass
        assert refused.value.status == 503
        assert await one_end(stage) == ["agent failed"]


async def test_a_session_that_the_agent_refuses_refuses_the_call_with_503() -> None:
    refusal = faults.Say.error("no such voice", before="session.updated")
    async with scene(behaviour=Behaviour(faults=(refusal,))) as stage:
        with pytest.raises(sip.CallFailed) as refused:
            async with stage.phone.call(stage.uri()):
                pass
        assert refused.value.status == 503
        assert await one_end(stage) == ["agent failed"]
        assert "no such voice" in stage.notes.named("call.ended")[0]["detail"]


async def test_an_agent_that_is_lost_in_mid_call_comes_back_without_a_second_greeting() -> None:
    async with scene(behaviour=Behaviour(faults=(faults.Close(after_ms=9000),))) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            await caller.until_silence(800)
            await stage.notes.until("conversation.mended")
            caller.say(recording("question"))
            await caller.until_speech()
        assert await one_end(stage) == ["caller hung up"]
        assert [turn.speaker for turn in stage.notes.named("call.ended")[0]["transcript"]] == [
            "agent",
            "user",
            "agent",
        ]


async def test_calls_whose_agent_failed_give_back_every_port_and_session() -> None:
    broken = Behaviour(faults=(faults.Break(after_ms=400),))
    async with scene(by_hand, broken) as stage:
        for _ in range(3):
            async with stage.phone.call(stage.uri()) as caller:
                await caller.ended()
        await stage.notes.until("call.ended", 3)
        await stage.agent.wait_idle()
        await stage.gateway.wait_idle(5)
        await anyio.sleep(0.2)  # until counters show it
        assert stage.gateway.media.counters()["ports_in_use"] == 0


async def test_of_two_calls_at_once_only_the_one_that_fails_ends() -> None:
    def app_of(url: str) -> App:
        app = App()

        @app.call("broken")
        async def broken(call: Call) -> None:
            await call.answer()
            raise RuntimeError("a bug in the scenario")

        app.call()(scenario(AgentFile(), "any-key", url))
        return app

    async with scene(app_of) as stage, stage.phone.call(stage.uri()) as well:
        await well.until_speech()
        async with stage.phone.call(stage.uri("broken")) as ill:
            assert (await ill.ended()).cause is sip.Cause.BYE
        await well.until_speech()
        assert well.call.ended is None
        assert stage.causes() == ["handler error"]
        (note,) = stage.notes.named("call.error")
        assert note["error"] == "RuntimeError: a bug in the scenario"


async def test_on_hold_nothing_is_sent_and_afterwards_the_agent_goes_on() -> None:
    async with scene() as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        agreed = await caller.renegotiate("sendonly")
        assert agreed.direction == "sendonly"
        await anyio.sleep(0.25)  # counters are a tenth of a second old
        before = caller.leg.counters()["packets_received"]
        await anyio.sleep(0.4)
        assert caller.leg.counters()["packets_received"] == before
        (call,) = stage.gateway.calls.values()
        assert call.held
        await caller.renegotiate("sendrecv")
        await caller.until_speech()
        assert not call.held
        assert [note["direction"] for note in stage.notes.named("call.media_changed")] == [
            "recvonly",
            "sendrecv",
        ]


async def test_a_second_session_updated_does_not_greet_again() -> None:
    def app_of(url: str) -> App:
        app = App()

        @app.call()
        async def twice(call: Call) -> None:
            async with connected(url, call.id) as agent:
                await call.answer()
                await agent.session_update({"instructions": "Be brief."})
                call.bridge(agent)
                agent.greet("Greet the caller.")
                await agent.session_update({"instructions": "Be briefer."})
                agent.greet("Greet the caller.")
                async for event in agent:
                    if isinstance(event, events.ResponseDone):
                        return

        return app

    async with scene(app_of) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.ended()
        assert stage.agent.sessions[0].types("out").count("session.updated") == 2
        assert stage.agent.sessions[0].types("in").count("response.create") == 1
        assert await one_end(stage) == ["hung up"]


async def test_keys_of_the_caller_reach_the_journal() -> None:
    async with scene() as stage, stage.phone.call(stage.uri()) as caller:
        caller.leg.send_digits("42#")
        keys = await stage.notes.until("call.key", 3)
        assert [note["digit"] for note in keys] == ["4", "2", "#"]


async def test_rtp_that_stays_away_ends_the_call_where_that_is_wished() -> None:
    settings = Settings(
        listen=SETTINGS.listen, address="127.0.0.1", rtp_ports=SETTINGS.rtp_ports, rtp_lost_s=0.2
    )
    async with scene(settings=settings) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        caller.leg.close()
        with anyio.fail_after(15):
            assert (await caller.ended()).cause is sip.Cause.BYE
        assert await one_end(stage) == ["rtp lost"]


async def test_what_happens_after_a_call_is_told_how_it_ended() -> None:
    told = []

    def app_of(url: str) -> App:
        app = App()
        app.call()(scenario(AgentFile(), "any-key", url))

        @app.ended
        async def note(call: Call, ended: object) -> None:
            told.append((call.caller, ended))

        return app

    async with scene(app_of) as stage:
        async with stage.phone.call(stage.uri()):
            pass
        await one_end(stage)
    assert [caller for caller, _ in told] == ["1001"]


async def test_a_gateway_that_is_told_to_stop_says_goodbye_to_everybody() -> None:
    async with scene() as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.gateway.drain)
            await anyio.sleep(0.1)
            with pytest.raises(sip.CallFailed) as refused:
                async with stage.phone.call(stage.uri()):
                    pass
            assert refused.value.status == 503
            assert caller.call.ended is None
        assert (await caller.ended()).cause is sip.Cause.BYE
        assert await one_end(stage) == ["shutdown"]


async def test_sigterm_ends_calls_and_then_the_program() -> None:
    notes = Notes()
    done = anyio.Event()
    async with scene() as stage:
        app = App()
        app.call()(scenario(AgentFile(), "any-key", stage.agent.url))
        settings = Settings(
            listen=SETTINGS.listen, address="127.0.0.1", rtp_ports=SETTINGS.rtp_ports, grace_s=0.1
        )

        async def serve() -> None:
            await app.serve(settings, Journal(notes))
            done.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            (listening,) = await notes.until("gateway.listening")
            _, host, port = listening["addresses"][0]
            async with stage.phone.call(f"sip:voxi@{host}:{port}") as caller:
                os.kill(os.getpid(), signal.SIGTERM)
                assert (await caller.ended()).cause is sip.Cause.BYE
                with anyio.fail_after(5):
                    await done.wait()
    assert [note["cause"] for note in notes.named("call.ended")] == ["shutdown"]


async def test_the_key_appears_in_no_line_of_the_journal(tmp_path: Path) -> None:
    key = "c2VjcmV0LWtleTpvZi1hLXRlc3Q="
    path = tmp_path / "journal.jsonl"
    async with scene() as stage:
        app = App()
        secret_of_app = AgentFile().key({"INWORLD_API_KEY": key})

        @app.call("fails")
        async def fails(call: Call) -> None:
            raise RuntimeError(f"refused: Basic {key}")

        app.call()(scenario(AgentFile(), secret_of_app, stage.agent.url))
        journal = Journal.open(str(path))
        async with app.open(SETTINGS, journal) as gateway:
            _, host, port = gateway.addresses[0]
            async with stage.phone.call(f"sip:voxi@{host}:{port}") as caller:
                await caller.until_speech()
            with pytest.raises(sip.CallFailed):
                async with stage.phone.call(f"sip:fails@{host}:{port}"):
                    pass
        journal.close()
    lines = path.read_text().splitlines()
    assert len([line for line in lines if json.loads(line)["event"] == "call.ended"]) == 2
    assert key not in path.read_text()
    assert "[secret]" in path.read_text()


async def test_an_agent_may_speak_pcm_while_the_line_speaks_pcmu() -> None:
    def app_of(url: str) -> App:
        app = App()

        @app.call()
        async def wideband(call: Call) -> None:
            audio = inworld.AudioFormats("audio/pcm;rate=24000", "audio/pcm;rate=24000")
            async with inworld.connect(
                api_key="k", session_key=call.id, url=url, audio=audio
            ) as agent:
                await call.answer()
                await agent.session_update({})
                call.bridge(agent)
                agent.greet("Greet the caller.")
                await call.wait_ended()

        return app

    async with scene(app_of) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            caller.say(recording("interruption"))
            await caller.until_silence(300)
            await caller.until_speech()
        assert await one_end(stage) == ["caller hung up"]
        assert loudest(stage.agent.sessions[0].heard) > -30
