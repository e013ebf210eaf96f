"""A word to the agent from the line itself: nobody said it, and the agent is to act on it."""

from fourwire.inworld import Agent

__all__ = ["nudge"]


def nudge(agent: Agent, text: str, *, role: str = "system") -> None:
    """Put `text` into the conversation and have the agent speak, where it does not already."""
    content = [{"type": "input_text", "text": text}]
    agent.conversation_item_create({"type": "message", "role": role, "content": content})
    if agent.active_response is None:
        agent.response_create()
