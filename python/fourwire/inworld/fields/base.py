"""What every group of settings is: fields that are set or not, and how they go over the wire."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, ClassVar, Self

import msgspec
from msgspec import UNSET

from .kinds import fits, options, wanted


class IllegalField(ValueError):
    """A setting with a value that it cannot have; says which, what was given, what is allowed."""

    def __init__(self, path: str, value: object, allowed: str) -> None:
        super().__init__(f"{path} is {shortened(value)}: must be {allowed}")
        self.path = path
        self.value = value
        self.allowed = allowed


class Fields(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """A group of settings. What is not set is not sent."""

    place: ClassVar[str]
    """Where the group stands in the message, for those who read an error."""

    extra: Mapping[str, Any] = {}
    """Fields that nobody knows here, as the wire has them; they are sent as they are."""

    def __post_init__(self) -> None:
        for name, wire, kind in self.known():
            value = _built(kind, getattr(self, name))
            msgspec.structs.force_setattr(self, name, value)
            if value is not UNSET and not fits(kind, value):
                raise IllegalField(f"{self.place}.{wire}", value, wanted(kind))
        names = {alias: name for name, wire, _ in self.known() for alias in (name, wire)}
        for key in self.extra:
            if key in names:
                raise ValueError(f"{self.place}: give {key} as {names[key]}=, not as extra")

    @classmethod
    def known(cls) -> Iterator[tuple[str, str, Any]]:
        """The fields by their name here, their name on the wire, and what they may be."""
        for field in _fields_of(cls):
            yield field.name, field.encode_name, field.type

    @classmethod
    def missing(cls, wire: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The fields that `wire` must have and has not: name on the wire, and what it may be."""
        for field in _fields_of(cls):
            if field.required and field.encode_name not in wire:
                yield field.encode_name, field.type

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Self:
        """The group that `wire` holds; IllegalField where a known field has no legal value."""
        names = {key: name for name, key, _ in cls.known()}
        given = {names[key]: value for key, value in wire.items() if key in names}
        for name, kind in cls.missing(wire):
            raise IllegalField(f"{cls.place}.{name}", UNSET, wanted(kind))
        rest = {key: value for key, value in wire.items() if key not in names}
        return cls(extra=rest, **given)

    def wire(self) -> dict[str, Any]:
        """The group as the server takes it."""
        named = ((wire, getattr(self, name)) for name, wire, _ in self.known())
        told = {wire: _plain(value) for wire, value in named if value is not UNSET}
        return told | deepcopy(dict(self.extra))


def shortened(value: object) -> str:
    """`value` as it is shown to people, of any length."""
    text = "missing" if value is UNSET else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


LONGEST = 60


@cache
def _fields_of(group: type[Fields]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return tuple(each for each in msgspec.structs.fields(group) if each.name != "extra")


def _built(kind: Any, value: Any) -> Any:
    """`value` with a group of fields for each dictionary that stands for one."""
    if isinstance(value, Mapping):
        group = group_for(kind, value)
        return value if group is None else group.of(value)
    if isinstance(value, list | tuple):
        inner = next((inner for option in options(kind) for inner in option.elements), None)
        return [_built(inner, element) for element in value]
    return value


def group_for(kind: Any, wire: Mapping[str, Any]) -> type[Fields] | None:
    """Which group of those that `kind` allows `wire` stands for; the only one, or by its `type`."""
    groups: list[type[Fields]] = [each.group for each in options(kind) if each.group is not None]
    if len(groups) == 1 and not any(option.is_open for option in options(kind)):
        return groups[0]
    return next((group for group in groups if wire.get("type") in _tags(group)), None)


def _tags(group: type[Fields]) -> list[Any]:
    kinds = (kind for _, wire, kind in group.known() if wire == "type")
    return [tag for kind in kinds for option in options(kind) for tag in option.words]


def _plain(value: Any) -> Any:
    if isinstance(value, Fields):
        return value.wire()
    if isinstance(value, list | tuple):
        return [_plain(element) for element in value]
    return deepcopy(value)
