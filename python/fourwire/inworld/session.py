"""A session as a machine: frames in, events and frames out, no socket and no clock.

`receive` takes what the server sent, `send` and `greet` what we want to say, `end` the end of the
connection; after each, `poll` gives what is to be done until it gives `None`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar

import msgspec

from .commands import (
    Command,
    InputAudioBufferAppend,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
    spoken_response,
    user_message,
)
from .event import Event
from .events import (
    AgentTranscript,
    AgentTranscriptDelta,
    Error,
    MalformedFrame,
    ResponseCreated,
    ResponseDone,
    SessionCreated,
    SessionUpdated,
    Unknown,
    UntypedFrame,
    UserTranscript,
    UserTranscriptDelta,
    WebSocketClosed,
    read_event,
)
from .partial import Partials, Style

REMEMBERED = 256
"""How many commands stay known by their id, so that an error can be told which one it answers."""

APPEND = "input_audio_buffer.append"

OPENING = "opening"
"""The question every session begins with: will there be a `session.created`?"""


class State(Enum):
    """Where a session stands."""

    OPENED = auto()
    """The WebSocket is open; the server has not spoken."""
    CREATED = auto()
    """The session exists with the server's settings."""
    READY = auto()
    """The session has our settings."""
    ENDED = auto()
    """The WebSocket is closed."""


class Cause(Enum):
    """What moves a session on."""

    SESSION_CREATED = auto()
    SESSION_UPDATED = auto()
    SOCKET_CLOSED = auto()


# Servers may announce a session twice or skip the announcement; neither takes a step back.
NEXT: dict[State, dict[Cause, State]] = {
    State.OPENED: {
        Cause.SESSION_CREATED: State.CREATED,
        Cause.SESSION_UPDATED: State.READY,
        Cause.SOCKET_CLOSED: State.ENDED,
    },
    State.CREATED: {
        Cause.SESSION_CREATED: State.CREATED,
        Cause.SESSION_UPDATED: State.READY,
        Cause.SOCKET_CLOSED: State.ENDED,
    },
    State.READY: {
        Cause.SESSION_CREATED: State.READY,
        Cause.SESSION_UPDATED: State.READY,
        Cause.SOCKET_CLOSED: State.ENDED,
    },
    State.ENDED: {},
}

Answer = SessionCreated | SessionUpdated | Error | UntypedFrame | WebSocketClosed


@dataclass(frozen=True, slots=True)
class Send:
    """A text frame to be sent; `audio` may be dropped where the network stalls."""

    frame: bytes
    audio: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What the server made of a question: of `OPENING`, or of the `session.update` so named."""

    question: str
    answer: Answer


Output = Event | Send | Answered


class IllegalMove(Exception):
    """A machine was told what cannot happen in its state: a fault of the caller's."""


@dataclass(slots=True)
class Tally:
    """How many odd frames came, by kind."""

    malformed: int = 0
    untyped: int = 0
    unknown: int = 0
    errors_unnamed: int = 0
    """Errors that name no command of ours; appends that come ready have no name to tell."""

    def counters(self) -> dict[str, int]:
        """All of it, by the names that an agent's counters have."""
        return {
            "messages_malformed": self.malformed,
            "messages_untyped": self.untyped,
            "messages_unknown": self.unknown,
            "errors_unnamed": self.errors_unnamed,
        }


