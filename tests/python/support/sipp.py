"""SIPp with sound: callers who play captures, run from a folder of their own."""

import csv
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.capture import Ear
from support.peers import require
from support.programs import status_of
from support.sipp_plain import free_ports

SCENARIOS = Path(__file__).parent.parent.parent / "sipp"

ENCODINGS = {0: "PCMU", 8: "PCMA", 9: "G722"}

DIGITS = Path("/usr/share/sip-tester")
"""Captures of telephone events that come with SIPp, as Debian installs them."""

PORTS_A_CALL = 4
"""How far apart SIPp's `[auto_media_port]` puts the ports of one call and the next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How SIPp fared."""

    code: int
    """Its exit status; 0 where every call went as the scenario has it."""
    succeeded: int
    failed: int
    complaints: str
    """Its error log."""


def require_player() -> str:
    """The path of a SIPp that may play captures, which takes a raw socket; else as `require`."""
    program = require("sipp")
    if os.geteuid() == 0 or "security.capability" in os.listxattr(program):
        return program
    reason = f"SIPp plays captures as root only (or: sudo setcap cap_net_raw+ep {program})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def require_digits() -> Path:
    """The folder with SIPp's captures of telephone events; else as `require`."""
    if DIGITS.exists():
        return DIGITS
    reason = f"SIPp's captures of telephone events are not in {DIGITS}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def ears_of(calls: int) -> Iterator[tuple[int, list[Ear]]]:
    """SIPp's `-mp`, and ears on the ports at which that many callers will be."""
    with ExitStack() as stack:
        for attempt in range(100):
            first = 2 * random.randint(6_000, 9_000)  # below the ephemeral range
            try:
                ears = _ears_above(first, calls, stack)
            except OSError:
                assert attempt < 99, "no free ports for SIPp"
                continue
            yield first, ears
            return


def _ears_above(first: int, calls: int, stack: ExitStack) -> list[Ear]:
    """One ear a call. SIPp opens `first` and `first` + 2 itself, so that callers begin above."""
    for own in (first, first + 2):
        Ear(own).close()
    with ExitStack() as opened:
        ports = range(first + PORTS_A_CALL, first + PORTS_A_CALL * (calls + 1), PORTS_A_CALL)
        ears = [opened.enter_context(Ear(port)) for port in ports]
        stack.push(opened.pop_all())
    return ears


async def place_calls(
    address: tuple[str, str, int],
    scenario: str,
    folder: Path,
    media_port: int,
    *,
    payload_type: int = 0,
    offered: str = "",
    calls: int = 1,
    rate: int = 25,
    talk_ms: int = 0,
) -> Outcome:
    """Let SIPp place `calls` calls at once from `folder`, which holds what they play.

    They speak `payload_type`, and offer that alone where `offered` does not say more.
    """
    _, host, port = address
    name = f"{scenario}.xml"
    shutil.copy(SCENARIOS / name, folder)  # SIPp looks for captures beside its scenario
    code = await status_of(
        require_player(),
        *(f"{host}:{port}", "-s", "voxi", "-sf", name),
        *("-i", "127.0.0.1", "-p", str(free_ports(1)[0])),
        *("-mi", "127.0.0.1", "-mp", str(media_port)),
        *("-key", "payload_type", str(payload_type)),
        *("-key", "offered", offered or str(payload_type)),
        *("-key", "encoding", ENCODINGS[payload_type]),
        *("-m", str(calls), "-l", str(calls), "-r", str(rate), "-d", str(talk_ms)),
        *("-nostdin", "-trace_err", "-trace_stat", "-stf", "statistics.csv"),
        cwd=folder,
        seconds=60,
    )
    return _outcome(code, folder)


def _outcome(code: int, folder: Path) -> Outcome:
    with (folder / "statistics.csv").open(newline="") as file:
        *_, last = csv.DictReader(file, delimiter=";")
    return Outcome(
        code=code,
        succeeded=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        complaints="".join(path.read_text() for path in folder.glob("*_errors.log"))[:2000],
    )
