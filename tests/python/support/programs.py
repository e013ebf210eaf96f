"""Programs that a test starts, and ends whatever becomes of it."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream


@asynccontextmanager
async def running(
    *command: str, log: Path, cwd: Path | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `command`, with what it prints in `log`; it is told to end, and made to after a while."""
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await ended(process)
        with suppress(ProcessLookupError):  # of those that it left behind
            os.killpg(process.pid, signal.SIGKILL)


async def ended(process: asyncio.subprocess.Process, patience_s: float = 10) -> None:
    """End `process`, by force where it does not want to."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(patience_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def status_of(*command: str, cwd: Path, seconds: float) -> int:
    """The exit status of `command`, whose prints nobody reads; TimeoutError after `seconds`."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        with anyio.fail_after(seconds):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def output_of(*command: str) -> str:
    """What `command` prints on both streams."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return printed.decode(errors="replace")


async def until_listened_at(port: int) -> None:
    """Wait until somebody listens at TCP `port`, without a connection, which might be the only one
    that is taken."""
    listening = re.compile(rf":{port:04X} [0-9A-F]+:0000 0A ")
    table = anyio.Path("/proc/net/tcp")
    with anyio.fail_after(30):
        while not listening.search(await table.read_text()):  # noqa: ASYNC110 the kernel tells nobody
            await anyio.sleep(0.02)


class Printing:
    """A program whose output a test reads as it comes."""

    patience_s = 10.0
    """How long it may take to print what a test waits for."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.output = ""
        self._news = anyio.Event()

    async def read(self) -> None:
        """Keep what it prints, of two streams on that for errors."""
        stream = self.process.stderr or self.process.stdout
        assert stream is not None
        async for text in TextReceiveStream(stream, errors="replace"):
            self.output += text
            self._news.set()

    async def match(self, pattern: str) -> re.Match[str]:
        """Wait until it has printed `pattern`."""
        with anyio.fail_after(self.patience_s):
            while not (match := re.search(pattern, self.output)):
                self._news = anyio.Event()
                await self._news.wait()
        return match

    async def until(self, pattern: str) -> str:
        """Wait until it has printed `pattern`; the first group of it."""
        return (await self.match(pattern))[1]
