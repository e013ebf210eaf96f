"""What a field may be, read from its type: whether a value fits, and how to say what would."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from inspect import isclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Meta, UnsetType

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Whole: TypeAlias = Annotated[int, Meta(ge=0)]
Object: TypeAlias = dict[str, Any]
Modalities: TypeAlias = list[Literal["audio", "text"]]
MaxTokens: TypeAlias = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]


@dataclass(frozen=True, slots=True)
class Option:
    """One of the things that a field may be."""

    kind: Any
    words: tuple[Any, ...] = ()
    """The words it may be, where it is one of a few."""
    group: Any = None
    """The group of fields it may be."""
    elements: tuple[Any, ...] = ()
    """What it is a list of."""

    @property
    def is_open(self) -> bool:
        """Whether it may be any object."""
        return get_origin(self.kind) is dict


def fits(kind: Any, value: object) -> bool:
    """Whether a field of `kind` may be `value`."""
    return any(_fits(option, value) for option in options(kind))


def wanted(kind: Any) -> str:
    """What a field of `kind` may be, in words.

    >>> wanted(Share)
    'a number from 0 to 1'
    """
    words = [word for option in options(kind) for word in option.words]
    told = [_told(option) for option in options(kind) if not option.words]
    if words:
        told.append(", ".join(map(repr, words)) if len(words) > 1 else repr(words[0]))
    return " or ".join(dict.fromkeys(told)) if len(told) > 1 or not words else _one_of(words)


@cache
def options(kind: Any) -> tuple[Option, ...]:
    """The things that a field of `kind` may be, when it is set."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(option for each in get_args(kind) for option in options(each))
    if kind is UnsetType:
        return ()
    if get_origin(kind) is Literal:
        return (Option(kind, words=get_args(kind)),)
    if get_origin(kind) is list:
        return (Option(kind, elements=get_args(kind)),)
    if isclass(kind) and issubclass(kind, msgspec.Struct):
        return (Option(kind, group=kind),)
    return (Option(kind),)


def _fits(option: Option, value: object) -> bool:
    if option.group is not None:
        return isinstance(value, option.group)
    if option.elements:
        return isinstance(value, list) and all(fits(option.elements[0], each) for each in value)
    if option.is_open:
        return isinstance(value, Mapping)
    if isinstance(value, float) and not math.isfinite(value):
        return False  # JSON has no word for it (RFC 8259 §6): null would go out, which clears
    try:
        msgspec.convert(value, option.kind)
    except msgspec.ValidationError:
        return False
    return True


def _one_of(words: list[Any]) -> str:
    return f"one of {', '.join(map(repr, words))}" if len(words) > 1 else repr(words[0])


def _told(option: Option) -> str:
    if option.group is not None:
        return f"{option.group.__name__} of inworld.fields"
    if option.elements:
        return f"a list of {_plural(wanted(option.elements[0]))}"
    if option.is_open:
        return "an object"
    kind, limits = _split(option.kind)
    return NAMES[kind] + _between(limits.ge, limits.le)


def _plural(text: str) -> str:
    """`text` behind "a list of".

    >>> _plural("a text")
    'texts'
    """
    return f"{text.removeprefix('a ')}s" if text == "a text" else text.removeprefix("one of ")


def _split(kind: Any) -> tuple[Any, Meta]:
    if get_origin(kind) is not Annotated:
        return kind, Meta()
    inner, limits, *_ = get_args(kind)
    return inner, limits


def _between(low: float | None, high: float | None) -> str:
    if high is None:
        return "" if low is None else f", {low:g} or more"
    return f" from {low or 0:g} to {high:g}"


NAMES = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Any: "anything",
    NoneType: "null",
}
