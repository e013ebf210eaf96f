"""The event that says something went wrong."""

from typing import ClassVar

import msgspec

from .event import ServerEvent
from .objects import ErrorDetail

HARMLESS_CODES = frozenset(
    {"response_cancel_not_active", "conversation_already_has_active_response"}
)
"""Errors that say the server already is where the command wanted it to be."""

HARMLESS_COMMANDS = frozenset({"response.cancel", "output_audio_buffer.clear"})
"""Commands of a barge-in: the server may have fallen silent by itself before they came."""


class Error(ServerEvent, frozen=True, kw_only=True):
    """The server could not do something. Most errors leave the session usable."""

    type: ClassVar[str] = "error"
    error: ErrorDetail | str | None = None
    text: str | None = msgspec.field(name="message", default=None)
    answers: str | None = None
    """The type of the command this error answers, where the server named the command."""

    @property
    def code(self) -> str | None:
        """A word for the cause, such as `invalid_value`."""
        return None if self._detail.code is None else str(self._detail.code)

    @property
    def kind(self) -> str | None:
        """The kind of error, such as `invalid_request_error` or `server_error`."""
        return self._detail.type

    @property
    def message(self) -> str:
        """What went wrong, in the server's words."""
        return self._detail.message or self.text or ""

    @property
    def param(self) -> str | None:
        """The JSON path of the value at fault."""
        return self._detail.param

    @property
    def caused_by(self) -> str | None:
        """The event id of the command at fault."""
        return self._detail.event_id

    @property
    def harmless(self) -> bool:
        """Whether nothing is lost: the error of a barge-in that came too late, or the like."""
        return self.code in HARMLESS_CODES or self.answers in HARMLESS_COMMANDS

    @property
    def _detail(self) -> ErrorDetail:
        return (
            self.error if isinstance(self.error, ErrorDetail) else ErrorDetail(message=self.error)
        )
