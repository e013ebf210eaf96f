"""A client for the Inworld Realtime API (WebSocket), which is OpenAI's GA protocol with extensions.

    async with inworld.connect(api_key=key, session_key="call-1") as agent:
        await agent.session_update({"instructions": "Be brief.", "output_modalities": ["audio"]})
        agent.greet("Greet the caller.")
        async for event in agent:
            match event:
                case inworld.UserTranscript(text=text):
                    print("caller:", text)

The protocol itself is in `session` (a machine without socket or clock), `events` and `commands`.
"""

from msgspec import UNSET

from . import commands, events, fields
from . import realtime_api_events as RealtimeAPIEvents
from .agent import Agent
from .audio import AudioFormats
from .client import connect
from .endpoint import URL
from .errors import (
    ConnectError,
    ConnectTimeout,
    HandshakeRefused,
    InworldError,
    ServerError,
    SessionClosed,
    SessionTimeout,
    Unreachable,
)
from .events import *  # noqa: F403 - the list is events.__all__
from .feed import Listener
from .session import State
from .tools import Silent, Tool, Toolbox, ToolCall, ToolError
from .verbs import Sent

__all__ = [
    "UNSET",
    "URL",
    "Agent",
    "AudioFormats",
    "ConnectError",
    "ConnectTimeout",
    "HandshakeRefused",
    "InworldError",
    "Listener",
    "RealtimeAPIEvents",
    "Sent",
    "ServerError",
    "SessionClosed",
    "SessionTimeout",
    "Silent",
    "State",
    "Tool",
    "ToolCall",
    "ToolError",
    "Toolbox",
    "Unreachable",
    "commands",
    "connect",
    "events",
    "fields",
    *events.__all__,
]
