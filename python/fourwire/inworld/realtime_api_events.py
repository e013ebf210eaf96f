"""The events under the names that VoxEngine's `Inworld.RealtimeAPIEvents` has for them.

    from fourwire.inworld import RealtimeAPIEvents

    async for event in agent.events(RealtimeAPIEvents.InputAudioBufferSpeechStarted):
        ...

They are the classes of `inworld.events`, six of them under their longer names. The two
`WebSocketMedia…` stand in VoxEngine's `Inworld.Events`.
"""

from .error_event import Error
from .local_events import (
    ConnectorInformation,
    HTTPResponse,
    Unknown,
    WebSocketError,
    WebSocketMediaEnded,
    WebSocketMediaStarted,
)
from .response_events import AgentTranscript as ResponseOutputAudioTranscriptDone
from .response_events import AgentTranscriptDelta as ResponseOutputAudioTranscriptDelta
from .response_events import (
    OutputAudioBufferCleared,
    OutputAudioBufferStarted,
    OutputAudioBufferStopped,
    ResponseContentPartAdded,
    ResponseContentPartDone,
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDelta,
    ResponseFunctionCallArgumentsDone,
    ResponseOutputAudioDone,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
)
from .server_events import (
    ConversationItemAdded,
    ConversationItemDeleted,
    ConversationItemDone,
    ConversationItemRetrieved,
    ConversationItemTruncated,
    InputAudioBufferCleared,
    InputAudioBufferCommitted,
    InputAudioBufferTimeoutTriggered,
    RateLimitsUpdated,
    SessionCreated,
    SessionUpdated,
)
from .server_events import SpeechStarted as InputAudioBufferSpeechStarted
from .server_events import SpeechStopped as InputAudioBufferSpeechStopped
from .server_events import UserTranscript as ConversationItemInputAudioTranscriptionCompleted
from .server_events import UserTranscriptDelta as ConversationItemInputAudioTranscriptionDelta

__all__ = [
    "ConnectorInformation",
    "ConversationItemAdded",
    "ConversationItemDeleted",
    "ConversationItemDone",
    "ConversationItemInputAudioTranscriptionCompleted",
    "ConversationItemInputAudioTranscriptionDelta",
    "ConversationItemRetrieved",
    "ConversationItemTruncated",
    "Error",
    "HTTPResponse",
    "InputAudioBufferCleared",
    "InputAudioBufferCommitted",
    "InputAudioBufferSpeechStarted",
    "InputAudioBufferSpeechStopped",
    "InputAudioBufferTimeoutTriggered",
    "OutputAudioBufferCleared",
    "OutputAudioBufferStarted",
    "OutputAudioBufferStopped",
    "RateLimitsUpdated",
    "ResponseContentPartAdded",
    "ResponseContentPartDone",
    "ResponseCreated",
    "ResponseDone",
    "ResponseFunctionCallArgumentsDelta",
    "ResponseFunctionCallArgumentsDone",
    "ResponseOutputAudioDone",
    "ResponseOutputAudioTranscriptDelta",
    "ResponseOutputAudioTranscriptDone",
    "ResponseOutputItemAdded",
    "ResponseOutputItemDone",
    "ResponseOutputTextDelta",
    "ResponseOutputTextDone",
    "SessionCreated",
    "SessionUpdated",
    "Unknown",
    "WebSocketError",
    "WebSocketMediaEnded",
    "WebSocketMediaStarted",
]
