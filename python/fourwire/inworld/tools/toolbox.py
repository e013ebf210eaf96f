"""Functions that an agent may call, collected before or after it is connected."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, overload

from fourwire.inworld.fields import FunctionTool

from .signature import Signature, signature_of

F = TypeVar("F", bound=Callable[..., Any])

TIMEOUT_SECONDS = 10.0
"""How long a function may take unless it says otherwise: few callers wait longer in silence."""


class Tool:
    """A function, and what the model knows of it."""

    def __init__(self, function: Callable[..., Any], signature: Signature, timeout: float) -> None:
        self.function = function
        self.signature = signature
        self.timeout = timeout
        """Seconds until its result comes too late."""

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    @property
    def name(self) -> str:
        """The name that the model calls it by."""
        return self.signature.name

    @property
    def definition(self) -> FunctionTool:
        """What the session's `tools` say of it."""
        return FunctionTool(
            name=self.name,
            description=self.signature.description,
            parameters=self.signature.parameters,
        )


class Toolbox:
    """Functions that an agent may call, by name."""

    def __init__(self, *others: "Toolbox") -> None:
        self._tools: dict[str, Tool] = {}
        for other in others:
            self.extend(other)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    @overload
    def tool(self, function: F, /) -> F: ...
    @overload
    def tool(
        self,
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> Callable[[F], F]: ...
    def tool(
        self,
        function: F | None = None,
        /,
        *,
        name: str | None = None,
        description: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> Any:
        """Let the agent call a function: `@tools.tool`, or `@tools.tool(timeout=3)`.

        Its parameters have types that JSON knows: `str`, `int`, `float`, `bool`, `None`, `Literal`,
        enumerations, dates, lists, dictionaries, dataclasses, `TypedDict`, `msgspec.Struct` and
        unions of them. `Annotated[str, "what it is"]` or the docstring describes them. A function
        that is not async runs in a thread. TypeError says what no model could give.
        """
        if function is not None:
            self.add(Tool(function, signature_of(function), timeout))
            return function

        def decorate(function: F) -> F:
            self.add(Tool(function, signature_of(function, name, description), timeout))
            return function

        return decorate

    def add(self, tool: Tool) -> None:
        """Put `tool` in; ValueError where its name is taken."""
        if tool.name in self._tools:
            raise ValueError(f"there is a tool {tool.name} already")
        self._tools[tool.name] = tool

    def extend(self, other: "Toolbox") -> None:
        """Put all tools of `other` in."""
        for tool in other:
            self.add(tool)

    def only(self, *names: str) -> "Toolbox":
        """A toolbox with the tools of `names`; KeyError where one is not there."""
        fewer = Toolbox()
        for name in names:
            fewer.add(self[name])
        return fewer

    def definitions(self) -> list[dict[str, Any]]:
        """What the session's `tools` say of them."""
        return [tool.definition.wire() for tool in self]
