"""What an agent says before it acts: a goodbye, or that it puts the caller through."""

import anyio

from fourwire.call import Call
from fourwire.child import child
from fourwire.inworld import Agent, events

__all__ = ["LastWords"]

WORDS_SECONDS = 15.0
"""How long they may take to be thought of, and again to be said."""

TAIL_SECONDS = 0.2
"""How long after the last packet the line stays as it is: the phone still plays what it holds."""

MOST_RESPONSES = 3
"""How many responses they may be: a filler can be one of its own, before the words."""


class LastWords:
    """The words of `agent` from now on; those of the response `called_in` were said before."""

    def __init__(self, agent: Agent, called_in: str | None = None) -> None:
        self._agent = agent
        self._called_in = called_in
        self._events = agent.events(events.ResponseDone, events.SpeechStarted)

    async def heard_by(self, call: Call, *, said: bool) -> bool:
        """Wait until the caller has heard them, to the last sample; false where he spoke."""
        for _ in range(MOST_RESPONSES):
            if not (said or await self._are_said()) or not await self._are_heard(call):
                return False
            await anyio.sleep(TAIL_SECONDS)
            if not self._agent.responding:
                break
            said = False
        return True

    async def _are_said(self) -> bool:
        """Whether the agent came to their end; one that says nothing has said them."""
        with anyio.move_on_after(WORDS_SECONDS):
            async for event in self._events:
                if not isinstance(event, events.ResponseDone):
                    return False
                if event.response.id is None or event.response.id != self._called_in:
                    return event.response.status != "cancelled"
            return False
        return True

    async def _are_heard(self, call: Call) -> bool:
        """Whether all of them went out before the caller spoke."""
        heard = True

        async def listen(playing: anyio.CancelScope) -> None:
            nonlocal heard
            async for event in self._events:
                if isinstance(event, events.SpeechStarted):
                    heard = False
                    playing.cancel()
                    return

        async with anyio.create_task_group() as both:
            both.start_soon(child, listen, both.cancel_scope)
            with anyio.move_on_after(WORDS_SECONDS):
                heard = await call.wait_drained()  # cut too where the server noticed no speech
            both.cancel_scope.cancel()
        return heard
