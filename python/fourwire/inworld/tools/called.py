"""What a function is called with and what it may give back, besides plain values."""

from dataclasses import dataclass, field
from typing import Any

from fourwire.inworld.objects import Response


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call of the agent's.

    A function with a parameter of this type gets its own call; the model is told nothing of it.
    """

    call_id: str
    name: str
    arguments: str = ""
    """A JSON object as the model wrote it, or nothing."""
    response: Response = field(default_factory=Response)
    """The response that it came with."""

    @property
    def spoken(self) -> bool:
        """Whether the agent also spoke in that response."""
        return any(item.type == "message" and item.words for item in self.response.output or ())


class ToolError(Exception):
    """What a function could not do, in words for the model. Any other exception is kept from it."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A result that the agent learns of, but is not asked to speak about."""

    value: Any = None
