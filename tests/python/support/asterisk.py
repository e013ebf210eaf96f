"""Asterisk as a PBX, set up as docs/asterisk.md says, and the line on which it takes commands."""

import asyncio
import re
import subprocess
import time
import wave
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fourwire.demo.speech import recording
from fourwire.wav import read_wav
from support.capture_speech import SECOND
from support.certificates import Authority
from support.peer_versions import ASTERISK as HOME
from support.peers import require
from support.sipp_plain import free_ports

PAGE = Path(__file__).parents[3] / "docs" / "asterisk.md"

MORE = Path(__file__).parents[2] / "asterisk"
"""What a test needs beside the page: people, music, modules, places."""

PAGED = ("pjsip.conf", "extensions.conf")
"""Files of which the first part stands on the page."""

MUSIC = recording("interruption")
"""What somebody hears whom it holds."""

DESK = recording("goodbye")
"""What is said at the desk, extension 1002, and after a second again."""


def page(kind: str, holds: str) -> str:
    """The block of docs/asterisk.md of that kind in which `holds` stands."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if holds in block]
    return str(found)


def replaced(text: str, places: Mapping[str, object]) -> str:
    """`text` with what stands for a place made the place itself."""
    for there, here in places.items():
        text = text.replace(there, str(here))
    return text


def say(path: Path, pcm: bytes) -> None:
    """A file for Asterisk to play: 16 bit at 8 kHz."""
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 8000, 0, "NONE", ""))
        wav.writeframes(pcm)


async def heard_in(path: Path) -> bytes:
    """What Asterisk recorded, once that call is over."""
    async with asyncio.timeout(10):
        while not (heard := _recorded(path)):  # noqa: ASYNC110 nothing tells of a file
            await asyncio.sleep(0.02)
    return heard


def _recorded(path: Path) -> bytes:
    try:
        return read_wav(path).pcm
    except (OSError, ValueError):  # it has no length before it is closed
        return b""


class Manager:
    """The manager interface of an Asterisk: actions, their answers, and events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._actions = 0
        self.events: list[dict[str, str]] = []

    async def do(self, action: str, **fields: str) -> dict[str, str]:
        """Have it do something; what it answers, which must be a success."""
        self._actions += 1
        number = str(self._actions)
        lines = {"Action": action, "ActionID": number, **fields}
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._writer.write(f"{text}\r\n".encode())
        answer = await self._until(lambda m: "Response" in m and m.get("ActionID") == number)
        assert answer["Response"] in ("Success", "Follows"), answer
        return answer

    async def command(self, line: str) -> str:
        """What its console prints for a command."""
        return (await self.do("Command", Command=line)).get("Output", "")

    async def until_shown(self, line: str, what: str, count: int) -> None:
        """Wait until what its console prints for a command has `what` so many times."""
        async with asyncio.timeout(10):
            while (await self.command(line)).count(what) != count:  # noqa: ASYNC110 asked, it tells
                await asyncio.sleep(0.05)

    async def person(self, dials: str, says: bytes, heard: Path, *, stays_s: float = 0) -> None:
        """Have somebody dial an extension, say something once it answers, and leave after a while.

        What is heard lies in `heard` once that call is over.
        """
        await self.talk(f"Local/{dials}/n", "person", says, heard, STAYS=str(stays_s))

    async def talk(
        self, channel: str, context: str, says: bytes, heard: Path, **variables: str
    ) -> None:
        """Have it call `channel`, and let whoever answers be in `context`, as a person who says
        something and whose ears are recorded."""
        said = heard.with_suffix(".said.wav")
        say(said, says)
        told = {"SAYS": str(said.with_suffix("")), "HEARD": str(heard), **variables}
        listed = ",".join(f"{name}={value}" for name, value in told.items())
        place = {"Context": context, "Exten": "s", "Priority": "1", "CallerID": "1001"}
        await self.do("Originate", Channel=channel, Async="true", Variable=listed, **place)

    async def until(self, event: str, **fields: str) -> dict[str, str]:
        """Wait for an event, unless it has come already."""

        def is_it(message: dict[str, str]) -> bool:
            wanted = {"Event": event, **fields}
            return all(message.get(name) == value for name, value in wanted.items())

        return next(filter(is_it, self.events), None) or await self._until(is_it)

    async def _until(self, wanted: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        async with asyncio.timeout(15):
            while not wanted(message := await self._message()):
                pass
        return message

    async def _message(self) -> dict[str, str]:
        text = (await self._reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
        message: dict[str, str] = {}
        for name, colon, value in (line.partition(": ") for line in text.splitlines()):
            if colon:  # what a command prints comes as many lines of one name
                message[name] = f"{message[name]}\n{value}" if name in message else value
        if "Event" in message:
            self.events.append(message)
        return message


@dataclass(frozen=True)
class Asterisk:
    """A running Asterisk, and the ports that it and its gateway have."""

    folder: Path
    sip: int
    tls: int
    manager_port: int
    gateway: int
    gateway_tls: int
    authority: Authority

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "full.log").read_text(errors="replace")

    def messages(self, *holding: str) -> list[str]:
        """The first words of the SIP messages so far in which all of `holding` stands."""
        found = re.findall(r"<--- [^\n]* --->\n(.*?\n)\n", self.log, re.DOTALL)
        return [text.split()[0] for text in found if all(each in text for each in holding)]

    @asynccontextmanager
    async def manager(self) -> AsyncIterator[Manager]:
        """Its manager interface, logged in."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.manager_port)
        await reader.readline()
        manager = Manager(reader, writer)
        await manager.do("Login", Username="test", Secret="test")  # noqa: S106
        try:
            yield manager
        finally:
            writer.close()
            await writer.wait_closed()


@contextmanager
def asterisk(folder: Path) -> Iterator[Asterisk]:
    """Run Asterisk in `folder`."""
    program = require(str(HOME / "asterisk"))
    ports = free_ports(5)
    pbx = Asterisk(folder, *ports, authority=Authority(folder))
    _write(pbx)
    say(folder / "music" / "music.wav", MUSIC)
    say(folder / "desk.wav", 2 * (DESK + SECOND))
    say(folder / "person.wav", recording("question"))
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-f", "-q", "-C", str(folder / "asterisk.conf")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _until_booted(process, pbx)
        yield pbx
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _until_booted(process: subprocess.Popen[bytes], pbx: Asterisk) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if (pbx.folder / "full.log").exists() and "Asterisk Ready" in pbx.log:
            return
        time.sleep(0.05)
    raise AssertionError((pbx.folder / "output.log").read_text(errors="replace"))


def _write(pbx: Asterisk) -> None:
    """All files that it reads: those of the page, and what the tests add to them."""
    own = pbx.authority.identity("127.0.0.1", file="pbx")
    shown = {
        "0.0.0.0:5060": f"127.0.0.1:{pbx.sip}",
        "0.0.0.0:5061": f"127.0.0.1:{pbx.tls}",
        "gateway.example:5060": f"127.0.0.1:{pbx.gateway}",
        "gateway.example:5061": f"127.0.0.1:{pbx.gateway_tls}",
        "/etc/asterisk/keys/pbx.crt": own.certificate,
        "/etc/asterisk/keys/pbx.key": own.key,
        "/etc/ssl/certs/ca-certificates.crt": pbx.authority.path,
        "qualify_frequency = 30": "qualify_frequency = 0",  # gateways come and go at will here
    }
    pages = {name: replaced(page("ini", f"; {name}\n"), shown) for name in PAGED}
    for path in MORE.glob("*.conf"):
        more = replaced(path.read_text(), _places(pbx))
        (pbx.folder / path.name).write_text(f"{pages.get(path.name, '')}\n{more}")


def _places(pbx: Asterisk) -> dict[str, object]:
    """What stands in the tests' own files in braces."""
    (modules,) = (path.parent for path in HOME.glob("usr/lib/*/asterisk/modules/app_dial.so"))
    return {
        "{folder}": pbx.folder,
        "{home}": HOME,
        "{modules}": modules,
        "{manager}": pbx.manager_port,
        "{sip}": pbx.sip,
        "{gateway}": pbx.gateway,
        "{gateway_tls}": pbx.gateway_tls,
    }
