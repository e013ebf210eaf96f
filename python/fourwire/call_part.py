"""What each part of a call has of the whole."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fourwire.activity import Activity
from fourwire.journal import CallJournal
from fourwire.life import Cause
from fourwire.line import Line
from fourwire.media import MediaLeg

__all__ = ["CallPart"]

T = TypeVar("T")


class CallPart(ABC):
    """A part of a call: verbs of one kind, in a file of their own. `Call` is all of them."""

    journal: CallJournal
    activity: Activity
    _line: Line

    @abstractmethod
    def start_soon(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` beside the scenario, until the call ends; an error in it ends the call."""

    @abstractmethod
    def end(self, cause: Cause, detail: str = "", status: int | None = None) -> None:
        """End the call by `cause`, unless it has ended already. Returns at once."""

    @abstractmethod
    def _media(self, wish: str) -> MediaLeg:
        """The leg, for what needs one."""

    @abstractmethod
    def _join(self, leg: MediaLeg) -> None:
        """Follow what happens to the audio, from its first moment on."""

    @abstractmethod
    def _keep_apart(self, on: bool) -> None:
        """Let caller and agent not hear each other, for one more reason or one less; an agent that
        comes meanwhile waits as well.
        """

    @abstractmethod
    async def _ask(self, request: Awaitable[T]) -> T:
        """What the line answers; ends the call where the caller is gone."""
