"""baresip as a telephone: it plays a file, records what it hears, and takes commands over TCP."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fourwire.wav import Recording, read_wav
from support.peers import require
from support.programs import running

CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{sip_port}
call_local_timeout 120
audio_path /usr/share/baresip
audio_source aufile,{speech}
audio_player aubridge,nowhere
audio_alert aubridge,nowhere
ausrc_srate {rate}
auplay_srate {rate}
ausrc_channels 1
auplay_channels 1
audio_txmode poll
rtp_ports 32000-32100
rtp_stats yes
jitter_buffer_delay 2-10
module_path /usr/lib/baresip/modules
module g711.so
module g722.so
module opus.so
module aufile.so
module aubridge.so
module sndfile.so
module uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control_port}
snd_path {folder}
opus_stereo no
opus_sprop_stereo no
"""


class Baresip:
    """A running baresip and the line on which it takes commands (netstrings of JSON)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.events: list[dict[str, Any]] = []

    async def tell(self, command: str, parameters: str = "") -> None:
        """Give a command and wait until it has been taken."""
        order = json.dumps({"command": command, "params": parameters, "token": command}).encode()
        self._writer.write(b"%d:%s," % (len(order), order))
        await self._until(lambda message: message.get("token") == command)

    async def until(self, kind: str, count: int = 1) -> None:
        """Wait until that many events of a kind have come."""
        if self.count(kind) < count:
            await self._until(lambda message: self.count(kind) >= count)

    def count(self, kind: str) -> int:
        """How many events of that kind came so far."""
        return sum(event["type"] == kind for event in self.events)

    async def _until(self, wanted: Any) -> None:
        async with asyncio.timeout(15):
            while not wanted(message := await self._message()):
                pass
            assert message.get("ok", True), message

    async def _message(self) -> dict[str, Any]:
        length = int((await self._reader.readuntil(b":"))[:-1])
        netstring = await self._reader.readexactly(length + 1)
        message: dict[str, Any] = json.loads(netstring[:-1])
        if message.get("event"):
            self.events.append(message)
        return message


@asynccontextmanager
async def baresip(
    folder: Path,
    speech: Path,
    ports: tuple[int, int],
    codec: str = "pcmu",
    rate: int = 8000,
    account: str = "",
    config: str = "",
    answers: bool = False,
) -> AsyncIterator[Baresip]:
    """Run baresip in `folder`, where its recordings will lie; `ports` are for SIP and commands.
    `rate` is that of the codec's samples; `account` and `config` are further parameters. It picks
    up by itself where it `answers`.

    It takes no loopback interface for its own, so its SDP names another address of this machine
    than the one its packets come from: a caller as from behind a NAT.
    """
    program = require("baresip")
    sip_port, control_port = ports
    settings = CONFIG.format(
        sip_port=sip_port, control_port=control_port, speech=speech, folder=folder, rate=rate
    )
    (folder / "config").write_text(settings + config)
    mode = "auto" if answers else "manual"
    who = f"<sip:caller@127.0.0.1:{sip_port}>;regint=0;audio_codecs={codec};answermode={mode}"
    (folder / "accounts").write_text(f"{who}{account}\n")
    (folder / "contacts").write_text("")
    async with (
        running(program, "-f", str(folder), log=folder / "baresip.log"),
        _control(control_port) as phone,
    ):
        yield phone


@asynccontextmanager
async def _control(port: int) -> AsyncIterator[Baresip]:
    """The line for commands; it is closed whatever becomes of the block."""
    reader, writer = await _connected(port)
    try:
        yield Baresip(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


def only_recording(folder: Path) -> Recording:
    """What baresip heard in one go."""
    (path,) = folder.glob("*dec.wav")
    return read_wav(path)


def packets_heard(folder: Path) -> int:
    """How many packets of audio baresip received in its call, by its own count."""
    log = (folder / "baresip.log").read_text(errors="replace")
    _, received = re.findall(r"^packets: +([0-9]+) +([0-9]+)", log, re.MULTILINE)[-1]
    return int(received)
