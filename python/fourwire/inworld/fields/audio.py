"""How the agent hears and speaks. Audio formats are not here: they are `connect`'s business."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from .base import Fields
from .kinds import Share, Whole

Speed: TypeAlias = Annotated[float, Meta(ge=0.25, le=1.5)]


class NoiseReduction(Fields, frozen=True, kw_only=True):
    """Noise that is taken away before anything listens."""

    place: ClassVar[str] = "session.audio.input.noise_reduction"

    type: Literal["near_field", "far_field"]
    """Whether the caller is close to the microphone."""


class Transcription(Fields, frozen=True, kw_only=True):
    """Who writes down what the caller says."""

    place: ClassVar[str] = "session.audio.input.transcription"

    model: str | UnsetType = UNSET
    """The recogniser, such as `inworld/inworld-stt-1`."""
    language: str | UnsetType = UNSET
    """The caller's language, as a code."""
    prompt: str | UnsetType = UNSET
    """Words to expect, such as names."""


class SemanticVad(Fields, frozen=True, kw_only=True):
    """Turns end where what was said is complete; the default."""

    place: ClassVar[str] = "session.audio.input.turn_detection"

    type: Literal["semantic_vad"] = "semantic_vad"
    eagerness: Literal["low", "medium", "high", "auto"] | UnsetType = UNSET
    """How soon the agent takes the word."""
    create_response: bool | UnsetType = UNSET
    """Whether the end of a turn makes the agent answer."""
    interrupt_response: bool | UnsetType = UNSET
    """Whether the caller's voice ends the agent's answer."""


class ServerVad(Fields, frozen=True, kw_only=True):
    """Turns end after a silence."""

    place: ClassVar[str] = "session.audio.input.turn_detection"

    type: Literal["server_vad"] = "server_vad"
    threshold: Share | UnsetType = UNSET
    """How sure it must be that there is speech."""
    prefix_padding_ms: Whole | UnsetType = UNSET
    """Audio before the speech that counts to it."""
    silence_duration_ms: Whole | UnsetType = UNSET
    """So much silence ends a turn."""
    idle_timeout_ms: Whole | UnsetType | None = UNSET
    """So much silence of the caller makes the agent speak."""
    create_response: bool | UnsetType = UNSET
    """Whether the end of a turn makes the agent answer."""
    interrupt_response: bool | UnsetType = UNSET
    """Whether the caller's voice ends the agent's answer."""


class AudioInput(Fields, frozen=True, kw_only=True):
    """How the agent hears."""

    place: ClassVar[str] = "session.audio.input"

    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    turn_detection: SemanticVad | ServerVad | UnsetType | None = UNSET
    """None: turns are ended by hand, with `input_audio_buffer_commit` and `response_create`."""


class AudioOutput(Fields, frozen=True, kw_only=True):
    """How the agent sounds."""

    place: ClassVar[str] = "session.audio.output"

    model: str | UnsetType = UNSET
    """Whose speech it is, such as `inworld-tts-2`."""
    voice: str | UnsetType = UNSET
    """The voice; letters in the right case."""
    speed: Speed | UnsetType = UNSET
    """1.0 is the voice's own."""


class Audio(Fields, frozen=True, kw_only=True):
    """How the agent hears and speaks."""

    place: ClassVar[str] = "session.audio"

    input: AudioInput | UnsetType = UNSET
    output: AudioOutput | UnsetType = UNSET
