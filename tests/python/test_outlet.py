"""Text goes out in order beside the loop; a target that takes nothing costs no caller a thing."""

import threading
from pathlib import Path

from fourwire.outlet import AppendedFile, Outlet


class Target:
    """Takes text when a test lets it."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.text = ""
        self.failures = 0
        self.closed = False

    def write(self, text: str) -> None:
        self.entered.set()
        assert self.open.wait(10)
        if self.failures:
            self.failures -= 1
            raise OSError(28, "No space left on device")
        self.text += text

    def close(self) -> None:
        self.closed = True


def test_text_arrives_in_order_and_closing_writes_all_that_waits() -> None:
    target = Target()
    target.open.set()
    outlet = Outlet(target)
    for number in range(1000):
        assert outlet.put(f"{number}\n")
    outlet.close(10)
    assert target.text == "".join(f"{number}\n" for number in range(1000))
    assert target.closed
    assert outlet.lost == 0


def test_a_target_that_takes_nothing_is_not_waited_for_and_what_has_no_room_is_counted() -> None:
    target = Target()
    outlet = Outlet(target, most=100)
    assert outlet.put("first")
    assert target.entered.wait(10)
    taken = [outlet.put("x" * 10) for _ in range(25)]
    assert taken == [True] * 10 + [False] * 15
    assert (outlet.waiting, outlet.lost) == (100, 15)
    target.open.set()
    outlet.close(10)
    assert target.text == "first" + "x" * 100


def test_what_a_full_disk_refused_is_counted_and_later_lines_are_written() -> None:
    target = Target()
    target.failures = 1
    outlet = Outlet(target)
    outlet.put("lost\n")
    assert target.entered.wait(10)
    outlet.put("kept\n")
    target.open.set()
    outlet.close(10)
    assert target.text == "kept\n"
    assert outlet.lost == 1


def test_closing_does_not_wait_for_ever_for_a_target_that_is_stuck() -> None:
    target = Target()
    outlet = Outlet(target)
    outlet.put("stuck")
    assert target.entered.wait(10)
    outlet.close(0.01)
    assert not outlet.put("after")
    assert not target.closed
    target.open.set()


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    file = AppendedFile(path)
    file.write("old\n")
    path.rename(tmp_path / "journal.jsonl.1")
    file.look()
    file.write("new\n")
    file.look()
    file.write("newer\n")
    file.close()
    assert (tmp_path / "journal.jsonl.1").read_text() == "old\n"
    assert path.read_text() == "new\nnewer\n"


def test_a_file_that_was_deleted_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    file = AppendedFile(path)
    path.unlink()
    file.look()
    file.write("new\n")
    file.close()
    assert path.read_text() == "new\n"


def test_a_file_that_cannot_be_begun_anew_leaves_the_old_one_open(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = AppendedFile(folder / "journal.jsonl")
    (folder / "journal.jsonl").rename(tmp_path / "moved")
    folder.rmdir()
    try:
        file.look()
    except OSError:
        file.write("still here\n")
    file.close()
    assert (tmp_path / "moved").read_text() == "still here\n"
