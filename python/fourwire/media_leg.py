"""One side of a call that runs on the engine, as asyncio sees it.

No sample passes here: the caller's audio comes as ready frames for a WebSocket, and the agent's
messages go back as they came.
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Literal, Self, TypeAlias

from fourwire import _core, sdp
from fourwire._core import EarlyBargeIn, LegConfig, SrtpKeys
from fourwire.media_agreement import leg_config, somewhere, srtp_keys
from fourwire.quality import Quality, quality

__all__ = [
    "FORMATS",
    "Address",
    "AnsweredLeg",
    "EarlyBargeInLike",
    "Format",
    "LegEvent",
    "MediaLeg",
    "RecordingEvent",
]

RecordingEvent: TypeAlias = _core.RecordingStarted | _core.RecordingStopped | _core.RecordingFailed
"""What becomes of a recording."""

LegEvent: TypeAlias = (
    _core.Audio
    | _core.Key
    | _core.ReplyStarted
    | _core.ReplyEnded
    | _core.Drained
    | _core.Interruption
    | _core.Ducked
    | _core.Restored
    | _core.ClearedEarly
    | _core.Unbridged
    | _core.Played
    | RecordingEvent
    | _core.RtpStopped
    | _core.RtpResumed
    | _core.Goodbye
    | _core.Latched
    | _core.Closed
)
"""What `MediaLeg.events` tells; the last is `Closed`, or what becomes of a recording after it."""

EarlyBargeInLike: TypeAlias = EarlyBargeIn | Literal["off", "duck", "pause"]
"""What a leg does before the agent knows that the caller speaks: all of it, or a word."""

Address: TypeAlias = tuple[str, int]
"""An IP address and a port."""

Format: TypeAlias = str
"""`audio/pcmu`, `audio/pcma` or `audio/pcm;rate=N`; see `fourwire._core`."""

FORMATS: dict[sdp.CodecName, Format] = {
    "PCMU": "audio/pcmu",
    "PCMA": "audio/pcma",
    "G722": "audio/pcm;rate=16000",
    "opus": "audio/pcm;rate=24000",
}
"""How an agent hears and speaks all that a codec carries, with nothing resampled."""

logger = logging.getLogger("fourwire.media")

MOST_EVENTS = 4096
"""Events that wait on a leg nobody listens to: more than an hour of talk; then the oldest go."""

COUNTERS_AGE_S = 0.15
"""How long it takes until counters show what was handed to a leg, with some room."""

DRAIN_INTERVAL_S = 0.05
"""How often a leg is asked whether it still speaks."""


class MediaLeg:
    """One side of a call that runs on the engine."""

    def __init__(self, leg: _core.LiveLeg) -> None:
        self._leg = leg
        self.id = leg.id
        """Names the leg; never given out twice by an engine."""
        self.port = leg.port
        """Where our RTP comes from and theirs arrives."""
        self.on_append: Callable[[bytes], None] | None = None
        """Called in the event loop with each frame that is ready for the agent's WebSocket.

        If it raises, this leg alone is concerned: the frames that follow are dropped, and
        `events` raises the same.
        """
        self.on_recording: Callable[[RecordingEvent], None] | None = None
        """Called in the event loop with what becomes of recordings, in place of `events`: a file
        may be finished long after the call, when nobody listens to its leg any more.
        """
        self._events: deque[LegEvent] = deque(maxlen=MOST_EVENTS)
        self._news = asyncio.Event()
        self._failure: Exception | None = None
        self._closed = False
        self.recordings = 0
        """How many files were begun and are not finished."""
        self._numbers = itertools.count()
        self._playing: dict[int, asyncio.Future[bool]] = {}
        self._lost = {"frames_unclaimed": 0, "events_unheard": 0}

    def bridge(
        self,
        *,
        input: Format = "audio/pcmu",  # noqa: A002 the session's word
        output: Format = "audio/pcmu",
        back_channel: Format | None = None,
        append_ms: float = 60,
        shape: Literal["append", "audio"] = "append",
        early_barge_in: EarlyBargeInLike = "off",
        link: _core.LiveLink | None = None,
    ) -> None:
        """Let the agent hear, in `input`, and be heard, in `output` and `back_channel`.

        Every `append_ms` of the caller's audio go to `on_append`, or come as an `Audio` event
        where `shape` is `"audio"`. With `early_barge_in` replies give way as soon as the caller
        seems to speak, until `barge_in` follows or it turns out to have been nothing. Where there
        is a `link` the messages go that way, past the event loop, and not to `on_append`.
        """
        self._leg.bridge(
            input=input,
            output=output,
            back_channel=back_channel,
            append_ms=append_ms,
            shape=shape,
            early_barge_in=early_barge_in,
            link=link,
        )

    def unbridge(self) -> None:
        """Part the agent from the caller again: silence both ways.

        What was silenced is told, and `Unbridged` after all that is told of it.
        """
        self._leg.unbridge()

    def receive_message(self, message: bytes) -> bool:
        """Take in a message of the agent, as it came from the WebSocket.

        True where it was audio and is done with. All else is for the session, also
        `input_audio_buffer.speech_started`, on which the leg falls silent by itself.
        """
        return self._leg.receive_message(message)

    def hear(self, link: _core.LiveLink) -> None:
        """Let messages of `link` come here first, past the event loop, from the next one on."""
        link.join(self._leg)

    def begin_response(self, response: str) -> None:
        """Learn that the agent has begun a response, before any of its audio."""
        self._leg.begin_response(response)

    def say(self, audio: bytes, *, response: str = "", item: str = "") -> bool:
        """Speak `audio`, in the bridge's output format, after all that waits.

        False where the engine has too much to do to take it.
        """
        return self._leg.say(audio, response=response, item=item)

    def say_back_channel(self, audio: bytes) -> bool:
        """Mix `audio`, in the bridge's back-channel format, under whatever is spoken."""
        return self._leg.say_back_channel(audio)

    async def play(
        self,
        audio: bytes,
        *,
        format: Format = "audio/pcm;rate=8000",  # noqa: A002 the session's word
        repeat: bool = False,
        gives_way: bool = False,
    ) -> bool:
        """Play `audio` to the caller, bridged or not, and return when its last sample is out.

        It is mixed over what the agent says. `repeat` begins anew at its end, `gives_way` lets a
        barge-in end it. Cancelled, it stops within 5 ms. True where all of it went out.
        """
        number = next(self._numbers)
        ended = self._playing[number] = asyncio.get_running_loop().create_future()
        try:
            begun = not self._closed and self._leg.play(
                number, audio, format=format, repeat=repeat, gives_way=gives_way
            )
            return begun and await ended
        finally:
            del self._playing[number]
            self._leg.stop_playing(number)

    def barge_in(self) -> None:
        """Fall silent: the caller has begun to speak. An `Interruption` tells what was cut."""
        self._leg.barge_in()

    def clear(self) -> None:
        """Fall silent, back channel included."""
        self._leg.clear()

    def send_digits(self, digits: str, *, tone_ms: float = 100, gap_ms: float = 100) -> None:
        """Send `digits` (`0-9*#A-D`) as telephone events (RFC 4733), in place of audio."""
        self._leg.send_digits(digits, tone_ms=tone_ms, gap_ms=gap_ms)

    def hear_in_band_keys(self, how: Literal["off", "hear", "remove"]) -> None:
        """Make keys of their tones in the caller's audio (ITU-T Q.23); with `"remove"` neither the
        agent nor the recording hears these.
        """
        self._leg.hear_in_band_keys(how)

    def mask(self, on: bool) -> None:
        """Let neither the agent nor the recording hear the caller while something secret is typed;
        its end is 0.3 s after it was asked for.
        """
        self._leg.mask(on)

    def renegotiate(
        self,
        config: LegConfig,
        remote: Address,
        remote_rtcp: Address | None = None,
        rtcp_mux: bool = False,
        keys: SrtpKeys | None = None,
    ) -> None:
        """Go on with what a new offer and answer agreed on (RFC 3264 section 8)."""
        self._leg.renegotiate(config, remote, remote_rtcp, rtcp_mux, keys)

    def follow(self, media: sdp.NegotiatedMedia) -> None:
        """`renegotiate` to what `sdp` says that was agreed on."""
        where = (media.remote, media.remote_rtcp, media.rtcp_mux)
        self.renegotiate(leg_config(media), *where, srtp_keys(media))

    def record(
        self,
        path: str | None,
        *,
        format: Literal["wav", "flac"] | None = None,  # noqa: A002 as the engine has it
        mono: bool = False,
    ) -> None:
        """Write the call to a file, the caller left and the agent right; None ends it.

        It has the rate of the present codec, also where a later offer changes that. Events tell
        when it runs and when it is over, of which it is called `path.part` until then.
        """
        self.recordings += path is not None
        self._leg.record(path, format=format, mono=mono)

    def pause_recording(self, pause: Literal["silence", "gap"] | None) -> None:
        """Record silence, or nothing at all, from the next packet on; None goes on."""
        self._leg.pause_recording(pause)

    def counters(self) -> dict[str, int]:
        """What the leg has seen, done and dropped; right to about a tenth of a second."""
        return {**self._leg.counters(), **self._lost}

    def quality(self) -> Quality:
        """How both directions sound by now (E-model, ITU-T G.107)."""
        return quality(self._leg.counters())

    def events(self) -> AsyncIterator[LegEvent]:
        """What happens on the leg, from its beginning up to `Closed`.

        Events wait until someone listens, and each goes to one listener.
        """
        return _Events(self)

    async def wait_drained(self) -> bool:
        """Return once all that the agent had to say was said, or cut, or the leg is closed; whether
        nothing was cut meanwhile.
        """
        cut_before = self._leg.counters()["reply_discarded"]
        await asyncio.sleep(COUNTERS_AGE_S)
        while not self._closed and self._speaks():  # noqa: ASYNC110 threads set no asyncio.Event
            await asyncio.sleep(DRAIN_INTERVAL_S)
        return not self._closed and self._leg.counters()["reply_discarded"] == cut_before

    def close(self) -> None:
        """End the leg and free its ports; `Closed` follows. Idempotent."""
        self._leg.close()

    @property
    def is_over(self) -> bool:
        """Whether nothing of this leg is to be told any more."""
        return self._closed and self.recordings <= 0

    def receive(self, event: "bytes | LegEvent") -> None:
        """Take in what the engine tells of this leg; only `Media` calls this."""
        if isinstance(event, bytes):
            self._pass_on(event)
            return
        if isinstance(event, _core.Played):
            self._settle(event.number, whole=event.whole)
            return
        if isinstance(event, _core.RecordingStopped | _core.RecordingFailed):
            self.recordings -= 1
        if isinstance(event, RecordingEvent) and self.on_recording is not None:
            self._tell_recording(event)
            return
        if isinstance(event, _core.Closed):
            self._closed = True
            for number in self._playing:
                self._settle(number, whole=False)
        self._lost["events_unheard"] += len(self._events) == MOST_EVENTS
        self._events.append(event)
        self._news.set()

    async def next_event(self) -> LegEvent | None:
        """The next event, waited for; None when `Closed` was the last."""
        while not self._events:
            if self._failure is not None:
                raise self._failure
            if self.is_over:
                return None
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    def _settle(self, number: int, *, whole: bool) -> None:
        """Tell who waits for it that something was played, or never will be."""
        ended = self._playing.get(number)
        if ended is not None and not ended.done():
            ended.set_result(whole)

    def _pass_on(self, frame: bytes) -> None:
        if self.on_append is None:
            self._lost["frames_unclaimed"] += 1
            return
        try:
            self.on_append(frame)
        except Exception as error:
            logger.exception("on_append of leg %d failed; its frames go nowhere now", self.id)
            self.on_append = None
            self._failure = error
            self._news.set()

    def _tell_recording(self, event: RecordingEvent) -> None:
        assert self.on_recording is not None
        try:
            self.on_recording(event)
        except Exception:
            logger.exception("on_recording of leg %d failed", self.id)
        self._news.set()  # it may be the last that is waited for

    def _speaks(self) -> bool:
        counters = self._leg.counters()
        gone = counters["reply_sent"] + counters["reply_discarded"]
        return counters["reply_received"] > gone


