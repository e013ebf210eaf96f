"""The session as a whole, and what one response may do otherwise."""

from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .audio import Audio
from .base import Fields
from .kinds import MaxTokens, Modalities, Object, Share
from .provider import ProviderData
from .tools import FunctionTool, WebSearch

Tools: TypeAlias = list[FunctionTool | WebSearch | Object]
ToolChoice: TypeAlias = Literal["auto", "none", "required"] | Object


class RetentionRatio(Fields, frozen=True, kw_only=True):
    """How much of a conversation is kept once it has grown too long."""

    place: ClassVar[str] = "session.truncation"

    type: Literal["retention_ratio"] = "retention_ratio"
    retention_ratio: Share


class Session(Fields, frozen=True, kw_only=True):
    """All that a session can be told."""

    place: ClassVar[str] = "session"

    type: Literal["realtime"] = "realtime"
    model: str | UnsetType = UNSET
    """The language model as `provider/model`, a router as `inworld/…`, or `auto`."""
    instructions: str | UnsetType = UNSET
    """The system prompt; empty clears it."""
    output_modalities: Modalities | UnsetType = UNSET
    """Both may be asked for at once; without audio no turn is answered by itself."""
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType = UNSET
    max_output_tokens: MaxTokens | UnsetType = UNSET
    tools: Tools | UnsetType = UNSET
    """What the agent can do besides speaking; an empty list takes all away."""
    tool_choice: ToolChoice | UnsetType = UNSET
    """Or an object that names one tool."""
    truncation: Literal["auto", "disabled"] | RetentionRatio | UnsetType = UNSET
    """What happens to a conversation that has grown too long."""
    tracing: Literal["auto"] | Object | UnsetType | None = UNSET
    include: list[Literal["item.input_audio_transcription.logprobs"]] | UnsetType = UNSET
    """What events should hold besides."""
    prompt: Object | UnsetType | None = UNSET
    """A prompt that the server keeps."""
    audio: Audio | UnsetType = UNSET
    provider_data: ProviderData | UnsetType = msgspec.field(name="providerData", default=UNSET)
    """Inworld's own settings. On the wire it is `providerData`; nothing else is understood."""


class Response(Fields, frozen=True, kw_only=True):
    """What one response does otherwise than the session says."""

    place: ClassVar[str] = "response"

    conversation: Literal["auto", "none"] | str | UnsetType = UNSET
    """`none`: nothing of it stays in the conversation."""
    output_modalities: Modalities | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    """In place of the session's, for this response."""
    voice: str | UnsetType = UNSET
    """Flat, in no `audio`, as Inworld has it."""
    max_output_tokens: MaxTokens | UnsetType = UNSET
    tools: Tools | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
