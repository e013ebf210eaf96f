"""What an agent may do with its telephone call: hang up, send keys, have keys typed, transfer."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta

from fourwire.call import Call
from fourwire.call_keys import HIDDEN
from fourwire.inworld import Silent, Toolbox, ToolCall, ToolError
from fourwire.last_words import LastWords
from fourwire.life import WrongMoment
from fourwire.line import KeysNotTaken
from fourwire.transfer_tool import transfer_tool

__all__ = ["PhoneTool", "phone_tools"]

PRESS_SECONDS = 40.0
"""The longest that the model waits for keys; `collect_digits` gives up before."""

Digits = Annotated[str, Meta(pattern="^[0-9*#A-D]{1,32}$", description="keys: 0-9, * and #")]
Most = Annotated[int, Meta(ge=1, le=32, description="how many keys are expected at most")]

Sensitive = Annotated[
    bool,
    Meta(
        description="true for a PIN, a card or an account number: you get a word that stands for "
        "the digits, to give to other functions"
    ),
]

PhoneTool = Literal["hang_up", "send_digits", "collect_digits", "transfer"]


def phone_tools(
    call: Call,
    *names: PhoneTool,
    transfer_to: Mapping[str, str] | None = None,
    tell_secrets: bool = False,
) -> Toolbox:
    """Tools for the agent that talks in `call`: those of `names`, all where none is given.

    `transfer` is among them where `transfer_to` lists to whom: names that the model may choose
    from, each with a SIP or `tel:` URI or a number. Of a secret that `collect_digits` collects the
    model gets a word, which `call.secret_of` turns into the digits for a tool of yours; the digits
    themselves with `tell_secrets`.
    """
    every = _every_tool(call, tell_secrets=tell_secrets)
    if transfer_to:
        every.extend(transfer_tool(call, transfer_to))
    return every.only(*names) if names else every


def _every_tool(call: Call, *, tell_secrets: bool) -> Toolbox:
    tools = Toolbox()

    @tools.tool
    async def hang_up(this: ToolCall) -> Silent | str:
        """End the telephone call, when the caller wants to or nothing is left to do."""
        if call.agent is None:
            raise ToolError("there is no call to hang up")
        goodbye = LastWords(call.agent, this.response.id)
        call.start_soon(partial(_hang_up, call, goodbye, said=this.spoken))
        if this.spoken:
            return Silent("the call ends now, unless the caller speaks")
        return "Say goodbye now. The call ends when you have said it, unless the caller speaks."

    @tools.tool
    async def send_digits(digits: Digits) -> None:
        """Press keys of the telephone, as for a menu at the other end."""
        try:
            call.send_digits(digits)
        except (WrongMoment, KeysNotTaken) as error:
            raise ToolError(str(error)) from None

    @tools.tool(timeout=PRESS_SECONDS)
    async def collect_digits(most: Most = 32, sensitive: Sensitive = False) -> dict[str, str | int]:
        """Have the caller type a number on the telephone's keys; the key # ends it.

        Ask for the number in the same breath. The result holds the digits, and is empty where no
        key was pressed.
        """
        digits = await call.collect_digits(most, all_s=PRESS_SECONDS - 1, sensitive=sensitive)
        if not sensitive or tell_secrets or not digits:
            return {"digits": digits}
        return {"digits": HIDDEN, "count": len(digits), "word": call.keep_secret(digits)}

    return tools


async def _hang_up(call: Call, goodbye: LastWords, *, said: bool) -> None:
    """End `call` once the goodbye was heard, unless the caller speaks."""
    if await goodbye.heard_by(call, said=said):
        await call.hang_up()
    else:
        call.log("call.goodbye_interrupted")
