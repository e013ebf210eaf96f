"""What a client may say: the eleven events of the protocol.

`UNSET` leaves a field out of the message; `None` is sent as null, which clears a setting.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

Object = dict[str, Any]


class Command(msgspec.Struct, kw_only=True, tag_field="type"):
    """A message to the server. An `event_id` comes back in the error the message causes."""

    event_id: str | UnsetType = UNSET

    @property
    def type(self) -> str:
        """The message's `type` on the wire."""
        return str(self.__struct_config__.tag)


class SessionUpdate(Command, kw_only=True, tag="session.update"):
    """Change the settings that `session` names."""

    session: Object


class InputAudioBufferAppend(Command, kw_only=True, tag="input_audio_buffer.append"):
    """Let the server hear base64 `audio`."""

    audio: str


class InputAudioBufferCommit(Command, kw_only=True, tag="input_audio_buffer.commit"):
    """End the caller's turn by hand."""


class InputAudioBufferClear(Command, kw_only=True, tag="input_audio_buffer.clear"):
    """Forget the caller's words that no item holds yet."""


class OutputAudioBufferClear(Command, kw_only=True, tag="output_audio_buffer.clear"):
    """Drop the agent's speech that waits at the server, back-channels too."""


class ConversationItemCreate(Command, kw_only=True, tag="conversation.item.create"):
    """Add `item` to the conversation, after `previous_item_id` or at its end."""

    item: Object
    previous_item_id: str | UnsetType | None = UNSET


class ConversationItemTruncate(Command, kw_only=True, tag="conversation.item.truncate"):
    """Cut an item of the agent's to what the caller heard."""

    item_id: str
    content_index: int
    audio_end_ms: int


class ConversationItemDelete(Command, kw_only=True, tag="conversation.item.delete"):
    """Take an item out of the conversation."""

    item_id: str


class ConversationItemRetrieve(Command, kw_only=True, tag="conversation.item.retrieve"):
    """Ask for an item as the server has it."""

    item_id: str


class ResponseCreate(Command, kw_only=True, tag="response.create"):
    """Have the agent speak now."""

    response: Object | UnsetType = UNSET


class ResponseCancel(Command, kw_only=True, tag="response.cancel"):
    """Have the agent stop."""

    response_id: str | UnsetType = UNSET


def user_message(text: str) -> ConversationItemCreate:
    """`text` as if the caller had typed it."""
    content = [{"type": "input_text", "text": text}]
    return ConversationItemCreate(item={"type": "message", "role": "user", "content": content})


def spoken_response() -> ResponseCreate:
    """A response to be heard and read."""
    return ResponseCreate(response={"output_modalities": ["audio", "text"]})
