"""`fourwire drain`: has a gateway on this machine take no new calls, and waits until it has none.

It is found by its page `/healthz` and told by a signal, so that only its owner may do this, and
nobody who merely reaches the page.
"""

import http.client
import os
import signal
import time
from collections.abc import Callable

import msgspec

from fourwire.http_page import HttpListen
from fourwire.operating import born
from fourwire.problems import SettingsError

__all__ = ["Running", "drain", "find"]

ASK_SECONDS = 3.0
"""How long the page may take."""

LOOK_SECONDS = 0.5
"""How often it is asked whether calls are left."""


class Running(msgspec.Struct, frozen=True):
    """What `/healthz` says."""

    pid: int
    born: int | None
    calls: int
    draining: bool


def find(listen: HttpListen | None) -> Running:
    """The gateway that serves pages at `listen`; `SettingsError` says why there is none."""
    if listen is None:
        raise SettingsError("http.listen is not set: a gateway without pages cannot be found")
    where = f"http://{listen.host}:{listen.port}/healthz"
    connection = http.client.HTTPConnection(listen.host, listen.port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return msgspec.json.decode(connection.getresponse().read(10_000), type=Running)
    except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
        raise SettingsError(f"no gateway answers at {where}: {error}") from None
    finally:
        connection.close()


def drain(
    listen: HttpListen | None,
    *,
    resume: bool = False,
    wait_s: float = 0.0,
    tell: Callable[[str], None] = print,
) -> int:
    """Have it take no new calls (or take them again); 0 once it has none, 1 where some are left."""
    running = find(listen)
    if running.born is None or running.born != born(running.pid):
        raise SettingsError(f"process {running.pid} of the page is not on this machine")
    try:
        os.kill(running.pid, signal.SIGUSR2 if resume else signal.SIGUSR1)
    except PermissionError:
        raise SettingsError(f"process {running.pid} belongs to another user") from None
    except ProcessLookupError:
        raise SettingsError(f"process {running.pid} ended before it could be told") from None
    if resume:
        tell("takes calls again")
        return 0
    until = time.monotonic() + wait_s
    while (left := find(listen).calls) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    tell(f"takes no new calls; {left} calls are left")
    return 1 if left else 0
