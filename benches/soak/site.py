"""A gateway as a service, and agents for it, each in a process of its own."""

import asyncio
import contextlib
import http.client
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

KEY = {"INWORLD_API_KEY": "soak"}

PATIENCE_S = 30.0

AGENT = """\
url = "{url}"
[failure]
"""

Failure = Callable[[str], str]
"""Lines of the policy for failures of the agent of that name."""

SETTINGS = """\
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]
address = "127.0.0.1"
http.listen = "127.0.0.1:0"
journal = "{journal}"
"""


@dataclass(frozen=True)
class Site:
    """A gateway that runs, and where things are."""

    pid: int
    sip: Mapping[str, tuple[str, int]]
    """Its listeners by transport."""
    pages: tuple[str, int]
    journal: Path

    def uri(self, user: str, transport: str = "udp") -> str:
        """Where to dial `user`: the name of an agent."""
        host, port = self.sip[transport]
        return f"sip:{user}@{host}:{port};transport={transport}"

    async def page(self, path: str) -> tuple[int, str]:
        """Status and text of one of its pages."""
        return await asyncio.to_thread(self._page, path)

    def _page(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(*self.pages, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def entries(self, *events: str) -> Iterator[dict[str, Any]]:
        """What its journal has of these events so far."""
        with self.journal.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n") and any(f'"{event}"' in line for event in events):
                    entry = json.loads(line)
                    if entry["event"] in events:
                        yield entry


@asynccontextmanager
async def site(
    settings: str = "",
    *,
    failure: Failure = lambda _: "",
    cores: Sequence[int] | None = None,
) -> AsyncIterator[Site]:
    """A gateway while the block runs; each agent is dialled by its name.

    `settings` are lines of TOML for the gateway, `failure` gives those for
    what is done where an agent fails; `cores` are the processors that it may use.
    """
    with tempfile.TemporaryDirectory(prefix="fourwire-soak-") as name:
        folder = Path(name)
        async with _child("-m", "benches.soak.agents") as agents:
            assert agents.stdout is not None
            line = await asyncio.wait_for(agents.stdout.readline(), PATIENCE_S)
            _write(folder, json.loads(line), settings, failure)
            log = (folder / "log").open("wb")
            command = ["-m", "fourwire", "serve", "--settings", str(folder / "gateway.toml")]
            async with _child(*command, "--quiet", log=log.fileno(), cores=cores) as gateway:
                log.close()
                yield await _found(gateway, folder)


def _write(folder: Path, urls: Mapping[str, str], settings: str, failure: Failure) -> None:
    lines = [SETTINGS.format(journal=folder / "journal.jsonl"), settings]
    for name, url in urls.items():
        text = AGENT.format(url=url) + failure(name)
        (folder / f"{name}.toml").write_text(text)
        lines.append(f'[[route]]\ndialled = "{name}"\nagent = "{name}.toml"')
    (folder / "gateway.toml").write_text("\n".join(lines) + "\n")


async def _found(gateway: asyncio.subprocess.Process, folder: Path) -> Site:
    """Where the gateway listens, once it takes calls."""
    journal = folder / "journal.jsonl"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if gateway.returncode is not None:
                raise RuntimeError(f"the gateway ended: {(folder / 'log').read_text()}")
            with contextlib.suppress(FileNotFoundError, KeyError):
                lines = [json.loads(each) for each in journal.read_text().splitlines()]
                told = {entry["event"]: entry for entry in lines}
                sip = {
                    of: (host, port) for of, host, port in told["gateway.listening"]["addresses"]
                }
                pages = tuple(told["http.listening"]["address"])
                return Site(gateway.pid, sip, pages, journal)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _child(
    *arguments: str, log: int | None = None, cores: Sequence[int] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    environ = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=environ | KEY | _as_a_service(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if log is None else log,
        stderr=asyncio.subprocess.DEVNULL if log is None else log,
        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _as_a_service() -> dict[str, str]:
    """What the unit that `fourwire init` writes tells Python."""
    unit = resources.files("fourwire.starter") / "files" / "fourwire.service"
    return dict(re.findall(r"^Environment=(PYTHON\w+)=(.*)$", unit.read_text(), re.MULTILINE))


def _is_ours(name: str) -> bool:
    return name.startswith(("INWORLD", "FOURWIRE"))
