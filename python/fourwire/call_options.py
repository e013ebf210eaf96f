"""What a gateway is set to that all its calls share."""

from dataclasses import dataclass, field

from fourwire.announcement import Announcement
from fourwire.media import EarlyBargeInLike
from fourwire.publishing import Desk
from fourwire.recording_settings import RecordingSettings
from fourwire.wire_trace import Trace, Wire

__all__ = ["CallOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """What is the same for all calls of a gateway."""

    append_ms: int = 60
    """Audio in one message to the agent."""
    rtp_lost_s: float | None = None
    """Seconds without RTP, outside hold, that end a call; None: never."""
    ring_s: float | None = None
    """Seconds after which a call that is not answered is refused; None: it may ring for ever."""
    most_s: float | None = None
    """Seconds after its answer at which a call is ended; None: it may last for ever."""
    recording: RecordingSettings = RecordingSettings()  # noqa: RUF009 - frozen
    """What is recorded of the call by itself, and what is written beside a recording."""
    announcement: Announcement | None = None
    """What callers hear first whose calls are recorded by themselves."""
    desk: Desk = field(default_factory=Desk)
    """Where transcripts are written."""
    wire: Wire = field(default_factory=lambda: Wire(Trace()))
    """Where a call's messages pass by, for who wants to trace them."""
    early_barge_in: EarlyBargeInLike = "off"
    """What a leg does before the agent knows that the caller speaks."""
