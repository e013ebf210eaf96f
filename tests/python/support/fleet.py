"""A fleet on loopback: gateways as processes of their own, and Kamailio in front of them."""

import asyncio
import json
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.peers import require
from support.programs import ended, output_of, running
from support.sipp_plain import free_ports

DEPLOY = Path(__file__).parent.parent.parent.parent / "deploy" / "kamailio"

OUTSIDE, INSIDE = "127.0.0.5", "127.0.0.6"
"""What callers see of Kamailio, and what nodes see."""


@dataclass
class Node:
    """A gateway that is a process."""

    name: str
    folder: Path
    host: str
    port: int
    rtp_ports: str
    settings: str
    """Further lines of its settings."""
    process: asyncio.subprocess.Process | None = field(default=None)

    @property
    def uri(self) -> str:
        """As Kamailio calls it."""
        return f"sip:{self.host}:{self.port}"

    def noted(self, event: str) -> list[dict[str, Any]]:
        """What its journal has under `event`."""
        path = self.folder / "journal.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [entry for line in lines if (entry := json.loads(line))["event"] == event]

    async def until(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """What was noted under `event`, once there are `count`."""
        async with asyncio.timeout(20):
            while len(self.noted(event)) < count:  # noqa: ASYNC110 nothing tells of lines in a file
                await asyncio.sleep(0.05)
        return self.noted(event)

    def signal(self, number: signal.Signals) -> None:
        """Have the process get a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def serve(self, stack: AsyncExitStack) -> None:
        """Start it, with its stand-in to answer, until it takes calls."""
        (self.folder / "agent.toml").write_text("")
        (self.folder / "gateway.toml").write_text(
            f'listen = ["udp:{self.host}:{self.port}"]\n'
            f'address = "{self.host}"\n'
            f'rtp_ports = "{self.rtp_ports}"\n'
            'journal = "journal.jsonl"\ngrace_s = 0.5\nagent = "agent.toml"\n'
            f"{self.settings}\n"
            "max_calls = 100\n[overload]\ncpu = 0\nlate_ticks = 0\nloop_lag_ms = 0\n"
        )
        starts = len(self.noted("gateway.listening"))
        command = (sys.executable, "-m", "fourwire", "serve", "--standin", "--settings")
        self.process = await stack.enter_async_context(
            running(*command, "gateway.toml", log=self.folder / "node.log", cwd=self.folder)
        )
        await self.until("gateway.listening", starts + 1)

    async def killed(self) -> None:
        """Kill it, as a machine that loses its power."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()


@dataclass(frozen=True)
class Proxy:
    """A running Kamailio."""

    port: int
    control: Path

    @property
    def address(self) -> tuple[str, str, int]:
        """Where callers reach it."""
        return "udp", OUTSIDE, self.port

    async def says(self, *command: str) -> str:
        """What it answers to a command."""
        return await output_of("kamcmd", "-s", f"unix:{self.control}", *command)

    async def active(self) -> set[str]:
        """Addresses of the nodes that get calls."""
        listed = re.findall(r"URI: (\S+)\s+FLAGS: (\w+)", await self.says("dispatcher.list"))
        return {uri for uri, flags in listed if flags.startswith("A")}

    async def until_active(self, nodes: set[str]) -> float:
        """Seconds until exactly these get calls."""
        start = time.monotonic()
        async with asyncio.timeout(15):
            while await self.active() != nodes:  # noqa: ASYNC110 it tells only when asked
                await asyncio.sleep(0.05)
        return time.monotonic() - start


@asynccontextmanager
async def nodes(folder: Path, count: int, settings: str = "") -> AsyncIterator[list[Node]]:
    """That many gateways, each at an address of its own; `settings` are further lines of theirs."""
    async with AsyncExitStack() as stack:
        made = []
        for number, port in enumerate(free_ports(count)):
            place = folder / f"node{number}"
            place.mkdir()
            host, first = f"127.0.0.{11 + number}", 23000 + 400 * number
            ports = f"{first}-{first + 398}"
            made.append(Node(f"node{number}", place, host, port, ports, settings))
        async with asyncio.TaskGroup() as tasks:
            for node in made:
                tasks.create_task(node.serve(stack))
        yield made


@asynccontextmanager
async def kamailio(folder: Path, behind: list[Node], *settings: str) -> AsyncIterator[Proxy]:
    """Kamailio with the configuration of `deploy/kamailio`, once it has found all nodes up.

    `settings` are further lines of its local.cfg.
    """
    program = require("kamailio", "/usr/sbin/kamailio")
    outside, inside = free_ports(2)
    listed = [
        f"1 {node.uri} 0 0 duid={node.name};maxload=90;socket=udp:{INSIDE}:{inside}"
        for node in behind
    ]
    (folder / "dispatcher.list").write_text("\n".join([*listed, ""]))
    control = folder / "control"
    places = f'#!define NODES "{folder}/dispatcher.list"\n#!define CONTROL "unix:{control}"\n'
    listen = f"listen=udp:{OUTSIDE}:{outside}\nlisten=udp:{INSIDE}:{inside}\n"
    (folder / "local.cfg").write_text(listen + places + "\n".join([*settings, ""]))
    (folder / "kamailio.cfg").write_text((DEPLOY / "kamailio.cfg").read_text())
    # -DD: in the foreground. -Y: where it keeps files of its own.
    command = (program, "-DD", "-E", "-f", "kamailio.cfg", "-Y", str(folder), "-m", "32")
    async with running(*command, log=folder / "kamailio.log", cwd=folder) as process:
        proxy = Proxy(outside, control)
        try:
            await proxy.until_active({node.uri for node in behind})
            yield proxy
        finally:
            await ended(process)
