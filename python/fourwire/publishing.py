"""Files that are there as a whole or not at all, written beside the event loop."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import anyio

__all__ = ["Desk", "publish"]

MOST_WAITING = 1000
"""Sets of files that wait for a slow disk; what comes above that is refused."""

CLOSE_SECONDS = 5.0
"""How long the end of a gateway waits for files; the end of the program waits for all of them."""

MOST_PARTS = 1000
"""Files of one name that were never finished; above that something is wrong with the folder."""


class Desk:
    """Writes sets of files on threads of its own. What it took it finishes, also when nobody waits
    for it any more and while the program ends. An async context manager, if its end is known.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="fourwire-transcript")
        self._waiting = 0
        self._idle = asyncio.Event()

    def publish(self, files: Callable[[], Mapping[Path, bytes]]) -> "asyncio.Future[None]":
        """Write the `files` that are made there; what is returned tells when they are there, or by
        an exception why they are not. It need not be waited for, and waiting may be given up.
        """
        loop = asyncio.get_running_loop()
        if self._waiting >= MOST_WAITING:
            refused = loop.create_future()
            refused.set_exception(OSError(f"{MOST_WAITING} others wait for the disk"))
            return refused
        self._waiting += 1
        written = loop.run_in_executor(self._threads, _publish_all, files)
        written.add_done_callback(self._done)
        return written

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *reason: object) -> None:
        """Take no more, and wait a little for what is being written."""
        self._threads.shutdown(wait=False)
        with anyio.move_on_after(CLOSE_SECONDS, shield=True):
            while self._waiting:
                self._idle.clear()
                await self._idle.wait()

    def _done(self, written: "asyncio.Future[None]") -> None:
        self._waiting -= 1
        self._idle.set()


def publish(path: Path, content: bytes) -> None:
    """Write `content` to `path`: whoever finds that finds all of it, also after a power cut.

    Until then it has a name that ends in `.part`; a file that was left under such a name is not
    touched. OSError where the disk does not take it, and then nothing is left.
    """
    part, descriptor = _part_of(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _settle_name(path.parent)


def _publish_all(files: Callable[[], Mapping[Path, bytes]]) -> None:
    for path, content in files().items():
        publish(path, content)


def _part_of(path: Path) -> tuple[Path, int]:
    """A file beside `path` that was not there before, open for writing."""
    for number in range(1, MOST_PARTS):
        part = path.with_name(f"{path.name}.{number}.part" if number > 1 else f"{path.name}.part")
        with contextlib.suppress(FileExistsError):
            return part, os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    raise FileExistsError(f"{path}.part is there {MOST_PARTS} times")


def _settle_name(folder: Path) -> None:
    """Make the new name last; where a file system cannot, the file is there all the same."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
