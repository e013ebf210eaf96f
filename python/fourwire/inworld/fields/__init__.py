"""The session's settings as typed values: every field that is known, checked as it is written.

    from fourwire.inworld import fields

    session = fields.Session(
        instructions="Be brief.",
        audio=fields.Audio(
            input=fields.AudioInput(turn_detection=fields.SemanticVad(eagerness="high")),
            output=fields.AudioOutput(voice="Ashley"),
        ),
        provider_data=fields.ProviderData(tts=fields.Tts(delivery_mode="BALANCED")),
    )
    await agent.session_update(session)

A field that is left out is left as the server has it; `None` is sent as null, which clears it.
What nobody knows here goes into `extra`, as it is. A plain dictionary may stand for any of these.
"""

from .audio import (
    Audio,
    AudioInput,
    AudioOutput,
    NoiseReduction,
    SemanticVad,
    ServerVad,
    Transcription,
)
from .base import Fields, IllegalField
from .doubts import doubts
from .provider import (
    Backchannel,
    Caching,
    Memory,
    ProviderData,
    Reasoning,
    Responsiveness,
    Stt,
    TextGeneration,
    Tts,
)
from .session import Response, RetentionRatio, Session
from .tools import FunctionTool, WebSearch, WebSearchOptions

__all__ = [
    "Audio",
    "AudioInput",
    "AudioOutput",
    "Backchannel",
    "Caching",
    "Fields",
    "FunctionTool",
    "IllegalField",
    "Memory",
    "NoiseReduction",
    "ProviderData",
    "Reasoning",
    "Response",
    "Responsiveness",
    "RetentionRatio",
    "SemanticVad",
    "ServerVad",
    "Session",
    "Stt",
    "TextGeneration",
    "Transcription",
    "Tts",
    "WebSearch",
    "WebSearchOptions",
    "doubts",
]
