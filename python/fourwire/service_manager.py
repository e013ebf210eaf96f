"""What systemd is told (sd_notify(3)): that the gateway is ready, alive, about to stop."""

import contextlib
import os
import socket
from collections.abc import Mapping

__all__ = ["ServiceManager"]


class ServiceManager:
    """Who started the program, where that wants to be told; silence where nobody does."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        path = environ.get("NOTIFY_SOCKET", "")
        self._path = "\0" + path[1:] if path.startswith("@") else path
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(usec) / 1e6 if ours and usec.isdigit() else None
        """How often it must hear that the program is alive."""

    def ready(self, status: str = "") -> None:
        """Calls are taken."""
        self._tell("READY=1", f"STATUS={status}")

    def alive(self, status: str) -> None:
        """The event loop still runs."""
        self._tell("WATCHDOG=1", f"STATUS={status}")

    def stopping(self) -> None:
        """No call is taken any more, and the program ends once those that run have."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        if not self._path:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as ours,
        ):
            ours.sendto("\n".join(lines).encode(), self._path)
