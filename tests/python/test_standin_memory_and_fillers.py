"""What Inworld adds to a conversation: fillers while an answer is made, and memory."""

from typing import Any

import pytest
from support.standin_talk import Talk

from fourwire.standin import Fillers

SLOW_MS = 2000
WAIT_MS = 500
WANTED = {"enabled": True, "initial_wait_timeout_ms": WAIT_MS, "min_filler_gap_ms": 0}


def waiting(responsiveness: dict[str, Any] = WANTED, **knobs: Any) -> Talk:
    """A greeted conversation whose agent thinks for two seconds, asked for an answer."""
    talk = Talk(think_ms=SLOW_MS, speed=100.0, **knobs)
    talk.update(providerData={"responsiveness": responsiveness})
    talk.greet()
    talk.forget()
    talk.now = (talk.now // 10**9 + 1) * 10**9
    talk.send("response.create")
    talk.settle()
    return talk


def began(talk: Talk) -> int:
    """When the response was asked for."""
    return talk.when("response.created")[0]


def test_a_filler_is_the_beginning_of_the_response_it_bridges_to() -> None:
    talk = waiting()

    times = [at - began(talk) for at in talk.when("response.output_audio.delta")]
    transcript = talk.only("response.output_audio_transcript.done")["transcript"]

    assert times[0] == WAIT_MS
    assert any(at >= SLOW_MS for at in times)
    assert not any(WAIT_MS + 100 < at < SLOW_MS for at in times)
    assert transcript.startswith("One moment, please. Thanks, I heard you.")
    assert len(talk.all("response.done")) == 1


def test_a_filler_can_be_a_response_of_its_own() -> None:
    talk = waiting(fillers=Fillers.OWN_RESPONSE)

    done = talk.all("response.output_audio_transcript.done")

    assert [each["transcript"].split(",")[0] for each in done] == ["One moment", "Thanks"]
    assert len({each["response_id"] for each in talk.all("response.output_audio.delta")}) == 2
    assert talk.when("response.output_audio.delta")[-1] - began(talk) >= SLOW_MS


def test_an_interrupted_filler_takes_its_answer_with_it() -> None:
    talk = waiting(fillers=Fillers.OWN_RESPONSE)
    talk.forget()

    talk.send("response.create")
    talk.run(WAIT_MS + 1)
    talk.send("response.cancel")
    talk.settle()

    assert len(talk.all("response.created")) == 1
    assert talk.only("response.done")["response"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("wanted", "knobs"),
    [
        ({}, {}),
        ({**WANTED, "enabled": False}, {}),
        ({**WANTED, "initial_wait_timeout_ms": SLOW_MS}, {}),
        (WANTED, {"fillers": Fillers.NONE}),
    ],
)
def test_no_filler_comes_unasked_or_where_the_answer_is_in_time(
    wanted: dict[str, Any], knobs: dict[str, Any]
) -> None:
    talk = waiting(wanted, **knobs)

    assert talk.when("response.output_audio.delta")[0] - began(talk) == SLOW_MS


def test_the_greeting_has_a_filler_only_where_the_session_says_so() -> None:
    for first in (False, True):
        talk = Talk(think_ms=SLOW_MS)
        talk.update(
            providerData={
                "responsiveness": {**WANTED, "enable_filler_on_first_assistant_reply": first}
            }
        )
        talk.greet()
        assert talk.when("response.output_audio.delta")[0] == (WAIT_MS if first else SLOW_MS)


def test_fillers_keep_their_gap() -> None:
    talk = waiting({**WANTED, "min_filler_gap_ms": 60_000})
    talk.forget()

    talk.send("response.create")
    talk.settle()

    assert talk.when("response.output_audio.delta")[0] - began(talk) == SLOW_MS


def test_memory_is_told_every_few_turns_without_asking() -> None:
    talk = Talk(think_ms=0, speed=0)
    talk.update(providerData={"memory": {"enabled": True, "turn_interval": 2, "max_facts": 3}})
    talk.forget()

    for _ in range(5):
        talk.speak(600)

    states = [
        event["session"]["providerData"]["memory"]["state"] for event in talk.all("session.updated")
    ]
    assert [(state["version"], state["total_turns"]) for state in states] == [(1, 2), (2, 4)]
    assert [len(state["facts"]) for state in states] == [2, 3]
    assert talk.update()["session"]["providerData"]["memory"]["state"] == states[-1]


@pytest.mark.parametrize("knobs", [{}, {"memory": False}])
def test_no_memory_is_told_to_who_did_not_ask_or_has_none(knobs: dict[str, Any]) -> None:
    talk = Talk(think_ms=0, speed=0, **knobs)
    if knobs:
        talk.update(providerData={"memory": {"enabled": True, "turn_interval": 1}})
    talk.forget()

    talk.speak(600)

    assert talk.all("session.updated") == []
