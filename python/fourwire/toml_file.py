"""A TOML file that was read: its table, and where in it everything stands."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from fourwire.problems import SettingsError, reason_of
from fourwire.toml_lines import Place, lines_of

__all__ = ["TomlFile"]


@dataclass(frozen=True, slots=True)
class TomlFile:
    """What a file says, and the lines that say it."""

    path: Path
    table: dict[str, Any]
    lines: Mapping[Place, int] = field(repr=False)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The file at `path`; `SettingsError` where there is none, or where it is not TOML."""
        try:
            text = Path(path).read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"cannot read {path}: {reason_of(error)}") from None
        try:
            return cls(Path(path), tomllib.loads(text), lines_of(text))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(_not_toml(path, text, str(error))) from None
        except (RecursionError, ValueError):  # an integer of more digits than Python reads
            raise SettingsError(f"{path} is not TOML that anybody would write") from None

    def at(self, place: Place) -> str:
        """File and line of `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}:{self.lines[place]}" if place else f"{self.path}"


def _not_toml(path: str | Path, text: str, error: str) -> str:
    """`error` with its line in front; of the line, only the key is shown."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", error)
    if found is None:
        return f"{path}: is not TOML: {error}"
    lines = text.splitlines() or [""]
    number = int(found[2] or len(lines))
    key = re.match(r"\s*([\w.-]+)\s*=", lines[min(number, len(lines)) - 1])
    at = f" at {key[1]}" if key else ""
    what = found[1][:1].lower() + found[1][1:]
    return f"{path}:{number}: is not TOML{at}: {what}"
