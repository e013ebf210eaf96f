"""What looks wrong in a session that is written as a plain dictionary, and sent all the same."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from .base import Fields, group_for, shortened
from .kinds import fits, options, wanted
from .session import Session


def doubts(session: Mapping[str, Any]) -> list[str]:
    """What a reader of `session` would ask back: values out of range, names that look misspelt.

    The server ignores much of it without a word, so it is worth a line in the log; but servers
    learn, so it is no error.
    """
    return list(_doubts(Session, session, "session"))


def _doubts(group: type[Fields], wire: Mapping[str, Any], path: str) -> Iterator[str]:
    kinds = {name: kind for _, name, kind in group.known()}
    for key, value in wire.items():
        if key in kinds:
            yield from _of_value(kinds[key], value, f"{path}.{key}")
        elif (meant := _meant(str(key), list(kinds))) is not None:
            yield f"{path}.{key} is no field that is known: {meant} was meant?"
    for name, kind in group.missing(wire):
        yield f"{path}.{name} is missing: should be {wanted(kind)}"


def _of_value(kind: Any, value: object, path: str) -> Iterator[str]:
    if isinstance(value, Mapping) and (group := group_for(kind, value)) is not None:
        yield from _doubts(group, value, path)
    elif isinstance(value, list) and (inner := _elements(kind)) is not None:
        for number, element in enumerate(value):
            yield from _of_value(inner, element, f"{path}[{number}]")
    elif not fits(kind, value):
        yield f"{path} is {shortened(value)}: should be {wanted(kind)}"


def _elements(kind: Any) -> Any:
    return next((inner for option in options(kind) for inner in option.elements), None)


def _meant(key: str, known: list[str]) -> str | None:
    by_letters = {_letters(name): name for name in known}
    near = get_close_matches(_letters(key), list(by_letters), n=1, cutoff=0.8)
    return by_letters[near[0]] if near else None


def _letters(name: str) -> str:
    """`name` without its style: snake_case and camelCase look the same."""
    return name.replace("_", "").lower()
