"""Calls are made once, whoever tells them, and the agent is asked to go on once."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fourwire.inworld import events
from fourwire.inworld.tools.turns import PATIENCE_SECONDS, Turns

DONE = "completed"

WIRE_NAMES = ["item", "response", "output", "id", "type", "call_id", "name", "status", "arguments"]


def item(call_id: str = "call_1", name: str = "f", **more: Any) -> events.Item:
    return events.Item(
        id=f"item_{call_id}", type="function_call", call_id=call_id, function=name, **more
    )


def done(
    *items: events.Item, response: str | None = "resp_1", status: str | None = DONE
) -> events.ResponseDone:
    return events.ResponseDone(
        response=events.Response(id=response, status=status, output=list(items))
    )


def created(response: str = "resp_1") -> events.ResponseCreated:
    return events.ResponseCreated(response=events.Response(id=response))


def told(call_id: str) -> events.ConversationItemAdded:
    output = events.Item(type="function_call_output", call_id=call_id, output="x")
    return events.ConversationItemAdded(item=output)


class Talk:
    """A machine at a time, and the calls it wanted made."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.now = 0.0
        self.calls: list[tuple[str, str, str]] = []
        self.undone: list[str] = []

    def happen(self, *happened: events.Event) -> "Talk":
        for event in happened:
            wanted = self.turns.receive(self.now, event)
            self.calls += [(call.call_id, call.name, call.arguments) for call in wanted.calls]
            self.undone += [call.call_id for call in wanted.undone]
        return self

    def answer(self, *call_ids: str, silent: bool = False) -> "Talk":
        for call_id in call_ids:
            self.turns.answered(call_id, silent=silent)
        return self

    @property
    def due(self) -> bool:
        return self.turns.is_due(self.now)


def test_a_call_is_made_when_its_response_is_done() -> None:
    talk = Talk().happen(
        created(),
        events.ResponseOutputItemAdded(item=item(arguments=""), response_id="resp_1"),
        events.ResponseFunctionCallArgumentsDone(
            arguments='{"a":1}', call_id="call_1", item_id="item_call_1", response_id="resp_1"
        ),
        events.ResponseOutputItemDone(item=item(arguments='{"a":1}'), response_id="resp_1"),
    )
    assert talk.calls == []
    talk.happen(done(item(arguments='{"a":1}')))
    assert talk.calls == [("call_1", "f", '{"a":1}')]


def test_a_name_that_one_event_leaves_out_is_taken_from_another() -> None:
    talk = Talk().happen(
        events.ResponseOutputItemAdded(item=item(), response_id="resp_1"),
        events.ResponseFunctionCallArgumentsDone(
            arguments="{}", call_id="call_1", item_id="item_call_1"
        ),
        done(),
    )
    assert talk.calls == [("call_1", "f", "{}")]


def test_the_last_event_alone_is_enough() -> None:
    assert Talk().happen(done(item(arguments="{}"))).calls == [("call_1", "f", "{}")]


def test_a_call_that_is_told_again_is_not_made_again() -> None:
    talk = Talk().happen(done(item()), done(item()), done(item(), response="resp_2"))
    assert len(talk.calls) == 1


def test_a_call_without_an_id_or_a_name_is_not_made() -> None:
    bare = [item(name=""), events.Item(id="i", type="function_call", function="f")]
    assert Talk().happen(done(*bare)).calls == []


def test_a_call_of_a_response_that_was_cut_off_is_not_made_and_is_said_to_be_undone() -> None:
    talk = Talk().happen(
        done(
            item("whole", status="completed"), item("half", status="incomplete"), status="cancelled"
        )
    )
    assert (talk.calls, talk.undone) == ([], ["whole"])
    assert not talk.due


def test_a_response_of_which_no_end_is_known_counts_as_completed() -> None:
    assert len(Talk().happen(done(item(), status=None, response=None)).calls) == 1


def test_a_draft_of_one_response_is_not_made_by_the_end_of_another() -> None:
    talk = Talk().happen(
        events.ResponseOutputItemDone(item=item(), response_id="resp_2"), done(response="resp_1")
    )
    assert talk.calls == []
    assert len(talk.happen(done(response="resp_2")).calls) == 1


def test_the_agent_is_asked_to_go_on_once_all_its_calls_are_answered() -> None:
    talk = Talk().happen(created(), done(item("a"), item("b")))
    assert not talk.answer("a").due
    assert talk.answer("b").due
    talk.turns.asked("e1")
    assert not talk.due
    talk.happen(told("a"), told("b"), created("resp_2"), done(response="resp_2"))
    assert not talk.due


def test_calls_of_two_responses_that_overlap_are_followed_by_one_response() -> None:
    talk = Talk().happen(done(item("a")), created("resp_2"), done(item("b"), response="resp_2"))
    assert not talk.answer("a").due
    assert talk.answer("b").due


