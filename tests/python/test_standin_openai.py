"""OpenAI's own client holds a conversation with the stand-in."""

import base64
from typing import Any

import pytest
from support.standin_talk import hush, tone

from fourwire import standin
from fourwire.standin import Behaviour, FunctionCall, FunctionCalls

openai = pytest.importorskip("openai", reason="the official OpenAI client is not installed")

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="OpenAI SDK")]

SESSION = {
    "type": "realtime",
    "instructions": "Be brief.",
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"},
    },
}


async def test_the_official_client_is_greeted_heard_answered_and_refused() -> None:
    behaviour = Behaviour(think_ms=0, speed=0)
    async with standin.serve(behaviour=behaviour) as server:
        client = openai.AsyncOpenAI(api_key="key", base_url=server.openai_url)
        async with client.realtime.connect(model="gpt-realtime") as connection:
            assert (await connection.recv()).session.model == "gpt-realtime"

            await connection.session.update(session=SESSION)
            updated = await connection.recv()
            assert updated.session.audio.input.turn_detection.silence_duration_ms == 300

            await connection.conversation.item.create(
                item={
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Greet the caller."}],
                }
            )
            await connection.response.create()
            greeting = await spoken(connection)

            pcm = tone(1000, rate=24000) + hush(600, rate=24000)
            audio = base64.b64encode(pcm).decode()
            await connection.input_audio_buffer.append(audio=audio)
            answer = await spoken(connection)

            await connection.response.cancel()
            refused = await connection.recv()
        await client.close()

    assert len(greeting) / 48 == pytest.approx(4185, abs=5)
    assert len(answer) / 48 == pytest.approx(4942, abs=5)
    assert refused.error.code == "response_cancel_not_active"


async def test_the_official_client_calls_a_function_and_hears_the_answer() -> None:
    call = FunctionCall("get_weather", '{"city":"Paris"}')
    behaviour = Behaviour(think_ms=0, speed=0, calls={0: FunctionCalls((call,))})
    async with standin.serve(behaviour=behaviour) as server:
        client = openai.AsyncOpenAI(api_key="key", base_url=server.openai_url)
        async with client.realtime.connect(model="gpt-realtime") as connection:
            await connection.session.update(
                session={**SESSION, "tools": [{"type": "function", "name": "get_weather"}]}
            )
            await connection.response.create()
            asked = await called(connection)
            await connection.conversation.item.create(
                item={"type": "function_call_output", "call_id": asked.call_id, "output": "sunny"}
            )
            answer = await spoken(connection)
        await client.close()

    assert (asked.name, asked.arguments) == ("get_weather", '{"city":"Paris"}')
    assert answer


async def test_the_official_client_interrupts_truncates_and_is_answered_again() -> None:
    behaviour = Behaviour(think_ms=0, speed=2)
    async with standin.serve(behaviour=behaviour) as server:
        client = openai.AsyncOpenAI(api_key="key", base_url=server.openai_url)
        async with client.realtime.connect(model="gpt-realtime") as connection:
            await connection.session.update(session=SESSION)
            await connection.response.create()
            first = await event_of(connection, "response.output_audio.delta")
            pcm = tone(400, rate=24000) + hush(600, rate=24000)
            await connection.input_audio_buffer.append(audio=base64.b64encode(pcm).decode())

            started = await event_of(connection, "input_audio_buffer.speech_started")
            cut = await event_of(connection, "response.done")
            await connection.output_audio_buffer.clear()
            await event_of(connection, "output_audio_buffer.cleared")
            await connection.conversation.item.truncate(
                item_id=first.item_id, content_index=0, audio_end_ms=100
            )
            truncated = await event_of(connection, "conversation.item.truncated")
            answer = await event_of(connection, "response.done")

            await connection.conversation.item.truncate(
                item_id=first.item_id, content_index=0, audio_end_ms=60_000
            )
            overshot = await event_of(connection, "error")
        await client.close()

    assert started.audio_start_ms == 0
    assert (cut.response.status, cut.response.status_details.reason) == (
        "cancelled",
        "turn_detected",
    )
    assert (truncated.item_id, truncated.audio_end_ms) == (first.item_id, 100)
    assert answer.response.status == "completed"
    assert "already shorter than 60000ms" in overshot.error.message


async def event_of(connection: Any, kind: str) -> Any:
    """The next event of that type."""
    async for event in connection:
        if event.type == kind:
            return event
    raise AssertionError("the server left")


async def called(connection: Any) -> Any:
    """The function call of the next response."""
    async for event in connection:
        if event.type == "response.done":
            (item,) = event.response.output
            return item
    raise AssertionError("the server left")


async def spoken(connection: Any) -> bytes:
    """The audio of the next response, to its end."""
    audio = b""
    async for event in connection:
        if event.type == "response.output_audio.delta":
            audio += base64.b64decode(event.delta)
        if event.type == "output_audio_buffer.stopped":
            return audio
    raise AssertionError("the server left")
