"""What was said and done in a conversation, as a session that takes its place is told of it."""

import enum
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fourwire.inworld import events
from fourwire.transcript import Turn

__all__ = ["Recall", "Resume"]

Item = dict[str, Any]

MOST_ITEMS = 100
"""How many items a new session is told of, the latest: more is no help and takes time to read."""

MOST_CALLS = MOST_ITEMS
"""How many function calls are kept: with their results these are twice as many as are told."""

BROKEN_OFF = "broken off: the connection was lost while it ran, what it has done is not known"
"""What a new session is told of a function that ran when the old one was lost."""

BACK = (
    "The connection to you was lost for a moment and is back. Go on where the conversation stands. "
    "Do not greet the caller again."
)
"""What the agent is told before it goes on."""

WORDS_LOST = "What the caller was saying just then was lost: ask them to say it again."

MAYBE_LOST = "If the caller has said anything meanwhile, it was lost: ask whether they have."

REMEMBERED = 32
"""How many of the caller's utterances are known to be answered: a transcript is never so late."""


class Resume(enum.Enum):
    """How an agent goes on that takes another's place."""

    GREET = "greet"
    """Nobody has said anything yet."""
    SPEAK = "speak"
    """The caller waits for it."""
    LISTEN = "listen"
    """It was the caller's turn."""


@dataclass(slots=True)
class Called:
    """A function call."""

    t: float
    call_id: str
    function: str
    arguments: str
    output: str | None = None


class Recall:
    """Follows the events of a conversation's sessions, one after the other."""

    def __init__(self) -> None:
        self._calls: dict[str, Called] = {}
        self._unanswered = False
        self._spoken: deque[str] = deque(maxlen=REMEMBERED)
        self._answered: deque[str] = deque(maxlen=REMEMBERED)
        self._unheard: str | None = None
        self._responding = False
        self._deaf = False
        self.failures = 0
        """How many responses have failed, one after the other."""

    @property
    def unanswered(self) -> bool:
        """Whether the caller's words, or a function's result, have had no response yet."""
        return self._unanswered

    @property
    def broken_off(self) -> bool:
        """Whether a response is under way that has not come to its end."""
        return self._responding

    def receive(self, t: float, event: events.Event) -> None:
        """Take notice of an event, `t` seconds into the call."""
        match event:
            case events.SpeechStarted(item_id=item):
                self._begin(item or "")
            case (
                events.SpeechStopped(item_id=item) | events.InputAudioBufferCommitted(item_id=item)
            ):
                _remember(self._spoken, item or "")
            case events.UserTranscript(item_id=item, text=text):
                self._hear(item or "", text)
            case events.ResponseCreated():
                self._responding, self._unanswered, self._unheard = True, False, None
                self._answer()
            case events.ResponseDone(response=response):
                failed = response.status == "failed"
                self._responding, self._unanswered = False, self._unanswered or failed
                self.failures = self.failures + 1 if failed else 0
            case events.ToolCalled(call_id=name, function=function, arguments=arguments):
                self._calls[name] = Called(t, name, function, arguments)
                self._make_room()
            case events.ToolAnswered(call_id=name) if name in self._calls:
                self._calls[name].output = event.output
                self._unanswered = self._unanswered or not event.silent

    def lost(self, *, deaf: bool = False) -> None:
        """Take notice that the session is lost: what was under way will not be finished.

        One that was `deaf` before may not have told that the caller spoke, who waits then.
        """
        broken = [call for call in self._calls.values() if call.output is None]
        for call in broken:
            call.output = BROKEN_OFF
        self._deaf = deaf
        self._unanswered |= deaf or self._responding or bool(broken) or self._unheard is not None
        self._responding, self.failures = False, 0
        self._spoken.clear()
        self._answered.clear()

    def resume(self, turns: Sequence[Turn], *, noticed: bool) -> Resume:
        """How the next agent goes on; `noticed` tells whether the caller noticed the loss."""
        if not any(_words(turn) for turn in turns) and not self._calls:
            return Resume.GREET
        return Resume.SPEAK if noticed or self._unanswered else Resume.LISTEN

    def note(self) -> Item:
        """What the next agent is told before it speaks."""
        told = [BACK]
        if self._unheard is not None:
            told.append(WORDS_LOST)
        elif self._deaf:
            told.append(MAYBE_LOST)
        self._unheard, self._deaf = None, False
        return _message("system", "input_text", " ".join(told))

    def items(self, turns: Sequence[Turn]) -> list[Item]:
        """The conversation as items: what was said, of the agent what was heard, and what its
        functions were told and told it.
        """
        told = [(turn.t, [_spoken(turn)]) for turn in turns if _words(turn)]
        told += [(call.t, _call(call)) for call in self._calls.values()]
        ordered = sorted(told, key=lambda pair: pair[0])
        return _latest([items for _, items in ordered])

    def _make_room(self) -> None:
        """Forget the eldest function call above the brim, one that has its result if any has."""
        if len(self._calls) > MOST_CALLS:
            done = (name for name, call in self._calls.items() if call.output is not None)
            del self._calls[next(done, next(iter(self._calls)))]

    def _begin(self, item: str) -> None:
        """Take notice that the caller speaks; where no item is named one name stands for all."""
        self._unheard = item
        if item in self._answered:
            self._answered.remove(item)

    def _hear(self, item: str, text: str) -> None:
        """Take notice of the caller's words, which may come behind the answer to them."""
        if self._unheard in (item, ""):
            self._unheard = None
        if item not in self._answered:
            _remember(self._spoken, item)
            self._unanswered = self._unanswered or bool(text.strip())

    def _answer(self) -> None:
        """Take notice that all that was spoken to its end is being answered."""
        for item in self._spoken:
            _remember(self._answered, item)
        self._spoken.clear()


def _remember(items: deque[str], item: str) -> None:
    if item not in items:
        items.append(item)


def _latest(groups: list[list[Item]]) -> list[Item]:
    """The last `MOST_ITEMS` items, no function call apart from its result."""
    kept: list[list[Item]] = []
    room = MOST_ITEMS
    for group in reversed(groups):
        room -= len(group)
        if room < 0:
            break
        kept.append(group)
    return [item for group in reversed(kept) for item in group]


def _words(turn: Turn) -> str:
    """What of a turn has reached the other side."""
    if turn.speaker != "agent":
        return turn.text
    if turn.cut:
        return turn.heard_text or ""
    return turn.text if turn.heard_ms else ""


def _spoken(turn: Turn) -> Item:
    if turn.speaker == "agent":
        return _message("assistant", "output_text", _words(turn))
    return _message("user", "input_text", _words(turn))


def _message(role: str, kind: str, text: str) -> Item:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _call(call: Called) -> list[Item]:
    asked = {"type": "function_call", "call_id": call.call_id, "name": call.function}
    asked["arguments"] = call.arguments
    answer = {"type": "function_call_output", "call_id": call.call_id}
    answer["output"] = call.output or BROKEN_OFF
    return [asked, answer]
