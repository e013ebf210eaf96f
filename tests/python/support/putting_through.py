"""An agent of a file that may put callers through to the desk, and does it at once."""

import json
from collections.abc import Callable
from pathlib import Path

from fourwire import TransferFailed
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.call import Call
from fourwire.standin import Behaviour, FunctionCall, FunctionCalls

PUTS_THROUGH = Behaviour(
    calls={0: FunctionCalls((FunctionCall("transfer", json.dumps({"to": "desk"})),), speaks=True)},
    speed=0,
)
"""An agent whose greeting is that it puts the caller through."""


def putting_through(folder: Path, desk: str = "sip:desk@127.0.0.1") -> Callable[[str], App]:
    """An app of that agent, whose desk is at an address."""
    path = folder / "agent.toml"
    path.write_text(f'tools = ["transfer"]\n[transfer_to]\ndesk = "{desk}"\n')

    def app_of(url: str) -> App:
        app = App()
        app.call()(scenario(AgentFile.load(path), "any-key", url))
        return app

    return app_of


def consulting(target: str) -> App:
    """A gateway whose scenario asks at `target` and joins its caller with whoever answers there."""
    app = App()

    @app.call()
    async def consult(call: Call) -> None:
        await call.answer()
        other = await app.dial(target, caller="2002")
        try:
            await call.transfer_to(other)
        except TransferFailed:
            await call.wait_ended()

    return app
