"""Keys that the caller presses, by whichever method, and who waits for them."""

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, Self
from weakref import WeakSet

import anyio

__all__ = ["Doubles", "KeyListener", "KeyMethod", "KeyPress", "Keys"]

KeyMethod = Literal["rtp", "info", "in-band"]
"""How a key came: as telephone events (RFC 4733), by SIP INFO, or as a tone (ITU-T Q.23)."""

WAITING = 100
"""How many keys may wait for one who listens; nobody types ahead so far."""

ONE_PRESS_S = 2.0
"""Within how many seconds two methods tell of one press: SIP may repeat an INFO that was lost."""

REMEMBERED = 32
"""Presses that another method may still tell of."""

DISCREET_S = 3.0
"""How long keys stay unseen after a secret was typed: one key too many is still part of it."""


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key that was pressed and released."""

    digit: str
    """One of `0-9*#A-D`, or `!` for a hook flash."""
    duration_ms: float = 0.0
    """How long it was held, where that was told."""
    method: KeyMethod = "rtp"
    """How it came."""


@dataclass(slots=True)
class _Told:
    at: float
    digit: str
    methods: set[KeyMethod]


class Doubles:
    """Tells one press that two methods carry from two presses.

    Presses of one method are told in their order, so the n-th `5` of one is the n-th `5` of the
    other. Tones count no more once a key was signalled: who signals them lets them leak, too.
    """

    def __init__(self) -> None:
        self._told: deque[_Told] = deque(maxlen=REMEMBERED)
        self._signalled = False

    def is_new(self, now: float, press: KeyPress) -> bool:
        """Whether nobody told of this press before; `now` in seconds."""
        if press.method == "in-band" and self._signalled:
            return False
        self._signalled = self._signalled or press.method != "in-band"
        while self._told and now - self._told[0].at > ONE_PRESS_S:
            self._told.popleft()
        for told in self._told:
            if told.digit == press.digit and press.method not in told.methods:
                told.methods.add(press.method)
                return False
        self._told.append(_Told(now, press.digit, {press.method}))
        return True

    def forget(self) -> None:
        """Begin anew: another telephone may be at the other end."""
        self._told.clear()
        self._signalled = False


class KeyListener:
    """Keys as they are pressed, to be read with `async for`, until the call ends."""

    def __init__(self, *, beside_collecting: bool = True) -> None:
        self.beside_collecting = beside_collecting
        """Whether it hears keys that somebody collects at the time."""
        self.dropped = 0
        """Keys for which there was no room."""
        self._waiting: asyncio.Queue[KeyPress | None] = asyncio.Queue(WAITING)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> KeyPress:
        press = await self._waiting.get()
        if press is None:
            self._waiting.put_nowait(None)
            raise StopAsyncIteration
        return press

    def hear(self, press: KeyPress | None) -> bool:
        """Let the listener have `press`; None says that no more follows. False where that cost a
        key, for want of room.
        """
        full = self._waiting.full()
        if full and press is None:
            self._waiting.get_nowait()
        if not self._waiting.full():
            self._waiting.put_nowait(press)
        self.dropped += full
        return not full


class Keys:
    """The caller's keys, each for all who listen at the time; secret ones for who collects them."""

    def __init__(self) -> None:
        self.dropped = 0
        """Keys that somebody who listened never got, for want of room."""
        self._listeners: WeakSet[KeyListener] = WeakSet()
        self._collecting: list[KeyListener] = []
        self._secretly: list[KeyListener] = []
        self._discreet_until = -math.inf

    @property
    def collected(self) -> bool:
        """Whether somebody collects keys now."""
        return bool(self._collecting)

    def are_secret(self, now: float) -> bool:
        """Whether what is typed must not be seen; `now` as in `collect`, in seconds."""
        return bool(self._secretly) or now < self._discreet_until

    def listen(self, *, beside_collecting: bool = True) -> KeyListener:
        """Keys from now on."""
        listener = KeyListener(beside_collecting=beside_collecting)
        self._listeners.add(listener)
        return listener

    def press(self, press: KeyPress) -> None:
        """Take a key."""
        hearing = [*(self._secretly or self._collecting)]
        if not self.are_secret(anyio.current_time()):
            beside = not self._collecting
            hearing += [it for it in self._listeners if it.beside_collecting or beside]
        self.dropped += sum(not listener.hear(press) for listener in hearing)

    def close(self) -> None:
        """Tell all who listen that no more keys come."""
        self.dropped += sum(not listener.hear(None) for listener in self._listeners)

    async def collect(
        self,
        most: int,
        *,
        least: int = 0,
        end: str,
        first_s: float,
        next_s: float,
        all_s: float = math.inf,
        sensitive: bool = False,
    ) -> str:
        """Keys from now on, up to `most`, to the key `end`, or until none follows in time.

        Before `least` keys the key `end` counts for nothing.
        """
        last = anyio.current_time() + all_s
        listener = KeyListener()
        kept = [self._collecting, self._secretly] if sensitive else [self._collecting]
        for listeners in kept:
            listeners.append(listener)
        digits = ""
        try:
            while len(digits) < most:
                soon = next_s if digits else first_s
                with anyio.fail_after(min(soon, last - anyio.current_time())):
                    press = await anext(listener)
                if press.digit not in end:
                    digits += press.digit
                elif len(digits) >= least:
                    break
        except TimeoutError:
            return digits
        finally:
            for listeners in kept:
                listeners.remove(listener)
            if sensitive:
                self._discreet_until = anyio.current_time() + DISCREET_S
        return digits
