"""What an agent says before it acts: a goodbye, or that it puts the caller through."""

import anyio

from fourwire.call import Call
from fourwire.inworld import events
from fourwire.inworld.feed import Listener

__all__ = ["LastWords", "heard_out"]

WORDS_SECONDS = 15.0
"""How long they may take to be thought of, and again to be said."""

TAIL_SECONDS = 0.2
"""How long after the last packet the line stays as it is: the phone still plays what it holds."""

LastWords = Listener[events.ResponseDone | events.SpeechStarted]


async def heard_out(call: Call, words: LastWords, *, said: bool) -> bool:
    """Wait until the caller has heard them, to the last sample; false where he spoke."""
    if not (said or await _is_said(words)) or not await _is_heard(call, words):
        return False
    await anyio.sleep(TAIL_SECONDS)
    return True


async def _is_said(words: LastWords) -> bool:
    """Whether the agent came to their end; one that says nothing has said them."""
    with anyio.move_on_after(WORDS_SECONDS):
        async for event in words:
            return isinstance(event, events.ResponseDone) and event.response.status != "cancelled"
        return False
    return True


async def _is_heard(call: Call, words: LastWords) -> bool:
    """Whether all of them went out before the caller spoke."""
    heard = True

    async def listen(playing: anyio.CancelScope) -> None:
        nonlocal heard
        async for event in words:
            if isinstance(event, events.SpeechStarted):
                heard = False
                playing.cancel()
                return

    async with anyio.create_task_group() as both:
        both.start_soon(listen, both.cancel_scope)
        with anyio.move_on_after(WORDS_SECONDS):
            heard = await call.wait_drained()  # cut too where the server noticed no speech
        both.cancel_scope.cancel()
    return heard
