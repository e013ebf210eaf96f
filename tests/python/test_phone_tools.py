"""An agent hangs up, sends keys and collects them, in whole calls over SIP and RTP on loopback."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.gateway import FakeLine, journal
from support.scene import Scene, scene

from fourwire import inworld, sip
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.call import Call
from fourwire.call_tools import phone_tools
from fourwire.demo.speech import recording
from fourwire.inworld import events
from fourwire.settings import SettingsError
from fourwire.standin import Behaviour, FunctionCall, FunctionCalls

pytestmark = pytest.mark.anyio


def calling(*calls: FunctionCall, speaks: bool = False, **knobs: Any) -> Behaviour:
    """An agent whose greeting calls functions."""
    return Behaviour(calls={0: FunctionCalls(calls, speaks)}, **knobs)


def app_of(url: str) -> App:
    app = App()

    @app.call()
    async def talk(call: Call) -> None:
        async with inworld.connect(
            api_key="any-key", session_key=call.id, url=url, tools=phone_tools(call)
        ) as agent:
            await call.answer()
            await agent.session_update({})
            call.bridge(agent)
            agent.greet("Greet the caller.")
            await call.wait_ended()

    return app


async def the_end(stage: Scene) -> dict[str, Any]:
    """The record of the call's end."""
    (note,) = await stage.notes.until("call.ended")
    return dict(note)


async def output(stage: Scene) -> Any:
    """What the agent was told of its first call."""
    (note,) = await stage.notes.until("Inworld.RealtimeAPI.ToolAnswered")
    return note["data"]["output"]


def spoken_ms(stage: Scene) -> float:
    """How much speech the agent has sent: 16 bit at 8 kHz."""
    return len(stage.agent.sessions[0].spoken) / 16


