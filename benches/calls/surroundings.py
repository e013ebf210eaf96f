"""Phones and an agent around a system under test: a program of its own, in Rust.

It knows nothing of fourwire. What it times is stamped by the kernel, so that it blames nobody for
being late itself, and it takes a fraction of a processor for five hundred calls.
"""

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[2] / "target" / "peers" / "release" / "surroundings"

PATIENCE_S = 30.0


class Surroundings:
    """What runs around the calls."""

    def __init__(self, process: asyncio.subprocess.Process, told: dict[str, Any]) -> None:
        self._process = process
        self.url: str = told["url"]
        """Where the agent listens."""
        self.phones: list[int] = told["phones"]
        """The port of the phone of each call; phones share ports."""

    async def call(self, ports: Sequence[int]) -> None:
        """Have each phone send to one of these ports."""
        await self._order("call", ports=ports)

    async def stream(self, port: int) -> None:
        """Have each phone's carrier send its call to this port, as Twilio's Media Streams."""
        await self._order("stream", port=port)

    async def speak(self) -> None:
        """Have every agent begin to speak."""
        await self._ask("speak")

    async def begin(self) -> None:
        """Forget what was counted and timed."""
        await self._order("begin")

    async def state(self) -> dict[str, Any]:
        """How many sessions there are, and the least that any of them has heard."""
        return await self._ask("state")

    async def report(self) -> dict[str, Any]:
        """What was counted and timed since the beginning."""
        return await self._ask("report")

    async def interrupt(self) -> dict[str, Any]:
        """Interrupt every agent once, let it speak again, and tell of both."""
        return await self._ask("interrupt")

    async def _ask(self, what: str) -> dict[str, Any]:
        await self._order(what)
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the program around the calls has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _order(self, what: str, **more: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        await self._process.stdin.drain()


@contextlib.asynccontextmanager
async def surroundings(calls: int, tls: Path | None = None) -> AsyncIterator[Surroundings]:
    """What is around so many calls; the agent speaks TLS with what is in the folder `tls`."""
    if not PROGRAM.exists():
        raise RuntimeError(f"{PROGRAM} is not there; make bench-peers builds it")
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, str(calls), *(["--tls", str(tls)] if tls else [])),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=1 << 24,
    )
    assert process.stdout is not None
    try:
        yield Surroundings(process, json.loads(await process.stdout.readline()))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
