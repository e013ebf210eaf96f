"""A typed function is told to the model as a schema, and its arguments are read by its types."""

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Optional, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fourwire.inworld import Toolbox, ToolCall, ToolError, fields
from fourwire.inworld.tools.docstring import read_docstring
from fourwire.inworld.tools.signature import signature_of


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


@dataclass
class Address:
    """Where to."""

    street: str
    postcode: str | None = None


class Line(msgspec.Struct):
    article: Annotated[str, msgspec.Meta(description="its number")]
    pieces: int = 1


class Note(TypedDict):
    text: str


@dataclass
class Node:
    next: Optional["Node"] = None


def properties(function: Callable[..., Any]) -> dict[str, Any]:
    schema = signature_of(function).parameters
    assert schema["type"] == "object"
    found: dict[str, Any] = schema["properties"]
    return found


def test_plain_types_have_plain_schemas() -> None:
    def tool(a: str, b: int, c: float, d: bool, e: None, f: Any, g: date) -> None: ...

    assert properties(tool) == {
        "a": {"type": "string"},
        "b": {"type": "integer"},
        "c": {"type": "number"},
        "d": {"type": "boolean"},
        "e": {"type": "null"},
        "f": {},
        "g": {"type": "string", "format": "date"},
    }
    assert signature_of(tool).parameters["required"] == list("abcdefg")


def test_choices_lists_and_objects_have_schemas_without_references() -> None:
    def tool(
        how: Literal["air", "sea"],
        size: Size,
        to: Address,
        lines: list[Line],
        note: Note,
        prices: dict[str, float],
    ) -> None: ...

    found = properties(tool)
    assert found["how"] == {"type": "string", "enum": ["air", "sea"]}
    assert (found["size"]["type"], set(found["size"]["enum"])) == ("string", {"s", "l"})
    assert found["to"]["properties"]["postcode"] == {"type": "string"}
    assert (found["to"]["required"], found["to"]["description"]) == (["street"], "Where to.")
    assert found["lines"]["items"]["properties"] == {
        "article": {"type": "string", "description": "its number"},
        "pieces": {"type": "integer", "default": 1},
    }
    assert found["note"]["properties"] == {"text": {"type": "string"}}
    assert found["prices"]["additionalProperties"] == {"type": "number"}
    assert "$" not in json.dumps(found)


def test_what_has_a_default_may_be_left_out() -> None:
    def tool(
        a: int = 3, b: str | None = None, c: Size = Size.SMALL, d: object | int = print
    ) -> None: ...

    with pytest.raises(TypeError, match="parameter d"):
        signature_of(tool)

    def better(a: int = 3, b: str | None = None, c: Size = Size.SMALL) -> None: ...

    found = properties(better)
    assert (found["a"], found["b"]) == ({"type": "integer", "default": 3}, {"type": "string"})
    assert found["c"]["default"] == "s"
    assert signature_of(better).parameters["required"] == []


def test_what_may_be_null_but_not_left_out_says_so() -> None:
    def tool(a: int | None) -> None: ...

    assert properties(tool)["a"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}


def test_annotations_describe_before_docstrings_do() -> None:
    def tool(
        a: Annotated[str, "the first"],
        b: Annotated[int, msgspec.Meta(ge=1), "one or more"],
        c: list[Annotated[str, "a name"]],
        d: str,
    ) -> None:
        """Do it.

        Args:
            a: not this
            c: some names
            d: the last
        """

    assert properties(tool) == {
        "a": {"type": "string", "description": "the first"},
        "b": {"type": "integer", "minimum": 1, "description": "one or more"},
        "c": {
            "type": "array",
            "items": {"type": "string", "description": "a name"},
            "description": "some names",
        },
        "d": {"type": "string", "description": "the last"},
    }
    assert signature_of(tool).description == "Do it."


def test_a_call_is_given_and_not_told() -> None:
    def tool(this: ToolCall, a: int) -> None: ...

    signature = signature_of(tool)
    assert (signature.wants_call, list(signature.parameters["properties"])) == ("this", ["a"])


def test_methods_and_objects_are_functions_too() -> None:
    class Shop:
        def order(self, article: str) -> None:
            """Order."""

        async def __call__(self, article: str) -> None:
            """Order."""

    for function in (Shop().order, Shop()):
        found = signature_of(function, name="order")
        assert (list(found.parameters["properties"]), found.description) == (["article"], "Order.")
    assert signature_of(Shop(), name="order").is_async
    assert not signature_of(Shop().order).is_async


def no_type(x): ...  # type: ignore[no-untyped-def]
def many(*x: int) -> None: ...
def named(**x: int) -> None: ...
def positional(x: int, /) -> None: ...
def strange(x: Callable[[], int]) -> None: ...
def endless(x: Node) -> None: ...
def unknown(x: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821
def yields(x: int) -> Any:
    yield x


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_type, "tool no_type: parameter x has no type: annotate it, as in x: str"),
        (many, "tool many: parameter x takes any number of values"),
        (named, "tool named: parameter x takes any number of values"),
        (positional, "tool positional: parameter x is positional only"),
        (strange, "tool strange: parameter x: JSON has nothing for"),
        (endless, "Node holds itself, so its schema has no end"),
        (unknown, "tool unknown: its annotations cannot be read: name 'Nowhere' is not defined"),
        (yields, "tool yields: it yields; a tool returns one result"),
        (lambda: 1, "tool '<lambda>': a name is 1 to 64 of A-Z a-z 0-9 _ -"),
    ],
)
def test_what_no_model_could_call_is_refused_with_the_reason(
    function: Callable[..., Any], words: str
) -> None:
    with pytest.raises(TypeError) as refused:
        signature_of(function)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def order(to: Address, lines: list[Line], size: Size = Size.SMALL, at: date | None = None) -> None:
    """Order."""


