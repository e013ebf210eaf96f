"""A word to the agent from the line itself: nobody said it, and the agent is to act on it."""

import anyio

from fourwire.inworld import Agent
from fourwire.inworld.events import ResponseDone

__all__ = ["nudge"]

PATIENCE_SECONDS = 30.0
"""How long an agent may go on with what it says before it is asked all the same."""


async def nudge(agent: Agent, text: str, *, role: str = "system") -> None:
    """Put `text` into the conversation and have the agent speak, once it is done with what it says.

    A response that was cancelled is under way until the server has said that it is done.
    """
    done = agent.events(ResponseDone)
    content = [{"type": "input_text", "text": text}]
    agent.conversation_item_create({"type": "message", "role": role, "content": content})
    with anyio.move_on_after(PATIENCE_SECONDS):
        while agent.active_response is not None and await anext(done, None) is not None:
            continue  # a filler can be a response of its own, before the words it bridges to
    agent.response_create()
