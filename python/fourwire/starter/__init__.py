"""The files that `fourwire init` writes: a gateway, an agent and routes to start from."""

import shutil
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from fourwire.problems import SettingsError, reason_of

__all__ = ["doubts", "write"]

NAMES = {
    "gateway.toml": "gateway.toml",
    "agent.toml": "agent.toml",
    "prompt.txt": "prompt.txt",
    "scenario.py": "scenario.py",
    "env.example": ".env.example",
    "fourwire.service": "fourwire.service",
}
"""What each file is called where it is written."""


def write(directory: str | Path, *, force: bool = False) -> list[Path]:
    """Write all files into `directory`; none where one is there already, but for `force`."""
    directory = Path(directory)
    paths = {name: directory / written for name, written in NAMES.items()}
    there = [path for path in paths.values() if path.exists()]
    if there and not force:
        names = ", ".join(path.name for path in there)
        raise SettingsError(f"{directory} has {names} already; --force writes over them")
    source = files(__name__) / "files"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, path in paths.items():
            text = (source / name).read_text(encoding="utf-8")
            path.write_text(_placed(text, directory), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"cannot write {directory}: {reason_of(error)}") from None
    return list(paths.values())


def doubts(directory: str | Path) -> Iterator[str]:
    """What keeps the unit that is written into `directory` from running as it stands."""
    for what, path in (("program", _program()), ("settings", Path(directory).resolve())):
        hidden = next((each for each in HIDDEN if path.is_relative_to(each)), None)
        if hidden is not None:
            yield f"as a service it cannot see the {what} at {path}: its unit hides {hidden}"


HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - nothing is written
"""What `ProtectHome` and `PrivateTmp` hide from the unit."""


def _placed(text: str, directory: Path) -> str:
    for word, path in (("@DIRECTORY@", directory.resolve()), ("@PROGRAM@", _program())):
        text = text.replace(word, str(path).replace("%", "%%"))
    return text


def _program() -> Path:
    """Where the command lies that runs now, or that a shell would run."""
    beside = Path(sys.executable).with_name("fourwire")
    found = beside if beside.exists() else shutil.which("fourwire")
    return Path(found or "/opt/fourwire/bin/fourwire")
