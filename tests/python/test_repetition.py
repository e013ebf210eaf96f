"""A thing that happens without end is told without filling a disk."""

import logging

import pytest
from support.realtime_transport import Line

from fourwire.inworld import connect, events
from fourwire.inworld.repetition import KINDS, Repetition

pytestmark = pytest.mark.anyio

CREATED = {"type": "session.created", "session": {"id": "s1"}}


def told(things: list[str]) -> list[int]:
    repetition = Repetition()
    return [times for thing in things if (times := repetition.worth_telling(thing))]


def test_the_first_are_told_and_then_each_tenfold() -> None:
    assert told(["again"] * 2500) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 1000]


def test_one_thing_does_not_hide_another() -> None:
    assert told([*["often"] * 50, "once"])[-1] == 1


def test_only_so_many_things_are_told_apart() -> None:
    assert len(told([str(number) for number in range(KINDS + 1000)])) == KINDS + 12


async def test_a_server_that_complains_of_everything_does_not_flood_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = Line()
    line.arrive(CREATED)
    complaint = {"type": "error", "error": {"code": "rate_limit_exceeded", "message": "slow down"}}
    other = {"type": "error", "error": {"code": "server_error", "message": "oh"}}
    with caplog.at_level(logging.WARNING, "fourwire.inworld"):
        async with connect(api_key="k", session_key="s", dial=line.dial) as agent:
            told_last = agent.once(events.ResponseDone)
            line.arrive(*[complaint] * 1000, other, {"type": "response.done"})
            await told_last
    lines = [record.getMessage() for record in caplog.records]
    assert len([each for each in lines if "slow down" in each]) == 12
    assert "1000 times" in [each for each in lines if "slow down" in each][-1]
    assert len([each for each in lines if "oh" in each]) == 1
