"""Runs a stand-in agent: ``python -m fourwire.standin --port 8765``."""

import argparse
import asyncio
import contextlib
from collections.abc import Sequence

from fourwire.standin.behaviour import Behaviour
from fourwire.standin.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until interrupted."""
    options = _parser().parse_args(arguments)
    behaviour = Behaviour(speed=options.speed, think_ms=options.think_ms, seed=options.seed)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.host, options.port, behaviour))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fourwire standin", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8765, help="TCP port; 0 takes a free one")
    parser.add_argument("--speed", type=float, default=4.0, help="audio leaves N x real time")
    parser.add_argument("--think-ms", type=int, default=300, help="pause before an answer")
    parser.add_argument("--seed", type=int, default=0, help="seed of the ids")
    return parser


async def _serve(host: str, port: int, behaviour: Behaviour) -> None:
    async with serve(host, port, behaviour=behaviour) as server:
        print(f"stand-in agent at {server.url}", flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    raise SystemExit(main())