def test_silent_results_are_not_followed_by_a_response() -> None:
    talk = Talk().happen(done(item("a"), item("b")))
    assert not talk.answer("a", "b", silent=True).due
    talk = Talk().happen(done(item("a"), item("b")))
    assert talk.answer("a", silent=True).answer("b").due


def test_where_the_server_goes_on_by_itself_nothing_is_asked() -> None:
    talk = Talk().happen(done(item("a")))
    talk.turns.asks = False
    assert not talk.answer("a").due


def test_no_response_is_asked_for_while_another_is_under_way() -> None:
    talk = Talk().happen(done(item("a")), created("resp_2")).answer("a")
    assert not talk.due
    assert talk.happen(done(response="resp_2")).due


def test_a_response_that_began_after_the_results_has_seen_them() -> None:
    talk = Talk().happen(done(item("a")), events.SpeechStarted()).answer("a")
    talk.happen(told("a"), created("resp_2"), done(response="resp_2"), events.SpeechStopped())
    talk.now += 2 * PATIENCE_SECONDS
    assert not talk.due


def test_a_response_that_began_before_the_results_came_is_followed_by_one_about_them() -> None:
    talk = Talk().happen(done(item("a"))).answer("a")
    talk.happen(created("resp_2"), told("a"), done(response="resp_2"))
    assert talk.due


def test_nothing_is_asked_into_the_callers_words_nor_before_the_server_had_its_chance() -> None:
    talk = Talk().happen(done(item("a")), events.SpeechStarted()).answer("a")
    talk.now = 100.0
    assert (talk.due, talk.turns.deadline()) == (False, None)
    talk.happen(events.SpeechStopped())
    assert (talk.due, talk.turns.deadline()) == (False, 100.0 + PATIENCE_SECONDS)
    talk.now += PATIENCE_SECONDS
    assert talk.due


def test_a_wish_that_met_another_response_is_repeated_after_it() -> None:
    talk = Talk().happen(done(item("a"))).answer("a")
    talk.turns.asked("e1")
    code = "conversation_already_has_active_response"
    talk.happen(created("resp_2"), events.Error(error=events.ErrorDetail(code=code, event_id="e1")))
    assert not talk.due
    assert talk.happen(done(response="resp_2")).due


def test_a_wish_that_failed_is_not_repeated() -> None:
    talk = Talk().happen(done(item("a"))).answer("a")
    talk.turns.asked("e1")
    talk.happen(events.Error(error=events.ErrorDetail(code="server_error", event_id="e1")))
    assert not talk.due
    assert talk.happen(done(item("b"), response="resp_3")).answer("b").due


def test_drafts_that_never_end_are_forgotten() -> None:
    talk = Talk()
    for number in range(10_000):
        talk.happen(events.ResponseOutputItemAdded(item=item(str(number)), response_id="r"))
    assert len(talk.happen(done(response="r")).calls) < 100


ids = st.sampled_from(["a", "b", "c"])
happenings = st.one_of(
    st.builds(created, ids),
    st.builds(
        lambda call, response, status: done(item(call), response=response, status=status),
        ids,
        ids,
        st.sampled_from([DONE, "cancelled", None]),
    ),
    st.builds(
        lambda call, response: events.ResponseOutputItemDone(item=item(call), response_id=response),
        ids,
        ids,
    ),
    st.builds(told, ids),
    st.builds(events.SpeechStarted),
    st.builds(events.SpeechStopped),
    st.builds(lambda: events.Error(error="no")),
)


@given(st.lists(happenings, max_size=30))
def test_whatever_happens_no_call_is_made_twice_and_results_are_spoken_about(
    happened: list[events.Event],
) -> None:
    talk = Talk().happen(*happened)
    call_ids = [call_id for call_id, _, _ in talk.calls]
    assert len(call_ids) == len(set(call_ids))
    talk.happen(done(item("last"), response="last"), events.SpeechStopped())
    talk.now += PATIENCE_SECONDS
    assert talk.answer(*call_ids, "last").due
    talk.turns.asked("e")
    assert not talk.due


scalars = st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "b", "function_call"])
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WIRE_NAMES), inner, max_size=4)
    ),
    max_leaves=10,
)
messages = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    st.sampled_from(sorted(events.SERVER_EVENTS)),
    st.dictionaries(st.sampled_from(WIRE_NAMES), anything, max_size=5),
)


@given(st.lists(messages, max_size=10))
def test_whatever_the_server_sends_calls_have_an_id_and_a_name(
    sent: list[dict[str, Any]],
) -> None:
    talk = Talk()
    for message in sent:
        talk.happen(events.read_event(json.dumps(message).encode()))
    assert all(call_id and name for call_id, name, _ in talk.calls)
