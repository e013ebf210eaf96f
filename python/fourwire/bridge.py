"""The join of a call's audio and an agent: both ways, and silence when the caller speaks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from fourwire._core import (
    ClearedEarly,
    Drained,
    Ducked,
    Interruption,
    ReplyEnded,
    ReplyStarted,
    Restored,
)
from fourwire.held_greeting import HeldGreeting
from fourwire.inworld import Agent, events
from fourwire.inworld.truncation import audio_end_ms
from fourwire.joint import join, part
from fourwire.journal import CallJournal
from fourwire.latency import Falling
from fourwire.media import EarlyBargeInLike, MediaLeg
from fourwire.transcript import Transcript

__all__ = ["BargeIn", "Bridge", "ReplyEvent"]

Closed = Callable[[events.WebSocketClosed], None]
ReplyEvent = ReplyStarted | ReplyEnded | Drained | Interruption | Ducked | Restored | ClearedEarly
"""What a leg tells of the agent's speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeIn:
    """What happens when the caller speaks, besides that the agent falls silent."""

    truncate: bool = False
    """Cut what the agent said to what was heard, so that it does not believe the rest was."""
    g711_thirds: bool = True
    """Cut G.711 by the clock of Inworld's server, which runs at a third of the real one there."""
    on_transcript: bool = False
    """Take the first words of the caller for speech where no `speech_started` came before them."""


DEFAULT = BargeIn()

SPEECH_STARTED = b"input_audio_buffer.speech_started"
SPEECH_STOPPED = b"input_audio_buffer.speech_stopped"
"""What stands in the messages that tell of the caller's speech."""


