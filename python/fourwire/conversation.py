"""A conversation as a value: what it takes to open a session for a call, and to open it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fourwire.bridge import BargeIn
from fourwire.inworld import connect
from fourwire.inworld.events import Event
from fourwire.inworld.session_settings import Settings, wire_object
from fourwire.media import EarlyBargeInLike

__all__ = ["Conversation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What a call and an agent talk by; `Call.converse` runs it.

    `connect` is called for each session anew, with a session key of its own:

    Conversation(
        connect=lambda session: inworld.connect(
            api_key=key, session_key=session, audio=call.audio, tools=tools
        ),
        session={"instructions": "Be brief.", "output_modalities": ["audio", "text"]},
        greeting="Greet the caller.",
    )
    """

    connect: Callable[[str], connect]
    """Makes what opens a session of that key: `inworld.connect(…)`, not yet awaited."""
    session: Settings
    """The session's settings, as `session_update` takes them; told to every session."""
    greeting: str = ""
    """What makes the agent speak first, put to it as the caller's words; empty: it waits."""
    barge_in: BargeIn = BargeIn()  # noqa: RUF009 - frozen
    """What interrupting does, as for `Call.bridge`."""
    early_barge_in: EarlyBargeInLike | None = None
    """What happens while the caller only seems to speak, as for `Call.bridge`."""
    on_event: Callable[[Event], None] | None = None
    """Told every event of every session, in order."""

    @property
    def answers(self) -> bool:
        """Whether the agent is told to answer the caller's words by itself."""
        detection: Any = wire_object(self.session, "session")
        for key in ("audio", "input", "turn_detection"):
            if not isinstance(detection, Mapping) or key not in detection:
                return True
            detection = detection[key]
        return detection is not None and detection.get("create_response", True) is not False
