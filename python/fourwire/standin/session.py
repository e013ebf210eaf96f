"""The session document: its defaults, what an update may set, and how it is merged.

An update is applied whole or not at all. Unknown keys are dropped without a word, as the real
server does it; so `provider_data`, a common slip for `providerData`, has no effect.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fourwire.standin.formats import AudioFormat
from fourwire.standin.refusal import Refused

__all__ = ["Json", "Session"]

Json: TypeAlias = dict[str, object]


class Session:
    """The effective session of one connection."""

    def __init__(self, session_id: str, *, expires_at: int, model: str | None = None) -> None:
        self.fields = _defaults()
        self.fields |= {"id": session_id, "expires_at": expires_at}
        if model is not None:
            self.fields["model"] = model

    def update(self, change: object) -> None:
        """Applies `change`; raises `Refused`, with nothing applied, where a value is wrong."""
        if not isinstance(change, dict):
            raise Refused("session must be an object", param="session")
        self.fields = _merged(self.fields, change, "session", _defaults())

    @property
    def input_format(self) -> AudioFormat:
        """Format of the caller's audio."""
        return _format(self._at("audio", "input", "format"))

    @property
    def output_format(self) -> AudioFormat:
        """Format of the agent's audio."""
        return _format(self._at("audio", "output", "format"))

    @property
    def turn_detection(self) -> Json | None:
        """The `turn_detection` object, or `None` in manual mode."""
        detection = self._at("audio", "input", "turn_detection")
        return detection if isinstance(detection, dict) else None

    @property
    def modalities(self) -> list[str]:
        """What a response consists of unless it asks for something else."""
        modalities = self.fields["output_modalities"]
        assert isinstance(modalities, list)
        return modalities

    def provider(self, branch: str) -> Json:
        """A branch of `providerData`; empty where the session has none."""
        found = self._at("providerData", branch)
        return found if isinstance(found, dict) else {}

    def remember(self, state: Json) -> None:
        """Keeps what the agent remembers, in `providerData.memory.state`."""
        provider = self._at("providerData")
        memory = self.provider("memory") | {"state": state}
        provider = provider if isinstance(provider, dict) else {}
        self.fields = self.fields | {"providerData": provider | {"memory": memory}}

    def _at(self, *path: str) -> object:
        node: object = self.fields
        for key in path:
            node = node.get(key) if isinstance(node, dict) else None
        return node


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field may be; `fits` is asked with anything JSON can hold but null."""

    fits: Callable[[object], bool]
    wanted: str


def _merged(old: Json, change: Json, path: str, defaults: Json) -> Json:
    """`old` with the known keys of `change`, at any depth."""
    new = dict(old)
    for key, value in change.items():
        below = f"{path}.{key}"
        if below in BRANCHES:
            new[key] = _merged_branch(old, key, value, below, defaults)
        elif below in RULES:
            new[key] = _leaf(value, below, defaults.get(key))
    return new


def _merged_branch(old: Json, key: str, value: object, path: str, defaults: Json) -> object:
    default = defaults.get(key)
    if value is None:
        return None if path in NULLABLE else default
    if not isinstance(value, dict):
        raise Refused(f"{path} must be an object", param=path)
    if path == DETECTION:
        return _merged_detection(old.get(key), value)
    if path == PROVIDER:
        return _merged_provider(old.get(key), value)
    base = old.get(key)
    return _merged(
        base if isinstance(base, dict) else {},
        value,
        path,
        default if isinstance(default, dict) else {},
    )


def _leaf(value: object, path: str, default: object) -> object:
    if value is None:
        return None if path in NULLABLE else default
    rule = RULES[path]
    if not rule.fits(value):
        raise Refused(f"{path} must be {rule.wanted}", param=path)
    return _format(value).wire() if path in FORMATS and isinstance(value, str) else value


def _merged_detection(old: object, change: Json) -> Json:
    """A change of the type starts from that type's defaults, not from the other's fields."""
    present = old if isinstance(old, dict) else DETECTION_DEFAULTS["semantic_vad"]
    wanted = change.get("type", present["type"])
    if not isinstance(wanted, str) or wanted not in DETECTION_DEFAULTS:
        raise Refused(
            f"{DETECTION}.type must be {_either(DETECTION_DEFAULTS)}", f"{DETECTION}.type"
        )
    defaults = DETECTION_DEFAULTS[wanted]
    base = present if present["type"] == wanted else defaults
    return _merged(base, change, DETECTION, defaults)


def _merged_provider(old: object, change: Json) -> Json:
    """`providerData` as it comes, unknown keys too: its branches key by key, the rest whole."""
    branches = {key: value for key, value in change.items() if key in PROVIDER_BRANCHES}
    merged = _laid_over(old, change)
    for branch, value in branches.items():
        if value is not None:
            before = old.get(branch) if isinstance(old, dict) else None
            merged[branch] = _laid_over(before, _checked_branch(branch, value))
    return merged


def _laid_over(old: object, change: Json) -> Json:
    """`old` with the keys of `change`; null removes a key."""
    both = (old if isinstance(old, dict) else {}) | change
    return {key: value for key, value in both.items() if value is not None}


def _checked_branch(branch: str, change: object) -> Json:
    if not isinstance(change, dict):
        raise Refused(f"{PROVIDER}.{branch} must be an object", f"{PROVIDER}.{branch}")
    for key, value in change.items():
        path = f"{PROVIDER}.{branch}.{key}"
        rule = PROVIDER_RULES.get(path)
        if rule is not None and value is not None and not rule.fits(value):
            raise Refused(f"{path} must be {rule.wanted}", path)
    return change


def _format(wire: object) -> AudioFormat:
    audio_format = AudioFormat.parse(wire)
    assert audio_format is not None, "a session holds formats that were parsed before"
    return audio_format


def _defaults() -> Json:
    pcm = {"type": "audio/pcm", "rate": 24000}
    return {
        "type": "realtime",
        "object": "realtime.session",
        "model": "fourwire/stand-in",
        "instructions": "",
        "output_modalities": ["audio", "text"],
        "max_output_tokens": "inf",
        "audio": {
            "input": {
                "format": dict(pcm),
                "noise_reduction": None,
                "transcription": None,
                "turn_detection": dict(DETECTION_DEFAULTS["semantic_vad"]),
            },
            "output": {"format": dict(pcm), "voice": "Dennis", "speed": 1.0},
        },
        "tools": [],
        "tool_choice": "auto",
        "prompt": None,
        "tracing": None,
        "truncation": "auto",
        "providerData": {},
    }


def _number(low: float, high: float) -> Rule:
    def fits(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return low <= value <= high

    return Rule(fits, f"a number from {low:g} to {high:g}")


def _whole(low: int, high: int) -> Rule:
    def fits(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return Rule(fits, f"a whole number from {low} to {high}")


def _one_of(*names: str) -> Rule:
    return Rule(lambda value: isinstance(value, str) and value in names, _either(names))


def _either(names: Iterable[str]) -> str:
    return "one of " + ", ".join(sorted(names))


def _modalities(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, str) and item in ("audio", "text") for item in value)
    )


def _tools(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(tool, dict) and isinstance(tool.get("type"), str) for tool in value
    )


TEXT = Rule(lambda value: isinstance(value, str), "a string")

FLAG = Rule(lambda value: isinstance(value, bool), "a boolean")

NAME_OR_OBJECT = Rule(lambda value: isinstance(value, str | dict), "a string or an object")

FORMAT = Rule(
    lambda value: AudioFormat.parse(value) is not None,
    "audio/pcmu, audio/pcma, or audio/pcm or audio/float32 at 8000, 16000, 24000, 32000, 44100 or "
    "48000",
)

TRANSCRIBERS = (
    "inworld/inworld-stt-1",
    "assemblyai/u3-rt-pro",
    "assemblyai/universal-streaming-english",
    "assemblyai/universal-streaming-multilingual",
    "soniox/stt-rt-v4",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe",
    "whisper-1",
)
"""Speech-to-text models that the session takes; the last three for OpenAI's own clients."""

