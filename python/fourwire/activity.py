"""Who is speaking, thinking or at work in a call, and since when nobody is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fourwire._core import RtpStopped
from fourwire.inworld import events

__all__ = ["Activity"]


class Activity:
    """What goes on in a call, from the events of its agent and its leg; time is in seconds."""

    def __init__(self) -> None:
        self.caller_at = 0.0
        """When the caller last spoke or pressed a key."""
        self._last = 0.0
        self._busy: set[str] = set()
        self._tools: set[str] = set()
        self._under_way = 0

    @property
    def is_busy(self) -> bool:
        """Whether somebody speaks, thinks or works, or nobody is expected to."""
        return bool(self._busy or self._tools or self._under_way)

    def quiet_for(self, now: float) -> float:
        """For how many seconds nothing has gone on; zero while something does."""
        return 0.0 if self.is_busy else max(0.0, now - self._last)

    def touch(self, now: float, *, by_caller: bool = False) -> None:
        """Something went on just now."""
        self._last = now
        if by_caller:
            self.caller_at = now

    def hold(self, now: float, held: bool) -> None:
        """While a call is held nobody is expected to speak."""
        self._mark(now, "hold", held)

    @contextmanager
    def under_way(self, clock: Callable[[], float]) -> Iterator[None]:
        """While the block runs the caller has something to wait for."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._last = clock()

    def lose_agent(self, now: float) -> None:
        """What an agent had begun is not going on any more."""
        self._tools.clear()
        self._busy &= {"hold"}
        self._last = now

    def hear(self, now: float, event: object) -> None:
        """Take notice of an event of the agent's or the leg's."""
        match event:
            case events.SpeechStarted() | events.SpeechStopped():
                self.caller_at = now
                self._mark(now, "caller", isinstance(event, events.SpeechStarted))
            case RtpStopped():
                self._mark(now, "caller", False)
            case events.ResponseCreated() | events.ResponseDone():
                self._mark(now, "response", isinstance(event, events.ResponseCreated))
            case events.WebSocketMediaStarted() | events.WebSocketMediaEnded():
                self._mark(now, "agent", isinstance(event, events.WebSocketMediaStarted))
            case events.ToolCalled(call_id=tool):
                self._tools.add(tool)
            case events.ToolAnswered(call_id=tool):
                self._tools.discard(tool)
                self._last = now

    def _mark(self, now: float, what: str, on: bool) -> None:
        if on:
            self._busy.add(what)
        elif what in self._busy:
            self._busy.discard(what)
            self._last = now
