"""The events Inworld sends about what the agent says and does, one class each."""

import base64
from typing import ClassVar

import msgspec

from .event import ServerEvent
from .objects import Item, Part, Response, TimestampInfo, Usage
from .spoken import without_open_tag, without_tags


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
    usage: Usage | None = None


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
    part: Part | None = None


class ResponseContentPartDone(_PartEvent, frozen=True, kw_only=True):
    """A part of an item is complete."""

    type: ClassVar[str] = "response.content_part.done"
    part: Part | None = None


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
    timestamp_info: TimestampInfo | None = None


class ResponseOutputAudioDone(_PartEvent, frozen=True, kw_only=True):
    """The server has sent all speech of an item."""

    type: ClassVar[str] = "response.output_audio.done"


class AgentTranscriptDelta(_PartEvent, frozen=True, kw_only=True):
    """The next words the agent says."""

    type: ClassVar[str] = "response.output_audio_transcript.delta"
    text: str = msgspec.field(name="delta")
    so_far: str = ""
    """The agent's words up to here."""

    @property
    def display(self) -> str:
        """`so_far` to be read: without marks for the voice, finished or half come."""
        return without_open_tag(self.so_far)


class AgentTranscript(_PartEvent, frozen=True, kw_only=True):
    """What the agent says: the whole of an item, whether or not the caller hears it out."""

    type: ClassVar[str] = "response.output_audio_transcript.done"
    text: str = msgspec.field(name="transcript")

    @property
    def display(self) -> str:
        """`text` to be read: without marks for the voice, such as `[speak softly]`."""
        return without_tags(self.text)


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
