"""How long a call may last, and what the agent is told before it ends."""

from functools import partial
from typing import Annotated

import anyio
import msgspec

from fourwire.call import Call
from fourwire.life import Cause, State
from fourwire.nudge import nudge
from fourwire.problems import IllegalSetting

__all__ = ["Length", "limit_length"]

LOOK_S = 0.2
"""How often it is looked whether a call was answered."""

WARNING = "The call ends in about a minute. Tell the caller, and come to an end."


class Length(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The longest that a call of an agent lasts."""

    most_s: Annotated[float, msgspec.Meta(gt=0)]
    """Seconds from the answer to the end."""
    warn_s: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    """Seconds before the end at which the agent is told; 0: it is not."""
    warning: str = WARNING
    """What it is told."""

    def __post_init__(self) -> None:
        if self.warn_s >= self.most_s:
            raise IllegalSetting("warn_s", f"must be less than most_s, which is {self.most_s:g}")


async def limit_length(call: Call, length: Length) -> None:
    """Warn the agent of `call` in time, and end the call."""
    while call.state is not State.ANSWERED:  # noqa: ASYNC110 a state is no event
        await anyio.sleep(LOOK_S)
    await anyio.sleep(length.most_s - length.warn_s)
    if length.warn_s and call.agent is not None:
        call.log("call.length_warning", left_s=length.warn_s)
        call.start_soon(partial(nudge, call.agent, length.warning))
    await anyio.sleep(length.warn_s)
    call.end(Cause.TOO_LONG, f"{length.most_s:g} s after it was answered")
