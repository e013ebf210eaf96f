"""An order desk: an agent that looks things up, has a number typed, and hangs up when done.

    export INWORLD_API_KEY=...
    python examples/order_desk.py

Then dial sip:orders@<this machine>. `docs/tools.md` explains what is used here.
"""

import os
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import fourwire as fw
from fourwire import inworld

INSTRUCTIONS = """\
You answer for the order desk. You speak on a live phone line: be brief.
To tell where an order is you need its number. Have it typed on the telephone's keys, with
collect_digits, and say so in the same breath. Never guess a status.
When nothing is left to do say goodbye and hang up.
"""


@dataclass
class Order:
    """What is known of an order."""

    status: str
    due: date


ORDERS = {"4711": Order("on its way", date(2026, 12, 24))}

tools = inworld.Toolbox()
"""What every call shares."""


@tools.tool
async def order_status(number: Annotated[str, "digits, as typed by the caller"]) -> Order:
    """Look up where an order is."""
    if number not in ORDERS:
        raise inworld.ToolError("there is no order of that number")
    return ORDERS[number]


app = fw.App(secrets=["INWORLD_API_KEY"])


@app.call("orders")
async def answer(call: fw.Call) -> None:
    """Answer, and let the agent do the rest."""
    async with inworld.connect(
        api_key=fw.secret("INWORLD_API_KEY"),
        session_key=call.id,
        url=os.environ.get("INWORLD_URL", inworld.URL),
        audio=call.audio,
        tools=inworld.Toolbox(tools, fw.phone_tools(call)),
    ) as agent:
        await call.answer()
        await agent.session_update({"instructions": INSTRUCTIONS})
        call.bridge(agent)
        agent.greet("The phone call just connected. Greet the caller.")
        async for event in agent.events(inworld.ToolAnswered):
            call.log("tool", event.function, took_ms=event.took_ms)


if __name__ == "__main__":
    app.run()
