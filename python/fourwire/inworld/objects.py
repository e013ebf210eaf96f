"""What events are about: items, responses, and what is known of them.

Any field may be missing, whoever the server is; what came is in the event's `payload`.
"""

from typing import Any

import msgspec

from .spoken import without_tags


class Object(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an event."""


class Part(Object, frozen=True, kw_only=True):
    """A part of a message: words, or speech and its transcript.

    What the agent says is of `type` `audio` or `text`, or `output_audio` and `output_text` where
    the server keeps to OpenAI's names; what it was told is `input_audio`, `input_text` or
    `input_image`.
    """

    type: str | None = None
    text: str | None = None
    transcript: str | None = None
    audio: str | None = None
    """Speech as base64, where the server repeats it."""
    image_url: str | None = None
    detail: str | None = None

    @property
    def words(self) -> str:
        """What is said or written in it, as it came."""
        return self.transcript or self.text or ""


class Item(Object, frozen=True, kw_only=True):
    """A conversation item: a message, a function call or its output, or work of an MCP server."""

    id: str | None = None
    object: str | None = None
    type: str | None = None
    role: str | None = None
    status: str | None = None
    content: list[Part] | None = None
    phase: str | None = None
    call_id: str | None = None
    function: str | None = msgspec.field(name="name", default=None)
    arguments: str | None = None
    output: Any = None
    server_label: str | None = None
    tools: list[dict[str, Any]] | None = None
    approval_request_id: str | None = None
    approve: bool | None = None
    reason: str | None = None
    error: dict[str, Any] | None = None

    @property
    def words(self) -> str:
        """What is said in it, without marks for the voice (`[speak …]`, `[laugh]`)."""
        return without_tags(" ".join(part.words for part in self.content or () if part.words))


class ErrorDetail(Object, frozen=True, kw_only=True):
    """What went wrong: its kind (`type`), code, text, and where it applies."""

    type: str | None = None
    code: str | int | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class StatusDetails(Object, frozen=True, kw_only=True):
    """Why a response is in its status.

    `reason` is `turn_detected` where the caller interrupted, `client_cancelled` where we did,
    else `max_output_tokens`, `content_filter` or `server_error`.
    """

    type: str | None = None
    reason: str | None = None
    error: ErrorDetail | str | None = None


class InputTokens(Object, frozen=True, kw_only=True):
    """What a response has read."""

    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    cached_tokens: int | None = None
    cached_tokens_details: dict[str, Any] | None = None


class OutputTokens(Object, frozen=True, kw_only=True):
    """What a response has written."""

    text_tokens: int | None = None
    audio_tokens: int | None = None


class Usage(Object, frozen=True, kw_only=True):
    """What something cost: tokens, or `seconds` of audio."""

    type: str | None = None
    total_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None
    input_token_details: InputTokens | None = None
    output_token_details: OutputTokens | None = None


class Response(Object, frozen=True, kw_only=True):
    """A response: the agent's turn, from its first event to its last."""

    id: str | None = None
    object: str | None = None
    status: str | None = None
    """`in_progress`, `completed`, `cancelled`, `failed` or `incomplete`."""
    status_details: StatusDetails | None = None
    output: list[Item] | None = None
    usage: Usage | None = None
    conversation_id: str | None = None
    output_modalities: list[str] | None = None
    max_output_tokens: int | str | None = None
    audio: dict[str, Any] | None = None
    metadata: Any = None
    """Whatever was attached; Inworld adds `attempts`, a list of the models it tried."""


class RateLimit(Object, frozen=True, kw_only=True):
    """What is left of one of the account's limits."""

    name: str | None = None
    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None


class WordAlignment(Object, frozen=True, kw_only=True):
    """When the words of a delta are said, in seconds since their sentence began.

    An empty list of words ends a sentence.
    """

    words: list[str] | None = None
    word_start_time_seconds: list[float] | None = None
    word_end_time_seconds: list[float] | None = None
    phonetic_details: list[dict[str, Any]] | None = None


class TimestampInfo(Object, frozen=True, kw_only=True):
    """Timing that comes with speech where the session asks for it (`timestamp_type`)."""

    word_alignment: WordAlignment | None = None
    character_alignment: dict[str, Any] | None = None


class MemoryState(Object, frozen=True, kw_only=True):
    """What the agent remembers, as of a memory cycle; unchanged where `version` is."""

    version: int | None = None
    facts: list[Any] | None = None
    summary: str | None = None
    context_text: str | None = None
    turns_since_gen: int | None = None
    total_turns: int | None = None
    items_trimmed: int | None = None
