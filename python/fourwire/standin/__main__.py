"""Runs a stand-in agent: ``python -m fourwire.standin --port 8765``."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from fourwire.standin.behaviour import Behaviour
from fourwire.standin.knobs import KnobError, read_behaviours
from fourwire.standin.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until interrupted; 2 where the arguments make no behaviour."""
    options = _parser().parse_args(arguments)
    try:
        behaviours = read_behaviours(options.behaviour, options.knobs)
        asyncio.run(_serve(options.host, options.port, behaviours))
    except (KnobError, OSError) as mistake:
        print(f"fourwire standin: {mistake}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fourwire standin",
        description="Run a local stand-in for a realtime voice agent. What it is like is said by "
        "its knobs, which docs/stand-in.md lists.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8765, help="TCP port; 0 takes a free one")
    parser.add_argument(
        "--behaviour", metavar="FILE", help="knobs in TOML, for each connection ([[connections]])"
    )
    parser.add_argument(
        "knobs", metavar="KNOB=VALUE", nargs="*", help="a knob (think_ms=100 speed=1 seed=7)"
    )
    return parser


async def _serve(host: str, port: int, behaviours: Sequence[Behaviour]) -> None:
    async with serve(host, port, behaviour=behaviours) as server:
        told_to_end = asyncio.Event()
        # Else the loop might not wake up: a signal that comes just before it sleeps is not seen.
        for end in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(end, told_to_end.set)
        print(f"stand-in agent at {server.url}", flush=True)
        await told_to_end.wait()


if __name__ == "__main__":
    raise SystemExit(main())
