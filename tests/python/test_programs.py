"""Programs that tests start leave nothing behind."""

import os
from pathlib import Path

import anyio
import pytest
from support.programs import running

pytestmark = pytest.mark.anyio


async def test_what_a_program_has_started_ends_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = "sleep 1000 & echo $!; exec 2>/dev/null; wait"
    async with running("sh", "-c", program, log=log):
        with anyio.fail_after(10):
            while not (told := log.read_text()).endswith("\n"):  # noqa: ASYNC110 a file is not told of
                await anyio.sleep(0.01)
    with anyio.fail_after(10):
        while is_there(int(told)):  # noqa: ASYNC110 nor the end of others
            await anyio.sleep(0.01)


def is_there(process: int) -> bool:
    """Whether it runs; who was killed and is not yet buried does not."""
    try:
        os.kill(process, 0)
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
