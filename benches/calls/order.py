"""What both systems under test are told on their command line, and the stall both may suffer."""

import argparse
import asyncio
import json
import time


def order() -> argparse.Namespace:
    """The agent's address, the ports of the phones, and the load."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--phones", type=json.loads)
    parser.add_argument("--format", default="audio/pcmu")
    parser.add_argument("--append-ms", type=int, default=60)
    parser.add_argument("--stall-ms", type=int, default=0)
    return parser.parse_args()


async def stall(milliseconds: int) -> None:
    """Block the loop for a while each second, as a careless handler does."""
    while milliseconds:
        await asyncio.sleep(1 - milliseconds / 1000)
        time.sleep(milliseconds / 1000)
