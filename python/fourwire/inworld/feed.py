"""From one session to any number of listeners."""

import asyncio
from collections import deque
from typing import Any, Generic, Self, TypeVar, overload
from weakref import WeakSet

from .event import Event

EVENTS = 10_000
"""How many events wait for one listener: hours of a call; a listener so late has gone away."""


E = TypeVar("E", bound=Event)


class Listener(Generic[E]):
    """Events in the order they happened, to be read with `async for`, until the session ends."""

    def __init__(self, *kinds: type[E], most: int = EVENTS) -> None:
        self.lost = 0
        """How many events were dropped because nobody read them."""
        self._kinds: tuple[type[Any], ...] = kinds or (Event,)
        self._most = most
        self._waiting: deque[E] = deque()
        self._news = asyncio.Event()
        self._finished = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        while not self._waiting:
            if self._finished:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()

    def hear(self, event: Event) -> None:
        """Let the listener have `event`, if it is of a kind that it listens for."""
        if not isinstance(event, self._kinds):
            return
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(event)
        self._news.set()

    def finish(self) -> None:
        """Say that no event follows."""
        self._finished = True
        self._news.set()


class Feed:
    """The events of a session; a listener hears those that come after it.

    Listeners are not kept alive: one that nobody reads any more is forgotten.
    """

    def __init__(self) -> None:
        self._listeners: WeakSet[Listener[Any]] = WeakSet()
        self._finished = False

    @overload
    def listen(self) -> Listener[Event]: ...
    @overload
    def listen(self, *kinds: type[E]) -> Listener[E]: ...
    def listen(self, *kinds: type[Any]) -> Listener[Any]:
        """A new listener, which hears events of `kinds` from now on; all where none is named."""
        listener: Listener[Any] = Listener(*kinds)
        if self._finished:
            listener.finish()
        self._listeners.add(listener)
        return listener

    def publish(self, event: Event) -> bool:
        """Let all listeners have `event`; `False` where the session is over."""
        if self._finished:
            return False
        for listener in self._listeners:
            listener.hear(event)
        return True

    def finish(self) -> None:
        """End every listener's iteration."""
        self._finished = True
        for listener in self._listeners:
            listener.finish()
