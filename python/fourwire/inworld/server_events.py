"""The events Inworld sends about the session, the conversation and the caller, one class each.

Classes are called as VoxEngine calls the event, but for the six a scenario names most:
`SpeechStarted`, `SpeechStopped`, `UserTranscript`, `UserTranscriptDelta`, `AgentTranscript`
and `AgentTranscriptDelta`. Fields are those of the OpenAI Realtime GA schema, which Inworld
follows, and Inworld's own; all times are in milliseconds.
"""

from typing import Any, ClassVar

import msgspec

from .event import ServerEvent
from .lenient import as_far_as_sound
from .objects import ErrorDetail, Item, MemoryState, RateLimit, Usage


class SessionCreated(ServerEvent, frozen=True, kw_only=True):
    """The session exists, with the server's own settings; the first event of all."""

    type: ClassVar[str] = "session.created"
    session: dict[str, Any] = msgspec.field(default_factory=dict)


class SessionUpdated(ServerEvent, frozen=True, kw_only=True):
    """The session's settings, whole. Comes unasked too, after every memory cycle."""

    type: ClassVar[str] = "session.updated"
    session: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def memory(self) -> MemoryState | None:
        """What the agent remembers, where its session has a memory; keep it for the next call."""
        found: Any = self.session
        for key in ("providerData", "memory", "state"):
            found = found.get(key) if isinstance(found, dict) else None
        return as_far_as_sound(MemoryState, found) if isinstance(found, dict) else None


class ConversationCreated(ServerEvent, frozen=True, kw_only=True):
    """The conversation exists."""

    type: ClassVar[str] = "conversation.created"
    conversation: dict[str, Any] | None = None


class _ItemEvent(ServerEvent, frozen=True, kw_only=True):
    item: Item
    previous_item_id: str | None = None


class ConversationItemAdded(_ItemEvent, frozen=True, kw_only=True):
    """An item joined the conversation; its content may still be growing."""

    type: ClassVar[str] = "conversation.item.added"


class ConversationItemDone(_ItemEvent, frozen=True, kw_only=True):
    """An item is complete."""

    type: ClassVar[str] = "conversation.item.done"


class ConversationItemCreated(_ItemEvent, frozen=True, kw_only=True):
    """An item joined the conversation, as servers of the beta schema say it."""

    type: ClassVar[str] = "conversation.item.created"


class ConversationItemRetrieved(_ItemEvent, frozen=True, kw_only=True):
    """The item that `conversation_item_retrieve` asked for."""

    type: ClassVar[str] = "conversation.item.retrieved"


class ConversationItemDeleted(ServerEvent, frozen=True, kw_only=True):
    """An item left the conversation."""

    type: ClassVar[str] = "conversation.item.deleted"
    item_id: str | None = None


class ConversationItemTruncated(ServerEvent, frozen=True, kw_only=True):
    """An item of the agent's was cut to what the caller heard."""

    type: ClassVar[str] = "conversation.item.truncated"
    item_id: str | None = None
    content_index: int | None = None
    audio_end_ms: int | None = None


SPELLINGS = {"vocalStyle": "vocal_style"}
"""Another spelling of a trait, as Inworld's plain speech recognition has it."""


class _TranscriptEvent(ServerEvent, frozen=True, kw_only=True):
    item_id: str | None = None
    content_index: int | None = None


class UserTranscriptDelta(_TranscriptEvent, frozen=True, kw_only=True):
    """What the caller is saying: `text` is new, or all of it again; `so_far` is all of it."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.delta"
    text: str = msgspec.field(name="delta")
    logprobs: list[Any] | None = None
    so_far: str = ""
    """The caller's words up to here, however the server tells them."""


