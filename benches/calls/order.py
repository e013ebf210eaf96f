"""What both systems under test are told on their command line, and the stall both may suffer."""

import argparse
import asyncio
import json
import ssl
import time
from pathlib import Path

#: The certificate of the bench's agent is its own; one context does for all calls.
TRUSTING = ssl._create_unverified_context()


def order() -> argparse.Namespace:
    """The agent's address, the port of each call's phone, and the load.

    The session key of a call is its number, counted from nought.

    Tells first how much memory there is in use before any call.
    """
    print(resident_kb("self"), flush=True)
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--phones", type=json.loads)
    parser.add_argument("--format", default="audio/pcmu")
    parser.add_argument("--append-ms", type=int, default=60)
    parser.add_argument("--stall-ms", type=int, default=0)
    parser.add_argument("--websocket", choices=["engine", "python"], default="engine")
    return parser.parse_args()


def resident_kb(pid: int | str) -> int:
    """The memory that a process has in use."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


async def stall(milliseconds: int) -> None:
    """Block the loop for a while each second, as a careless handler does."""
    while milliseconds:
        await asyncio.sleep(1 - milliseconds / 1000)
        time.sleep(milliseconds / 1000)
