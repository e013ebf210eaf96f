"""A call, as a scenario sees it: answer it, bridge it to an agent, hang it up.

Nothing here knows through which door the call came; that is the business of its `Line`.
"""

import os
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Literal, TypeVar

import anyio
from anyio.abc import TaskGroup

from fourwire._core import Closed, Goodbye, Key, Latched, RtpResumed, RtpStopped
from fourwire.activity import Activity
from fourwire.announcement import Player
from fourwire.bridge import Bridge
from fourwire.call_agent import CallAgent, cause_of
from fourwire.call_control import CallControl
from fourwire.call_keys import CallKeys
from fourwire.call_options import CallOptions
from fourwire.call_recording import CallRecording
from fourwire.child import child
from fourwire.faults import innermost, is_cancelled, places
from fourwire.inworld import AudioFormats, InworldError
from fourwire.inworld.events import Event
from fourwire.journal import CallJournal
from fourwire.keys import KeyPress
from fourwire.life import Cause, Ended, Life, State, Step, WrongMoment
from fourwire.line import Headers, KeyPressed, Line, LineClosed, LineEnded, MediaChanged
from fourwire.media import FORMATS, MediaLeg
from fourwire.parting import Parting
from fourwire.quality import Quality
from fourwire.rtp_watch import RtpWatch
from fourwire.transcript import Transcript
from fourwire.unbroken import unbroken
from fourwire.weakly import weakly

__all__ = ["Call", "Scenario"]

Scenario = Callable[["Call"], Awaitable[None]]
T = TypeVar("T")


