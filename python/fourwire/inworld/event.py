"""What every event is: the base of those the server sends and of those made here."""

from functools import cache
from typing import Any, ClassVar

import msgspec

NAMES_START = "Inworld.RealtimeAPI."


class Event(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Something that happened in the session.

    `name` is the name under which VoxEngine's Inworld connector knows it, `payload` what a
    journal should keep of it.
    """

    @property
    def name(self) -> str:
        """The event's name as VoxEngine spells it."""
        return NAMES_START + type(self).__name__

    @property
    def payload(self) -> dict[str, Any]:
        """The event as plain values: as it came over the wire, or as it was made here."""
        kept: dict[str, Any] | None = self.__dict__.get("payload")
        return msgspec.to_builtins(self) if kept is None else kept

    def keep(self, payload: dict[str, Any]) -> None:
        """Remember the message this event was read from; the reader calls it once."""
        self.__dict__["payload"] = payload


class ServerEvent(Event, frozen=True, kw_only=True, dict=True):
    """An event that Inworld sent, read into fields.

    All but the field an event is about may be missing. A field of a wrong type counts as
    missing too; `payload` still shows what came.
    """

    type: ClassVar[str]
    """The event's `type` on the wire; where it came under an older name, the present one."""

    event_id: str | None = None

    @property
    def name(self) -> str:
        """The event's name as VoxEngine spells it, or would: it delivers some as `Unknown`."""
        return voxengine_name(self.type)


@cache
def voxengine_name(wire_type: str) -> str:
    """The name in `Inworld.RealtimeAPIEvents` for an event type of the wire.

    >>> voxengine_name("input_audio_buffer.speech_started")
    'Inworld.RealtimeAPI.InputAudioBufferSpeechStarted'
    """
    words = wire_type.replace(".", "_").split("_")
    return NAMES_START + "".join(word.capitalize() for word in words)
