"""Linphone as a telephone: it takes typed commands, plays a file, and records what it hears."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import STDOUT

import anyio

from support.peers import require
from support.programs import Printing
from support.sipp_plain import free_ports

CONFIG = """\
[sip]
ipv6_migration_done=1
use_ipv6=0
sip_port=0
sip_tcp_port=0
sip_tls_port=0
{transport}={port}
contact="alice" <sip:alice@127.0.0.1>
use_info=0
use_rfc2833=1
{sip}

[rtp]
audio_rtp_port=27000-27400

[sound]
echocancellation=0

{more}
"""


class Linphone(Printing):
    """A running linphonec."""

    async def tell(self, command: str) -> None:
        """Type a command."""
        assert self.process.stdin is not None
        await self.process.stdin.send(f"{command}\n".encode())

    async def call(self, uri: str, speech: Path, heard: Path) -> None:
        """Call, speak what `speech` holds, and record what comes from then on."""
        await self.tell(f"call {uri}")
        await self.talk(speech, heard)

    async def talk(self, speech: Path, heard: Path, calls: int = 1) -> None:
        """Speak and record in the call that is established, or in the second of several."""
        await self.match("(?s)" + "Media streams established.*" * calls)
        await self.tell(f"play {speech}")
        await self.tell(f"record {heard}")


@asynccontextmanager
async def linphone(
    folder: Path,
    *,
    port: int | None = None,
    answers: bool = False,
    transport: str = "sip_port",
    sip: str = "",
    more: str = "",
) -> AsyncIterator[Linphone]:
    """Linphone without a sound card; `sip` are further lines of that section, `more` of others.

    It picks up by itself where it `answers`, best at a `port` that is known.
    """
    program = require("linphonec")
    port = port or free_ports(1)[0]
    settings = folder / "linphonerc"
    settings.write_text(CONFIG.format(transport=transport, port=port, sip=sip, more=more))
    (folder / ".local" / "share" / "linphone").mkdir(parents=True)
    home = {"HOME": str(folder), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}
    log = ("-d", "6", "-l", str(folder / "linphone.log"))
    command = (program, "-c", str(settings), *log, *(["-a"] if answers else []))
    environ = os.environ | home
    async with (
        await anyio.open_process(command, stderr=STDOUT, env=environ) as process,
        anyio.create_task_group() as tasks,
    ):
        phone = Linphone(process)
        tasks.start_soon(phone.read)
        try:
            await phone.match("linphonec>")
            await phone.tell("soundcard use files")
            await phone.match("Using wav files")
            yield phone
            await phone.tell("quit")  # which finishes the file that it records to
            with anyio.move_on_after(Linphone.patience_s):
                await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
