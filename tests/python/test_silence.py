"""A silence is asked about, then ends the call; nobody is silent while something goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import as_file, files

import anyio
import pytest
from support.gateway import Addressed, FakeLeg, FakeLine, Notes, journal, settled

from fourwire._core import Key, RtpStopped
from fourwire.activity import Activity
from fourwire.call import Call
from fourwire.inworld import events
from fourwire.life import Cause
from fourwire.line import LineEnded, MediaChanged
from fourwire.silence import Act, Silence, SilenceWatch, watch_silence

pytestmark = pytest.mark.anyio

POLICY = Silence(after_s=10, prompts=2)


class Line:
    """A virtual clock, an activity and a watch."""

    def __init__(self, policy: Silence = POLICY) -> None:
        self.activity = Activity()
        self.watch = SilenceWatch(policy)
        self.now = 0.0

    def hear(self, *happened: object) -> None:
        for event in happened:
            self.activity.hear(self.now, event)

    def acts(self, seconds: float) -> list[tuple[float, Act]]:
        """What is done within so many seconds, each told with its time."""
        end, acts = self.now + seconds, []
        while self.now < end:
            act = self.watch.poll(self.now, self.activity)
            if act is not Act.WAIT:
                acts.append((round(self.now, 1), act))
            if act is Act.END:
                break
            self.now += self.watch.wait_s(self.now, self.activity)
        return acts


def test_the_caller_is_asked_twice_and_then_the_call_ends() -> None:
    assert Line().acts(60) == [(10, Act.PROMPT), (20, Act.PROMPT), (30, Act.END)]


def test_what_the_agent_says_to_the_prompt_takes_its_time() -> None:
    line = Line()
    assert line.acts(11) == [(10, Act.PROMPT)]
    line.hear(events.ResponseCreated(), events.WebSocketMediaStarted())
    assert line.acts(20) == []
    line.hear(events.ResponseDone(), events.WebSocketMediaEnded())
    began = line.now
    assert line.acts(60) == [(began + 10, Act.PROMPT), (began + 20, Act.END)]


def test_a_caller_who_speaks_or_types_is_asked_anew() -> None:
    line = Line()
    line.acts(25)
    line.hear(events.SpeechStarted())
    line.now += 3
    line.hear(events.SpeechStopped())
    began = line.now
    assert line.acts(15) == [(began + 10, Act.PROMPT)]
    line.activity.touch(line.now, by_caller=True)
    began = line.now
    assert [act for _, act in line.acts(60)] == [Act.PROMPT, Act.PROMPT, Act.END]
    assert line.now == began + 30


@pytest.mark.parametrize(
    "busy",
    [
        [events.SpeechStarted()],
        [events.WebSocketMediaStarted()],
        [events.ResponseCreated()],
        [events.ToolCalled(call_id="c", function="f")],
        [events.ResponseCreated(), events.WebSocketMediaStarted(), events.ResponseDone()],
    ],
)
def test_nobody_is_silent_while_something_goes_on(busy: list[object]) -> None:
    line = Line()
    line.hear(*busy)
    assert line.acts(600) == []


def test_on_hold_nobody_is_expected_to_speak() -> None:
    line = Line()
    line.activity.hold(0.0, True)
    assert line.acts(600) == []
    line.activity.hold(line.now, False)
    began = line.now
    assert line.acts(12) == [(began + 10, Act.PROMPT)]


def test_nobody_is_silent_who_has_something_to_wait_for() -> None:
    line = Line()
    with line.activity.under_way(lambda: line.now), line.activity.under_way(lambda: line.now):
        line.activity.lose_agent(line.now)
        assert line.acts(600) == []
    began = line.now
    assert line.acts(12) == [(began + 10, Act.PROMPT)]


def test_a_caller_whose_audio_stops_in_mid_word_is_silent() -> None:
    line = Line()
    line.hear(events.SpeechStarted(), RtpStopped())
    assert line.acts(60)[-1][1] is Act.END


def test_an_agent_that_is_lost_leaves_nothing_going_on() -> None:
    line = Line()
    line.hear(events.ToolCalled(call_id="c", function="f"), events.ResponseCreated())
    line.activity.lose_agent(line.now)
    assert line.acts(12) == [(10, Act.PROMPT)]


class Agent(Addressed):
    """An agent that answers each nudge at once."""

    def response_create(self) -> bool:
        told = super().response_create()
        self.publish(events.ResponseCreated())
        self.publish(events.ResponseDone())
        return told


class Leg(FakeLeg):
    """A leg whose audio is heard at once."""

    async def wait_drained(self) -> bool:
        return True


@asynccontextmanager
async def silent_call(
    policy: Silence, agent: Agent | None
) -> AsyncIterator[tuple[FakeLine, Notes]]:
    line = FakeLine()
    line.leg = Leg()
    book, notes = journal()
    call = Call("c1", line, book.call("c1"))  # type: ignore[arg-type]

    async def scenario(call: Call) -> None:
        await call.answer()
        if agent is not None:
            call.bridge(agent)  # type: ignore[arg-type]
        await watch_silence(call, policy)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call.live, scenario)
        await settled()
        yield line, notes


async def test_a_silent_call_ends_with_a_goodbye_and_a_cause_of_its_own() -> None:
    agent = Agent()
    with anyio.fail_after(10):
        async with silent_call(
            Silence(after_s=1, prompts=1, prompt="ask", goodbye="bye"), agent
        ) as (
            line,
            notes,
        ):
            pass
    assert agent.told == ["system: ask", "response.create", "system: bye", "response.create"]
    assert [note["cause"] for note in notes.named("call.ended")] == ["nobody spoke"]
    assert "hang_up" in line.verbs()


async def test_a_call_without_an_agent_ends_without_a_word() -> None:
    with anyio.fail_after(10):
        async with silent_call(Silence(after_s=1, prompts=0), None) as (line, notes):
            line.leg.news.put(Key("5", 50.0))
    assert [note["cause"] for note in notes.named("call.ended")] == ["nobody spoke"]


async def test_a_prompt_that_outlasts_the_silence_is_heard_to_its_end() -> None:
    with as_file(files("fourwire") / "audio" / "apology.wav") as audio:
        async with silent_call(Silence(after_s=1, prompts=1, audio=str(audio)), None) as (
            line,
            notes,
        ):
            await anyio.sleep(2.5)
            sounding = list(notes.named("call.ended"))
            line.leg.played.set_result(True)
    assert sounding == []
    assert [note["cause"] for note in notes.named("call.ended")] == ["nobody spoke"]


async def test_a_held_call_is_left_alone() -> None:
    async with silent_call(Silence(after_s=1, prompts=0), None) as (line, notes):
        line.happen(MediaChanged("inactive", ("192.0.2.1", 4000), "PCMU"))
        await anyio.sleep(1.5)
        line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    assert [note["cause"] for note in notes.named("call.ended")] == ["caller hung up"]