MILLISECONDS = _whole(0, 600_000)

DETECTION = "session.audio.input.turn_detection"

PROVIDER = "session.providerData"

FORMATS = frozenset({"session.audio.input.format", "session.audio.output.format"})

BRANCHES = frozenset(
    {
        "session.audio",
        "session.audio.input",
        "session.audio.output",
        "session.audio.input.noise_reduction",
        "session.audio.input.transcription",
        DETECTION,
        PROVIDER,
    }
)
"""Objects that are merged key by key."""

NULLABLE = frozenset(
    {
        "session.audio.input.noise_reduction",
        "session.audio.input.transcription",
        DETECTION,
        f"{DETECTION}.idle_timeout_ms",
        "session.prompt",
        "session.tracing",
    }
)
"""Fields that null clears; elsewhere null brings the default back."""

RULES: Mapping[str, Rule] = {
    "session.type": _one_of("realtime"),
    "session.model": TEXT,
    "session.instructions": TEXT,
    "session.output_modalities": Rule(_modalities, 'a list of "audio" and "text"'),
    "session.temperature": _number(0, 2),
    "session.max_output_tokens": Rule(
        lambda value: value == "inf" or _whole(1, 4096).fits(value), '1 to 4096 or "inf"'
    ),
    "session.tools": Rule(_tools, "a list of objects with a type"),
    "session.tool_choice": NAME_OR_OBJECT,
    "session.truncation": NAME_OR_OBJECT,
    "session.tracing": NAME_OR_OBJECT,
    "session.include": Rule(lambda value: isinstance(value, list), "a list"),
    "session.prompt": Rule(lambda value: isinstance(value, dict), "an object"),
    "session.audio.input.format": FORMAT,
    "session.audio.output.format": FORMAT,
    "session.audio.input.noise_reduction.type": _one_of("near_field", "far_field"),
    "session.audio.input.transcription.model": _one_of(*TRANSCRIBERS),
    "session.audio.input.transcription.language": TEXT,
    "session.audio.input.transcription.prompt": TEXT,
    f"{DETECTION}.type": _one_of("semantic_vad", "server_vad"),
    f"{DETECTION}.eagerness": _one_of("low", "medium", "high", "auto"),
    f"{DETECTION}.threshold": _number(0, 1),
    f"{DETECTION}.prefix_padding_ms": MILLISECONDS,
    f"{DETECTION}.silence_duration_ms": MILLISECONDS,
    f"{DETECTION}.idle_timeout_ms": MILLISECONDS,
    f"{DETECTION}.create_response": FLAG,
    f"{DETECTION}.interrupt_response": FLAG,
    "session.audio.output.model": TEXT,
    "session.audio.output.voice": TEXT,
    "session.audio.output.speed": _number(0.25, 1.5),
}

