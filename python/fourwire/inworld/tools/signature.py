"""What the model has to know of a Python function, read from its types and its docstring."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from .called import ToolCall, ToolError
from .docstring import read_docstring
from .schema import described, plain, schema_of

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Signature:
    """How a function is called by a model."""

    name: str
    description: str
    parameters: dict[str, Any]
    """The JSON schema of its arguments."""
    wants_call: str | None
    """The parameter that gets the call itself."""
    is_async: bool
    _arguments: type[msgspec.Struct]

    def read(self, arguments: str) -> dict[str, Any]:
        """The arguments that the model wrote; ToolError says what is wrong with them."""
        try:
            wire = msgspec.json.decode(arguments or "{}")
            read = msgspec.convert(wire, self._arguments, strict=False)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ToolError(f"the arguments do not fit: {error}") from None
        named = ((name, getattr(read, name)) for name in self._arguments.__struct_fields__)
        return {name: value for name, value in named if value is not UNSET}


def signature_of(
    function: Callable[..., Any], name: str | None = None, description: str | None = None
) -> Signature:
    """The signature of `function`; TypeError says which parameter no model could give."""
    name = name or str(getattr(function, "__name__", type(function).__name__))
    if not NAME.fullmatch(name):
        raise TypeError(f"tool {name!r}: a name is 1 to 64 of A-Z a-z 0-9 _ -")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"tool {name}: it yields; a tool returns one result")
    told = read_docstring(inspect.getdoc(_body(function)))
    hints = _hints(function, name)
    parameters = inspect.signature(function).parameters
    wants_call = next((each for each in parameters if hints.get(each) is ToolCall), None)
    kinds = {
        each.name: _kind(each, hints, told.parameters, name)
        for each in parameters.values()
        if each.name != wants_call
    }
    return Signature(
        name=name,
        description=told.description if description is None else description,
        parameters=_schema(kinds, parameters),
        wants_call=wants_call,
        is_async=_is_async(function),
        _arguments=_struct(name, kinds, parameters),
    )


def _body(function: Callable[..., Any]) -> Any:
    """Where types and docstring stand: at the function, or at the `__call__` of an object."""
    return function if inspect.isroutine(function) else type(function).__call__


def _hints(function: Callable[..., Any], tool: str) -> dict[str, Any]:
    try:
        return get_type_hints(_body(function), include_extras=True)
    except (NameError, TypeError) as error:
        raise TypeError(f"tool {tool}: its annotations cannot be read: {error}") from None


def _kind(
    parameter: inspect.Parameter, hints: Mapping[str, Any], told: Mapping[str, str], tool: str
) -> Any:
    """The type of a parameter, described; TypeError where a model cannot give it."""
    where = f"tool {tool}: parameter {parameter.name}"
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise TypeError(f"{where} takes any number of values; name each parameter")
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise TypeError(f"{where} is positional only; a model gives arguments by name")
    if parameter.name not in hints:
        raise TypeError(f"{where} has no type: annotate it, as in {parameter.name}: str")
    kind = described(hints[parameter.name])
    try:
        schema = schema_of(kind)
    except (TypeError, NotImplementedError, RecursionError) as error:
        raise TypeError(_no_json(where, hints[parameter.name], error)) from None
    text = told.get(parameter.name)
    if text and "description" not in schema:
        return Annotated[kind, msgspec.Meta(description=text)]
    return kind


def _no_json(where: str, kind: Any, error: Exception) -> str:
    reason = str(error).partition("\n")[0]
    told = "" if reason.endswith(":") else f": {reason}"  # msgspec's advice is for its own users
    return f"{where}: JSON has nothing for {kind!r}{told}"


def _schema(
    kinds: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> dict[str, Any]:
    """The schema of an object with the given properties."""
    properties = {
        name: plain(schema_of(kind) | _default(parameters[name].default))
        for name, kind in kinds.items()
    }
    required = [name for name in kinds if parameters[name].default is inspect.Parameter.empty]
    return {"type": "object", "properties": properties, "required": required}


def _default(value: Any) -> dict[str, Any]:
    if value is inspect.Parameter.empty:
        return {}
    try:
        return {"default": msgspec.to_builtins(value)}
    except (TypeError, ValueError):
        return {}  # the function knows it, and the model need not


def _struct(
    tool: str, kinds: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> type[msgspec.Struct]:
    """What arguments are read into; those left out stay with the function's own default."""
    fields: list[Any] = [
        (name, kind)
        if parameters[name].default is inspect.Parameter.empty
        else (name, kind | UnsetType, UNSET)
        for name, kind in kinds.items()
    ]
    return msgspec.defstruct(f"Arguments of {tool}", fields, kw_only=True)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(_body(function))
