"""Secrets: where they come from, and that they never show themselves."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from fourwire.problems import SettingsError, reason_of

__all__ = ["MissingSecret", "Secret", "redact", "secret"]


class MissingSecret(SettingsError):
    """A secret that is neither in the environment nor in a file; the message says what to set."""


class Secret:
    """A value that shows itself only to who asks by name: `reveal()`.

    `repr`, `str` and format give the secret's name, pickling is refused, and the journal blacks
    the value out wherever it turns up.
    """

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value
        _KNOWN.add(value)

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} stays in this process")


def secret(name: str, environ: Mapping[str, str] | None = None) -> Secret:
    """The secret `name` of the environment, or of the file that `<name>_FILE` names.

    Raises `MissingSecret` where neither is set, and `SettingsError` where the file cannot be read
    or the value has a space or a line break inside (a key that was pasted badly).
    """
    environ = os.environ if environ is None else environ
    value = environ.get(name, "").strip() or _secret_file(name, environ)
    if not value:
        raise MissingSecret(
            f"{name} is not set: put the key into the environment variable {name}, "
            f"or the path of a file that holds it into {name}_FILE"
        )
    if not value.isprintable() or any(map(str.isspace, value)):
        raise SettingsError(f"{name} has a space or a line break inside; copy the key again")
    if not value.isascii():
        raise SettingsError(f"{name} has a letter inside that no key has; copy the key again")
    return Secret(name, value)


def _secret_file(name: str, environ: Mapping[str, str]) -> str:
    path = environ.get(f"{name}_FILE", "")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE: cannot read {path!r}: {reason_of(error)}") from None


def redact(text: str) -> str:
    """`text` with the value of every secret of this process blacked out."""
    for value in _KNOWN:
        text = text.replace(value, "[secret]")
    return text


_KNOWN: set[str] = set()
"""Values of all secrets met so far, so that no log line can hold one by accident."""
