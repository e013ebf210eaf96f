"""JSON schemas of Python types, such as language models take them: without references."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import UNSET


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON schema of values of `kind`; TypeError where there is none."""
    schema = msgspec.json.schema(kind)
    definitions = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inlined(schema, definitions, ())
    return inlined


def described(kind: Any) -> Any:
    """`kind` with the texts in its `Annotated` made descriptions: `Annotated[str, "a name"]`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        bare, *notes = inner
        texts = [note for note in notes if isinstance(note, str)]
        metas = tuple(note for note in notes if isinstance(note, msgspec.Meta))
        if texts:
            metas = (*metas, msgspec.Meta(description=" ".join(texts)))
        return Annotated[(described(bare), *metas)] if metas else described(bare)
    if origin in (Union, UnionType):
        return Union[tuple(described(each) for each in inner)]  # noqa: UP007 - made of parts
    if origin in (list, dict, set, frozenset, tuple):
        return origin[tuple(described(each) for each in inner)]
    return kind


def plain(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` as more models take it: choices have a type, and what is left out need not be null.

    >>> plain({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None})
    {'type': 'integer'}
    """
    if isinstance(schema.get("enum"), list) and "type" not in schema:
        schema = _typed(schema)
    choices = schema.get("anyOf")
    if not isinstance(choices, list) or schema.get("default", UNSET) is not None:
        return schema
    left = [choice for choice in choices if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return left[0] | rest if len(left) == 1 else rest | {"anyOf": left}


def _typed(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = {type(word) for word in schema["enum"]}
    named = TYPES.get(kinds.pop()) if len(kinds) == 1 else None
    return schema if named is None else {"type": named, **schema}


TYPES = {str: "string", int: "integer"}


def _inlined(schema: Any, definitions: dict[str, Any], above: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, definitions, above) for each in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix("#/$defs/")
        if name in above:
            raise TypeError(f"{name} holds itself, so its schema has no end")
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        found: dict[str, Any] = _inlined(definitions[name], definitions, (*above, name))
        return plain(found | rest)
    return plain({key: _inlined(value, definitions, above) for key, value in schema.items()})
