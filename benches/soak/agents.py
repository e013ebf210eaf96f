"""The stand-in agents of a soak, one for each way in which an agent fails, in one process.

``python -m benches.soak.agents`` prints the URL of each as one JSON object, then serves.
"""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from typing import Any

from fourwire import standin
from fourwire.standin import Behaviour, faults
from fourwire.standin.behaviour import Handshake


def _quiet(**knobs: Any) -> Behaviour:
    """A behaviour that keeps nothing of a session: thousands of them come and go."""
    return Behaviour(record_ms=0, log_entries=0, **knobs)


BEHAVIOURS: dict[str, Behaviour] = {
    "well": _quiet(think_ms=100),
    "hesitates": _quiet(update_delay_ms=1500),
    "refuses": _quiet(refuse_status=503),
    "is-mute": _quiet(handshake=Handshake.SILENT),
    "hangs-up": _quiet(handshake=Handshake.BROKEN),
    "closes": _quiet(think_ms=100, faults=(faults.Close(after="response.done", code=1011),)),
    "breaks": _quiet(
        think_ms=100, faults=(faults.Break(after="response.output_audio.delta", nth=3),)
    ),
    "wedges": _quiet(think_ms=100, faults=(faults.Wedge(after="session.updated"),)),
    "deaf": _quiet(think_ms=100, faults=(faults.StopReading(after_ms=500),)),
    "babbles": _quiet(
        think_ms=100,
        huge_delta_bytes=1 << 20,
        faults=(
            faults.Odd(after="session.updated", frame=faults.OddFrame.MALFORMED),
            faults.Odd(after="response.created", frame=faults.OddFrame.BINARY),
            faults.Odd(after="response.created", frame=faults.OddFrame.UNKNOWN),
            faults.Repeat(event="response.output_audio.delta", nth=2),
        ),
    ),
}


async def main() -> None:
    """Serve all of them until killed."""
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(standin.serve(behaviour=behaviour))
            for name, behaviour in BEHAVIOURS.items()
        }
        print(json.dumps({name: server.url for name, server in servers.items()}), flush=True)
        while True:
            await asyncio.sleep(FORGET_S)
            for server in servers.values():
                _forget(server)


def _forget(server: standin.Server) -> None:
    """Let go of what it remembers for tests, which here would only grow."""
    server.sessions[:] = [each for each in server.sessions if each.closed_ns is None]
    server.refusals.clear()


FORGET_S = 5


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
