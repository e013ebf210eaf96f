"""What lets an agent put its caller through: to whom somebody has listed, and nobody else."""

import operator
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from fourwire.call import Call
from fourwire.inworld import Agent, Silent, Toolbox, ToolCall, ToolError
from fourwire.last_words import LastWords
from fourwire.life import WrongMoment
from fourwire.line import LineClosed, TransferFailed

__all__ = ["transfer_tool"]

WHY = {
    403: "this line does not allow it",
    404: "there is nobody by that number",
    405: "this line does not allow it",
    408: "nobody answered",
    480: "nobody answered",
    486: "the line is busy",
    487: "nobody answered",
    501: "this line does not allow it",
    600: "the line is busy",
    603: "the call was declined",
}
"""What the model is told of a transfer that failed. The other side's own words are kept from it,
since they could be anything, instructions too."""


def transfer_tool(call: Call, targets: Mapping[str, str]) -> Toolbox:
    """A toolbox with `transfer`, which sends the caller to one of `targets`, by its name.

    The caller leaves when the announcement of it was heard to its last sample, and stays where he
    speaks into it. The agent is told where he could not get there.
    """
    tools = Toolbox()

    async def transfer(this: ToolCall, to: Any) -> Silent | str:
        """Put the caller through to somebody else, who takes over the call.

        Args:
            to: whom the caller is put through to
        """
        agent = call.agent
        if agent is None:
            raise ToolError("there is no call to put through")
        words = LastWords(agent, this.response.id)
        call.start_soon(partial(_transfer, call, agent, words, to, targets[to], said=this.spoken))
        if this.spoken:
            return Silent("the caller is put through now, unless he speaks")
        return "Tell the caller now that you put them through. It happens when you have said so."

    transfer.__annotations__["to"] = operator.getitem(Literal, tuple(targets))
    tools.tool(transfer)
    return tools


async def _transfer(
    call: Call, agent: Agent, words: LastWords, name: str, target: str, *, said: bool
) -> None:
    if not await words.heard_by(call, said=said):
        call.log("call.announcement_interrupted", target=name)
        return
    try:
        await call.transfer(target)
    except TransferFailed as failed:
        why = WHY.get(failed.status, "it did not work")
        _tell(agent, f"The caller could not be put through to {name}: {why}. Say so, and go on.")
    except (LineClosed, WrongMoment):
        return  # the caller left by himself


def _tell(agent: Agent, text: str) -> None:
    """Put `text` to the agent, and have it speak."""
    content = [{"type": "input_text", "text": text}]
    agent.conversation_item_create({"type": "message", "role": "system", "content": content})
    agent.response_create()