class AnsweredLeg(MediaLeg):
    """A leg that came of an SDP offer, and can answer the next one of the same call."""

    def __init__(self, leg: _core.LiveLeg, policy: sdp.MediaPolicy, answer: sdp.Answer) -> None:
        super().__init__(leg)
        self._policy = policy
        self._answer = answer

    @property
    def codec(self) -> sdp.CodecName:
        """The codec both sides speak now."""
        return self._answer.media.codec

    @property
    def format(self) -> Format:
        """The format that has all the codec carries and is not resampled, for `bridge`."""
        return FORMATS[self.codec]

    def answer_to(self, offer: str) -> str:
        """The answer to a later offer (hold, another address, another codec), which is followed.

        Raises as `Media.answer_to` does; the leg then goes on as before.
        """
        answer = sdp.answer_to(offer, self._policy, previous=self._answer.sdp)
        media = somewhere(answer.media, self._answer.media)
        self.follow(media)
        self._answer = sdp.Answer(answer.sdp, media)
        return answer.sdp


class _Events:
    """The iterator behind `MediaLeg.events`; it keeps nothing, so none can be left half way."""

    def __init__(self, leg: MediaLeg) -> None:
        self._leg = leg

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LegEvent:
        event = await self._leg.next_event()
        if event is None:
            raise StopAsyncIteration
        return event
