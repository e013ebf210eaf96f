"""SIPp for its signalling alone: one run of a scenario, to its end."""

import os
import random
import socket
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from support.peers import require
from support.programs import status_of

SCENARIOS = Path(__file__).parent.parent.parent / "sipp"


PORTS = range(28000, 30000, 2)
"""Below those that the kernel gives to anybody, and away from those that tests have for audio."""

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""Where several processes share the tests, none takes a port that another one has just found."""


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nothing listened at a moment ago, for TCP and UDP alike.

    Nor at the one above each, which baresip takes for SIP by TLS.
    """
    ours, found = PORTS[WORKER::WORKERS], list[int]()
    with ExitStack() as stack:
        for port in random.sample(ours, len(ours)):
            with suppress(OSError):  # taken
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    for each in (port, port + 1):
                        probe = stack.enter_context(socket.socket(socket.AF_INET, kind))
                        probe.bind(("127.0.0.1", each))
                found.append(port)
            if len(found) == count:
                return tuple(found)
    raise OSError(f"{count} free ports are not to be had")


async def sipp(*arguments: str, port: int | None = None, seconds: float = 60) -> tuple[int, str]:
    """Run SIPp at `port` to its end; its exit status and its errors."""
    program = require("sipp")
    at, media = port or free_ports(1)[0], free_ports(1)[0]
    with tempfile.TemporaryDirectory() as folder:
        code = await status_of(
            program,
            *arguments,
            *("-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(at), "-mp", str(media)),
            *("-nostdin", "-trace_err"),
            cwd=Path(folder),
            seconds=seconds,
        )
        return code, errors_in(Path(folder))


async def run_sipp(
    address: tuple[str, str, int] | None,
    scenario: str,
    *,
    port: int | None = None,
    calls: int = 1,
    **keys: str,
) -> tuple[int, str]:
    """Run a scenario against `address`, or wait for calls at `port`; exit status and errors.

    What stands in the scenario as `[name]` is given by `keys`.
    """
    transport, host, far = address or ("udp", "", 0)
    text = (SCENARIOS / f"{scenario}.xml").read_text()
    for key, value in keys.items():
        text = text.replace(f"[{key}]", value)  # SIPp knows no keys inside [authentication]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{scenario}.xml"
        file.write_text(text)
        return await sipp(
            *([f"{host}:{far}", "-s", "voxi"] if address else []),
            *("-sf", str(file), "-m", str(calls), "-l", str(calls)),
            *("-t", "t1" if transport == "tcp" else "u1"),
            *("-timeout", "30s", "-recv_timeout", "15000"),
            port=port,
            seconds=40,
        )


def errors_in(folder: Path) -> str:
    """What SIPp complained of."""
    return "".join(path.read_text() for path in folder.glob("*_errors.log"))[:2000]
