"""Reading values that may be of any shape: what fits is taken, what does not counts as missing."""

from inspect import isclass
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


def as_far_as_sound(cls: type[S], message: dict[str, Any]) -> S | None:
    """As much of `message` as has the right types; `None` where a required field has not."""
    try:
        return msgspec.convert(message, cls)
    except msgspec.ValidationError:
        return _salvaged(cls, message)


def _salvaged(cls: type[S], message: dict[str, Any]) -> S | None:
    sound: dict[str, Any] = {}
    for field in msgspec.structs.fields(cls):
        if field.encode_name not in message:
            continue
        try:
            sound[field.name] = _value(field.type, message[field.encode_name])
        except msgspec.ValidationError:
            continue
    try:
        return cls(**sound)
    except TypeError:
        return None


def _value(kind: Any, value: object) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        for option in _options(kind):
            if isinstance(value, dict) and isclass(option) and issubclass(option, msgspec.Struct):
                return _salvaged(option, value)
            if isinstance(value, list) and get_origin(option) is list:
                return list(_sound_elements(get_args(option)[0], value))
        return msgspec.convert(value, kind, strict=False)  # 5120.0 where 5120 was meant


def _sound_elements(kind: Any, values: list[object]) -> Any:
    for value in values:
        try:
            yield _value(kind, value)
        except msgspec.ValidationError:
            continue


def _options(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
