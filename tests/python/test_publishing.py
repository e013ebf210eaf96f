"""A file that is published is there as a whole, or not at all."""

import errno
import os
import threading
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest

from fourwire.publishing import Desk, publish

pytestmark = pytest.mark.anyio


def test_a_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    publish(tmp_path / "a.json", b"{}")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.json", b"{}")]


def test_what_a_crash_left_is_not_touched(tmp_path: Path) -> None:
    for name in ("a.json.part", "a.json.2.part"):
        (tmp_path / name).write_bytes(b"left")
    publish(tmp_path / "a.json", b"{}")
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert left == {"a.json": b"{}", "a.json.part": b"left", "a.json.2.part": b"left"}


def test_a_disk_that_takes_nothing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path / "a.json", b"{}")
    assert list(tmp_path.iterdir()) == []


async def test_what_the_desk_took_is_written_though_nobody_waits(tmp_path: Path) -> None:
    slow, desk = threading.Event(), Desk()

    def files() -> Mapping[Path, bytes]:
        slow.wait()
        return {tmp_path / "a.json": b"{}"}

    written = desk.publish(files)
    with anyio.move_on_after(0.0):
        await anyio.sleep_forever()
    assert not written.done()
    slow.set()
    await written
    assert (tmp_path / "a.json").exists()


async def test_the_end_of_a_desk_waits_for_what_is_being_written(tmp_path: Path) -> None:
    def files() -> Mapping[Path, bytes]:
        return {tmp_path / f"{number}.json": b"{}" for number in range(20)}

    async with Desk() as desk:
        written = desk.publish(files)
    assert written.done()
    assert (tmp_path / "19.json").exists()


async def test_a_desk_that_is_full_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fourwire.publishing.MOST_WAITING", 1)
    slow, desk = threading.Event(), Desk()

    def files() -> Mapping[Path, bytes]:
        slow.wait()
        return {}

    first = desk.publish(files)
    with pytest.raises(OSError, match="wait for the disk"):
        await desk.publish(files)
    slow.set()
    await first
    await desk.publish(dict)
