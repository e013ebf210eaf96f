"""Events that are made here: of the connection, and of frames that are no event."""

from typing import Any

import msgspec

from .event import Event


class Unknown(Event, frozen=True, kw_only=True):
    """An event of a type, or in a shape, that this version does not know."""

    type: str
    raw: bytes
    """The frame as it came: JSON in UTF-8."""


class UntypedFrame(Event, frozen=True, kw_only=True):
    """A JSON frame without `type`, which is how Inworld's engine reports its own troubles."""

    error_type: str | None = None
    message: str | None = None
    raw: bytes = b""


class MalformedFrame(Event, frozen=True, kw_only=True):
    """A frame that is no JSON object."""

    reason: str
    size: int
    excerpt: str


class ConnectorInformation(Event, frozen=True, kw_only=True):
    """How the session is connected."""

    host: str
    session_key: str
    auth_scheme: str
    input_format: str
    output_format: str


class HTTPResponse(Event, frozen=True, kw_only=True):
    """The server's answer to the WebSocket handshake: status 101, or the reason for none."""

    status: int
    reason: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: str = ""


class WebSocketError(Event, frozen=True, kw_only=True):
    """The connection failed, or could not be made."""

    message: str


class WebSocketClosed(Event, frozen=True, kw_only=True):
    """The connection is over; the last event of a session.

    `clean` is true where both sides said goodbye (RFC 6455 §7.1.4); code 1006 stands for a
    connection that ended without (RFC 6455 §7.1.5).
    """

    code: int
    reason: str = ""
    clean: bool = True


class ToolCalled(Event, frozen=True, kw_only=True):
    """A function of ours begins to run because the agent called it."""

    call_id: str
    function: str
    arguments: str = ""


class ToolAnswered(Event, frozen=True, kw_only=True):
    """The agent was told what came of a function call."""

    call_id: str
    function: str
    output: str
    """What the agent was told."""
    error: str | None = None
    """What went wrong; the agent is told less of it."""
    silent: bool = False
    """Whether the agent is not asked to speak about it."""
    took_ms: float | None = None


class _MediaEvent(Event, frozen=True, kw_only=True):
    @property
    def name(self) -> str:
        """The event's name as VoxEngine spells it."""
        return f"Inworld.Events.{type(self).__name__}"


class WebSocketMediaStarted(_MediaEvent, frozen=True, kw_only=True):
    """The caller begins to hear the agent. The bridge makes it, from real playout."""

    tag: str | None = None
    encoding: str | None = None
    custom_parameters: dict[str, Any] | None = None


class WebSocketMediaEnded(_MediaEvent, frozen=True, kw_only=True):
    """The caller has heard the agent out, or the agent was cut off. The bridge makes it."""

    tag: str | None = None
    duration_ms: float | None = None
