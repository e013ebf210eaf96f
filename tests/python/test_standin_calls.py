"""The stand-in calls functions where its script says so, and goes on as the session says."""

from typing import Any

from support.standin_talk import Talk

from fourwire.standin import FunctionCall, FunctionCalls

WEATHER = FunctionCall("get_weather", '{"city":"Paris"}')
TIME = FunctionCall("get_time")


def talk(*calls: FunctionCall, speaks: bool = False, asks: bool = True, **knobs: Any) -> Talk:
    """A talk whose first response calls functions, up to the end of it."""
    spoken = Talk(calls={0: FunctionCalls(calls, speaks)}, speed=0, **knobs)
    if asks:
        spoken.update(providerData={"auto_tool_response": False})
    spoken.send("response.create")
    spoken.run(1000)
    return spoken


def answer(spoken: Talk, call_id: object) -> None:
    item = {"type": "function_call_output", "call_id": call_id, "output": "sunny"}
    spoken.send("conversation.item.create", item=item)
    spoken.run(0)


def of(spoken: Talk, kind: str) -> list[dict[str, Any]]:
    return [event for event in spoken.events if event["type"] == kind]


def call_ids(spoken: Talk) -> list[object]:
    (done,) = of(spoken, "response.done")
    return [item["call_id"] for item in done["response"]["output"] if "call_id" in item]


def test_a_call_is_told_in_the_order_of_the_protocol() -> None:
    spoken = talk(WEATHER)
    kinds = [event["type"] for event in spoken.events]
    assert kinds[kinds.index("response.created") :] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    (done,) = of(spoken, "response.function_call_arguments.done")
    assert (done["name"], done["arguments"]) == ("get_weather", '{"city":"Paris"}')
    assert [done["call_id"]] == call_ids(spoken)
    deltas = of(spoken, "response.function_call_arguments.delta")
    assert "".join(event["delta"] for event in deltas) == done["arguments"]


def test_a_response_may_speak_before_it_calls() -> None:
    spoken = talk(WEATHER, TIME, speaks=True)
    (done,) = of(spoken, "response.done")
    assert [item["type"] for item in done["response"]["output"]] == [
        "message",
        "function_call",
        "function_call",
    ]
    assert of(spoken, "response.output_audio.delta")


def test_where_the_client_asks_for_responses_an_answer_brings_none() -> None:
    spoken = talk(WEATHER)
    answer(spoken, *call_ids(spoken))
    assert len(of(spoken, "response.created")) == 1


def test_where_it_does_not_the_last_answer_makes_the_agent_go_on() -> None:
    spoken = talk(WEATHER, TIME, asks=False)
    first, second = call_ids(spoken)
    answer(spoken, first)
    assert len(of(spoken, "response.created")) == 1
    answer(spoken, second)
    answer(spoken, second)
    assert len(of(spoken, "response.created")) == 2


def test_an_interrupted_response_calls_nothing() -> None:
    spoken = Talk(calls={0: FunctionCalls((WEATHER,), speaks=True)})
    spoken.send("response.create")
    spoken.run(500)
    spoken.send("response.cancel")
    spoken.run(2000)
    assert not of(spoken, "response.function_call_arguments.done")
    assert call_ids(spoken) == []


def test_names_may_be_left_out_and_events_repeated() -> None:
    spoken = talk(WEATHER, nameless_calls=True, repeated_calls=True)
    done = of(spoken, "response.function_call_arguments.done")
    assert len(done) == 2
    assert not any("name" in event for event in done)
