"""Secrets: where they come from, and that they never show themselves."""

import os
import re
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock, Timer
from typing import Annotated, NoReturn

import msgspec

from fourwire.problems import IllegalSetting, SettingsError, reason_of

__all__ = [
    "MissingSecret",
    "Secret",
    "SecretFrom",
    "redact",
    "refuse_bad_source",
    "require",
    "secret",
    "secret_of",
]


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
        _remember(value)

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
    value = environ.get(name, "").strip()
    if not value and (path := environ.get(f"{name}_FILE", "")):
        value = _of_file(f"{name}_FILE", path)
    if not value:
        raise MissingSecret(
            f"{name} is not set: put the key into the environment variable {name}, "
            f"or the path of a file that holds it into {name}_FILE"
        )
    return _secret(name, value)


def require(names: Iterable[str]) -> None:
    """Raise `SettingsError` with all that is wrong with the secrets of these names."""
    problems: list[str] = []
    for name in names:
        try:
            secret(name)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(*problems)


class SecretFrom(msgspec.Struct, frozen=True, kw_only=True):
    """Where a secret lies that is not in the environment: a file, or what a command prints."""

    file: str = ""
    """The path of a file that holds it and nothing else."""
    command: tuple[str, ...] = ()
    """A program and its arguments, as `["pass", "show", "inworld"]`; no shell reads them."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    """How long the command may take."""

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.command):
            raise ValueError("a secret comes from one of file and command")


Source = str | SecretFrom
"""The name of an environment variable, or a table that says where else a secret lies."""


def refuse_bad_source(field: str, source: Source) -> None:
    """Refuse what is likelier the secret itself than the name of a variable; it is not shown."""
    if isinstance(source, str) and not VARIABLE.fullmatch(source):
        raise IllegalSetting(
            field,
            f"must be the name of the environment variable that holds the {_noun(field)}, not the "
            f"{_noun(field)} itself",
        )


def _noun(field: str) -> str:
    return field.rpartition("_")[2]


VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""The name of an environment variable; keys are longer, or have other letters."""


def secret_of(field: str, source: Source, environ: Mapping[str, str] | None = None) -> Secret:
    """The secret that `source` names for the setting `field`, read anew each time.

    Raises `MissingSecret` and `SettingsError`, which show nothing of what was read.
    """
    if isinstance(source, str):
        return secret(source, environ)
    if source.file:
        return _secret(field, _of_file(field, source.file))
    return _secret(field, _of_command(field, source))


def _secret(name: str, value: str) -> Secret:
    """The secret `value`, if it can be one."""
    if not value:
        raise MissingSecret(f"{name} is empty where it should lie")
    if not value.isprintable() or any(map(str.isspace, value)):
        raise SettingsError(f"{name} has a space or a line break inside; copy the key again")
    if not value.isascii():
        raise SettingsError(f"{name} has a letter inside that no key has; copy the key again")
    if len(value) > LONGEST:
        raise SettingsError(f"{name} is longer than {LONGEST} letters, which no key is")
    return Secret(name, value)


LONGEST = 8192
"""Letters of a secret."""


def _of_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: cannot read {path!r}: {reason_of(error)}") from None


def _of_command(name: str, source: SecretFrom) -> str:
    program = f"{name}: the command {source.command[0]}"
    try:
        output, status = _printed(source)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it holds a zero byte"
        raise SettingsError(f"{program} cannot be run: {reason}") from None
    if len(output) > LONGEST:
        raise SettingsError(f"{program} printed more than {LONGEST} letters, which is no key")
    if status == -signal.SIGKILL:
        raise SettingsError(f"{program} took longer than {source.timeout_s:g} s")
    if status:
        raise SettingsError(f"{program} ended with status {status}")
    try:
        return output.decode().strip()
    except UnicodeDecodeError:
        raise SettingsError(f"{program} did not print text") from None


def _printed(source: SecretFrom) -> tuple[bytes, int]:
    """What the command prints, and how it ended; it and its children are killed in time."""
    with subprocess.Popen(
        source.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        timer = Timer(source.timeout_s, _kill, [running])
        timer.start()
        try:
            assert running.stdout is not None
            output = running.stdout.read(LONGEST + 1)
            if len(output) > LONGEST:
                _kill(running)
            status = running.wait()
        finally:
            timer.cancel()
    return output, status


def _kill(running: "subprocess.Popen[bytes]") -> None:
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)


def redact(text: str) -> str:
    """`text` with the value of every secret of this process blacked out."""
    for value in _known:
        text = text.replace(value, "[secret]")
    return text


_known: tuple[str, ...] = ()
"""Values of all secrets met so far, so that no log line can hold one by accident; longest first,
lest the end of one be left behind that begins like another."""

_remembering = Lock()


def _remember(value: str) -> None:
    """Black `value` out from now on; secrets are read on threads, beside those who write logs."""
    global _known
    with _remembering:
        _known = tuple(sorted({*_known, value}, key=len, reverse=True))
