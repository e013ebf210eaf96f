"""The typed face of the Rust module, checked against the binary."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from fourwire import _core

PACKAGE = Path(__file__).resolve().parents[2] / "python"


MODULES = ("fourwire._core", "fourwire.audioop")


def test_the_stubs_say_what_the_binaries_are(tmp_path: Path) -> None:
    pytest.importorskip("mypy.stubtest", reason="mypy is not installed")
    config = tmp_path / "mypy.ini"
    config.write_text(f"[mypy]\nmypy_path = {PACKAGE}\ncache_dir = {tmp_path}\n")
    command = [sys.executable, "-m", "mypy.stubtest", "--mypy-config-file", str(config)]
    check = subprocess.run(
        [*command, *MODULES], capture_output=True, text=True, timeout=110, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("name", [name for name in _core.__all__ if name[0].isupper()])
def test_every_class_says_where_it_lives(name: str) -> None:
    assert inspect.getmodule(getattr(_core, name)) is _core
