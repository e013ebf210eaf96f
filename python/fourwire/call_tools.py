"""What an agent may do with its telephone call: hang up, send keys, have keys typed."""

from functools import partial
from typing import Annotated, Literal

import anyio
from msgspec import Meta

from fourwire.call import Call
from fourwire.inworld import Silent, Toolbox, ToolCall, ToolError, events
from fourwire.inworld.feed import Listener
from fourwire.life import WrongMoment

__all__ = ["PhoneTool", "phone_tools"]

GOODBYE_SECONDS = 15.0
"""How long a goodbye may take to be thought of, and again to be said."""

TAIL_SECONDS = 0.2
"""How long after the last packet the line stays open: the phone still plays what it holds."""

PRESS_SECONDS = 40.0
"""The longest that the model waits for keys; `collect_digits` gives up before."""

Digits = Annotated[str, Meta(pattern="^[0-9*#A-D]{1,32}$", description="keys: 0-9, * and #")]
Most = Annotated[int, Meta(ge=1, le=32, description="how many keys are expected at most")]

PhoneTool = Literal["hang_up", "send_digits", "collect_digits"]

Goodbye = Listener[events.ResponseDone | events.SpeechStarted]


def phone_tools(call: Call, *names: PhoneTool) -> Toolbox:
    """Tools for the agent that talks in `call`: those of `names`, all where none is given."""
    every = _every_tool(call)
    return every.only(*names) if names else every


def _every_tool(call: Call) -> Toolbox:
    tools = Toolbox()

    @tools.tool
    async def hang_up(this: ToolCall) -> Silent | str:
        """End the telephone call, when the caller wants to or nothing is left to do."""
        if call.agent is None:
            raise ToolError("there is no call to hang up")
        goodbye: Goodbye = call.agent.events(events.ResponseDone, events.SpeechStarted)
        call.start_soon(partial(_hang_up, call, goodbye, said=this.spoken))
        if this.spoken:
            return Silent("the call ends now, unless the caller speaks")
        return "Say goodbye now. The call ends when you have said it, unless the caller speaks."

    @tools.tool
    async def send_digits(digits: Digits) -> None:
        """Press keys of the telephone, as for a menu at the other end."""
        try:
            call.send_digits(digits)
        except WrongMoment as error:
            raise ToolError(str(error)) from None

    @tools.tool(timeout=PRESS_SECONDS)
    async def collect_digits(most: Most = 32) -> dict[str, str]:
        """Have the caller type a number on the telephone's keys; the key # ends it.

        Ask for the number in the same breath. The result holds the digits, and is empty where no
        key was pressed.
        """
        return {"digits": await call.collect_digits(most, all_s=PRESS_SECONDS - 1)}

    return tools


async def _hang_up(call: Call, goodbye: Goodbye, *, said: bool) -> None:
    """End `call` once the goodbye was heard to its last sample, unless the caller speaks."""
    if not (said or await _is_said(goodbye)) or not await _is_heard(call, goodbye):
        call.log("call.goodbye_interrupted")
        return
    await anyio.sleep(TAIL_SECONDS)
    await call.hang_up()


async def _is_said(goodbye: Goodbye) -> bool:
    """Whether the agent came to the end of its goodbye; one that says nothing has said it."""
    with anyio.move_on_after(GOODBYE_SECONDS):
        async for event in goodbye:
            return isinstance(event, events.ResponseDone) and event.response.status != "cancelled"
        return False
    return True


async def _is_heard(call: Call, goodbye: Goodbye) -> bool:
    """Whether all of the goodbye went out before the caller spoke."""
    heard = True

    async def listen(playing: anyio.CancelScope) -> None:
        nonlocal heard
        async for event in goodbye:
            if isinstance(event, events.SpeechStarted):
                heard = False
                playing.cancel()
                return

    async with anyio.create_task_group() as both:
        both.start_soon(listen, both.cancel_scope)
        with anyio.move_on_after(GOODBYE_SECONDS):
            heard = await call.wait_drained()  # cut too where the server noticed no speech
        both.cancel_scope.cancel()
    return heard
