"""Programs that a test starts, and ends whatever becomes of it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def running(
    *command: str, log: Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `command`, with what it prints in `log`; it is told to end, and made to after a while."""
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env={**os.environ, **(environ or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        await ended(process)


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


async def output_of(*command: str) -> str:
    """What `command` prints on both streams."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return printed.decode(errors="replace")
