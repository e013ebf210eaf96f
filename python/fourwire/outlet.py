"""Text on its way to a file or a pipe that may be slow, so that no call waits for it."""

import atexit
import contextlib
import logging
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import Protocol, TextIO

__all__ = ["AppendedFile", "Outlet", "Stream", "Target"]

MOST_CHARACTERS = 8 * 1024 * 1024
"""Text that waits for a slow target; what comes above that is dropped and counted."""

CLOSE_SECONDS = 2.0
"""How long closing waits for a target that takes nothing any more."""

LOOK_SECONDS = 1.0
"""How often a file is looked for that somebody may have moved away."""

logger = logging.getLogger("fourwire.outlet")


class Target(Protocol):
    """Where the text goes; used by the outlet's own thread alone."""

    def write(self, text: str) -> None:
        """Write `text`, however long that takes; OSError where it cannot be."""

    def close(self) -> None:
        """Let go of it."""


class AppendedFile:
    """A file that is appended to, and begun anew where `logrotate` has moved it away.

    Nobody has to send a signal for that: the path is looked at once a second, and where it is gone
    or another file, it is opened again.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._file = self._opened()
        self._looked = time.monotonic()

    def write(self, text: str) -> None:
        """Append `text`, and have the kernel take it at once."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self.look()
        self._file.write(text)
        self._file.flush()

    def look(self) -> None:
        """Open the path again where it is no longer the file that is open."""
        mine = os.fstat(self._file.fileno())
        try:
            there = self._path.stat()
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            moved, self._file = self._file, self._opened()
            moved.close()

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _opened(self) -> TextIO:
        return self._path.open("a", encoding="utf-8")


class Stream:
    """Standard output or error, which is left open."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write and flush."""
        self._stream.write(text)
        self._stream.flush()

    def close(self) -> None:
        """Leave it to its owner."""


class Outlet:
    """Takes text at once and writes it on a thread of its own, in order, until closed.

    A slow target holds up nothing but what waits for it, and that has a brim: above it text is
    dropped and counted in `lost`, as is what the target refuses.
    """

    def __init__(self, target: Target, most: int = MOST_CHARACTERS) -> None:
        self.lost = 0
        """How many texts never reached the target; the first is logged."""
        self._target = target
        self._most = most
        self._waiting: deque[str] = deque()
        self._size = 0
        self._closing = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="fourwire-outlet", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def waiting(self) -> int:
        """Characters that wait."""
        return self._size

    def put(self, text: str) -> bool:
        """Have `text` written; false where there was no room for it. Never waits for the target."""
        with self._news:
            if self._closing:
                return False
            if self._size + len(text) > self._most:
                self._lose(1, "it takes less than comes")
                return False
            self._waiting.append(text)
            self._size += len(text)
            self._news.notify()
        return True

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Write what waits, for `seconds` at most, and close the target. Idempotent."""
        with self._news:
            self._closing = True
            self._news.notify()
        if self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _run(self) -> None:
        while texts := self._taken():
            try:
                self._target.write("".join(texts))
            except Exception as error:
                self._lose(len(texts), f"{type(error).__name__}: {error}")
        self._target.close()
        atexit.unregister(self.close)

    def _taken(self) -> list[str]:
        """All that waits, waited for; nothing once it is closed and empty."""
        with self._news:
            while not self._waiting and not self._closing:
                self._news.wait()
            texts = list(self._waiting)
            self._waiting.clear()
            self._size = 0
            return texts

    def _lose(self, count: int, why: str) -> None:
        first = self.lost == 0
        self.lost += count
        if first:
            logger.error("lines are lost, calls go on: %s", why)
