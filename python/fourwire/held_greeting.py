"""What an agent says and does before the caller is there, kept until he is."""

from collections import deque
from typing import Protocol
from weakref import proxy

import anyio

from fourwire.inworld import Agent

__all__ = ["HeldGreeting"]

MOST_FRAMES = 4000
"""Frames that are kept: more than a minute of speech in the smallest deltas."""

DONE = b"response.done"
"""What stands in the frame that ends a response, be it one without a sound."""

AUDIO = b"audio.delta"
"""What stands in every frame that carries audio; one that only quotes it is kept to no harm."""

CREATED = b"response.created"
"""What stands in the frame that begins a response."""


class _Leg(Protocol):
    def receive_message(self, message: bytes) -> bool: ...


class HeldGreeting:
    """Takes the place of a leg in front of `agent`, from now until `release`.

    Functions that the agent calls wait as well: there is no call yet that they could act on.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent: Agent = proxy(agent)  # which holds this, and not the other way round
        self._kept: deque[bytes] = deque()
        self._sounds = anyio.Event()
        self.dropped = 0
        """Frames for which there was no room."""
        agent.on_message = self._receive
        agent.hold_tools()

    async def wait_for_sound(self, seconds: float) -> None:
        """Wait until the agent has begun to speak, or will not, but no longer than `seconds`."""
        with anyio.move_on_after(seconds):
            await self._sounds.wait()

    def release(self, leg: _Leg) -> None:
        """Let `leg` have all of it, in order; it is bridged already."""
        while self._kept:
            leg.receive_message(self._kept.popleft())
        self._agent.release_tools()

    def _receive(self, frame: bytes) -> bool:
        """Keep what is for a leg; the session's parser has it all the same, for what it tells."""
        if AUDIO in frame or DONE in frame:
            self._sounds.set()
        if AUDIO in frame or CREATED in frame:
            if len(self._kept) < MOST_FRAMES:
                self._kept.append(frame)
            else:
                self.dropped += 1
        return False
