"""An open session: the machine of `session.py` with a socket and two tasks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar, overload

import anyio
from msgspec import UNSET, UnsetType

from .audio import AudioFormats
from .commands import Command, SessionUpdate
from .errors import ServerError, SessionClosed, SessionTimeout
from .event import Event
from .events import Error, MalformedFrame, SessionUpdated, UntypedFrame, WebSocketClosed
from .feed import Feed, Listener
from .fields import doubts
from .local_events import WebSocketError
from .outbox import Outbox
from .redaction import RedactedLog, Redactor
from .repetition import ALWAYS, Repetition
from .session import OPENING, Answer, Answered, Send, Session, State
from .session_settings import Settings, session_settings
from .tools import Toolbox
from .tools.dispatch import Dispatch
from .transport import Disconnected, Shortcut, Transport, shortcut_of
from .verbs import Sent, Verbs, cancellation

E = TypeVar("E", bound=Event)

FLUSH_SECONDS = 1.0
"""How long closing waits for commands that are still to be sent."""

GONE = 1006  # RFC 6455 §7.1.5: closed without a close frame

logger = logging.getLogger("fourwire.inworld")


class Agent(Verbs):
    """A conversation with Inworld, made by `connect`.

    `async for event in agent` gives every event since the connection was made, and ends with
    `WebSocketClosed`. Audio does not pass here: `send_frame` takes append messages that are ready,
    and `on_message` lets someone else take messages before they are parsed.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        session_key: str,
        audio: AudioFormats,
        redactor: Redactor,
        tools: Toolbox | None = None,
    ) -> None:
        self.session_key = session_key
        self.audio = audio
        """The formats the next `session_update` asks for."""
        self.tools = Toolbox(*([] if tools is None else [tools]))
        """What this agent may call; the next `session_update` tells it."""
        self.tool = self.tools.tool
        """`@agent.tool` lets the agent call a function; see `Toolbox.tool`."""
        self.on_message: Callable[[bytes], bool] | None = None
        """Sees every frame first, as it came; true means that it needs no further reading."""
        self.closed: WebSocketClosed | None = None
        """How the connection ended, once it has."""
        self.closed_by_us = False
        """Whether it ended because `close` was called, so that it is no news to the owner."""
        self.leaving = False
        """Whether `close` was called."""
        self._log = RedactedLog(logger, redactor)
        self._repetition = Repetition()
        self._redactor = redactor
        self._transport = transport
        self._session = Session()
        self._outbox = Outbox()
        self._feed = Feed()
        self._first = self._feed.listen()
        self._dispatch = Dispatch(self.tools, self, self._log)
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._sent = self._received = self._consumed = self._refused = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._shutting: asyncio.Task[None] | None = None
        self._expect(OPENING)
        self._writer = asyncio.create_task(self._write())
        self._reader = asyncio.create_task(self._read())

    def __repr__(self) -> str:
        return f"<Agent {self.session_key!r} {self._session.state.name.lower()}>"

    def __aiter__(self) -> Listener[Event]:
        """All events since the connection was made. Two loops at once would share them out."""
        return self._first

    @overload
    def events(self) -> Listener[Event]: ...
    @overload
    def events(self, *kinds: type[E]) -> Listener[E]: ...
    def events(self, *kinds: type[Any]) -> Listener[Any]:
        """A further listener, which hears events of `kinds`, or every event, from now on."""
        return self._feed.listen(*kinds)

    def once(self, *kinds: type[E]) -> Awaitable[E]:
        """The next event of `kinds`, counted from this call; SessionClosed where none follows."""
        return self._once(self.events(*kinds))

    def publish(self, event: Event) -> None:
        """Let all listeners have an event that was made here."""
        if not self._feed.publish(event):
            self._log.debug("%s came after the session's end", event.name)

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._session.state

    @property
    def active_response(self) -> str | None:
        """The id of the response under way; "" where the server gave it none."""
        return self._session.active_response

    @property
    def responding(self) -> bool:
        """Whether a response is under way, or was asked for and has yet to come."""
        return self._session.responding

    @property
    def shortcut(self) -> Shortcut | None:
        """The way for audio that does not lead through here, where the transport has one."""
        return shortcut_of(self._transport)

    def hold_tools(self) -> None:
        """Let functions that the agent calls wait, until `release_tools`."""
        self._dispatch.may_run.clear()

    def release_tools(self) -> None:
        """Run those that wait, and later ones when they are called."""
        self._dispatch.may_run.set()

    def send_frame(self, frame: bytes) -> None:
        """Queue an append message that is ready to be sent: JSON in UTF-8.

        Where the network stalls the oldest audio is dropped, and counted as `audio_dropped`.
        """
        if self._closing:
            self._refused += 1
            return
        self._outbox.push_audio(frame)
        self._wake.set()

    def tell(self, command: Command) -> Sent:
        """Queue any command."""
        if self._over(command.type):
            return Sent(False)
        return self._told(self._session.send(command))

    def response_cancel(
        self, response_id: str | None = None, *, event_id: str | UnsetType = UNSET
    ) -> Sent:
        """Have the agent stop, where a response is under way; else nothing is sent."""
        if self._over("response.cancel"):
            return Sent(False)
        return self._told(self._session.cancel(cancellation(response_id, event_id)))

    async def session_update(
        self,
        session: Settings,
        *,
        timeout: float | None = 10.0,
        event_id: str | UnsetType = UNSET,
    ) -> SessionUpdated:
        """Change the session's settings and wait until the server has taken them over.

        `session` is a `fields.Session`, or the session object as a dictionary, or
        `{"session": …}`. All of it is passed on, fields that nobody here knows too, except that
        both audio formats become those of `audio`; what looks wrong is logged. Raises
        ServerError where the server refuses, SessionTimeout after `timeout` seconds without an
        answer, SessionClosed where the session is over.
        """
        settings = session_settings(session, self.audio)
        for doubt in doubts(settings):
            self._log.warning("%s", doubt)
        self._dispatch.offer.add_to(settings)
        sent = self.tell(SessionUpdate(session=settings, event_id=event_id))
        if sent.event_id is None:
            raise SessionClosed(self.closed or WebSocketClosed(code=1000))
        self._expect(sent.event_id)
        answer = await self._answer(sent.event_id, "session.update", timeout)
        assert isinstance(answer, SessionUpdated)
        self._dispatch.offer.taken()
        return answer

    def greet(self, text: str) -> Sent:
        """Have the agent speak first: `text` is put to it as the caller's words.

        Once a session, however often it is called. Before the first `session.updated` the
        greeting waits for that.
        """
        if self._over("the greeting") or not self._session.greet(text):
            return Sent(False)
        self._perform()
        return Sent(True)

    def counters(self) -> dict[str, int]:
        """What went through, and what did not."""
        counters = {
            "frames_sent": self._sent,
            "frames_waiting": len(self._outbox),
            "audio_dropped": self._outbox.audio_dropped,
            "refused_after_close": self._refused,
            "messages_received": self._received,
            "messages_consumed": self._consumed,
            **self._session.tally.counters(),
            "events_lost": self._first.lost,
            "tools_called": self._dispatch.called,
            "tools_failed": self._dispatch.failed,
        }
        return counters if self.shortcut is None else self._with_shortcut(counters)

    def _with_shortcut(self, counters: dict[str, int]) -> dict[str, int]:
        """`counters`, with what did not pass here."""
        assert self.shortcut is not None
        past = self.shortcut.counters()
        for name in ("audio_dropped", "messages_consumed"):
            past[name] += counters[name]
        return counters | past

    async def opened(self) -> None:
        """Wait until the server has created the session."""
        await self._answer(OPENING, "the connection", None)

    async def close(self) -> None:
        """End the session: send what waits, say goodbye, and wait a few seconds at most.

        May be called again, from several tasks, and after the server has closed.
        """
        self.leaving = True
        await asyncio.shield(self._shut_once())

    async def close_shielded(self) -> None:
        """`close`, though the task that calls it is being cancelled."""
        with anyio.CancelScope(shield=True):
            await self.close()

    def _shut_once(self) -> asyncio.Task[None]:
        if self._shutting is None:
            self._closing = True
            self._wake.set()
            self._dispatch.close()
            self._shutting = asyncio.create_task(self._shut())
        return self._shutting

    async def _shut(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await asyncio.shield(self._writer)
        await self._transport.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await asyncio.shield(self._reader)
        await self._dispatch.closed(FLUSH_SECONDS)
        self._writer.cancel()
        self._reader.cancel()
        await asyncio.gather(self._writer, self._reader, return_exceptions=True)

    async def _read(self) -> None:
        closed = WebSocketClosed(code=GONE, reason="reading stopped", clean=False)
        try:
            while True:
                self._take(await self._transport.recv())
        except Disconnected as end:
            closed = end.closed
        finally:
            self._end(closed)

    def _take(self, frame: bytes) -> None:
        self._received += 1
        if self.on_message is not None and self._consumed_by(self.on_message, frame):
            self._consumed += 1
            return
        self._session.receive(self._redactor.frame(frame))
        self._perform()

    def _consumed_by(self, hook: Callable[[bytes], bool], frame: bytes) -> bool:
        try:
            return hook(frame)
        except Exception:
            self._log.exception("on_message failed")
            return False

    async def _write(self) -> None:
        with suppress(Disconnected):
            while True:
                while (frame := self._outbox.pop()) is not None:
                    await self._transport.send(frame)
                    self._sent += 1
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()

    def _end(self, closed: WebSocketClosed) -> None:
        """The one place where a session ends, whoever ended it."""
        closed = WebSocketClosed(
            code=closed.code, reason=self._redactor.text(closed.reason), clean=closed.clean
        )
        self.closed = closed
        self.closed_by_us = self.leaving
        self._closing = True
        self._wake.set()
        self._dispatch.close()
        if not closed.clean:
            self.publish(WebSocketError(message=closed.reason or "the connection broke off"))
        self._session.end(closed)
        self._perform()
        self._feed.finish()

    def _told(self, event_id: str | None) -> Sent:
        self._perform()
        return Sent(event_id is not None, event_id)

    def _perform(self) -> None:
        """Do what the machine wants done."""
        while (output := self._session.poll()) is not None:
            if isinstance(output, Send):
                self._queue(output)
            elif isinstance(output, Answered):
                self._settle(output)
            else:
                self._note(output)
                self._feed.publish(output)
                self._dispatch.receive(output)

    def _queue(self, send: Send) -> None:
        if send.audio:
            self._outbox.push_audio(send.frame)
        elif not self._outbox.push_command(send.frame):
            self._log.error("the server takes no commands any more: closing")
            self._shut_once()
        self._wake.set()

    def _settle(self, answered: Answered) -> None:
        future = self._answers.get(answered.question)
        if future is not None and not future.done():
            future.set_result(answered.answer)

    def _note(self, event: Event) -> None:
        """Log what is worth a line."""
        if isinstance(event, Error):
            level = logging.DEBUG if event.harmless else logging.WARNING
            self._warn(
                event.code, "the server says: %s (%s)", event.message, event.code, level=level
            )
        elif isinstance(event, UntypedFrame):
            self._warn("", "a frame without type: %s %s", event.error_type, event.message)
        elif isinstance(event, MalformedFrame):
            self._warn("", "a frame of %d bytes is no event: %s", event.size, event.reason)
        elif isinstance(event, WebSocketClosed):
            self._log.info("closed with code %d %s", event.code, event.reason)

    def _warn(
        self, kind: str | None, line: str, *about: object, level: int = logging.WARNING
    ) -> None:
        """Log a line, less and less often where it comes again and again."""
        times = self._repetition.worth_telling(f"{line} {kind}")
        if times:
            again = f", {times} times by now" if times > ALWAYS else ""
            self._log.log(level, line + again, *about)

    def _over(self, what: str) -> bool:
        if self._closing:
            self._refused += 1
            self._log.info("%s not sent: the session is over", what)
        return self._closing

    def _expect(self, question: str) -> None:
        self._answers[question] = asyncio.get_running_loop().create_future()

    async def _answer(self, question: str, command: str, timeout: float | None) -> Answer:
        try:
            async with asyncio.timeout(timeout):
                answer = await self._answers[question]
        except TimeoutError:
            raise SessionTimeout(command, timeout or 0.0) from None
        finally:
            del self._answers[question]
            self._session.abandon(question)
        if isinstance(answer, WebSocketClosed):
            raise SessionClosed(answer)
        if isinstance(answer, Error | UntypedFrame):
            raise ServerError(answer)
        return answer

    async def _once(self, listener: Listener[E]) -> E:
        async for event in listener:
            return event
        raise SessionClosed(self.closed or WebSocketClosed(code=GONE))
