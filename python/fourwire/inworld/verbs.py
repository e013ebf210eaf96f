"""What one can say to the agent: the eleven client events as methods."""

import base64
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from typing import Any, Self

from msgspec import UNSET, UnsetType

from .commands import (
    Command,
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    ConversationItemTruncate,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferCommit,
    OutputAudioBufferClear,
    ResponseCancel,
    ResponseCreate,
)
from .events import SessionUpdated
from .session_settings import Settings, wire_object


class Sent:
    """The receipt of what was said: true where it will be sent, false where it will not.

    `event_id` is the command's. Commands are queued at once, so awaiting the receipt is optional;
    it gives the event loop a chance to send.
    """

    __slots__ = ("accepted", "event_id")

    def __init__(self, accepted: bool, event_id: str | None = None) -> None:
        self.accepted = accepted
        self.event_id = event_id

    def __repr__(self) -> str:
        return f"Sent({self.accepted}, event_id={self.event_id!r})"

    def __bool__(self) -> bool:
        return self.accepted

    def __await__(self) -> Generator[None, None, Self]:
        yield
        return self


class Verbs(ABC):
    """The eleven client events.

    Each takes an `event_id`, which comes back in the `error` it may cause; one is made where none
    is given. After the end of the session they do nothing, and a log line says so.
    """

    @abstractmethod
    def tell(self, command: Command) -> Sent:
        """Queue any command."""

    @abstractmethod
    async def session_update(
        self,
        session: Settings,
        *,
        timeout: float | None = 10.0,
        event_id: str | UnsetType = UNSET,
    ) -> SessionUpdated:
        """Change the session's settings and wait until the server has taken them over."""

    @abstractmethod
    def response_cancel(
        self, response_id: str | None = None, *, event_id: str | UnsetType = UNSET
    ) -> Sent:
        """Have the agent stop, where a response is under way."""

    def input_audio_buffer_append(self, audio: bytes, *, event_id: str | UnsetType = UNSET) -> Sent:
        """Let the agent hear `audio`, in the session's input format; `send_frame` is faster."""
        encoded = base64.b64encode(audio).decode("ascii")
        return self.tell(InputAudioBufferAppend(audio=encoded, event_id=event_id))

    def input_audio_buffer_commit(self, *, event_id: str | UnsetType = UNSET) -> Sent:
        """End the caller's turn by hand, where turn detection is off."""
        return self.tell(InputAudioBufferCommit(event_id=event_id))

    def input_audio_buffer_clear(self, *, event_id: str | UnsetType = UNSET) -> Sent:
        """Forget what the caller said since the last turn. Not for barge-in: it deletes words."""
        return self.tell(InputAudioBufferClear(event_id=event_id))

    def output_audio_buffer_clear(self, *, event_id: str | UnsetType = UNSET) -> Sent:
        """Drop the agent's speech that waits at the server, back-channels too."""
        return self.tell(OutputAudioBufferClear(event_id=event_id))

    def conversation_item_create(
        self,
        item: Mapping[str, Any],
        *,
        previous_item_id: str | UnsetType | None = UNSET,
        event_id: str | UnsetType = UNSET,
    ) -> Sent:
        """Add an item, or `{"item": …}` as VoxEngine takes it, to the conversation."""
        bare = dict(item.get("item", item))
        place = (
            item.get("previous_item_id", previous_item_id) if "item" in item else previous_item_id
        )
        return self.tell(
            ConversationItemCreate(item=bare, previous_item_id=place, event_id=event_id)
        )

    def conversation_item_truncate(
        self,
        item_id: str,
        *,
        audio_end_ms: int,
        content_index: int = 0,
        event_id: str | UnsetType = UNSET,
    ) -> Sent:
        """Cut an item of the agent's to the `audio_end_ms` that the caller heard."""
        return self.tell(
            ConversationItemTruncate(
                item_id=item_id,
                content_index=content_index,
                audio_end_ms=audio_end_ms,
                event_id=event_id,
            )
        )

    def conversation_item_delete(self, item_id: str, *, event_id: str | UnsetType = UNSET) -> Sent:
        """Take an item out of the conversation."""
        return self.tell(ConversationItemDelete(item_id=item_id, event_id=event_id))

    def conversation_item_retrieve(
        self, item_id: str, *, event_id: str | UnsetType = UNSET
    ) -> Sent:
        """Ask for an item; `ConversationItemRetrieved` brings it."""
        return self.tell(ConversationItemRetrieve(item_id=item_id, event_id=event_id))

    def response_create(
        self,
        response: Settings | UnsetType = UNSET,
        *,
        event_id: str | UnsetType = UNSET,
    ) -> Sent:
        """Have the agent speak now; `response`, or `{"response": …}`, overrides the session."""
        wanted = UNSET if isinstance(response, UnsetType) else wire_object(response, "response")
        return self.tell(ResponseCreate(response=wanted, event_id=event_id))


def cancellation(response_id: str | None, event_id: str | UnsetType) -> ResponseCancel:
    """The command to stop a response: the named one, else whichever is under way."""
    named = UNSET if response_id is None else response_id
    return ResponseCancel(response_id=named, event_id=event_id)
