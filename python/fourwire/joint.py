"""How a leg and an agent come to hear each other, and cease to."""

from collections.abc import Callable

from fourwire.inworld import Agent
from fourwire.media_leg import EarlyBargeInLike, MediaLeg

__all__ = ["join", "part"]


def join(
    leg: MediaLeg,
    agent: Agent,
    *,
    append_ms: float = 60,
    early_barge_in: EarlyBargeInLike = "off",
    notice: Callable[[bytes], None] = lambda message: None,
) -> None:
    """Let the caller of `leg` and `agent` hear each other, in the formats of the agent's session,
    and the agent fall silent at `speech_started`.

    What the caller said before is not sent. Where the agent's WebSocket runs on the engine
    (`dial=media.dial`), audio passes Python by in both directions. `notice` is shown every message
    that is not audio alone, before it is parsed.
    """
    formats, shortcut = agent.audio, agent.shortcut

    def receive(message: bytes) -> bool:
        """Let the leg have a message first, if it had not."""
        passed_by = shortcut is not None and shortcut.is_joined
        if not passed_by and leg.receive_message(message):
            return True
        notice(message)
        return False

    leg.bridge(
        input=formats.input,
        output=formats.output,
        append_ms=append_ms,
        early_barge_in=early_barge_in,
        link=None if shortcut is None else shortcut.link,
    )
    leg.on_append = agent.send_frame
    agent.on_message = receive
    if shortcut is not None:
        shortcut.join(leg)


def part(leg: MediaLeg, agent: Agent) -> None:
    """Let neither hear the other any more; what the agent had still to say is dropped."""
    agent.on_message = None
    leg.on_append = None
    if agent.shortcut is not None:
        agent.shortcut.part()
    leg.unbridge()
