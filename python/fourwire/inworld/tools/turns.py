"""Which functions the agent has called, and when it is to be asked to go on.

A machine without a clock: it is fed events, gives the calls that are to be made, is told of their
results, and says when a response is due. Times are seconds of any clock that never jumps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fourwire.inworld.error_event import Error
from fourwire.inworld.event import Event
from fourwire.inworld.objects import Item, Response
from fourwire.inworld.response_events import (
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDone,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
)
from fourwire.inworld.server_events import (
    ConversationItemAdded,
    ConversationItemCreated,
    ConversationItemDone,
    SpeechStarted,
    SpeechStopped,
)

from .called import ToolCall

REMEMBERED = 1000
"""How many calls stay known, so that none is made twice."""

DRAFTS = 64
"""How many calls may be half told."""

PATIENCE_SECONDS = 2.0
"""How long after the caller's last word the server is given to answer by itself."""

ALREADY_ACTIVE = "conversation_already_has_active_response"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a call before its response is done; any of it may come late or never."""

    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    response_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Calls that came with a response: those to be made, and those that an interruption undid."""

    calls: tuple[ToolCall, ...] = ()
    undone: tuple[ToolCall, ...] = ()


class Turns:
    """The agent's function calls of one session."""

    def __init__(self) -> None:
        self.asks = True
        """Whether we ask for the response to results; else the server goes on by itself."""
        self._drafts: dict[str, Draft] = {}
        self._seen: dict[str, None] = {}
        self._running: set[str] = set()
        self._untold: dict[str, None] = {}
        self._owed = False
        self._active = False
        self._asked: str | None = None
        self._awaited = False
        self._hold_until: float = 0.0

    def receive(self, now: float, event: Event) -> Wanted:
        """Take notice of `event`; the calls that are to be made now."""
        match event:
            case ResponseOutputItemAdded() | ResponseOutputItemDone():
                self._draft_item(event.item, event.response_id)
            case ResponseFunctionCallArgumentsDone(item_id=item):
                draft = Draft(event.call_id, event.function, event.arguments, event.response_id)
                self._draft(item or event.call_id, draft)
            case ConversationItemAdded(item=item) | ConversationItemDone(item=item):
                self._untold.pop(item.call_id or "", None)
            case ConversationItemCreated(item=item):
                self._untold.pop(item.call_id or "", None)
            case ResponseCreated():
                self._begin()
            case ResponseDone():
                return self._finish(event.response)
            case SpeechStarted():
                self._hold_until = float("inf")
            case SpeechStopped():
                self._hold_until = now + PATIENCE_SECONDS
            case Error():
                self._trouble(event)
        return Wanted()

    def answered(self, call_id: str, *, silent: bool) -> None:
        """The result of a call was told to the server."""
        self._running.discard(call_id)
        _keep(self._untold, call_id, DRAFTS)
        self._owed = self._owed or (self.asks and not silent)

    def leave(self, call_id: str) -> None:
        """A call is answered by someone else."""
        self._running.discard(call_id)

    def asked(self, event_id: str | None) -> None:
        """A response was asked for."""
        self._owed = False
        self._asked, self._awaited = event_id, True

    def is_due(self, now: float) -> bool:
        """Whether a response is to be asked for: once for all results, and into no other's word."""
        return self._may_ask and now >= self._hold_until

    def deadline(self) -> float | None:
        """When a response is due if nothing happens before."""
        return self._hold_until if self._may_ask and self._hold_until != float("inf") else None

    @property
    def _may_ask(self) -> bool:
        return self._owed and not (self._running or self._active or self._awaited)

    def _begin(self) -> None:
        """A response that began after all results were told speaks about them."""
        self._active, self._awaited = True, False
        if not self._untold:
            self._owed = False

    def _finish(self, response: Response) -> Wanted:
        self._active = self._awaited = False
        calls = tuple(self._new_calls(response))
        if response.status in (None, "completed"):
            self._running.update(call.call_id for call in calls)
            return Wanted(calls=calls)
        whole = {item.call_id for item in response.output or () if item.status == "completed"}
        return Wanted(undone=tuple(call for call in calls if call.call_id in whole))

    def _new_calls(self, response: Response) -> Iterator[ToolCall]:
        """The calls of a response, whichever of its events told them, each once."""
        for item in response.output or ():
            self._draft_item(item, response.id)
        for key, draft in list(self._drafts.items()):
            if draft.response_id not in (None, response.id) and response.id is not None:
                continue
            del self._drafts[key]
            if draft.call_id and draft.name and draft.call_id not in self._seen:
                _keep(self._seen, draft.call_id, REMEMBERED)
                yield ToolCall(draft.call_id, draft.name, draft.arguments or "", response)

    def _draft_item(self, item: Item, response_id: str | None) -> None:
        if item.type == "function_call":
            draft = Draft(item.call_id, item.function, item.arguments, response_id)
            self._draft(item.id or item.call_id, draft)

    def _draft(self, key: str | None, news: Draft) -> None:
        if key is None:
            return
        known = self._drafts.get(key, Draft())
        self._drafts[key] = replace(
            news,
            call_id=news.call_id or known.call_id,
            name=news.name or known.name,
            arguments=news.arguments or known.arguments,
            response_id=news.response_id or known.response_id,
        )
        if len(self._drafts) > DRAFTS:
            del self._drafts[next(iter(self._drafts))]

    def _trouble(self, error: Error) -> None:
        """Our wish for a response failed: another response is under way, or something is wrong."""
        if self._asked is None or error.caused_by != self._asked:
            return
        self._asked, self._awaited = None, False
        self._owed = error.code == ALREADY_ACTIVE


def _keep(calls: dict[str, None], call_id: str, most: int) -> None:
    calls[call_id] = None
    if len(calls) > most:
        del calls[next(iter(calls))]