class Call(CallKeys, CallAgent, CallControl):
    """One call, from its offer to its one end.

    When the call ends, for whatever cause, the scenario that handles it is cancelled; what must be
    done after a call belongs into a `finally` or into `@app.ended`. Leaving the scenario ends the
    call. Every verb may be called again, from any task, at any time.
    """

    def __init__(
        self, call_id: str, line: Line, journal: CallJournal, options: CallOptions | None = None
    ) -> None:
        super().__init__()
        self.id = call_id
        """Unique among all calls; fit for a session key."""
        self.journal = journal
        """This call's part of the journal."""
        self.activity = Activity()
        """Who speaks or works, and since when nobody does."""
        self.transcript = Transcript()
        """What was said so far."""
        self.data: dict[str, Any] = {}
        """Whatever the scenario wants to remember of the call."""
        self.play = Player(weakly(self._media), journal, self.activity).play
        """Play audio to the caller; see `Player.play`."""
        self._line = line
        self._options = options or CallOptions()
        self._life = Life()
        self._leg: MediaLeg | None = None
        self._bridge: Bridge | None = None
        self._told_of: deque[Bridge] = deque()
        self._tasks: TaskGroup | None = None
        self._scenario = anyio.CancelScope()
        self._over = anyio.Event()
        start_soon = weakly(self.start_soon)
        rtp_lost = partial(weakly(self.end), Cause.RTP_LOST)
        self._rtp = RtpWatch(self._options.rtp_lost_s, start_soon, rtp_lost)
        self._recording = CallRecording(
            journal, self._options, self.transcript, weakly(self._about), start_soon
        )
        self._parting = Parting(
            line, journal, weakly(self.unbridge), weakly(self._account), weakly(self._settle)
        )

    def __repr__(self) -> str:
        return f"<Call {self.id} from {self.caller!r} to {self.dialled!r}, {self.state.value}>"

    @property
    def trunk(self) -> str:
        """The name of the trunk that it came by, as in the settings; empty: a stranger's call."""
        return self._line.trunk

    @property
    def caller(self) -> str:
        """Who calls: a number or a name."""
        return self._line.caller

    @property
    def display_name(self) -> str:
        """What the caller calls itself; may be empty."""
        return self._line.display_name

    @property
    def dialled(self) -> str:
        """Whom the caller asked for."""
        return self._line.dialled

    @property
    def headers(self) -> Headers:
        """What else the caller sent, such as `X-` headers; names in any case."""
        return self._line.headers

    @property
    def state(self) -> State:
        """Where the call stands."""
        return self._life.state

    @property
    def ended(self) -> Ended | None:
        """How the call ended, once it has."""
        return self._life.ended

    @property
    def held(self) -> bool:
        """Whether the caller has put us on hold, so that nothing we say is heard."""
        return self._rtp.held

    @property
    def audio(self) -> AudioFormats:
        """The formats in which an agent hears and speaks all that the line carries, and no more:
        G.711 as it is, wideband as PCM at the codec's own rate.
        """
        name = FORMATS[self._line.codec]
        return AudioFormats(input=name, output=name)

    async def ring(self, headers: Headers | None = None) -> None:
        """Let the caller hear that we are being rung."""
        self._life.take(Step.RING)
        await self._ask(self._line.ring(headers))
        self.journal.write("call.ringing")

    async def progress(self, headers: Headers | None = None) -> None:
        """Open the audio before answering (early media)."""
        self._life.take(Step.PROGRESS)
        self._join(await self._ask(self._line.progress(headers)))
        self.journal.write("call.early_media")

    async def answer(self, headers: Headers | None = None) -> None:
        """Answer; returns when the caller knows, audio flows, and a recording was announced.

        Being cancelled takes nothing back: the call is answered as soon as the caller knows.
        """
        self._life.take(Step.ANSWER)
        await unbroken(self.start_soon, partial(self._answer, headers))

    async def _answer(self, headers: Headers | None) -> None:
        leg = await self._ask(self._line.answer(headers))
        await anyio.lowlevel.checkpoint()  # a call that ended meanwhile is not answered any more
        self._life.take(Step.CONFIRM)
        self._parting.answered_at = self.journal.now
        self.transcript.latencies.answered(self.journal.now)
        self._join(leg)
        self._rtp.begin()
        self.journal.write("call.answered", codec=self._line.codec, srtp=self._line.srtp)
        self._end_after(self._options.most_s, Cause.TOO_LONG, [State.ANSWERED])
        await self._recording.answered(leg, self.play)

    def start_soon(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` beside the scenario, until the call ends; an error in it ends the call."""
        assert self._tasks is not None, "a call is run by `live`"
        self._tasks.start_soon(child, self._tend, work)

    def record(
        self,
        path: str | os.PathLike[str] | None,
        *,
        format: Literal["wav", "flac"] | None = None,  # noqa: A002 as the engine has it
        mono: bool = False,
    ) -> None:
        """Record into the file at `path`, caller left and agent right; None stops.

        FLAC where the path ends in `.flac`, else WAV. At the end of the call its transcript is
        written beside it. See docs/recording.md.
        """
        self._recording.record(self._media("record"), path, format, mono)

    def pause_recording(self, pause: Literal["silence", "gap"] | None = "silence") -> None:
        """Record silence, or leave a gap, from now on; None goes on."""
        self._recording.pause(self._media("pause its recording"), pause)

    def trace(self, path: str | None) -> None:
        """Write what passes over the wire for this call, without keys and audio, as JSON lines into
        the file at `path`, from now on; None stops. `SettingsError` where it cannot be written.
        """
        self._options.wire.trace(self.id, path)

    def log(self, event: str | Event, text: str | None = None, /, **about: Any) -> None:
        """Note something in the journal: an agent's event, or a word of your own and its text.

        An agent's event is written once, however often it is logged; audio never.
        """
        if isinstance(event, Event):
            self.journal.note(event)
        else:
            self.journal.write(event, **({} if text is None else {"text": text}), **about)

    def quality(self) -> Quality:
        """How the call sounds so far, both ways (E-model, ITU-T G.107)."""
        return Quality(None, None) if self._leg is None else self._leg.quality()

    async def wait_ended(self) -> Ended:
        """Wait until the call is over."""
        await self._over.wait()
        assert self._life.ended is not None
        return self._life.ended

    def end(self, cause: Cause, detail: str = "", status: int | None = None) -> None:
        """End the call by `cause`, unless it has ended already. Returns at once."""
        if self._life.end(cause, detail, status) is None:
            return
        self._over.set()
        self._keys.close()
        self._scenario.cancel()

    async def live(self, scenario: Scenario) -> Ended:
        """Run `scenario` for this call and end both together; how the call ended.

        Only a cancellation from outside passes through, after the call was ended in good form.
        """
        self.journal.write("call.offered", **self._about())
        with self._options.wire.call(self.id, lambda: self._line.about.get("sip_call_id")):
            return await self._live(scenario)

    async def _live(self, scenario: Scenario) -> Ended:
        try:
            async with anyio.create_task_group() as self._tasks:
                self.start_soon(self._follow_line)
                self.start_soon(self._part)
                self._end_after(self._options.ring_s, Cause.RANG_OUT, UNANSWERED)
                await self._play(scenario)
                self.end(*self._leaving())
                await self._part()
                self._tasks.cancel_scope.cancel()
        finally:
            self.end(Cause.SHUTDOWN, "cancelled")
            with anyio.CancelScope(shield=True):
                await self._part()
        assert self._life.ended is not None
        return self._life.ended

    def _end_after(self, seconds: float | None, cause: Cause, where: list[State]) -> None:
        """End the call by `cause` in so many seconds, if it stands `where` it has to then."""

        async def wait() -> None:
            await anyio.sleep(seconds or 0.0)
            if self.state in where:
                self.end(cause, f"{seconds:g} s")

        if seconds is not None:
            self.start_soon(wait)

    def _about(self) -> dict[str, Any]:
        who = {"caller": self.caller, "name": self.display_name, "dialled": self.dialled}
        return who | dict(self._line.about)

    async def _play(self, scenario: Scenario) -> None:
        with self._scenario:
            await self._tend(partial(scenario, self))

    def _failed(self, error: BaseException) -> None:
        """Take notice of what went wrong in the scenario, and end the call by it."""
        error = innermost(error)
        if isinstance(error, WrongMoment) and self._life.ended is not None:
            return  # the scenario had not noticed yet that the call was over
        for event in getattr(error, "events", ()):
            self.journal.note(event)
        what = f"{type(error).__name__}: {error}"
        self.journal.write("call.error", error=what, traceback=places(error))
        agents = isinstance(error, InworldError)
        self.end(Cause.AGENT_FAILED if agents else Cause.HANDLER_ERROR, what)

    def _leaving(self) -> tuple[Cause, str]:
        """Why the call ends when its scenario does."""
        agent = None if self._bridge is None else self._bridge.agent
        if agent is not None and agent.closed is not None and not agent.closed_by_us:
            return cause_of(agent.closed)
        answered = self.state is State.ANSWERED
        return Cause.HUNG_UP if answered else Cause.NOT_ANSWERED, "the scenario is finished"

    async def _ask(self, request: Awaitable[T]) -> T:
        """What the line answers; ends the call where the caller is gone."""
        try:
            return await request
        except LineClosed as closed:
            self.end(closed.cause, closed.detail)
            await anyio.lowlevel.checkpoint()
            raise

    def _media(self, wish: str) -> MediaLeg:
        """The leg, for what needs one."""
        if self._leg is None or self._life.ended is not None:
            raise WrongMoment(wish, self.state, [State.EARLY, State.ANSWERED])
        return self._leg

    def _join(self, leg: MediaLeg) -> None:
        """Follow what happens to the audio, from its first moment on."""
        if self._leg is None:
            self._leg = leg
            self.start_soon(self._follow_leg)
            self._hear_in_band(leg)
            self._recording.begin(leg)

    async def _tend(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` for this call; what goes wrong in it ends this call and no other."""
        try:
            await work()
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # one call that wants to exit ends itself alone
            if is_cancelled(error):
                raise
            self._failed(error)

    async def _follow_line(self) -> None:
        async for event in self._line.events():
            match event:
                case LineEnded(cause, detail):
                    await self.take_leave(cause, detail)
                case MediaChanged(direction, remote, codec, srtp):
                    about = {"direction": direction, "remote": remote, "codec": codec, "srtp": srtp}
                    self.journal.write("call.media_changed", **about)
                    self._rtp.hold(event.held or self.on_hold)
                    self.activity.hold(self.journal.now, self._rtp.held)
                    self._doubles.forget()
                case KeyPressed(press):
                    self._pressed(press)
                case _:
                    await self.heed(event)
        self.end(Cause.LINE_FAILED, "the line fell silent")

    async def _follow_leg(self) -> None:
        assert self._leg is not None
        async for event in self._leg.events():
            match event:
                case Key(digit, duration_ms, in_band):
                    self._pressed(KeyPress(digit, duration_ms, "in-band" if in_band else "rtp"))
                case RtpStopped() | RtpResumed():
                    self.journal.write(MEDIA_EVENTS[type(event)])
                    self._rtp.stop(isinstance(event, RtpStopped))
                    self.activity.hear(self.journal.now, event)
                case Latched(address):
                    self.journal.write("call.latched", address=address)
                case Goodbye():
                    self.journal.write("call.rtcp_goodbye")
                case Closed(cause=cause):
                    self.end(Cause.AUDIO_FAILED, cause)
                case _:
                    self._hear_leg(event)

    async def _part(self) -> None:
        """Part from the caller as soon as the call is over."""
        await self._parting.part(await self.wait_ended())

    async def _settle(self) -> None:
        """Learn what was heard of the agent's last words, and let what was recorded lie where it
        belongs, before the record of the end is written.
        """
        async with anyio.create_task_group() as tasks:
            if self._leg is not None:
                tasks.start_soon(child, self._catch_up)
            await self._wait_told()
            await self._recording.finish(self._leg, self._life.ended)
            tasks.cancel_scope.cancel()

    async def _catch_up(self) -> None:
        """Follow the leg in place of who was cancelled; what it raises was told already."""
        with suppress(Exception):
            await self._follow_leg()

    def _account(self) -> dict[str, Any]:
        """What the record of the end tells of the talk."""
        rtp = {} if self._leg is None else self._leg.counters()
        return {
            "transcript": self.transcript.turns,
            "latency": self.transcript.latencies.summary(),
            "rtp": rtp,
            "quality": self.quality().entry(),
            "dropped": {"keys": self._keys.dropped, "speech": self.transcript.forgotten},
        }


UNANSWERED = [State.OFFERED, State.RINGING, State.EARLY]

MEDIA_EVENTS = {RtpStopped: "call.rtp_stopped", RtpResumed: "call.rtp_resumed"}