def test_arguments_come_as_the_types_they_were_declared_as() -> None:
    wire = {
        "to": {"street": "Elm St 1"},
        "lines": [{"article": "7", "pieces": "2"}],
        "size": "l",
        "at": "2026-03-01",
        "nobody_knows": 1,
    }
    assert signature_of(order).read(json.dumps(wire)) == {
        "to": Address("Elm St 1"),
        "lines": [Line("7", 2)],
        "size": Size.LARGE,
        "at": date(2026, 3, 1),
    }


def test_no_arguments_are_an_empty_object() -> None:
    def tool(a: int = 3) -> None: ...

    assert signature_of(tool).read("") == signature_of(tool).read("{}") == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{", "the arguments do not fit"),
        ("[]", "Expected `object`"),
        ("{}", "missing required field `to`"),
        ('{"to": {"street": "a"}, "lines": [], "size": "xl"}', "Invalid enum value 'xl'"),
        ("[" * 100_000, "the arguments do not fit"),
        ('{"a": "\\ud800"}', "the arguments do not fit"),
    ],
)
def test_arguments_that_do_not_fit_are_told_to_the_model(arguments: str, words: str) -> None:
    with pytest.raises(ToolError, match="the arguments do not fit") as told:
        signature_of(order).read(arguments)
    assert words in str(told.value)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_arguments_are_too_odd(arguments: str) -> None:
    with pytest.raises(ToolError):
        signature_of(order).read(arguments or "null")


def test_the_definition_is_a_function_tool() -> None:
    tool = fields.FunctionTool.of(
        {"type": "function", "name": "a", "parameters": signature_of(order).parameters}
    )
    assert fields.doubts({"tools": [tool.wire()]}) == []


# Schemas, by a validator that nobody here wrote


def everything(
    a: str,
    b: int | None,
    c: Literal["x", "y"],
    d: list[Line],
    e: dict[str, float] | None = None,
    f: Address | None = None,
    g: Size = Size.SMALL,
    h: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1,
) -> None:
    """Take everything."""


def test_every_schema_is_one() -> None:
    for function in (everything, order):
        Draft202012Validator.check_schema(signature_of(function).parameters)


some = st.none() | st.booleans() | st.integers(-1, 10) | st.sampled_from(["x", "l", ""])
objects = st.dictionaries(
    st.sampled_from(["article", "pieces", "street", "postcode"]), some, max_size=3
)
wires = st.fixed_dictionaries(
    {"a": some, "b": some, "c": some, "d": some | st.lists(objects, max_size=2)},
    optional={"e": some | st.dictionaries(st.text(max_size=2), some), "f": some | objects}
    | {"g": some, "h": some},
)


@given(wires)
def test_arguments_that_the_schema_allows_can_be_read(wire: dict[str, Any]) -> None:
    signature = signature_of(everything)
    if Draft202012Validator(signature.parameters).is_valid(wire):
        assert set(signature.read(json.dumps(wire))) == set(wire)


def test_the_openai_sdk_takes_the_definition() -> None:
    realtime = pytest.importorskip("openai.types.realtime", reason="the OpenAI SDK is missing")
    tools = Toolbox()
    tools.tool(everything)
    (wire,) = tools.definitions()

    understood = realtime.RealtimeFunctionTool.model_validate(wire, strict=True)

    assert understood.model_dump(exclude_unset=True) == wire


# Docstrings


@pytest.mark.parametrize(
    "text",
    [
        """Look it up.

        In two
        paragraphs.

        Args:
            number (str): as it stands
                on the receipt
            kind: of order

        Returns:
            status: what it is
        """,
        """
        Look it up.

        In two
        paragraphs.

        :param number: as it stands
            on the receipt
        :type number: str
        :param str kind: of order
        :returns: what it is
        """,
        """Look it up.

        In two paragraphs.

        Parameters
            number: as it stands on the receipt
            kind: of order
        """,
    ],
)
def test_a_docstring_is_read_in_the_usual_styles(text: str) -> None:
    read = read_docstring(text)
    assert read.description == "Look it up.\n\nIn two paragraphs."
    assert read.parameters == {"number": "as it stands on the receipt", "kind": "of order"}


@given(st.text(st.sampled_from("ab:() \n\t*Args")))
def test_no_docstring_is_too_odd(text: str) -> None:
    read = read_docstring(text)
    assert all(isinstance(each, str) for each in read.parameters.values())


def test_no_docstring_says_nothing() -> None:
    assert (read_docstring(None).description, read_docstring("").parameters) == ("", {})
