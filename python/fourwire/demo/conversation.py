"""What the demo's caller does: listens, interrupts, asks, interrupts again, hangs up."""

from collections.abc import Callable

import anyio

from fourwire.demo.caller import Caller
from fourwire.demo.speech import WORDS, recording

__all__ = ["Tell", "talk"]

Tell = Callable[[str], None]
"""Takes a line about what the caller does."""

PATIENCE_S = 1.2
"""How long the caller listens before interrupting."""


async def talk(caller: Caller, tell: Tell) -> None:
    """One call from the caller's side, some eighteen seconds long."""
    await caller.until_speech()
    await anyio.sleep(PATIENCE_S)
    await _say(caller, "interruption", tell)
    await _hear_out(caller, tell)
    await _say(caller, "question", tell)
    await caller.until_speech()
    await anyio.sleep(PATIENCE_S)
    await _say(caller, "goodbye", tell)
    tell("hangs up")


async def _say(caller: Caller, name: str, tell: Tell) -> None:
    tell(f"says “{WORDS[name]}”")
    caller.say(recording(name))
    await caller.leg.wait_drained()


async def _hear_out(caller: Caller, tell: Tell) -> None:
    await caller.until_speech()
    tell("listens to the answer")
    await caller.until_silence(700)