class Bridge:
    """One leg and one agent, joined from `open` to `close`.

    The caller's audio goes to the agent as append messages that come ready from the leg; the
    agent's messages go to the leg first, which keeps the audio and falls silent at
    `speech_started` by itself, before anything here has run. What is left for Python is to tell
    the agent, and to write down what happened.
    """

    def __init__(
        self,
        leg: MediaLeg,
        agent: Agent,
        journal: CallJournal,
        transcript: Transcript,
        *,
        append_ms: int,
        on_closed: Closed,
        barge_in: BargeIn = DEFAULT,
        early_barge_in: EarlyBargeInLike = "off",
        held: HeldGreeting | None = None,
        on_event: Callable[[object], None] = lambda event: None,
    ) -> None:
        self.leg = leg
        self.agent = agent
        self._journal = journal
        self._transcript = transcript
        self._append_ms = append_ms
        self._on_closed = on_closed
        self._options = barge_in
        self._early = early_barge_in
        self._held = held
        self._on_event = on_event
        self._listener = agent.events()
        self._is_open = False
        self._paused = False
        self._parting = 0
        self._parted = asyncio.Event()
        self._speaking_since: float | None = None
        self._announced: str | None = ""
        self._silenced = False
        self._cut: tuple[str, float] | None = None
        self._came: dict[bytes, float] = {}
        self._falling = Falling()

    @property
    def is_open(self) -> bool:
        """Whether the two are joined, be it in a pause."""
        return self._is_open

    def open(self, *, apart: bool = False) -> None:
        """Let audio flow both ways; what the caller said before this moment is not sent.

        Where the two are to be `apart` for now, it begins with a pause.
        """
        formats = self.agent.audio
        self._is_open, self._paused = True, apart
        if not apart:
            self._join()
        self._journal.write("bridge.opened", input=formats.input, output=formats.output)
        if apart:
            self._journal.write("bridge.paused")

    def pause(self) -> None:
        """Let neither hear the other for a while; what the agent still had to say is dropped."""
        if self._is_open and not self._paused:
            self._paused = True
            self._part()
            self._journal.write("bridge.paused")

    def resume(self) -> None:
        """Let them hear each other again."""
        if self._is_open and self._paused:
            self._paused = False
            self._join()
            self._journal.write("bridge.resumed")

    def _join(self) -> None:
        join(
            self.leg,
            self.agent,
            append_ms=self._append_ms,
            early_barge_in=self._early,
            notice=self._notice,
        )
        if self._held is not None:
            self._held.release(self.leg)

    def _notice(self, message: bytes) -> None:
        """Note when a message came that tells of speech."""
        if SPEECH_STARTED in message:
            self._came[SPEECH_STARTED] = now = self._journal.now
            self._falling.order(now)
        elif SPEECH_STOPPED in message:
            self._came[SPEECH_STOPPED] = self._journal.now

    def _when(self, kind: bytes) -> float:
        """When the message came whose event is at hand, however late that is taken up."""
        return self._came.pop(kind, self._journal.now)

    def close(self) -> None:
        """Part the two; the rest of what the agent had to say is not played. Idempotent."""
        if not self._is_open:
            return
        self._is_open = False
        self._part()
        held = 0 if self._held is None else self._held.dropped
        self._journal.write("bridge.closed", agent=self.agent.counters(), greeting_dropped=held)

    def _part(self) -> None:
        self._parting += 1
        part(self.leg, self.agent)
        self._end_of_speech()

    def unbridged(self) -> bool:
        """Take notice that a parting has reached the leg; whether it was the last one."""
        self._parting -= 1
        over = not self._is_open and self._parting == 0
        if over:
            self._parted.set()
        return over

    async def wait_parted(self) -> None:
        """Wait until the leg has told all that it will of what the agent said."""
        await self._parted.wait()

    async def follow(self) -> None:
        """Act on the agent's events until either closes."""
        async for event in self._listener:
            if not self._is_open:
                return
            self._journal.note(event)
            self._agent_event(event)

    def _agent_event(self, event: events.Event) -> None:
        self._on_event(event)
        match event:
            case events.SpeechStarted(item_id=item):
                self._announced = item
                self._transcript.user_began(item, self._when(SPEECH_STARTED))
                self._silence_agent("speech")
            case events.SpeechStopped(item_id=item):
                self._transcript.user_ended(item, self._when(SPEECH_STOPPED))
            case events.UserTranscriptDelta(item_id=item):
                self._heed_words(item)
            case events.UserTranscript() | events.UserTranscriptUpdated():
                self._transcript.user_said(event.item_id, event.text, self._journal.now)
            case events.AgentTranscriptDelta(item_id=str(item), so_far=text):
                self._transcript.agent_said(item, text, self._journal.now)
            case events.AgentTranscript(item_id=item, text=text):
                self._transcript.agent_said(item, text, self._journal.now)
            case events.ToolCalled():
                about = (event.call_id, event.function, event.arguments)
                self._transcript.tool_called(*about, self._journal.now)
            case events.ToolAnswered():
                came = (event.call_id, event.output, event.error, event.took_ms)
                self._transcript.tool_answered(*came, self._journal.now)
            case events.WebSocketClosed():
                self._on_closed(event)

    def interrupt(self, trigger: str) -> None:
        """Let the agent fall silent and forget what it meant to say, for another reason than
        speech.
        """
        self._barge_in()
        self._silence_agent(trigger)

    def _heed_words(self, item: str | None) -> None:
        """Let words interrupt where the server found words and no speech, as it may over echo."""
        speaks = self._speaking_since is not None or self.agent.active_response is not None
        if self._options.on_transcript and speaks and item != self._announced:
            self._announced = item
            self._barge_in()
            self._silence_agent("transcript")

    def _barge_in(self) -> None:
        self._falling.order(self._journal.now)
        self.leg.barge_in()

    def _silence_agent(self, trigger: str) -> None:
        """Have the agent forget what it meant to say; the caller's leg is silent already.

        Cancel first, then clear: servers that run their own playout want that order. An error in
        answer to either is harmless, for the response may be over while its audio still waits.
        """
        cancelled = bool(self.agent.response_cancel())
        self.agent.output_audio_buffer_clear()
        self._journal.write("bridge.barge_in", trigger=trigger, cancelled=cancelled)
        self._silenced = True
        self._truncate()

    def _truncate(self) -> None:
        """Cut the interrupted item at the agent, once the agent was told to be silent."""
        if self._cut is None or not self._silenced:
            return
        item, heard_ms = self._cut
        self._cut = None
        end_ms = audio_end_ms(
            heard_ms, self.agent.audio.output, g711_thirds=self._options.g711_thirds
        )
        self.agent.conversation_item_truncate(item, audio_end_ms=end_ms)
        self._journal.write("bridge.truncated", item=item, audio_end_ms=end_ms)

    def reply_event(self, event: ReplyEvent) -> None:
        """Take notice of what really went out to the caller."""
        match event:
            case ReplyStarted(item, at_ns):
                began = self._journal.since(at_ns / 1e9)
                self._falling.began(began)
                waited = self._transcript.agent_began(item or None, began)
                if any(each is not None for each in waited):
                    self._journal.write("bridge.first_sound", item=item, **waited._asdict())
                self._start_of_speech()
            case ReplyEnded(item, heard_ms, at_ns):
                ended = self._journal.since(at_ns / 1e9)
                self._transcript.agent_was_heard(item or None, heard_ms, ended)
                if (took_s := self._falling.ended(ended)) is not None:
                    took_ms = self._transcript.latencies.agent_was_cut(took_s)
                    self._journal.write("bridge.last_sound", item=item, took_ms=took_ms)
            case Interruption(response, item, heard_ms, discarded_ms):
                self._interrupted(response, item, heard_ms, discarded_ms)
            case Ducked(item, heard_ms):
                self._journal.write("bridge.ducked", item=item, heard_ms=heard_ms)
            case Restored(item, softened_ms):
                self._journal.write("bridge.restored", item=item, softened_ms=softened_ms)
            case ClearedEarly():
                self._falling.forget()
                self._silence_agent("early")
            case Drained():
                self._end_of_speech()

    def _interrupted(
        self, response: str | None, item: str | None, heard_ms: float, discarded_ms: float
    ) -> None:
        self._transcript.agent_was_cut(item, heard_ms, discarded_ms)
        joined = self._is_open and not self._parting
        if joined:
            self._falling.cut()
        else:
            self._falling.forget()
        self._journal.write(
            "bridge.interrupted" if joined else "bridge.cut_off",
            response=response,
            item=item,
            heard_ms=heard_ms,
            discarded_ms=discarded_ms,
        )
        if item and joined and self._options.truncate:
            self._cut = (item, heard_ms)
            self._truncate()
        self._end_of_speech()

    def _start_of_speech(self) -> None:
        self._silenced = False
        if self._speaking_since is None:
            self._speaking_since = self._journal.now
            self._publish(events.WebSocketMediaStarted(encoding=self.agent.audio.output))

    def _end_of_speech(self) -> None:
        if self._speaking_since is not None:
            lasted_ms = round((self._journal.now - self._speaking_since) * 1000, 1)
            self._speaking_since = None
            self._publish(events.WebSocketMediaEnded(duration_ms=lasted_ms))

    def _publish(self, event: events.Event) -> None:
        """Let the agent's listeners know, and the journal even where they are gone."""
        self._journal.note(event)
        self._on_event(event)
        self.agent.publish(event)
