"""After an interruption the agent remembers what was heard, over SIP, RTP and a real WebSocket."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scene import connected, scene

from fourwire.app import App
from fourwire.bridge import BargeIn
from fourwire.call import Call
from fourwire.demo.caller import CHUNK_MS
from fourwire.demo.speech import recording
from fourwire.inworld.truncation import audio_end_ms
from fourwire.standin import Behaviour, SessionRecord


def app_with(barge_in: BargeIn) -> Callable[[str], App]:
    def app_of(url: str) -> App:
        app = App()

        @app.call()
        async def talk(call: Call) -> None:
            async with connected(url, call.id) as agent:
                await call.answer()
                await agent.session_update({})
                call.bridge(agent, barge_in=barge_in)
                agent.greet("Greet the caller.")
                async for event in agent:
                    call.log(event)

        return app

    return app_of


async def interrupted(
    barge_in: BargeIn, share: float = 0.0, **knobs: Any
) -> tuple[SessionRecord, Any]:
    """What the agent was told in a call whose greeting is interrupted, and the call's end.

    `share` of the greeting was heard before the caller began to speak.
    """
    async with scene(app_with(barge_in), Behaviour(speed=0, **knobs)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            chunks = share * len(stage.agent.sessions[0].spoken) / 16 / CHUNK_MS
            start = len(caller.heard)
            await caller.until(lambda heard: len(heard) - start >= chunks, 20)
            caller.say(recording("interruption"))
            await stage.notes.until("bridge.interrupted")
            await caller.until_silence(300)
            await caller.until_speech()
        (end,) = await stage.notes.until("call.ended")
        return stage.agent.sessions[0], end


@pytest.mark.anyio
@pytest.mark.parametrize("faulty", [True, False])
async def test_the_agent_is_told_what_was_heard_by_the_clock_it_has(faulty: bool) -> None:
    record, end = await interrupted(
        BargeIn(truncate=True, g711_thirds=faulty), pcmu_timebase_bug=faulty
    )

    (told,) = record.find("conversation.item.truncated")
    greeting = end["transcript"][0]
    assert told.fields["item_id"] == greeting.item
    assert told.fields["audio_end_ms"] == int(greeting.heard_ms / (3 if faulty else 1))
    assert record.find("error") == []


@pytest.mark.anyio
async def test_a_cut_by_the_wrong_clock_is_refused_and_the_talk_goes_on() -> None:
    late = BargeIn(truncate=True, g711_thirds=False)
    record, end = await interrupted(late, share=0.5, pcmu_timebase_bug=True)

    (refused,) = record.find("error")
    error = refused.fields["error"]
    assert isinstance(error, dict)
    assert error["param"] == "audio_end_ms"
    assert record.find("conversation.item.truncated") == []
    assert end["cause"] == "caller hung up"


@pytest.mark.anyio
async def test_words_that_were_heard_and_words_that_were_cut_are_told_apart() -> None:
    _, end = await interrupted(BargeIn())

    greeting, said, _ = end["transcript"]
    assert (greeting.cut, said.cut) == (True, False)
    assert greeting.unheard_ms > 0
    assert greeting.text.startswith(greeting.heard_text)
    assert len(greeting.heard_text) < len(greeting.text)


formats = st.sampled_from(["audio/pcmu", "audio/pcma", "audio/pcm", "audio/pcm;rate=8000"])


@given(st.integers(1, 10**7), st.floats(0, 1), formats, st.booleans())
def test_no_cut_is_behind_what_was_sent(
    samples: int, share: float, audio: str, faulty: bool
) -> None:
    """`samples` at 8 kHz of G.711, or their PCM at 24 kHz, measured as the server measures."""
    is_g711 = audio in ("audio/pcmu", "audio/pcma")
    sent_ms = samples // 24 if faulty and is_g711 else samples // 8
    heard_ms = share * samples / 8

    assert 0 <= audio_end_ms(heard_ms, audio, g711_thirds=faulty) <= sent_ms
