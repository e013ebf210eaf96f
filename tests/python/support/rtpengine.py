"""rtpengine on loopback: a relay for audio with one address for callers and one for nodes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from support.peers import require
from support.programs import running
from support.sipp_plain import free_ports

OUTSIDE, INSIDE = "127.0.0.7", "127.0.0.8"
"""Where callers send their audio, and where nodes do."""

PORTS = range(26_000, 27_000)


@dataclass(frozen=True)
class Relay:
    """A running rtpengine."""

    port: int
    control: int

    @property
    def settings(self) -> tuple[str, str]:
        """What Kamailio's local.cfg says of it."""
        return "#!define WITH_RTPENGINE", f'#!define RTPENGINE "udp:{INSIDE}:{self.port}"'

    async def calls(self) -> int:
        """How many calls it keeps ports for."""
        told = await self._says("list numsessions")
        found = re.search(r"sessions own: *(\d+)", told)
        assert found, told
        return int(found[1])

    async def until_calls(self, count: int) -> None:
        """Wait until it keeps ports for that many calls."""
        async with asyncio.timeout(10):
            while await self.calls() != count:  # noqa: ASYNC110 it tells only when asked
                await asyncio.sleep(0.05)

    async def _says(self, command: str) -> str:
        reader, writer = await asyncio.open_connection(INSIDE, self.control)
        try:
            writer.write(f"{command}\n".encode())
            return (await reader.read()).decode()
        finally:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def rtpengine(folder: Path) -> AsyncIterator[Relay]:
    """rtpengine without its kernel module, as `deploy/kamailio` has it, once it listens."""
    program = require("rtpengine")
    port, control = free_ports(2)
    command = (
        *(program, "--config-file=none", "--foreground", "--log-stderr", "--log-level=5"),
        *("--table=-1", "--num-threads=2", "--delete-delay=0"),
        *(f"--interface=outside/{OUTSIDE}", f"--interface=inside/{INSIDE}"),
        *(f"--listen-ng={INSIDE}:{port}", f"--listen-cli={INSIDE}:{control}"),
        *(f"--port-min={PORTS.start}", f"--port-max={PORTS.stop - 1}"),
    )
    async with running(*command, log=folder / "rtpengine.log"):
        relay = Relay(port, control)
        async with asyncio.timeout(10):
            while not await _is_there(relay):  # noqa: ASYNC110 it tells only when asked
                await asyncio.sleep(0.05)
        yield relay


async def _is_there(relay: Relay) -> bool:
    try:
        return await relay.calls() == 0
    except ConnectionRefusedError:
        return False
