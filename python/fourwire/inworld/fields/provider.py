"""What Inworld adds to the protocol: `providerData`, whose fields all may be left out."""

from typing import Any, ClassVar, Literal

from msgspec import UNSET, UnsetType

from .base import Fields
from .kinds import Object, Share, Whole


class Stt(Fields, frozen=True, kw_only=True):
    """How the caller is understood."""

    place: ClassVar[str] = "session.providerData.stt"

    prompt: str | UnsetType = UNSET
    """Words to expect; `Transcription.prompt` is the usual place."""
    voice_profile: bool | UnsetType = UNSET
    """Tell how the caller sounds: `UserTranscript.voice_profile`."""
    language_hints: list[str] | UnsetType = UNSET
    """Languages to expect, as codes."""
    end_of_turn_confidence_threshold: Share | UnsetType = UNSET
    """How sure it must be that a turn is over."""
    vad_threshold: Share | UnsetType = UNSET
    """How sure it must be that there is speech."""
    min_end_of_turn_silence: Whole | UnsetType = UNSET
    """Milliseconds of silence before a turn may end."""
    max_turn_silence: Whole | UnsetType = UNSET
    """Milliseconds of silence that end any turn."""


class Tts(Fields, frozen=True, kw_only=True):
    """How the agent speaks."""

    place: ClassVar[str] = "session.providerData.tts"

    segmenter_strategy: (
        Literal["auto", "balanced", "sentence", "full_turn", "fast_start", "per_segment_context"]
        | UnsetType
    ) = UNSET
    """In what pieces words go to the voice: `full_turn` sounds best, `fast_start` begins first."""
    steering_handling: Literal["repeat_each_chunk", "emit_once"] | UnsetType = UNSET
    """Whether a `[speak …]` at the beginning holds for each piece."""
    delivery_mode: Literal["STABLE", "BALANCED", "CREATIVE"] | UnsetType = UNSET
    """How much the delivery varies; TTS-2 only."""
    language: str | UnsetType = UNSET
    """The language spoken; the voice's own where left out."""
    conversational: bool | UnsetType = UNSET
    """Let the voice follow the conversation. Only before the first response; TTS-2 only."""
    user_turn_mode: Literal["both", "audio_only", "text_only", "none"] | UnsetType = UNSET
    """What of the caller's turn the voice follows. Only before the first response."""
    timestamp_type: Literal["WORD", "CHARACTER"] | UnsetType = UNSET
    """Tell when each is said."""
    timestamp_transport_strategy: Literal["SYNC", "ASYNC"] | UnsetType = UNSET
    """Whether timing comes with the speech or after it."""


class Memory(Fields, frozen=True, kw_only=True):
    """What the agent keeps of a long conversation."""

    place: ClassVar[str] = "session.providerData.memory"

    enabled: bool | UnsetType = UNSET
    turn_interval: Whole | UnsetType = UNSET
    """Turns between two cycles."""
    max_memory_length: Whole | UnsetType = UNSET
    max_transcript_items: Whole | UnsetType = UNSET
    max_facts: Whole | UnsetType = UNSET
    trim_after_summarize: bool | UnsetType = UNSET
    """Drop from the conversation what the summary has."""
    state: Object | UnsetType = UNSET
    """What was remembered before: `SessionUpdated.memory` of an earlier call."""


