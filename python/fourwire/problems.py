"""What is wrong with what an operator wrote, and how it is told."""

import difflib
import re
from collections.abc import Iterable
from typing import Any

from fourwire.toml_lines import Place

__all__ = ["IllegalSetting", "SettingsError", "reason_of", "told", "unknown"]


class SettingsError(Exception):
    """Settings that cannot be used; a line a problem, which names its place, key and value."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, one by one."""
        return tuple(str(problem) for problem in self.args)

    def __str__(self) -> str:
        return "\n".join(self.problems)


class IllegalSetting(ValueError):
    """A field that cannot have its value; raised by a group of settings that is being made."""

    def __init__(self, field: str | Place, reason: str) -> None:
        self.place: Place = (field,) if isinstance(field, str) else field
        self.reason = reason
        super().__init__(f"{'.'.join(map(str, self.place))}: {reason}")


def told(at: str, place: Place, value: object, reason: str) -> str:
    """The problem of `value` at `place`, which stands `at` a line of a file, in one line."""
    shown = "" if _is_hidden(place) else _shown(value)
    key = ".".join(str(key) for key in place if isinstance(key, str))
    return f"{at}: {key}{f' = {shown}' if shown else ''}: {reason}"


def unknown(at: str, place: Place, known: Iterable[str]) -> str:
    """The problem of a key that nobody reads, with the likeliest one meant."""
    names = list(known)
    *above, key = (str(key) for key in place if isinstance(key, str))
    near = difflib.get_close_matches(key, names, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    where = f" in {'.'.join(above)}" if above else ""
    return f"{at}: there is no setting {key}{where}; {meant}"


def reason_of(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read, in words."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return (error.strerror or str(error)).lower()


HIDDEN = re.compile(r"(?:^|_)(?:key|keys|password|secret|token)(?:$|_)", re.IGNORECASE)
"""Keys whose values are not shown: somebody may have written the secret itself there."""

CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")

LONGEST = 60
"""Characters of a value that are shown."""


def _is_hidden(place: Place) -> bool:
    return any(isinstance(key, str) and HIDDEN.search(key) for key in place)


def _shown(value: Any) -> str:
    """`value` for people; tables are not shown, for there may be anything in them."""
    if isinstance(value, dict):
        return ""
    if isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = CREDENTIALS.sub("…@", repr(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
