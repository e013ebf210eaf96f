"""Behaviours from text: a TOML file, and ``knob=value`` on the command line.

Knobs at the top of the file hold for every connection; each ``[[connections]]`` table is one
connection's own, in their order, and the last one holds for all that follow.
"""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import msgspec

from fourwire.standin.behaviour import Behaviour

__all__ = ["KnobError", "read_behaviours"]

Table = dict[str, object]


class KnobError(ValueError):
    """What a person wrote is no behaviour; says where, and what would be."""


def read_behaviours(path: str | None, assignments: Sequence[str] = ()) -> list[Behaviour]:
    """The behaviours of a file, one a connection; `assignments` go over what is in it."""
    table = {} if path is None else _file(path)
    connections = table.pop("connections", [{}])
    if not isinstance(connections, list) or not connections:
        raise KnobError(f"{path}: connections must be tables: [[connections]]")
    given = dict(_assignment(text) for text in assignments)
    return [
        _behaviour({**table, **_table(each, path, place), **given}, _place(path, place))
        for place, each in enumerate(connections, 1)
    ]


def _file(path: str) -> Table:
    try:
        return tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise KnobError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnobError(f"{path}: not TOML: {error}") from None


def _assignment(text: str) -> tuple[str, object]:
    knob, equals, value = text.partition("=")
    if not equals:
        raise KnobError(f"{text!r}: a knob is set as knob=value")
    try:
        return knob.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return knob.strip(), value.strip()


def _table(connection: object, path: str | None, place: int) -> Table:
    if not isinstance(connection, dict):
        raise KnobError(f"{path}: connection {place} must be a table: [[connections]]")
    return connection


def _place(path: str | None, place: int) -> str:
    return "" if path is None else f"{path}: connection {place}: "


def _behaviour(knobs: Mapping[str, object], place: str) -> Behaviour:
    for knob in knobs:
        if knob not in Behaviour.__struct_fields__:
            raise KnobError(f"{place}there is no knob {knob!r}{_meant(knob)}")
    try:
        return msgspec.convert(knobs, Behaviour, str_keys=True)
    except msgspec.ValidationError as error:
        raise KnobError(f"{place}{_told(str(error))}") from None


def _told(message: str) -> str:
    """msgspec's message with the path in front, as a person writes it."""
    what, _, path = message.partition(" - at `$")
    where = path.rstrip("`").lstrip(".")
    return f"{where}: {what}" if where else what


def _meant(knob: str) -> str:
    close = get_close_matches(knob, Behaviour.__struct_fields__, n=1)
    return f"; is {close[0]} meant?" if close else ""