class Backchannel(Fields, frozen=True, kw_only=True):
    """Listening sounds ("uh-huh") while the caller speaks."""

    place: ClassVar[str] = "session.providerData.backchannel"

    enabled: bool | UnsetType = UNSET
    """The account must have them, too."""
    small_model: str | UnsetType = UNSET
    """Who decides; empty: the session's model."""
    eval_interval_ms: Whole | UnsetType = UNSET
    """How often it is decided."""
    min_speech_ms: Whole | UnsetType = UNSET
    """None before so much speech."""
    min_gap_ms: Whole | UnsetType = UNSET
    """None so soon after another."""
    max_per_turn: Whole | UnsetType = UNSET
    hard_deadline_ms: Whole | UnsetType = UNSET
    """One that takes longer to make is dropped."""
    history_tail_items: Whole | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    max_tokens: Whole | UnsetType = UNSET
    volume_gain: float | UnsetType = UNSET
    """The server's, linear: 0 is none, above 1 is louder."""
    require_pause: bool | UnsetType = UNSET
    """Only where the caller pauses."""
    allowed_phrases: list[str] | UnsetType = UNSET
    prompt_template: str | UnsetType = UNSET
    decider_kind: Literal["llm", "rule"] | UnsetType = UNSET
    rule_fire_probability: Share | UnsetType = UNSET
    """How often the rule says yes; only with `rule`."""


class Responsiveness(Fields, frozen=True, kw_only=True):
    """A short filler where the answer takes long."""

    place: ClassVar[str] = "session.providerData.responsiveness"

    enabled: bool | UnsetType = UNSET
    """The account must have them, too."""
    small_model: str | UnsetType = UNSET
    """Who thinks of them; empty: the session's model."""
    initial_wait_timeout_ms: Whole | UnsetType = UNSET
    """So long the answer's first words are waited for."""
    hard_deadline_ms: Whole | UnsetType = UNSET
    """One that takes longer to make is dropped."""
    history_tail_items: Whole | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    max_tokens: Whole | UnsetType = UNSET
    min_filler_gap_ms: Whole | UnsetType = UNSET
    """None so soon after another."""
    max_initial_per_turn: Whole | UnsetType = UNSET
    max_buffer_deltas: Whole | UnsetType = UNSET
    enable_filler_on_first_assistant_reply: bool | UnsetType = UNSET
    """Also before the greeting."""
    prompt_template: str | UnsetType = UNSET
    pause_text: str | UnsetType = UNSET


class Caching(Fields, frozen=True, kw_only=True):
    """What the model need not read again."""

    place: ClassVar[str] = "session.providerData.caching"

    enabled: bool | UnsetType = UNSET
    ttl: str | UnsetType = UNSET
    """How long it is kept."""
    cache_instructions: bool | UnsetType = UNSET
    cache_tools: bool | UnsetType = UNSET


class Reasoning(Fields, frozen=True, kw_only=True, rename="camel"):
    """How long the model thinks before it speaks."""

    place: ClassVar[str] = "session.providerData.text_generation_config.reasoning"

    effort: Literal["NONE", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"] | UnsetType = UNSET
    max_tokens: Whole | UnsetType = UNSET
    exclude: bool | UnsetType = UNSET


class TextGeneration(Fields, frozen=True, kw_only=True, rename="camel"):
    """How the model chooses its words. On the wire its fields, alone of all, are in camelCase."""

    place: ClassVar[str] = "session.providerData.text_generation_config"

    reasoning: Reasoning | UnsetType = UNSET
    max_new_tokens: Whole | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    frequency_penalty: float | UnsetType = UNSET
    presence_penalty: float | UnsetType = UNSET
    repetition_penalty: float | UnsetType = UNSET
    stop_sequences: list[str] | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    logit_bias: list[Any] | UnsetType = UNSET


class ProviderData(Fields, frozen=True, kw_only=True):
    """Inworld's own settings; merged with those the session has."""

    place: ClassVar[str] = "session.providerData"

    auto_tool_response: bool | UnsetType = UNSET
    """Whether the server goes on by itself after a tool's result; false where tools run here."""
    user_id: str | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    stt: Stt | UnsetType = UNSET
    tts: Tts | UnsetType = UNSET
    memory: Memory | UnsetType = UNSET
    backchannel: Backchannel | UnsetType = UNSET
    responsiveness: Responsiveness | UnsetType = UNSET
    caching: Caching | UnsetType = UNSET
    text_generation_config: TextGeneration | UnsetType = UNSET
