"""An agent calls our functions over a real WebSocket, and goes on with what it learnt."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import anyio
import pytest
from support.standin_talk import hush, tone

from fourwire import inworld, standin
from fourwire.g711 import encode_pcmu
from fourwire.inworld import events
from fourwire.inworld.redaction import RedactedLog, Redactor
from fourwire.inworld.tools.dispatch import Dispatch
from fourwire.inworld.verbs import Sent
from fourwire.standin import Behaviour, FunctionCall, FunctionCalls

pytestmark = pytest.mark.anyio


def calling(*calls: FunctionCall, speaks: bool = False, **knobs: Any) -> Behaviour:
    """A quick agent whose first response calls functions."""
    return Behaviour(calls={0: FunctionCalls(calls, speaks)}, speed=0, think_ms=1, **knobs)


WEATHER = FunctionCall("get_weather", '{"city":"Paris"}')


def weather_tools() -> inworld.Toolbox:
    tools = inworld.Toolbox()

    @tools.tool
    async def get_weather(city: Annotated[str, "where"]) -> dict[str, object]:
        """Tell the weather."""
        return {"city": city, "sky": "clear"}

    return tools


@asynccontextmanager
async def talking(
    behaviour: Behaviour, toolbox: inworld.Toolbox | None = None, **settings: Any
) -> AsyncIterator[tuple[inworld.Agent, standin.SessionRecord]]:
    async with (
        standin.serve(behaviour=behaviour) as server,
        inworld.connect(api_key="any-key", session_key="s", url=server.url, tools=toolbox) as agent,
    ):
        await agent.session_update(settings)
        with anyio.fail_after(10):
            yield agent, server.sessions[0]


def outputs(record: standin.SessionRecord) -> list[object]:
    """What the server was told of calls."""
    return [
        entry.fields["item.output"]
        for entry in record.find("conversation.item.create")
        if "item.output" in entry.fields
    ]


async def second_response(agent: inworld.Agent) -> events.ResponseDone:
    """The response that follows the one that calls."""
    responses = agent.events(events.ResponseDone)
    agent.greet("Hello")
    await anext(responses)
    return await anext(responses)


@pytest.mark.parametrize(
    "knobs", [{}, {"nameless_calls": True}, {"repeated_calls": True}, {"alias_names": True}]
)
async def test_a_function_is_called_once_and_the_agent_goes_on_once(knobs: Any) -> None:
    async with talking(calling(WEATHER, **knobs), weather_tools()) as (agent, record):
        done = await second_response(agent)

        assert done.response.status == "completed"
        assert outputs(record) == ['{"city":"Paris","sky":"clear"}']
        assert record.types("in").count("response.create") == 2


async def test_the_agent_is_told_of_its_tools_with_the_session() -> None:
    own = {"type": "web_search", "providerData": {"engine": "google"}}
    async with talking(calling(), weather_tools(), tools=[own]) as (agent, _):
        updated = await agent.session_update({"instructions": "x"})

        assert [tool.get("name") for tool in updated.session["tools"]] == [None, "get_weather"]
        assert updated.session["providerData"]["auto_tool_response"] is False
        assert updated.session["tools"][1]["parameters"]["properties"]["city"] == {
            "type": "string",
            "description": "where",
        }


async def test_a_tool_that_comes_later_is_told_with_the_next_update() -> None:
    async with talking(calling(), weather_tools()) as (agent, _):

        @agent.tool
        def get_time() -> str:
            """Tell the time."""
            return "noon"

        updated = await agent.session_update({})
        assert [tool["name"] for tool in updated.session["tools"]] == ["get_weather", "get_time"]
        updated = await agent.session_update({"tools": []})
        assert [tool["name"] for tool in updated.session["tools"]] == ["get_weather", "get_time"]


async def test_tools_of_one_agent_are_not_tools_of_another() -> None:
    shared = weather_tools()
    async with talking(calling(), shared) as (agent, _):
        agent.tool(print_nothing)
        assert (len(agent.tools), len(shared)) == (2, 1)


def print_nothing() -> None:
    """Print nothing."""


async def test_a_refused_update_is_made_up_for_by_the_next() -> None:
    async with talking(calling(), weather_tools()) as (agent, _):
        agent.tool(print_nothing)
        with pytest.raises(inworld.ServerError):
            await agent.session_update({"temperature": 99})
        updated = await agent.session_update({})
        assert len(updated.session["tools"]) == 2


async def test_a_name_that_is_given_twice_is_an_error_of_ours() -> None:
    async with talking(calling(), weather_tools()) as (agent, _):
        with pytest.raises(ValueError, match="tool get_weather stands in session and toolbox"):
            await agent.session_update({"tools": [{"type": "function", "name": "get_weather"}]})


async def test_functions_that_are_called_together_run_together_and_are_answered_once() -> None:
    tools = inworld.Toolbox()
    meet = anyio.Event()
    both = threading.Barrier(2, timeout=5)

    @tools.tool
    async def first() -> str:
        """Wait for the second."""
        await meet.wait()
        return "1"

    @tools.tool
    async def second() -> str:
        """Let the first go on."""
        meet.set()
        return "2"

    @tools.tool
    def third() -> str:
        """Meet the fourth, in threads."""
        both.wait()
        return "3"

    @tools.tool
    def fourth() -> str:
        """Meet the third, in threads."""
        both.wait()
        return "4"

    calls = [FunctionCall(tool.name) for tool in tools]
    async with talking(calling(*calls, speaks=True), tools) as (agent, record):
        await second_response(agent)

        assert sorted(map(str, outputs(record))) == ["1", "2", "3", "4"]
        assert record.types("in").count("response.create") == 2


async def test_of_too_many_calls_at_once_those_are_made_that_there_is_room_for() -> None:
    calls = [FunctionCall("get_weather", '{"city":"Paris"}') for _ in range(34)]
    async with talking(calling(*calls), weather_tools()) as (agent, record):
        await second_response(agent)

        crowded = '{"error":"too many functions were called at once"}'
        made = [output for output in outputs(record) if output != crowded]
        assert made == ['{"city":"Paris","sky":"clear"}'] * 32
        assert len(outputs(record)) == 34


class Told:
    """An agent that notes what it is told."""

    def __init__(self) -> None:
        self.commands: list[Any] = []

    def tell(self, command: Any) -> Sent:
        self.commands.append(command)
        return Sent(True)

    def publish(self, event: events.Event) -> None:
        pass


@pytest.mark.parametrize("status", ["cancelled", "failed", "incomplete"])
async def test_of_a_response_that_broke_off_no_more_is_told_than_that(status: str) -> None:
    agent = Told()
    log = RedactedLog(logging.getLogger("test"), Redactor())
    dispatch = Dispatch(weather_tools(), agent, log)
    call = events.Item(
        type="function_call", call_id="1", function="get_weather", status="completed"
    )
    response = events.Response(id="r", status=status, output=[call])
    dispatch.receive(events.ResponseDone(response=response))
    (told,) = agent.commands
    assert told.item["output"] == '{"error":"not done: the response broke off"}'


async def test_listeners_learn_of_each_call_and_of_what_was_told() -> None:
    async with talking(calling(WEATHER), weather_tools()) as (agent, _):
        listener = agent.events(events.ToolCalled, events.ToolAnswered)
        agent.greet("Hello")
        called, answered = await anext(listener), await anext(listener)

    assert isinstance(called, events.ToolCalled)
    assert (called.function, called.arguments) == ("get_weather", '{"city":"Paris"}')
    assert isinstance(answered, events.ToolAnswered)
    assert (answered.call_id, answered.error) == (called.call_id, None)
    assert answered.output == '{"city":"Paris","sky":"clear"}'


async def test_failures_are_told_to_the_agent_and_it_goes_on() -> None:
    tools = inworld.Toolbox()

    @tools.tool
    def broken() -> None:
        """Break."""
        raise RuntimeError("secret")

    @tools.tool(timeout=0.01)
    async def slow() -> None:
        """Take long."""
        await anyio.sleep_forever()

    calls = [FunctionCall("broken"), FunctionCall("slow"), FunctionCall("nowhere")]
    async with talking(calling(*calls), tools) as (agent, record):
        done = await second_response(agent)

        assert done.response.status == "completed"
        assert sorted(map(str, outputs(record))) == [
            '{"error":"broken failed"}',
            '{"error":"slow took longer than 0.01 s"}',
            '{"error":"there is no function nowhere; there are broken, slow"}',
        ]
        counters = agent.counters()
        assert (counters["tools_called"], counters["tools_failed"]) == (3, 3)


async def test_where_the_server_goes_on_by_itself_it_is_not_asked_to() -> None:
    settings = {"providerData": {"auto_tool_response": True}}
    async with talking(calling(WEATHER), weather_tools(), **settings) as (agent, record):
        await second_response(agent)

        assert record.types("in").count("response.create") == 1
        assert record.types("out").count("error") == 0


async def test_a_result_waits_for_the_end_of_the_callers_words_and_is_in_their_answer() -> None:
    tools = inworld.Toolbox()
    spoke = anyio.Event()

    @tools.tool
    async def look_up() -> str:
        """Take until the caller speaks."""
        await spoke.wait()
        return "found"

    async with talking(calling(FunctionCall("look_up")), tools) as (agent, record):
        started = agent.once(events.SpeechStarted)
        done = agent.events(events.ResponseDone)
        answered = agent.once(events.ToolAnswered)
        agent.greet("Hello")
        await anext(done)
        agent.input_audio_buffer_append(encode_pcmu(tone(400)))
        await started
        spoke.set()
        await answered
        assert record.types("in").count("response.create") == 1
        agent.input_audio_buffer_append(encode_pcmu(hush(1000)))
        await anext(done)
        order = [kind for kind in record.types() if kind in ORDER]

    assert order[-3:] == ["conversation.item.create", "response.created", "response.done"]
    assert record.types("in").count("response.create") == 1
    assert record.find("error") == []


ORDER = {"conversation.item.create", "response.created", "response.done"}


async def test_a_silent_result_leaves_the_word_to_the_caller() -> None:
    tools = inworld.Toolbox()

    @tools.tool
    async def note(text: str) -> inworld.Silent:
        """Note something."""
        return inworld.Silent("noted")

    call = FunctionCall("note", '{"text":"a"}')
    async with talking(calling(call, speaks=True), tools) as (agent, record):
        answered = agent.once(events.ToolAnswered)
        agent.greet("Hello")
        await answered
        pong = agent.once(events.SessionUpdated)
        await agent.session_update({})
        await pong

        assert outputs(record) == ["noted"]
        assert record.types("in").count("response.create") == 1


async def test_calls_of_functions_that_the_owner_declared_are_left_to_the_owner() -> None:
    own = {"type": "function", "name": "mine"}
    calls = (FunctionCall("mine"), WEATHER)
    async with talking(calling(*calls), weather_tools(), tools=[own]) as (agent, record):
        await second_response(agent)

        assert outputs(record) == ['{"city":"Paris","sky":"clear"}']


async def test_without_tools_nothing_is_answered() -> None:
    async with talking(calling(WEATHER)) as (agent, record):
        done = agent.once(events.ResponseDone)
        agent.greet("Hello")
        await done
        updated = await agent.session_update({})

        assert outputs(record) == []
        assert updated.session["providerData"] == {}


async def test_what_still_runs_when_the_session_ends_is_cancelled() -> None:
    tools = inworld.Toolbox()
    ended = []
    running = anyio.Event()

    @tools.tool
    async def wait() -> None:
        """Wait."""
        running.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    async with talking(calling(FunctionCall("wait")), tools) as (agent, record):
        agent.greet("Hello")
        await running.wait()
    assert ended == [True]
    assert outputs(record) == []


async def test_a_tool_may_end_the_session_that_called_it() -> None:
    async with talking(calling(FunctionCall("leave"))) as (agent, _):

        @agent.tool
        async def leave() -> None:
            """Leave."""
            await agent.close()

        await agent.session_update({})
        closed = agent.once(events.WebSocketClosed)
        agent.greet("Hello")
        assert (await closed).clean
