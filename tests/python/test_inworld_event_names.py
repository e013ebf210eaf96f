"""Whoever knows VoxEngine finds its names, and they mean the events of the wire."""

from fourwire import inworld
from fourwire.inworld import RealtimeAPIEvents, events

# The members of VoxEngine's `Inworld.RealtimeAPIEvents` and `Inworld.Events`, from its typings.
REALTIME_API_EVENTS = set(
    """
SessionCreated SessionUpdated ConversationItemAdded ConversationItemDone ConversationItemDeleted
ConversationItemRetrieved ConversationItemTruncated ConversationItemInputAudioTranscriptionDelta
ConversationItemInputAudioTranscriptionCompleted ResponseCreated ResponseDone
ResponseOutputItemAdded ResponseOutputItemDone ResponseContentPartAdded ResponseContentPartDone
ResponseOutputTextDelta ResponseOutputTextDone ResponseOutputAudioTranscriptDelta
ResponseOutputAudioTranscriptDone ResponseOutputAudioDone ResponseFunctionCallArgumentsDelta
ResponseFunctionCallArgumentsDone InputAudioBufferSpeechStarted InputAudioBufferSpeechStopped
InputAudioBufferCommitted InputAudioBufferCleared InputAudioBufferTimeoutTriggered
OutputAudioBufferStarted OutputAudioBufferStopped OutputAudioBufferCleared RateLimitsUpdated Error
Unknown HTTPResponse WebSocketError ConnectorInformation
""".split()  # noqa: SIM905 - a list of 36 quoted words is hard to read
)
MEDIA_EVENTS = {"WebSocketMediaStarted", "WebSocketMediaEnded"}


def test_all_36_names_and_the_two_of_media_are_there() -> None:
    assert len(REALTIME_API_EVENTS) == 36
    assert set(RealtimeAPIEvents.__all__) == REALTIME_API_EVENTS | MEDIA_EVENTS


def test_an_event_of_the_wire_carries_the_name_that_its_class_has_at_voxengine() -> None:
    for name in REALTIME_API_EVENTS:
        kind = getattr(RealtimeAPIEvents, name)
        if issubclass(kind, events.ServerEvent):
            assert events.voxengine_name(kind.type) == f"Inworld.RealtimeAPI.{name}"


def test_an_event_that_is_made_here_carries_the_name_that_it_has_at_voxengine() -> None:
    made = {
        RealtimeAPIEvents.Unknown(type="x", raw=b""): "Inworld.RealtimeAPI.Unknown",
        RealtimeAPIEvents.WebSocketError(message=""): "Inworld.RealtimeAPI.WebSocketError",
        RealtimeAPIEvents.WebSocketMediaStarted(): "Inworld.Events.WebSocketMediaStarted",
        RealtimeAPIEvents.WebSocketMediaEnded(): "Inworld.Events.WebSocketMediaEnded",
    }
    for event, name in made.items():
        assert event.name == name
    assert RealtimeAPIEvents.HTTPResponse(status=101).name == "Inworld.RealtimeAPI.HTTPResponse"


def test_a_scenario_may_match_on_the_long_names() -> None:
    frame = b'{"type":"input_audio_buffer.speech_started","item_id":"item_3"}'
    match events.read_event(frame):
        case RealtimeAPIEvents.InputAudioBufferSpeechStarted(item_id=item):
            assert item == "item_3"
        case other:
            raise AssertionError(other)
    assert RealtimeAPIEvents.InputAudioBufferSpeechStarted is inworld.SpeechStarted