async def test_a_call_is_hung_up_when_its_goodbye_was_heard_to_the_last_sample() -> None:
    async with scene(app_of, calling(FunctionCall("hang_up"), speaks=True)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            assert (await caller.ended()).cause is sip.Cause.BYE
        end = await the_end(stage)
        (goodbye,) = end["transcript"]

        assert (end["cause"], goodbye.cut) == ("hung up", False)
        assert goodbye.heard_ms == pytest.approx(spoken_ms(stage), abs=1)
        assert end["rtp"]["reply_sent"] == end["rtp"]["reply_received"]
        assert stage.agent.sessions[0].types("in").count("response.create") == 1


async def test_an_agent_that_has_not_said_goodbye_does_so_before_the_call_ends() -> None:
    async with scene(app_of, calling(FunctionCall("hang_up"), speed=0)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            assert (await caller.ended()).cause is sip.Cause.BYE
        end = await the_end(stage)
        (goodbye,) = end["transcript"]

        assert "goodbye" in (await output(stage)).lower()
        assert "bye" in goodbye.text.lower()
        assert (goodbye.cut, end["cause"]) == (False, "hung up")
        assert goodbye.heard_ms == pytest.approx(spoken_ms(stage), abs=1)


@pytest.mark.parametrize("speaks", [True, False])
async def test_a_caller_who_speaks_into_the_goodbye_stays(speaks: bool) -> None:
    async with (
        scene(app_of, calling(FunctionCall("hang_up"), speaks=speaks, speed=0)) as stage,
        stage.phone.call(stage.uri()) as caller,
    ):
        await caller.until_speech()
        caller.say(recording("interruption"))
        await stage.notes.until("call.goodbye_interrupted")
        await caller.until_speech()
        assert caller.call.ended is None
        assert stage.causes() == []


async def test_a_goodbye_that_was_cut_without_the_servers_word_ends_no_call() -> None:
    async with (
        scene(app_of, calling(FunctionCall("hang_up"), speaks=True, speed=0)) as stage,
        stage.phone.call(stage.uri()) as caller,
    ):
        await caller.until_speech()
        (call,) = stage.gateway.calls.values()
        call._media("speak").barge_in()
        await stage.notes.until("call.goodbye_interrupted")
        assert stage.causes() == []


async def test_an_agent_presses_keys() -> None:
    call = FunctionCall("send_digits", json.dumps({"digits": "12#"}))
    async with (
        scene(app_of, calling(call, speed=0, answers=())) as stage,
        stage.phone.call(stage.uri()) as caller,
    ):
        assert await output(stage) == "done"
        await caller.until(lambda _: len(caller.keys) == 3, 10)
        assert caller.keys == ["1", "2", "#"]


async def test_keys_that_no_telephone_has_are_told_to_the_model() -> None:
    call = FunctionCall("send_digits", json.dumps({"digits": "12x"}))
    async with (
        scene(app_of, calling(call)) as stage,
        stage.phone.call(stage.uri()),
    ):
        assert "the arguments do not fit" in json.loads(await output(stage))["error"]


async def test_an_agent_has_a_number_typed() -> None:
    async with (
        scene(app_of, calling(FunctionCall("collect_digits"))) as stage,
        stage.phone.call(stage.uri()) as caller,
    ):
        await stage.notes.until("Inworld.RealtimeAPI.ToolCalled")
        caller.leg.send_digits("4711#")
        assert await output(stage) == '{"digits":"4711"}'


async def test_an_agent_without_code_hangs_up_where_its_file_allows_it(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('tools = ["hang_up"]')

    def app_of_file(url: str) -> App:
        app = App()
        app.call()(scenario(AgentFile.load(path), "any-key", url))
        return app

    async with scene(app_of_file, calling(FunctionCall("hang_up"), speaks=True)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            assert (await caller.ended()).cause is sip.Cause.BYE
        (update,) = stage.notes.named("Inworld.RealtimeAPI.SessionUpdated")
        assert [tool["name"] for tool in update["data"]["session"]["tools"]] == ["hang_up"]
        assert (await the_end(stage))["cause"] == "hung up"


def test_a_tool_that_no_telephone_has_is_refused_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('tools = ["fly"]')
    with pytest.raises(SettingsError, match="fly"):
        AgentFile.load(path)


async def test_tools_of_a_scenario_stand_beside_those_of_the_telephone() -> None:
    asked = []

    def app_with_weather(url: str) -> App:
        app = App()

        @app.call()
        async def talk(call: Call) -> None:
            async with inworld.connect(
                api_key="any-key", session_key=call.id, url=url, tools=phone_tools(call)
            ) as agent:

                @agent.tool
                async def get_weather(city: str) -> str:
                    """Tell the weather."""
                    asked.append(city)
                    return "sunny"

                await call.answer()
                await agent.session_update({})
                call.bridge(agent)
                agent.greet("Greet the caller.")
                async for event in agent.events(events.ResponseDone):
                    if event.response.output and event.response.output[0].type == "message":
                        return

        return app

    weather = FunctionCall("get_weather", '{"city":"Paris"}')
    async with scene(app_with_weather, calling(weather, speed=0)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.ended()
        assert asked == ["Paris"]
        assert (await output(stage), (await the_end(stage))["cause"]) == ("sunny", "hung up")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('tools = ["transfer"]', "transfer_to"),
        ('[transfer_to]\ndesk = "1002"', "the tool transfer"),
        ('tools = ["transfer"]\ntransfer_to = {desk = "nowhere"}', "transfer_to.desk = 'nowhere'"),
        ('tools = ["transfer"]\ntransfer_to = {d = "sip:a@b?X=1"}', "neither headers"),
    ],
)
def test_a_transfer_that_could_not_be_made_is_refused_with_the_file(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=told):
        AgentFile.load(path)


async def test_a_model_may_choose_a_name_and_give_no_address() -> None:
    call = Call("c1", FakeLine(), journal()[0].call("c1"))
    tools = phone_tools(call, "transfer", transfer_to={"desk": "sip:a@b", "sales": "+49301"})
    (tool,) = tools.definitions()
    assert tool["parameters"]["properties"]["to"]["enum"] == ["desk", "sales"]
    with pytest.raises(inworld.ToolError):
        tools["transfer"].signature.read('{"to": "sip:elsewhere@example.com"}')


async def test_without_a_list_there_is_no_transfer() -> None:
    call = Call("c1", FakeLine(), journal()[0].call("c1"))
    assert "transfer" not in phone_tools(call)
