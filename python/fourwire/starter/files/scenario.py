"""The same in Python, for what files cannot say.

    python scenario.py

The settings are those of the environment: FOURWIRE_LISTEN, FOURWIRE_MAX_CALLS and so on.
To try it without an account, run `fourwire standin` beside it and set INWORLD_URL to the address
that it prints, and INWORLD_API_KEY to anything.
"""

import os
from pathlib import Path

import fourwire as fw

PROMPT = (Path(__file__).parent / "prompt.txt").read_text(encoding="utf-8")

app = fw.App(secrets=["INWORLD_API_KEY"])


@app.call(r"\+?\d+|voxi")
async def answer(call: fw.Call) -> None:
    """Answer, and talk until the caller hangs up or the agent is gone."""
    async with fw.inworld.connect(
        api_key=fw.secret("INWORLD_API_KEY"),
        session_key=call.id,
        url=os.environ.get("INWORLD_URL", fw.inworld.URL),
        audio=call.audio,
        tools=fw.phone_tools(call, "hang_up"),
    ) as agent:
        await call.answer()
        await agent.session_update({"instructions": PROMPT})
        call.bridge(agent)
        agent.greet("The phone call just connected. Greet the caller and ask how you can help.")
        async for event in agent:
            call.log(event)


if __name__ == "__main__":
    app.run()