class Session:
    """One session with the Realtime API, from the open WebSocket to its end."""

    def __init__(self) -> None:
        self.state = State.OPENED
        self.active_response: str | None = None
        """The id of the response under way; "" where the server gave none."""
        self.tally = Tally()
        self._outputs: deque[Output] = deque()
        self._questions: deque[str] = deque([OPENING])
        self._commands: dict[str, str] = {}
        self._callers_words = Partials()
        self._agents_words = Partials(Style.NEWS)
        self._requested: str | None = None
        self._greeting: str | None = None
        self._greeted = False
        self._numbered = 0
        self._encode = msgspec.json.Encoder().encode

    @property
    def responding(self) -> bool:
        """Whether a response is under way, or was asked for and has yet to come."""
        return self.active_response is not None or self._requested is not None

    def poll(self) -> Output | None:
        """The next thing to be done, in order; `None` where there is nothing."""
        return self._outputs.popleft() if self._outputs else None

    def receive(self, frame: bytes) -> None:
        """Take a frame from the server."""
        if self.state is State.ENDED:
            raise IllegalMove("a frame in state ENDED")
        event = self._completed(read_event(frame))
        self._outputs.append(event)
        consequence = self._CONSEQUENCES.get(type(event))
        if consequence is not None:
            consequence(self, event)

    def send(self, command: Command) -> str | None:
        """Say `command`; its event id, or `None` where the session has ended."""
        if self.state is State.ENDED:
            return None
        event_id = self._identified(command)
        frame = self._encode(command)  # may raise: nothing is noted down before
        self._outputs.append(Send(frame, audio=isinstance(command, InputAudioBufferAppend)))
        self._note(command, event_id)
        return event_id

    def cancel(self, command: ResponseCancel) -> str | None:
        """Say `command` where a response is under way; its event id, or `None` where none is.

        A response that was asked for counts as under way: the server reads the request first.
        """
        if self.active_response is None:
            return self.send(command) if self._requested else None
        both_named = bool(command.response_id and self.active_response)
        another = both_named and command.response_id != self.active_response
        return None if another else self.send(command)

    def greet(self, text: str) -> bool:
        """Have the agent speak first, on the strength of `text`; once a session, else `False`.

        Where the session has not our settings yet, the greeting waits for them.
        """
        if self._greeted or self.state is State.ENDED:
            return False
        self._greeted = True
        self._greeting = text
        self._greet_when_ready()
        return True

    def abandon(self, question: str) -> None:
        """Stop waiting for the answer to `question`."""
        if question in self._questions:
            self._questions.remove(question)

    def end(self, closed: WebSocketClosed) -> None:
        """Take notice that the connection is over; only the first notice counts."""
        if self.state is State.ENDED:
            return
        self._move(Cause.SOCKET_CLOSED)
        self.active_response = self._requested = None
        while self._questions:
            self._answer(self._questions[0], closed)
        self._outputs.append(closed)

    def _move(self, cause: Cause) -> None:
        self.state = NEXT[self.state][cause]  # `receive` and `end` keep out of ENDED

    def _identified(self, command: Command) -> str:
        if not command.event_id:
            self._numbered += 1
            command.event_id = f"fourwire-{self._numbered}"
        return command.event_id

    def _note(self, command: Command, event_id: str) -> None:
        if isinstance(command, SessionUpdate):
            self._questions.append(event_id)
        elif isinstance(command, ResponseCreate):
            self._requested = event_id
        self._commands[event_id] = command.type
        if len(self._commands) > REMEMBERED:
            del self._commands[next(iter(self._commands))]

    def _completed(self, event: Event) -> Event:
        """`event` with what only we know: which command an error answers, what was said before."""
        known: dict[str, Any]
        match event:
            case Error():
                known = {"answers": self._commands.get(event.caused_by or "")}
            case UserTranscriptDelta(item_id=item, text=text):
                known = {"so_far": self._callers_words.take(item or "", text)}
            case AgentTranscriptDelta(item_id=item, text=text):
                known = {"so_far": self._agents_words.take(item or "", text)}
            case _:
                return event
        completed = msgspec.structs.replace(event, **known)
        completed.keep(event.payload)
        return completed

    def _answer(self, question: str, answer: Answer) -> None:
        self._questions.remove(question)
        self._outputs.append(Answered(question, answer))

    def _greet_when_ready(self) -> None:
        if self._greeting is not None and self.state is State.READY:
            self.send(user_message(self._greeting))
            self.send(spoken_response())
            self._greeting = None

    def _after_created(self, event: SessionCreated) -> None:
        self._move(Cause.SESSION_CREATED)
        if OPENING in self._questions:
            self._answer(OPENING, event)

    def _after_updated(self, event: SessionUpdated) -> None:
        """An update names no command, so it answers the eldest question."""
        self._move(Cause.SESSION_UPDATED)
        if OPENING in self._questions:
            self._answer(OPENING, event)
        if self._questions:
            self._answer(self._questions[0], event)
        self._greet_when_ready()

    def _after_response_created(self, event: ResponseCreated) -> None:
        self.active_response = event.response.id or ""
        self._requested = None

    def _after_response_done(self, event: ResponseDone) -> None:
        if self.active_response in ("", event.response.id) or event.response.id is None:
            self.active_response = None

    def _after_error(self, event: Error) -> None:
        """An error that names no command of ours answers the eldest question, if it hurts."""
        if event.answers in (None, APPEND) and not event.harmless:
            self.tally.errors_unnamed += 1
        if event.answers is None or event.caused_by == self._requested:
            self._requested = None
        if event.caused_by in self._questions:
            self._answer(str(event.caused_by), event)
        elif event.answers is None and self._questions and not event.harmless:
            self._answer(self._questions[0], event)

    def _after_callers_words(self, event: UserTranscript) -> None:
        self._callers_words.finish(event.item_id or "")

    def _after_agents_words(self, event: AgentTranscript) -> None:
        self._agents_words.finish(event.item_id or "")

    def _after_untyped(self, event: UntypedFrame) -> None:
        self.tally.untyped += 1
        if event.error_type is not None and self._questions:
            self._answer(self._questions[0], event)

    def _after_malformed(self, _event: MalformedFrame) -> None:
        self.tally.malformed += 1

    def _after_unknown(self, _event: Unknown) -> None:
        self.tally.unknown += 1

    _CONSEQUENCES: ClassVar[dict[type[Event], Callable[..., None]]] = {
        SessionCreated: _after_created,
        SessionUpdated: _after_updated,
        ResponseCreated: _after_response_created,
        ResponseDone: _after_response_done,
        UserTranscript: _after_callers_words,
        AgentTranscript: _after_agents_words,
        Error: _after_error,
        UntypedFrame: _after_untyped,
        MalformedFrame: _after_malformed,
        Unknown: _after_unknown,
    }
