"""Keys that a caller presses, told to the agent in words."""

from typing import Annotated, Literal

import anyio
import msgspec

from fourwire.call import Call
from fourwire.keys import KeyListener
from fourwire.nudge import nudge

__all__ = ["KeyOptions", "tell_keys"]


class KeyOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of keys that nobody collects, and where keys are looked for."""

    tell: bool = True
    """Whether the agent is told of them, when a pause or the key `end` ends them."""
    pause_s: Annotated[float, msgspec.Meta(gt=0, le=30)] = 2.0
    """Seconds without a key that end them."""
    end: Annotated[str, msgspec.Meta(max_length=17)] = "#"
    """Keys that end them at once; not told."""
    in_band: Literal["off", "hear", "remove"] = "off"
    """Whether tones in the caller's audio are keys, too, and whether the agent is spared them."""
    sensitive: Literal["word", "digits"] = "word"
    """What the model gets where `collect_digits` collects a secret: a word that stands for it, or
    the digits."""


async def tell_keys(call: Call, options: KeyOptions) -> None:
    """Tell the agent of `call` of the keys that are pressed and not collected."""
    keys = call.uncollected_keys()
    async for first in keys:
        digits = first.digit if first.digit not in options.end else ""
        digits += "" if not digits else await _rest(keys, options)
        if digits and call.agent is not None:
            call.interrupt("keys")
            await nudge(call.agent, f"[The caller has pressed keys: {digits}]", role="user")


async def _rest(keys: KeyListener, options: KeyOptions) -> str:
    """The keys that follow one, up to a pause or the key that ends them."""
    digits = ""
    while True:
        with anyio.move_on_after(options.pause_s) as waiting:
            press = await anext(keys, None)
        if waiting.cancelled_caught or press is None or press.digit in options.end:
            return digits
        digits += press.digit
