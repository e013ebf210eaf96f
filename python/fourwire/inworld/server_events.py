"""The events Inworld sends, one class each.

Classes are called as VoxEngine calls the event, but for the six a scenario names most:
`SpeechStarted`, `SpeechStopped`, `UserTranscript`, `UserTranscriptDelta`, `AgentTranscript`
and `AgentTranscriptDelta`. Fields are those of the OpenAI Realtime GA schema, which Inworld
follows, and Inworld's own; all times are in milliseconds.
"""

import base64
from typing import Any, ClassVar

import msgspec

from .event import ServerEvent


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation item: a message, a function call or its output."""

    id: str | None = None
    type: str | None = None
    role: str | None = None
    status: str | None = None
    content: list[dict[str, Any]] | None = None
    call_id: str | None = None
    function: str | None = msgspec.field(name="name", default=None)
    arguments: str | None = None
    output: Any = None


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A response: the agent's turn, from its first event to its last."""

    id: str | None = None
    status: str | None = None
    status_details: dict[str, Any] | None = None
    output: list[dict[str, Any]] | None = None
    usage: dict[str, Any] | None = None
    conversation_id: str | None = None
    output_modalities: list[str] | None = None
    metadata: Any = None


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What an `error` event says: its kind (`type`), code, text, and where it applies."""

    type: str | None = None
    code: str | int | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class SessionCreated(ServerEvent, frozen=True, kw_only=True):
    """The session exists, with the server's own settings; the first event of all."""

    type: ClassVar[str] = "session.created"
    session: dict[str, Any] = msgspec.field(default_factory=dict)


class SessionUpdated(ServerEvent, frozen=True, kw_only=True):
    """The session's settings, whole. Comes unasked too, after every memory cycle."""

    type: ClassVar[str] = "session.updated"
    session: dict[str, Any] = msgspec.field(default_factory=dict)


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


class _TranscriptEvent(ServerEvent, frozen=True, kw_only=True):
    item_id: str | None = None
    content_index: int | None = None


class UserTranscriptDelta(_TranscriptEvent, frozen=True, kw_only=True):
    """What the caller is saying, so far: often all of it again (see `merge_partial`)."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.delta"
    text: str = msgspec.field(name="delta")
    logprobs: list[Any] | None = None


class UserTranscript(_TranscriptEvent, frozen=True, kw_only=True):
    """What the caller said: the whole of one utterance, final."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.completed"
    text: str = msgspec.field(name="transcript")
    usage: dict[str, Any] | None = None
    languages: list[Any] | None = None
    logprobs: list[Any] | None = None
    provider_data: dict[str, Any] | None = msgspec.field(name="providerData", default=None)

    @property
    def voice_profile(self) -> dict[str, Any] | None:
        """How the caller sounds, each trait a ranked list of `{label, confidence}`."""
        profile = (self.provider_data or {}).get("voiceProfile")
        return profile if isinstance(profile, dict) else None


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


class _OutputBufferEvent(ServerEvent, frozen=True, kw_only=True):
    response_id: str | None = None


class OutputAudioBufferStarted(_OutputBufferEvent, frozen=True, kw_only=True):
    """The server began to send speech. Inworld leaves out `response_id`."""

    type: ClassVar[str] = "output_audio_buffer.started"


class OutputAudioBufferStopped(_OutputBufferEvent, frozen=True, kw_only=True):
    """The server has sent all speech, which is long before the caller has heard it."""

    type: ClassVar[str] = "output_audio_buffer.stopped"


class OutputAudioBufferCleared(_OutputBufferEvent, frozen=True, kw_only=True):
    """Speech that waited at the server was dropped, back-channels too."""

    type: ClassVar[str] = "output_audio_buffer.cleared"


class ResponseCreated(ServerEvent, frozen=True, kw_only=True):
    """The agent's turn begins."""

    type: ClassVar[str] = "response.created"
    response: Response = Response()


class ResponseDone(ServerEvent, frozen=True, kw_only=True):
    """The agent's turn is over; `response.status` tells how."""

    type: ClassVar[str] = "response.done"
    response: Response = Response()
    usage: dict[str, Any] | None = None


