"""``python -m fourwire.standin`` as a process of its own."""

import asyncio
import signal
import sys

import pytest
from support.standin_client import HEADERS, QUERY
from websockets.asyncio.client import connect

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_until_it_is_told_to_end(end: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fourwire.standin", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            url = (await process.stdout.readline()).decode().split()[-1]
            async with connect(url + QUERY, additional_headers=HEADERS) as socket:
                assert "session.created" in str(await socket.recv())
            process.send_signal(end)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
