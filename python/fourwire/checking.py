"""From a table of TOML to a group of settings, with everything that is wrong told at once."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
import msgspec.inspect as types

from fourwire.problems import IllegalSetting, SettingsError, told, unknown
from fourwire.toml_lines import Place

__all__ = ["At", "checked", "fields_of", "value_at"]

Group = TypeVar("Group", bound=msgspec.Struct)
At = Callable[[Place], str]
"""Where a place stands, for people: file and line, say."""

BAD: Final = object()
"""Stands for a value whose problem has been told."""


def checked(group: type[Group], table: Mapping[str, Any], at: At) -> Group:
    """The `group` of settings that `table` holds, with the groups that lie in it.

    Raises `SettingsError` with all problems. Each field is checked by its type; a group that knows
    more of its values raises `IllegalSetting` when it is made.
    """
    reading = _Reading(at, strict=True)
    found = reading.group(group, table, ())
    if reading.problems:
        raise SettingsError(*reading.problems)
    assert isinstance(found, group)
    return found


def fields_of(
    group: type[msgspec.Struct], table: Mapping[str, Any], at: At, *, strict: bool = True
) -> dict[str, Any]:
    """The fields of `group` that `table` gives; without `strict`, text may stand for numbers."""
    reading = _Reading(at, strict=strict)
    found = reading.fields(group, table, ())
    if reading.problems:
        raise SettingsError(*reading.problems)
    return found


def value_at(table: Any, place: Place) -> Any:
    """What stands at `place` in `table`; an empty table where nothing does."""
    for step in place:
        try:
            table = table[step]
        except (KeyError, IndexError, TypeError):
            return {}
    return table


class _Reading:
    def __init__(self, at: At, *, strict: bool) -> None:
        self.problems: list[str] = []
        self._at = at
        self._strict = strict

    def group(self, group: type[msgspec.Struct], table: Mapping[str, Any], place: Place) -> Any:
        """The `group` at `place`, or `BAD`."""
        so_far = len(self.problems)
        values = self.fields(group, table, place)
        for field in msgspec.structs.fields(group):
            if field.required and field.encode_name not in table:
                self._tell((*place, field.encode_name), {}, "is missing")
        if len(self.problems) > so_far:
            return BAD
        try:
            return group(**values)
        except IllegalSetting as error:
            where = (*place, *error.place)
            return self._tell(where, value_at(table, error.place), error.reason)
        except (ValueError, OverflowError) as error:
            return self._tell(place, {}, str(error))

    def fields(
        self, group: type[msgspec.Struct], table: Mapping[str, Any], place: Place
    ) -> dict[str, Any]:
        """The fields of `group` at `place` that are as they should be."""
        fields = {field.encode_name: field for field in msgspec.structs.fields(group)}
        found: dict[str, Any] = {}
        for key, value in table.items():
            where = (*place, key)
            if key == group.__struct_config__.tag_field:
                continue
            if key not in fields:
                self.problems.append(unknown(self._at(where), where, fields))
                continue
            found[fields[key].name] = self._value(fields[key].type, value, where)
        return {name: value for name, value in found.items() if value is not BAD}

    def _value(self, kind: Any, value: Any, place: Place) -> Any:
        shape = _shape(kind)
        if isinstance(value, dict) and (group := shape.group(value)) is not None:
            return self.group(group, value, place)
        if isinstance(value, dict) and shape.of_groups is not None:
            value = {
                key: self._value(shape.of_groups, v, (*place, key)) for key, v in value.items()
            }
            return BAD if BAD in value.values() else self._converted(kind, value, place)
        if isinstance(value, list) and shape.list_of_groups is not None:
            inner = shape.list_of_groups
            value = [self._value(inner, each, (*place, n)) for n, each in enumerate(value)]
            return BAD if BAD in value else self._converted(kind, value, place)
        return self._converted(kind, value, place)

    def _converted(self, kind: Any, value: Any, place: Place) -> Any:
        try:
            return msgspec.convert(value, kind, strict=self._strict, dec_hook=_from_text)
        except msgspec.ValidationError as error:
            reason, _, inner = str(error).replace("`", "").partition(" - at $")
            for step in re.findall(r"\[(\d+)\]", inner):
                if isinstance(value, list | tuple):
                    place, value = (*place, int(step)), value[int(step)]
            words = _shape(kind).words if reason.startswith("Invalid enum") else []
            there_are = f"; there are {', '.join(words)}" if words else ""
            return self._tell(place, value, _plain(reason) + there_are)

    def _tell(self, place: Place, value: object, reason: str) -> Any:
        self.problems.append(told(self._at(place), place, value, reason))
        return BAD


class _Shape:
    """Which groups of settings a field may hold."""

    def __init__(self, kind: Any) -> None:
        info = types.type_info(kind)
        options = info.types if isinstance(info, types.UnionType) else (info,)
        self._groups = [each for each in map(_bare, options) if isinstance(each, types.StructType)]
        self.of_groups: Any = None
        """What the values of a table are, where they are groups."""
        self.list_of_groups: Any = None
        """What the elements of a list are, where they are groups."""
        self.words: list[str] = []
        """The words that it, or an element of it, may be."""
        for option in map(_bare, options):
            self.words += _words_in(option)
            if isinstance(option, types.DictType):
                self.of_groups = _group_in(option.value_type)
            elif isinstance(option, types.ListType | types.VarTupleType):
                self.list_of_groups = _group_in(option.item_type)

    def group(self, table: Mapping[str, Any]) -> type[msgspec.Struct] | None:
        """The group that `table` stands for; of several, by its tag."""
        for group in self._groups:
            if group.tag_field is None or table.get(group.tag_field) == group.tag:
                found: type[msgspec.Struct] = group.cls
                return found
        return None


_shape = cache(_Shape)


def _bare(info: types.Type) -> types.Type:
    return info.type if isinstance(info, types.Metadata) else info


def _words_in(info: types.Type) -> list[str]:
    if isinstance(info, types.ListType | types.VarTupleType):
        info = _bare(info.item_type)
    return [str(value) for value in info.values] if isinstance(info, types.LiteralType) else []


def _group_in(info: types.Type) -> Any:
    bare = _bare(info)
    return bare.cls if isinstance(bare, types.StructType) else None


def _from_text(wanted: type[Any], value: Any) -> Any:
    """What has a type of its own is written as text; its constructor says what is wrong with it."""
    if not isinstance(value, str):
        raise ValueError("Expected str")
    return wanted(value)


def _plain(reason: str) -> str:
    """`reason` in the words of TOML, which has no null and no objects."""
    reason = reason.replace(" | null", "").replace("null | ", "")
    return reason.replace("object", "a table").replace("array", "a list")