class UserTranscript(_TranscriptEvent, frozen=True, kw_only=True):
    """What the caller said: the whole of one utterance, final."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.completed"
    text: str = msgspec.field(name="transcript")
    usage: Usage | None = None
    languages: list[Any] | None = None
    logprobs: list[Any] | None = None
    provider_data: dict[str, Any] | None = msgspec.field(name="providerData", default=None)

    @property
    def voice_profile(self) -> dict[str, Any] | None:
        """How the caller sounds, each trait a ranked list of `{label, confidence}`."""
        profile: Any = (self.provider_data or {}).get("voiceProfile")
        if not isinstance(profile, dict):
            return None
        return {SPELLINGS.get(trait) or trait: labels for trait, labels in profile.items()}


class UserTranscriptUpdated(_TranscriptEvent, frozen=True, kw_only=True):
    """What the caller said, corrected."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.updated"
    text: str = msgspec.field(name="transcript")


class UserTranscriptSegment(_TranscriptEvent, frozen=True, kw_only=True):
    """A stretch of what was said, by one speaker; `start` and `end` are in seconds."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.segment"
    text: str
    id: str | None = None
    speaker: str | None = None
    start: float | None = None
    end: float | None = None


class UserTranscriptFailed(_TranscriptEvent, frozen=True, kw_only=True):
    """What the caller said could not be transcribed."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.failed"
    error: ErrorDetail | str | None = None


class SpeechStarted(ServerEvent, frozen=True, kw_only=True):
    """The caller began to speak: the moment of a barge-in."""

    type: ClassVar[str] = "input_audio_buffer.speech_started"
    item_id: str | None = None
    audio_start_ms: int | None = None


class SpeechStopped(ServerEvent, frozen=True, kw_only=True):
    """The caller stopped speaking."""

    type: ClassVar[str] = "input_audio_buffer.speech_stopped"
    item_id: str | None = None
    audio_end_ms: int | None = None


class InputAudioBufferCommitted(ServerEvent, frozen=True, kw_only=True):
    """The caller's speech became an item of the conversation."""

    type: ClassVar[str] = "input_audio_buffer.committed"
    item_id: str | None = None
    previous_item_id: str | None = None


class InputAudioBufferCleared(ServerEvent, frozen=True, kw_only=True):
    """The caller's speech that waited at the server was dropped."""

    type: ClassVar[str] = "input_audio_buffer.cleared"


class InputAudioBufferTimeoutTriggered(ServerEvent, frozen=True, kw_only=True):
    """The caller said nothing for `idle_timeout_ms`."""

    type: ClassVar[str] = "input_audio_buffer.timeout_triggered"
    item_id: str | None = None
    audio_start_ms: int | None = None
    audio_end_ms: int | None = None


class InputAudioBufferDtmfEventReceived(ServerEvent, frozen=True, kw_only=True):
    """The server heard a key; `received_at` is in epoch seconds."""

    type: ClassVar[str] = "input_audio_buffer.dtmf_event_received"
    key: str = msgspec.field(name="event")
    received_at: int | None = None


class InputAudioBufferTurnSuggestion(ServerEvent, frozen=True, kw_only=True):
    """The server thinks the caller's turn may be over. Inworld alone sends it."""

    type: ClassVar[str] = "input_audio_buffer.turn_suggestion"
    item_id: str | None = None
    utterance_index: int | None = None
    probability: float | None = None
    trailing_silence_ms: int | None = None
    audio_duration_ms: int | None = None
    inference_ms: float | None = None


class InputAudioBufferTurnSuggestionRevoked(ServerEvent, frozen=True, kw_only=True):
    """The caller's turn was not over after all. Inworld alone sends it."""

    type: ClassVar[str] = "input_audio_buffer.turn_suggestion_revoked"
    item_id: str | None = None
    utterance_index: int | None = None


class RateLimitsUpdated(ServerEvent, frozen=True, kw_only=True):
    """What is left of the account's limits."""

    type: ClassVar[str] = "rate_limits.updated"
    rate_limits: list[RateLimit] = msgspec.field(default_factory=list)


class Ping(ServerEvent, frozen=True, kw_only=True):
    """A sign of life; wants no answer."""

    type: ClassVar[str] = "ping"
    timestamp: Any = None
