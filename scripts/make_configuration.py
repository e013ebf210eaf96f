"""Writes the reference in docs/configuration.md from the structs that read the files.

python scripts/make_configuration.py            # writes it
python scripts/make_configuration.py --check    # status 1 where it is not as the structs are
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect as types

from fourwire.agent_file import AgentFile
from fourwire.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
MARK = "<!-- From here on written by scripts/make_configuration.py -->"

Group = type[msgspec.Struct]


def reference() -> str:
    """The whole reference, as Markdown."""
    parts = [MARK, "", "## The settings of a gateway", ""]
    parts += _group(Settings, "")
    parts += ["## An agent file", ""]
    parts += _group(AgentFile, "")
    return "\n".join(parts).rstrip() + "\n"


def undocumented(group: Group) -> Iterator[str]:
    """The fields of `group`, and of the groups in it, that nobody says a word about."""
    for part in [group, *(inner for _, inner in _inner(group, ""))]:
        said = _meanings(part)
        yield from (f"{part.__name__}.{name}" for name in _fields(part) if name not in said)


def _group(group: Group, place: str) -> list[str]:
    lines = ["| setting | may be | unless given | meaning |", "|---|---|---|---|"]
    said = _meanings(group)
    for name, field in _fields(group).items():
        kind = _kind(types.type_info(field.type))
        told = (f"`{name}`", kind, _default(field), said.get(name, ""))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in told)} |")
    lines.append("")
    for title, inner in _inner(group, place):
        if title.count(".") == place.count(".") + bool(place):
            about = inspect.cleandoc(inner.__doc__ or "")
            lines += [f"### `{title}`", "", " ".join(about.split()), "", *_group(inner, title)]
    return lines


def _inner(group: Group, place: str) -> Iterator[tuple[str, Group]]:
    """The groups in `group`, at any depth, each with its place."""
    for name, field in _fields(group).items():
        for inner in _structs(types.type_info(field.type)):
            title = f"{place}.{name}" if place else name
            yield title, inner
            yield from _inner(inner, title)


def _structs(info: types.Type) -> list[Group]:
    if isinstance(info, types.Metadata):
        return _structs(info.type)
    if isinstance(info, types.UnionType):
        return [group for each in info.types for group in _structs(each)]
    if isinstance(info, types.ListType | types.VarTupleType):
        return _structs(info.item_type)
    if isinstance(info, types.DictType):
        return _structs(info.value_type)
    return [info.cls] if isinstance(info, types.StructType) else []


def _fields(group: Group) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(group)}


def _meanings(group: Group) -> dict[str, str]:
    """What stands below each field, of the group itself and of those that it builds on."""
    found: dict[str, str] = {}
    for part in reversed(group.__mro__):
        if part in (object, msgspec.Struct) or not issubclass(part, msgspec.Struct):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(part))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, below in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                assert isinstance(field.target, ast.Name)
                assert isinstance(below.value, ast.Constant)
                found[field.target.id] = " ".join(str(below.value.value).split())
    return found


def _kind(info: types.Type) -> str:
    match info:
        case types.Metadata():
            return _kind(info.type)
        case types.UnionType():
            kinds = [_kind(each) for each in info.types if not isinstance(each, types.NoneType)]
            return " or ".join(dict.fromkeys(kinds))
        case types.LiteralType():
            return ", ".join(f"`{value}`" for value in info.values)
        case types.IntType() | types.FloatType():
            return _number(info)
        case types.BoolType():
            return "`true`, `false`"
        case types.ListType() | types.VarTupleType():
            return f"list of {_kind(info.item_type)}"
        case types.DictType():
            return f"table of {_kind(info.value_type)}"
        case types.StructType():
            return "table"
        case types.AnyType():
            return "anything"
        case _:
            return "text"


def _number(info: types.IntType | types.FloatType) -> str:
    what = "whole number" if isinstance(info, types.IntType) else "number"
    limits = [
        f"{sign} {limit:g}" if abs(limit) < 1e6 else f"{sign} {limit}"
        for sign, limit in ((">", info.gt), ("≥", info.ge), ("<", info.lt), ("≤", info.le))
        if limit is not None
    ]
    return " ".join([what, *limits])


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "must be given"
    value: Any = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory()
    if value is None or value in ("", (), [], {}):
        return ""
    if isinstance(value, msgspec.Struct):
        return "as below"
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return f"{value:g}" if isinstance(value, int | float) else f'"{value}"'


def main() -> int:
    """Write the page, or only look at it."""
    page = PAGE.read_text(encoding="utf-8")
    written = page[: page.index(MARK)] + reference()
    if "--check" not in sys.argv:
        PAGE.write_text(written, encoding="utf-8")
    return int("--check" in sys.argv and page != written)


if __name__ == "__main__":
    sys.exit(main())