class _OutputItemEvent(ServerEvent, frozen=True, kw_only=True):
    item: Item
    response_id: str | None = None
    output_index: int | None = None


class ResponseOutputItemAdded(_OutputItemEvent, frozen=True, kw_only=True):
    """The agent's turn gained an item: speech, or a function call."""

    type: ClassVar[str] = "response.output_item.added"


class ResponseOutputItemDone(_OutputItemEvent, frozen=True, kw_only=True):
    """An item of the agent's turn is complete."""

    type: ClassVar[str] = "response.output_item.done"


class _PartEvent(ServerEvent, frozen=True, kw_only=True):
    response_id: str | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None


class ResponseContentPartAdded(_PartEvent, frozen=True, kw_only=True):
    """An item of the agent's turn gained a part."""

    type: ClassVar[str] = "response.content_part.added"
    part: dict[str, Any] | None = None


class ResponseContentPartDone(_PartEvent, frozen=True, kw_only=True):
    """A part of an item is complete."""

    type: ClassVar[str] = "response.content_part.done"
    part: dict[str, Any] | None = None


class _Audio(ServerEvent, frozen=True, kw_only=True):
    delta: str

    @property
    def audio(self) -> bytes:
        """The samples, in the session's output format; ValueError where it is not base64."""
        return base64.b64decode(self.delta, validate=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.delta)} base64 characters)"


class ResponseOutputAudioDelta(_Audio, frozen=True, kw_only=True):
    """A piece of the agent's speech. Never delivered while a call leg takes the audio."""

    type: ClassVar[str] = "response.output_audio.delta"
    response_id: str | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    timestamp_info: dict[str, Any] | None = None


class ResponseOutputAudioDone(_PartEvent, frozen=True, kw_only=True):
    """The server has sent all speech of an item."""

    type: ClassVar[str] = "response.output_audio.done"


class AgentTranscriptDelta(_PartEvent, frozen=True, kw_only=True):
    """The next words the agent says."""

    type: ClassVar[str] = "response.output_audio_transcript.delta"
    text: str = msgspec.field(name="delta")


class AgentTranscript(_PartEvent, frozen=True, kw_only=True):
    """What the agent says: the whole of an item, whether or not the caller hears it out."""

    type: ClassVar[str] = "response.output_audio_transcript.done"
    text: str = msgspec.field(name="transcript")


class ResponseOutputTextDelta(_PartEvent, frozen=True, kw_only=True):
    """The next words the agent writes; may repeat what `AgentTranscriptDelta` says."""

    type: ClassVar[str] = "response.output_text.delta"
    text: str = msgspec.field(name="delta")


class ResponseOutputTextDone(_PartEvent, frozen=True, kw_only=True):
    """What the agent wrote; may repeat what `AgentTranscript` says."""

    type: ClassVar[str] = "response.output_text.done"
    text: str


class ResponseFunctionCallArgumentsDelta(_PartEvent, frozen=True, kw_only=True):
    """A piece of a function call's arguments."""

    type: ClassVar[str] = "response.function_call_arguments.delta"
    delta: str
    call_id: str | None = None


class ResponseFunctionCallArgumentsDone(_PartEvent, frozen=True, kw_only=True):
    """A function call's arguments, whole: JSON in a string, or "" where there are none.

    The function's name may be missing here; the call's output item has it.
    """

    type: ClassVar[str] = "response.function_call_arguments.done"
    arguments: str
    call_id: str | None = None
    function: str | None = msgspec.field(name="name", default=None)


class ResponseMcpCallArgumentsDelta(_PartEvent, frozen=True, kw_only=True):
    """A piece of the arguments of a call to an MCP tool."""

    type: ClassVar[str] = "response.mcp_call_arguments.delta"
    delta: str
    obfuscation: str | None = None


class ResponseMcpCallArgumentsDone(_PartEvent, frozen=True, kw_only=True):
    """The arguments of a call to an MCP tool, whole."""

    type: ClassVar[str] = "response.mcp_call_arguments.done"
    arguments: str


