"""The files that `fourwire init` writes: a gateway, an agent and routes to start from."""

from importlib.resources import files
from pathlib import Path

from fourwire.problems import SettingsError, reason_of

__all__ = ["write"]

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
    place = directory.resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, path in paths.items():
            text = (source / name).read_text(encoding="utf-8")
            path.write_text(text.replace("@DIRECTORY@", str(place)), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"cannot write {directory}: {reason_of(error)}") from None
    return list(paths.values())
