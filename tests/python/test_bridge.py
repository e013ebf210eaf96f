"""A bridge joins one leg and one agent, and writes down what was really heard."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from support.gateway import FakeAgent, FakeLeg, Notes, journal, settled

from fourwire._core import (
    ClearedEarly,
    Drained,
    Ducked,
    Interruption,
    ReplyEnded,
    ReplyStarted,
    Restored,
)
from fourwire.bridge import BargeIn, Bridge
from fourwire.inworld import AudioFormats, events
from fourwire.transcript import Transcript

pytestmark = pytest.mark.anyio


class Joined:
    """An open bridge between fakes."""

    def __init__(self, agent: FakeAgent | None = None, barge_in: BargeIn | None = None) -> None:
        self.agent = agent or FakeAgent()
        self.leg = FakeLeg()
        self.transcript = Transcript()
        self.closed: list[events.WebSocketClosed] = []
        book, self.notes = journal()
        self.notes: Notes
        self.bridge = Bridge(
            self.leg,  # type: ignore[arg-type]
            self.agent,  # type: ignore[arg-type]
            book.call("c1"),
            self.transcript,
            append_ms=60,
            on_closed=self.closed.append,
            barge_in=barge_in or BargeIn(),
        )


@asynccontextmanager
async def joined(agent: FakeAgent | None = None, **barge_in: bool) -> AsyncIterator[Joined]:
    both = Joined(agent, BargeIn(**barge_in))
    async with anyio.create_task_group() as tasks:
        both.bridge.open()
        tasks.start_soon(both.bridge.follow)
        await settled()
        yield both
        tasks.cancel_scope.cancel()


async def test_frames_go_to_the_agent_and_messages_to_the_leg() -> None:
    async with joined() as both:
        both.leg.on_append(b"frame")
        assert both.agent.frames == [b"frame"]
        assert both.agent.on_message(b'{"type":"response.output_audio.delta"}') is True
        assert both.agent.on_message(b'{"type":"error"}') is False


async def test_the_leg_is_bridged_in_the_formats_of_the_agent() -> None:
    async with joined(FakeAgent(AudioFormats("audio/pcma", "audio/pcm"))) as both:
        assert both.leg.told[0] == (
            "bridge",
            ("input", "audio/pcma"),
            ("output", "audio/pcm"),
            ("append_ms", 60),
            ("early_barge_in", "off"),
            ("link", None),
        )


@pytest.mark.parametrize(
    ("active", "told"),
    [
        ("resp_1", ["response.cancel", "output_audio_buffer.clear"]),
        (None, ["output_audio_buffer.clear"]),
    ],
)
async def test_speech_of_the_caller_cancels_what_is_under_way_and_clears_what_waits(
    active: str | None, told: list[str]
) -> None:
    async with joined() as both:
        both.agent.active_response = active
        both.agent.publish(events.SpeechStarted())
        await settled()
        assert both.agent.told == told


async def test_an_error_in_answer_to_a_barge_in_changes_nothing() -> None:
    async with joined() as both:
        both.agent.publish(events.SpeechStarted())
        both.agent.publish(
            events.Error(error=events.ErrorDetail(code="response_cancel_not_active"))
        )
        await settled()
        assert both.bridge.is_open
        assert not both.closed


async def test_the_transcript_tells_what_was_heard_and_what_was_cut() -> None:
    async with joined() as both:
        both.bridge.reply_event(ReplyStarted("a1"))
        both.agent.publish(events.AgentTranscript(item_id="a1", text="Hello, this is Voxi."))
        both.agent.publish(events.UserTranscript(item_id="u1", text="Wait."))
        await settled()
        both.bridge.reply_event(Interruption("r1", "a1", 340.0, 1200.0))
        agent, user = both.transcript.turns
        assert (agent.text, agent.heard_ms, agent.cut) == ("Hello, this is Voxi.", 340.0, True)
        assert (user.text, user.cut) == ("Wait.", False)
        assert both.notes.named("bridge.interrupted") == [
            {"response": "r1", "item": "a1", "heard_ms": 340.0, "discarded_ms": 1200.0}
        ]


async def test_words_of_a_reply_whose_end_never_comes_are_in_the_transcript() -> None:
    async with joined() as both:
        both.agent.publish(events.AgentTranscriptDelta(item_id="a1", text=" is", so_far="This is"))
        both.agent.publish(events.AgentTranscriptDelta(text="nobody's", so_far="nobody's"))
        await settled()
        both.bridge.reply_event(Interruption("r1", "a1", 100.0, 0.0))
        (turn,) = both.transcript.turns
        assert (turn.text, turn.cut, turn.heard_text) == ("This is", True, "This is")


async def test_a_better_reading_of_the_callers_words_replaces_the_first() -> None:
    async with joined() as both:
        both.agent.publish(events.UserTranscript(item_id="u1", text="Weight."))
        both.agent.publish(events.UserTranscriptUpdated(item_id="u1", text="Wait."))
        await settled()
        assert [turn.text for turn in both.transcript.turns] == ["Wait."]


async def test_listeners_are_told_when_the_agent_is_really_heard_and_when_no_more() -> None:
    async with joined() as both:
        listener = both.agent.events()
        both.bridge.reply_event(ReplyStarted("a1"))
        both.bridge.reply_event(ReplyEnded("a1", 500.0))
        both.bridge.reply_event(ReplyStarted("a2"))
        both.bridge.reply_event(Drained())
        both.bridge.reply_event(Drained())
        started, ended = await anext(listener), await anext(listener)
        assert isinstance(started, events.WebSocketMediaStarted)
        assert isinstance(ended, events.WebSocketMediaEnded)
        assert ended.duration_ms is not None
        assert len(both.notes.named("Inworld.Events.WebSocketMediaEnded")) == 1


async def test_every_event_is_written_once_and_audio_never() -> None:
    async with joined() as both:
        both.agent.publish(events.SpeechStopped())
        both.agent.publish(events.ResponseOutputAudioDelta(delta="AAAA"))
        both.agent.publish(events.AgentTranscriptDelta(text="He"))
        both.agent.publish(events.Unknown(type="new.thing", raw=b"{}"))
        await settled()
        names = [entry.event for entry in both.notes]
        assert names == [
            "bridge.opened",
            "Inworld.RealtimeAPI.InputAudioBufferSpeechStopped",
            "Inworld.RealtimeAPI.Unknown",
        ]


CUT = Interruption("r1", "a1", 1500.9, 1200.0)


async def test_what_was_not_heard_is_left_to_the_agent_unless_it_is_to_be_cut() -> None:
    async with joined() as both:
        both.agent.publish(events.SpeechStarted())
        await settled()
        both.bridge.reply_event(CUT)
        assert both.agent.told == ["output_audio_buffer.clear"]


@pytest.mark.parametrize("speech_first", [True, False])
async def test_the_agent_is_told_to_be_silent_before_its_words_are_cut_to_those_heard(
    speech_first: bool,
) -> None:
    async with joined(truncate=True) as both:
        both.bridge.reply_event(ReplyStarted("a1"))
        both.agent.active_response = "r1"
        if not speech_first:
            both.bridge.reply_event(CUT)
        both.agent.publish(events.SpeechStarted())
        await settled()
        if speech_first:
            both.bridge.reply_event(CUT)
        assert both.agent.told == [
            "response.cancel",
            "output_audio_buffer.clear",
            "conversation.item.truncate a1 500",
        ]
        assert both.notes.named("bridge.truncated") == [{"item": "a1", "audio_end_ms": 500}]


async def test_an_earlier_silence_does_not_hurry_the_cut_of_a_later_reply() -> None:
    async with joined(truncate=True) as both:
        both.agent.publish(events.SpeechStarted())
        await settled()
        both.bridge.reply_event(ReplyStarted("a1"))
        both.bridge.reply_event(CUT)
        assert both.agent.told == ["output_audio_buffer.clear"]


async def test_what_a_pause_cuts_off_is_no_interruption_though_it_is_told_after_the_pause() -> None:
    async with joined(truncate=True) as both:
        both.bridge.pause()
        both.bridge.resume()
        both.bridge.reply_event(CUT)
        assert not both.bridge.unbridged()
        assert len(both.notes.named("bridge.cut_off")) == 1
        both.agent.publish(events.SpeechStarted())
        await settled()
        assert both.agent.told == ["output_audio_buffer.clear"]


@pytest.mark.parametrize(
    ("audio", "thirds", "end_ms"),
    [
        ("audio/pcmu", True, 500),
        ("audio/pcma", True, 500),
        ("audio/pcmu", False, 1500),
        ("audio/pcm;rate=24000", True, 1500),
    ],
)
async def test_g711_is_cut_by_the_clock_of_the_server(
    audio: str, thirds: bool, end_ms: int
) -> None:
    agent = FakeAgent(AudioFormats(audio, audio))
    async with joined(agent, truncate=True, g711_thirds=thirds) as both:
        both.agent.publish(events.SpeechStarted())
        await settled()
        both.bridge.reply_event(CUT)
        assert both.agent.told[-1] == f"conversation.item.truncate a1 {end_ms}"


async def test_a_reply_without_an_item_cannot_be_cut() -> None:
    async with joined(truncate=True) as both:
        both.agent.publish(events.SpeechStarted())
        await settled()
        both.bridge.reply_event(Interruption(None, None, 10.0, 10.0))
        assert both.agent.told == ["output_audio_buffer.clear"]


async def test_words_without_speech_before_them_interrupt_where_that_is_wished() -> None:
    async with joined(on_transcript=True) as both:
        both.bridge.reply_event(ReplyStarted("a1"))
        words = events.UserTranscriptDelta(item_id="u1", text="Wait")
        both.agent.publish(words)
        both.agent.publish(words)
        await settled()
        assert both.leg.verbs().count("barge_in") == 1
        assert both.agent.told == ["output_audio_buffer.clear"]
        assert both.notes.named("bridge.barge_in") == [
            {"trigger": "transcript", "cancelled": False}
        ]


async def test_words_of_speech_that_was_announced_interrupt_nothing_more() -> None:
    async with joined(on_transcript=True) as both:
        both.bridge.reply_event(ReplyStarted("a1"))
        both.agent.publish(events.SpeechStarted(item_id="u1"))
        both.agent.publish(events.UserTranscriptDelta(item_id="u1", text="Wait"))
        await settled()
        assert both.leg.verbs().count("barge_in") == 0


@pytest.mark.parametrize(("option", "speaks"), [(False, True), (True, False)])
async def test_words_interrupt_nothing_where_nobody_speaks_or_nobody_wished_it(
    option: bool, speaks: bool
) -> None:
    async with joined(on_transcript=option) as both:
        if speaks:
            both.bridge.reply_event(ReplyStarted("a1"))
        both.agent.publish(events.UserTranscriptDelta(item_id="u1", text="Wait"))
        await settled()
        assert both.leg.verbs().count("barge_in") == 0
        assert both.agent.told == []


async def test_closing_parts_both_sides_once() -> None:
    async with joined() as both:
        both.bridge.close()
        both.bridge.close()
        assert both.leg.verbs().count("unbridge") == 1
        assert both.leg.on_append is None
        assert both.agent.on_message is None
        assert len(both.notes.named("bridge.closed")) == 1


async def test_the_end_of_the_connection_is_passed_on() -> None:
    async with joined() as both:
        both.agent.close(events.WebSocketClosed(code=1011, reason="overload"))
        await settled()
        assert [closed.code for closed in both.closed] == [1011]


async def test_what_early_barge_in_does_is_written_down() -> None:
    async with joined() as both:
        both.bridge.reply_event(Ducked("a1", 340.0))
        both.bridge.reply_event(Restored("a1", 400.0))
        assert both.notes.named("bridge.ducked") == [{"item": "a1", "heard_ms": 340.0}]
        assert both.notes.named("bridge.restored") == [{"item": "a1", "softened_ms": 400.0}]
        assert both.agent.told == []


async def test_the_agent_is_told_of_a_barge_in_that_only_the_leg_knows_of() -> None:
    async with joined() as both:
        both.bridge.reply_event(ClearedEarly())
        assert both.notes.named("bridge.barge_in") == [{"trigger": "early", "cancelled": False}]


async def test_a_barge_in_takes_from_the_message_to_the_last_sound() -> None:
    async with joined() as both:
        both.bridge.reply_event(ReplyStarted("a1", now_ns()))
        told = now_ns()
        both.agent.on_message(b'{"type":"input_audio_buffer.speech_started","item_id":"u1"}')
        both.bridge.reply_event(Interruption("r1", "a1", 340.0, 1200.0))
        both.bridge.reply_event(ReplyEnded("a1", 340.0, told + 25_000_000))
        told_of = both.transcript.latencies.summary()["barge_in"]
        assert told_of["count"] == 1
        assert 0.0 < told_of["max_ms"] <= 25.0
        assert both.notes.named("bridge.last_sound") == [
            {"item": "a1", "took_ms": told_of["max_ms"]}
        ]


async def test_how_long_the_agent_was_waited_for_is_told_by_the_engines_clock() -> None:
    async with joined() as both:
        both.transcript.latencies.answered(0.0)
        sounded = now_ns() + 400_000_000  # however late this is taken up
        both.bridge.reply_event(ReplyStarted("a1", sounded))
        both.bridge.reply_event(ReplyEnded("a1", 340.0, sounded + 340_000_000))
        both.bridge.reply_event(ReplyStarted("a2", sounded + 700_000_000))
        (told,) = both.notes.named("bridge.first_sound")
        assert (told["item"], told["turn_ms"]) == ("a1", None)
        assert told["greeting_ms"] >= 400.0


async def test_speech_that_ends_by_itself_or_by_parting_is_no_barge_in() -> None:
    async with joined() as both:
        both.agent.on_message(b'{"type":"input_audio_buffer.speech_started","item_id":"u1"}')
        both.bridge.reply_event(ReplyStarted("a1", now_ns()))
        both.bridge.reply_event(ReplyEnded("a1", 340.0, now_ns()))
        both.bridge.reply_event(ReplyStarted("a2", now_ns()))
        both.bridge.pause()
        both.bridge.reply_event(Interruption("r1", "a2", 340.0, 1200.0))
        both.bridge.reply_event(ReplyEnded("a2", 340.0, now_ns()))
        assert both.transcript.latencies.summary()["barge_in"] == {"count": 0}


def now_ns() -> int:
    return time.monotonic_ns()
