"""Every key of a TOML file is found in the line that gives it, however the file is written."""

import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fourwire.toml_lines import Place, lines_of

KEYS = st.sampled_from(
    ["a", "b", "key-1", "12", '"a"', '"with . dot"', "'[x]'", '"\\u0041#"', "''"]
)
SCALARS = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "nan",
        "1979-05-27 07:32:00.5Z",
        "07:32:00",
        '"text # with = [marks]"',
        '"quoted \\" and \\\\"',
        "'C:\\'",
        '""',
        '"""a\n# b = 1\n"" [c]\\\n"""',
        "'''a\n'' b = 1'''",
        '"""""two"""""',
        "''''one''''",
    ]
)
GAPS = st.sampled_from(["", " ", "\n", " # [no] = 'table\n", "\n\n\t"])


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Lists, with and without line breaks and a comma at the end."""
    return st.builds(
        lambda gap, elements, end: f"[{gap}{f'{gap},{gap}'.join(elements)}{end}{gap}]",
        GAPS,
        st.lists(values, min_size=1, max_size=3),
        st.sampled_from(["", ","]),
    ) | st.just("[ ]")


def inline_tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Tables within a line, but for what their values break."""
    return st.dictionaries(KEYS, values, max_size=3).map(
        lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
    )


VALUES = st.recursive(SCALARS, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(" . ".join)
STATEMENTS = (
    st.builds("[{}]".format, PATHS)
    | st.builds("[[{}]]".format, PATHS)
    | st.builds("{} = {}".format, PATHS, VALUES)
    | st.just("# comment = [")
    | st.just("")
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Legal documents: a statement that would make one illegal is left out."""
    text = ""
    for statement in draw(st.lists(STATEMENTS, max_size=14)):
        longer = text + statement + draw(st.sampled_from(["\n", " # end\n", "\r\n"]))
        try:
            tomllib.loads(longer)
        except tomllib.TOMLDecodeError:
            continue
        text = longer
    return text


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """The places of everything in `value`."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (*place, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*place, key))


@given(documents())
def test_the_places_are_those_of_the_document(text: str) -> None:
    assert set(lines_of(text)) == set(places(tomllib.loads(text)))


@given(documents())
def test_a_key_is_found_below_whatever_stands_before_it(before: str) -> None:
    text = f"{before}\n[unlike]\nany.other = [\n1,\n{{ x = 2 }}]\n"
    line = before.count("\n") + 2
    lines = lines_of(text)
    assert lines["unlike",] == line
    assert lines["unlike", "any"] == lines["unlike", "any", "other"] == line + 1
    assert lines["unlike", "any", "other", 0] == line + 2
    assert lines["unlike", "any", "other", 1, "x"] == line + 3


@given(documents())
def test_what_stands_above_the_line_of_a_key_does_not_give_it(text: str) -> None:
    for place, line in lines_of(text).items():
        head = "".join(text.splitlines(keepends=True)[: line - 1])
        try:
            known = set(places(tomllib.loads(head)))
        except tomllib.TOMLDecodeError:
            continue  # the cut goes through a value of several lines
        assert place not in known or not isinstance(place[-1], str) or _is_table(text, place)


def _is_table(text: str, place: Place) -> bool:
    value: Any = tomllib.loads(text)
    for key in place:
        value = value[key]
    return isinstance(value, dict)


def test_tables_arrays_of_tables_and_values_of_many_lines_are_told_apart() -> None:
    text = '''\
name = """
[not.a.table]
"""
[[route]]
to = "a"
[route.window]
days = ["mon",
  "tue"]
[[route]]
"to" = 'b'
[failure]
say.file = "x"
'''
    lines = lines_of(text)
    assert lines["name",] == 1
    assert lines["route", 0] == 4
    assert lines["route", 0, "window", "days", 1] == 8
    assert lines["route", 1, "to"] == 10
    assert lines["failure", "say", "file"] == 12