class ResponseMcpCallInProgress(_PartEvent, frozen=True, kw_only=True):
    """An MCP tool is at work."""

    type: ClassVar[str] = "response.mcp_call.in_progress"


class ResponseMcpCallCompleted(_PartEvent, frozen=True, kw_only=True):
    """An MCP tool gave its result."""

    type: ClassVar[str] = "response.mcp_call.completed"


class ResponseMcpCallFailed(_PartEvent, frozen=True, kw_only=True):
    """An MCP tool failed."""

    type: ClassVar[str] = "response.mcp_call.failed"


class McpListToolsInProgress(ServerEvent, frozen=True, kw_only=True):
    """The server asks an MCP server for its tools."""

    type: ClassVar[str] = "mcp_list_tools.in_progress"
    item_id: str | None = None


class McpListToolsCompleted(ServerEvent, frozen=True, kw_only=True):
    """The server knows the tools of an MCP server."""

    type: ClassVar[str] = "mcp_list_tools.completed"
    item_id: str | None = None


class McpListToolsFailed(ServerEvent, frozen=True, kw_only=True):
    """An MCP server did not name its tools."""

    type: ClassVar[str] = "mcp_list_tools.failed"
    item_id: str | None = None


class ResponseBackchannelAudioDelta(_Audio, frozen=True, kw_only=True):
    """A piece of a listening sound ("uh-huh"): no part of any response, never cut by barge-in."""

    type: ClassVar[str] = "response.backchannel.audio.delta"
    backchannel_id: str | None = None


class ResponseBackchannelAudioDone(ServerEvent, frozen=True, kw_only=True):
    """A listening sound is complete."""

    type: ClassVar[str] = "response.backchannel.audio.done"
    backchannel_id: str | None = None
    phrase: str | None = None


class ResponseBackchannelSkipped(ServerEvent, frozen=True, kw_only=True):
    """A listening sound was thought of but not made."""

    type: ClassVar[str] = "response.backchannel.skipped"
    backchannel_id: str | None = None
    reason: str | None = None


class RateLimitsUpdated(ServerEvent, frozen=True, kw_only=True):
    """What is left of the account's limits."""

    type: ClassVar[str] = "rate_limits.updated"
    rate_limits: list[dict[str, Any]] = msgspec.field(default_factory=list)


class Ping(ServerEvent, frozen=True, kw_only=True):
    """A sign of life; wants no answer."""

    type: ClassVar[str] = "ping"
    timestamp: Any = None


HARMLESS_CODES = frozenset(
    {"response_cancel_not_active", "conversation_already_has_active_response"}
)
"""Errors that say the server already is where the command wanted it to be."""

HARMLESS_COMMANDS = frozenset({"response.cancel", "output_audio_buffer.clear"})
"""Commands of a barge-in: the server may have fallen silent by itself before they came."""


class Error(ServerEvent, frozen=True, kw_only=True):
    """The server could not do something. Most errors leave the session usable."""

    type: ClassVar[str] = "error"
    error: ErrorDetail | str | None = None
    text: str | None = msgspec.field(name="message", default=None)
    answers: str | None = None
    """The type of the command this error answers, where the server named the command."""

    @property
    def code(self) -> str | None:
        """A word for the cause, such as `invalid_value`."""
        return None if self._detail.code is None else str(self._detail.code)

    @property
    def message(self) -> str:
        """What went wrong, in the server's words."""
        return self._detail.message or self.text or ""

    @property
    def param(self) -> str | None:
        """The JSON path of the value at fault."""
        return self._detail.param

    @property
    def caused_by(self) -> str | None:
        """The event id of the command at fault."""
        return self._detail.event_id

    @property
    def harmless(self) -> bool:
        """Whether nothing is lost: the error of a barge-in that came too late, or the like."""
        return self.code in HARMLESS_CODES or self.answers in HARMLESS_COMMANDS

    @property
    def _detail(self) -> ErrorDetail:
        return (
            self.error if isinstance(self.error, ErrorDetail) else ErrorDetail(message=self.error)
        )
