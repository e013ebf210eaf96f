"""The rules of a session, frame by frame, without a socket."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.inworld import commands, events
from fourwire.inworld.session import (
    NEXT,
    OPENING,
    REMEMBERED,
    Answered,
    Cause,
    IllegalMove,
    Output,
    Send,
    Session,
    State,
)

CLOSED = events.WebSocketClosed(code=1000)


class Talk:
    """A session under test, and all that it wanted done."""

    def __init__(self, *frames: dict[str, Any]) -> None:
        self.session = Session()
        for frame in frames:
            self.receive(frame)

    def receive(self, frame: dict[str, Any]) -> list[Output]:
        self.session.receive(json.dumps(frame).encode())
        return self.outputs()

    def outputs(self) -> list[Output]:
        found = []
        while (output := self.session.poll()) is not None:
            found.append(output)
        return found

    def sent(self) -> list[dict[str, Any]]:
        return sends(self.outputs())

    def say(self, command: commands.Command) -> str:
        event_id = self.session.send(command)
        self.outputs()
        assert event_id is not None
        return event_id

    def cancels(self, response_id: str | None = None) -> bool:
        named = {} if response_id is None else {"response_id": response_id}
        self.session.cancel(commands.ResponseCancel(**named))
        return [message["type"] for message in self.sent()] == ["response.cancel"]


def sends(outputs: list[Output]) -> list[dict[str, Any]]:
    return [json.loads(output.frame) for output in outputs if isinstance(output, Send)]


def answers(outputs: list[Output]) -> dict[str, type]:
    return {o.question: type(o.answer) for o in outputs if isinstance(o, Answered)}


def created() -> dict[str, Any]:
    return {"type": "session.created", "session": {"id": "sess_1"}}


def updated() -> dict[str, Any]:
    return {"type": "session.updated", "session": {"id": "sess_1"}}


def response_created(response_id: str | None = "resp_1") -> dict[str, Any]:
    return {"type": "response.created", "response": {"id": response_id}}


def response_done(response_id: str | None = "resp_1") -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": response_id, "status": "completed"}}


def error(event_id: str | None = None, code: str = "invalid_value") -> dict[str, Any]:
    detail = {"type": "invalid_request_error", "code": code, "message": "no", "event_id": event_id}
    return {"type": "error", "error": detail}


def update() -> commands.SessionUpdate:
    return commands.SessionUpdate(session={})


def test_a_session_is_created_then_ready_then_ended() -> None:
    talk = Talk()
    states = [talk.session.state]
    for frame in (created(), updated()):
        talk.receive(frame)
        states.append(talk.session.state)
    talk.session.end(CLOSED)

    assert [*states, talk.session.state] == [
        State.OPENED,
        State.CREATED,
        State.READY,
        State.ENDED,
    ]


def test_every_state_but_the_last_knows_every_cause() -> None:
    for state in State:
        assert set(NEXT[state]) == (set() if state is State.ENDED else set(Cause))


def test_a_server_that_skips_the_announcement_is_forgiven() -> None:
    talk = Talk()

    assert answers(talk.receive(updated())) == {OPENING: events.SessionUpdated}
    assert talk.session.state is State.READY


def test_an_update_that_nobody_asked_for_changes_nothing() -> None:
    talk = Talk(created(), updated())

    assert [type(output) for output in talk.receive(updated())] == [events.SessionUpdated]
    assert talk.session.state is State.READY


def test_every_frame_gives_its_event() -> None:
    talk = Talk(created())

    outputs = talk.receive({"type": "response.hologram", "x": 1})

    assert len(outputs) == 1
    assert isinstance(outputs[0], events.Unknown)


def test_odd_frames_are_counted_by_kind() -> None:
    talk = Talk(created(), {"type": "new"}, {"errorType": "X"}, {"errorType": "Y"})
    talk.session.receive(b"{")

    tally = talk.session.tally
    assert (tally.unknown, tally.untyped, tally.malformed) == (1, 2, 1)


def test_a_command_gets_an_event_id_where_it_has_none() -> None:
    talk = Talk(created())
    talk.session.send(commands.OutputAudioBufferClear())
    talk.session.send(commands.OutputAudioBufferClear(event_id="mine"))
    talk.session.send(commands.OutputAudioBufferClear())

    ids = [message["event_id"] for message in talk.sent()]
    assert ids[1] == "mine"
    assert len(set(ids)) == 3


def test_a_command_that_json_cannot_hold_leaves_no_trace() -> None:
    talk = Talk(created())
    with pytest.raises(TypeError):
        talk.session.send(commands.SessionUpdate(session={"tools": object()}))

    assert talk.outputs() == []
    assert answers(talk.receive(updated())) == {}


def test_audio_alone_may_be_dropped() -> None:
    talk = Talk(created())
    talk.session.send(commands.InputAudioBufferAppend(audio="AAAA"))
    talk.session.send(commands.InputAudioBufferCommit())

    assert [output.audio for output in talk.outputs() if isinstance(output, Send)] == [True, False]


def test_the_greeting_waits_for_our_settings() -> None:
    talk = Talk(created())

    assert talk.session.greet("Greet the caller.")
    assert talk.sent() == []
    said = sends(talk.receive(updated()))

    assert [message["type"] for message in said] == ["conversation.item.create", "response.create"]
    assert said[0]["item"] == {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Greet the caller."}],
    }
    assert said[1]["response"] == {"output_modalities": ["audio", "text"]}


def test_the_agent_greets_once_however_often_it_is_asked_or_updated() -> None:
    talk = Talk(created(), updated())

    assert talk.session.greet("Greet.")
    assert not talk.session.greet("Greet.")
    said = sends([*talk.outputs(), *talk.receive(updated()), *talk.receive(updated())])

    assert len(said) == 2


def test_nobody_greets_after_the_end() -> None:
    talk = Talk(created())
    talk.session.end(CLOSED)

    assert not talk.session.greet("Greet.")


def test_a_response_is_active_from_created_to_done() -> None:
    talk = Talk(created(), updated())
    assert talk.session.active_response is None

    talk.receive(response_created())
    assert talk.session.active_response == "resp_1"

    talk.receive(response_done())
    assert talk.session.active_response is None


def test_the_end_of_an_earlier_response_leaves_the_present_one_active() -> None:
    talk = Talk(created(), response_created("resp_1"), response_created("resp_2"))

    talk.receive(response_done("resp_1"))

    assert talk.session.active_response == "resp_2"


@pytest.mark.parametrize(("begun", "ended"), [(None, "resp_1"), ("resp_1", None), (None, None)])
def test_a_response_ends_where_an_id_is_missing(begun: str | None, ended: str | None) -> None:
    talk = Talk(created(), response_created(begun))
    assert talk.session.active_response is not None

    talk.receive(response_done(ended))

    assert talk.session.active_response is None


def test_only_a_response_under_way_is_cancelled() -> None:
    talk = Talk(created(), updated())
    assert not talk.cancels()

    talk.receive(response_created())
    assert talk.cancels()
    assert talk.cancels("resp_1")
    assert not talk.cancels("resp_0")

    talk.receive(response_done())
    assert not talk.cancels()


def test_a_response_without_an_id_is_cancelled_whatever_the_id() -> None:
    talk = Talk(created(), response_created(None))

    assert talk.cancels()
    assert talk.cancels("resp_1")


def test_a_response_that_was_asked_for_is_under_way() -> None:
    talk = Talk(created(), updated())
    talk.say(commands.ResponseCreate())

    assert talk.cancels()


def test_a_response_that_was_refused_is_not_under_way() -> None:
    talk = Talk(created(), updated())
    asked = talk.say(commands.ResponseCreate())
    talk.receive(error(asked, code="server_error"))

    assert not talk.cancels()


def test_an_update_is_answered_by_the_session_it_made() -> None:
    talk = Talk(created())
    asked = talk.say(update())

    assert answers(talk.receive(updated())) == {asked: events.SessionUpdated}


def test_updates_are_answered_in_order() -> None:
    talk = Talk(created())
    first, second = talk.say(update()), talk.say(update())

    assert answers(talk.receive(updated())) == {first: events.SessionUpdated}
    assert answers(talk.receive(updated())) == {second: events.SessionUpdated}


def test_an_error_answers_the_update_it_names() -> None:
    talk = Talk(created())
    first, second = talk.say(update()), talk.say(update())

    assert answers(talk.receive(error(second))) == {second: events.Error}
    assert answers(talk.receive(updated())) == {first: events.SessionUpdated}


@pytest.mark.parametrize("named", [None, "somebody-else-s"])
def test_an_error_that_names_nothing_of_ours_answers_the_eldest_update(named: str | None) -> None:
    talk = Talk(created())
    asked = talk.say(update())

    assert answers(talk.receive(error(named))) == {asked: events.Error}


def test_an_error_about_another_command_leaves_the_update_waiting() -> None:
    talk = Talk(created())
    other, asked = talk.say(commands.InputAudioBufferCommit()), talk.say(update())

    assert answers(talk.receive(error(other))) == {}
    assert answers(talk.receive(updated())) == {asked: events.SessionUpdated}


def test_a_harmless_error_leaves_the_update_waiting() -> None:
    talk = Talk(created())
    talk.say(update())

    assert answers(talk.receive(error(code="response_cancel_not_active"))) == {}


def test_an_update_that_nobody_waits_for_any_more_is_forgotten() -> None:
    talk = Talk(created())
    first, second = talk.say(update()), talk.say(update())
    talk.session.abandon(first)

    assert answers(talk.receive(updated())) == {second: events.SessionUpdated}


def test_an_error_in_place_of_a_session_answers_the_opening() -> None:
    assert answers(Talk().receive(error())) == {OPENING: events.Error}
    assert answers(Talk().receive({"errorType": "ACCOUNT_DISABLED"})) == {
        OPENING: events.UntypedFrame
    }


def test_a_stray_frame_without_type_answers_nothing() -> None:
    assert answers(Talk().receive({"metadata": {}})) == {}


@pytest.mark.parametrize("command", [commands.ResponseCancel(), commands.OutputAudioBufferClear()])
def test_an_error_in_reply_to_a_barge_in_is_harmless(command: commands.Command) -> None:
    talk = Talk(created(), response_created())
    asked = talk.say(command)

    [event] = talk.receive(error(asked, code="no_such_thing"))

    assert isinstance(event, events.Error)
    assert event.harmless
    assert event.answers == command.type
    assert event.payload["error"]["code"] == "no_such_thing"


def test_an_error_in_reply_to_anything_else_is_not_harmless() -> None:
    talk = Talk(created())
    asked = talk.say(commands.InputAudioBufferCommit())

    [event] = talk.receive(error(asked))

    assert isinstance(event, events.Error)
    assert not event.harmless


def test_what_an_error_answers_is_ours_to_say() -> None:
    [event] = Talk(created()).receive({**error(), "answers": "response.cancel"})

    assert isinstance(event, events.Error)
    assert event.answers is None


def test_commands_are_forgotten_after_a_while() -> None:
    talk = Talk(created())
    first = talk.say(commands.OutputAudioBufferClear())
    for _ in range(REMEMBERED):
        talk.say(commands.InputAudioBufferCommit())

    [event] = talk.receive(error(first))

    assert isinstance(event, events.Error)
    assert event.answers is None


def test_the_end_comes_once_and_answers_every_question() -> None:
    talk = Talk()
    asked = talk.say(update())
    talk.session.end(CLOSED)
    talk.session.end(events.WebSocketClosed(code=1006, clean=False))

    outputs = talk.outputs()
    assert answers(outputs) == {
        OPENING: events.WebSocketClosed,
        asked: events.WebSocketClosed,
    }
    assert [output for output in outputs if isinstance(output, events.Event)] == [CLOSED]


def test_nothing_is_said_after_the_end() -> None:
    talk = Talk(created(), response_created())
    talk.session.end(CLOSED)
    talk.outputs()

    assert talk.session.send(commands.ResponseCreate()) is None
    assert not talk.cancels()
    assert talk.outputs() == []


def test_a_frame_after_the_end_is_the_caller_s_mistake() -> None:
    talk = Talk(created())
    talk.session.end(CLOSED)

    with pytest.raises(IllegalMove, match="ENDED"):
        talk.session.receive(b"{}")


frames = st.sampled_from(
    [
        created(),
        updated(),
        response_created(),
        response_done(),
        response_created(None),
        error(),
        error("fourwire-1"),
        {"type": "response.created"},
        {"type": "response.done", "response": None},
        {"errorType": "X"},
        {"type": 5},
    ]
)
makers: list[Callable[[], commands.Command]] = [
    commands.ResponseCreate,
    update,
    commands.ResponseCancel,
]
steps: st.SearchStrategy[Any] = st.one_of(
    frames.map(lambda frame: lambda talk: talk.receive(frame)),
    st.binary(max_size=8).map(lambda frame: lambda talk: talk.session.receive(frame)),
    st.sampled_from(makers).map(lambda make: lambda talk: talk.session.send(make())),
    st.just(lambda talk: talk.cancels()),
    st.just(lambda talk: talk.session.greet("Hello.")),
)


@given(st.lists(steps, max_size=40))
def test_whatever_happens_in_whatever_order_the_session_ends_cleanly(script: list[Any]) -> None:
    talk = Talk()
    for step in script:
        step(talk)
    talk.session.end(CLOSED)

    assert talk.outputs()[-1] == CLOSED
    assert talk.session.state is State.ENDED
    assert talk.session.active_response is None
