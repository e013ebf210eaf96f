"""Callers talk with a realtime server that nobody here wrote: Hugging Face's speech-to-speech.

It finds the turns by itself, sends audio many times faster than it plays, says `response.done` long
before the caller has heard the answer, and answers `output_audio_buffer.clear` with an error.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from support.capture_speech import BYTES_A_SECOND, Found, agent_says, found
from support.realtime_server import CALLER_SAYS, speech_to_speech
from support.scene import Scene, scene

from fourwire import inworld, sip
from fourwire.app import App
from fourwire.call import Call
from fourwire.conversation import Conversation
from fourwire.demo.caller import Caller
from fourwire.demo.speech import recording
from fourwire.failure_policy import FailurePolicy
from fourwire.standin.recordings import WORDS

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.ai,
    pytest.mark.interop(peer="speech-to-speech"),
]

TALK = ["greeting", "answer-1", "answer-2"]

GREETING_MS = len(agent_says("greeting")) / BYTES_A_SECOND * 1000

ALIKE = 0.95
"""What its two conversions of the rate leave of a recording."""

POLICY = FailurePolicy(attempts=1, watchdog_s=60)
"""Its first words take 10 to 20 seconds, for all that it compiles before."""

FIRST_WORDS_S = 60


def app_of(url: str) -> App:
    """Lets the server answer; it takes no G.711."""
    app = App()
    pcm = "audio/pcm;rate=24000"

    @app.call()
    async def answer(call: Call) -> None:
        tools = inworld.Toolbox()

        @tools.tool
        def weather(city: str) -> str:
            """What the weather is like."""
            return f"sunny in {city}"

        talk = Conversation(
            connect=lambda session: inworld.connect(
                api_key="any-key",
                session_key=session,
                url=url,
                audio=inworld.AudioFormats(input=pcm, output=pcm),
                tools=tools,
            ),
            session={"type": "realtime", "output_modalities": ["audio"], "instructions": "Talk."},
            greeting="Greet the caller.",
        )
        await call.converse(talk, POLICY)

    return app


@asynccontextmanager
async def talking(folder: Path, *script: str | dict[str, object]) -> AsyncIterator[Scene]:
    async with speech_to_speech(folder, script) as url, scene(app_of(url)) as stage:
        yield stage


def heard_of(caller: Caller, name: str) -> list[Found]:
    """Each half second of the recording `name`, as `caller` heard it."""
    return found(b"".join(chunk.pcm for chunk in caller.heard), agent_says(name))


def halves_heard(places: list[Found]) -> int:
    """How many half seconds were heard as they were said."""
    return sum(place.likeness >= ALIKE for place in places)


def was_heard(places: list[Found]) -> bool:
    """Whether all was heard but for half a second: a server that is short of time pauses."""
    return halves_heard(places) >= len(places) - 1 > 0


async def test_a_caller_is_greeted_interrupts_and_is_answered_twice(tmp_path: Path) -> None:
    async with talking(tmp_path, *TALK) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech(FIRST_WORDS_S)
            await stage.notes.until("Inworld.RealtimeAPI.ResponseDone")
            caller.say(recording("question"))
            await stage.notes.until("bridge.interrupted")
            await caller.until_silence(200)
            await caller.until_speech()
            await caller.until_silence(1500)
            caller.say(recording("question"))
            await caller.until_speech()
            await caller.until_silence(1500)
        (end,) = await stage.notes.until("call.ended")

    greeting = heard_of(caller, "greeting")
    assert 1 <= halves_heard(greeting) < len(greeting) - 2
    assert was_heard(heard_of(caller, "answer-1"))
    assert was_heard(heard_of(caller, "answer-2"))
    (cut,) = stage.notes.named("bridge.interrupted")
    assert cut["heard_ms"] + cut["discarded_ms"] == pytest.approx(GREETING_MS, abs=60)
    for refused in stage.notes.named("Inworld.RealtimeAPI.Error"):
        assert "output_audio_buffer.clear" in refused["data"]["error"]["message"]
    assert end["cause"] == "caller hung up"
    assert stage.notes.named("agent.failed") == []


async def test_the_transcript_tells_what_was_said_and_what_was_cut(tmp_path: Path) -> None:
    async with talking(tmp_path, *TALK) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech(FIRST_WORDS_S)
            caller.say(recording("question"))
            await stage.notes.until("bridge.interrupted")
            await stage.notes.until("Inworld.RealtimeAPI.ResponseDone", 2)
            await caller.until_silence(1500)
        (end,) = await stage.notes.until("call.ended")
    greeting, question, answer = end["transcript"]
    assert (greeting.speaker, greeting.cut) == ("agent", True)
    assert 0 < greeting.heard_ms < GREETING_MS
    assert (question.speaker, question.text) == ("user", CALLER_SAYS)
    assert (answer.speaker, answer.cut) == ("agent", False)
    assert answer.text.split() == WORDS["answer-1"].split()


async def test_a_tool_is_called_and_its_result_comes_back(tmp_path: Path) -> None:
    asked = {"name": "weather", "arguments": json.dumps({"city": "Paris"})}
    async with talking(tmp_path, asked, "answer-2") as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech(FIRST_WORDS_S)
            await caller.until_silence(1500)
        await stage.notes.until("call.ended")
    (answered,) = stage.notes.named("Inworld.RealtimeAPI.ToolAnswered")
    assert "sunny in Paris" in answered["data"]["output"]
    assert was_heard(heard_of(caller, "answer-2"))


async def test_a_second_caller_for_whom_it_has_no_session_is_refused(tmp_path: Path) -> None:
    async with talking(tmp_path, *TALK) as stage:
        async with stage.phone.call(stage.uri()) as first:
            await first.until_speech(FIRST_WORDS_S)
            with pytest.raises(sip.CallFailed, match="503"):
                async with stage.phone.call(stage.uri()):
                    pass
            await first.until_silence(1500)
        ends = await stage.notes.until("call.ended", 2)
    assert [end["cause"] for end in ends] == ["agent failed", "caller hung up"]
    assert "session slots are in use" in ends[0]["detail"]
    assert was_heard(heard_of(first, "greeting"))


async def test_a_caller_whose_server_dies_hears_an_apology(tmp_path: Path) -> None:
    async with AsyncExitStack() as server:
        url = await server.enter_async_context(speech_to_speech(tmp_path, TALK))
        async with scene(app_of(url)) as stage, stage.phone.call(stage.uri()) as caller:
            await caller.until_speech(FIRST_WORDS_S)
            await server.aclose()
            (end,) = await stage.notes.until("call.ended")
    assert [note["audio"] for note in stage.notes.named("call.played")][-1] == "apology"
    assert end["cause"] == "agent failed"