PROVIDER_BRANCHES = frozenset({"stt", "tts", "memory", "backchannel", "responsiveness"})

PROVIDER_RULES: Mapping[str, Rule] = {
    f"{PROVIDER}.stt.voice_profile": FLAG,
    f"{PROVIDER}.backchannel.enabled": FLAG,
    f"{PROVIDER}.backchannel.min_speech_ms": MILLISECONDS,
    f"{PROVIDER}.backchannel.min_gap_ms": MILLISECONDS,
    f"{PROVIDER}.backchannel.hard_deadline_ms": MILLISECONDS,
    f"{PROVIDER}.backchannel.max_per_turn": _whole(0, 1000),
    f"{PROVIDER}.backchannel.volume_gain": _number(0, 10),
    f"{PROVIDER}.backchannel.rule_fire_probability": _number(0, 1),
    f"{PROVIDER}.responsiveness.enabled": FLAG,
    f"{PROVIDER}.responsiveness.initial_wait_timeout_ms": MILLISECONDS,
    f"{PROVIDER}.responsiveness.min_filler_gap_ms": MILLISECONDS,
    f"{PROVIDER}.responsiveness.enable_filler_on_first_assistant_reply": FLAG,
    f"{PROVIDER}.memory.enabled": FLAG,
    f"{PROVIDER}.memory.turn_interval": _whole(1, 1000),
    f"{PROVIDER}.memory.max_facts": _whole(1, 1000),
    f"{PROVIDER}.backchannel.allowed_phrases": Rule(
        lambda value: isinstance(value, list), "a list"
    ),
}
"""The provider fields that the stand-in obeys; all others are kept as they come."""

DETECTION_DEFAULTS: Mapping[str, Json] = {
    "semantic_vad": {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    },
    "server_vad": {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "create_response": True,
        "interrupt_response": True,
    },
}
