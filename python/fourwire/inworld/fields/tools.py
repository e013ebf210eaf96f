"""What the agent can do besides speaking."""

from typing import ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from .base import Fields
from .kinds import Object, Whole


class FunctionTool(Fields, frozen=True, kw_only=True):
    """A function that is called here. `inworld.Toolbox` makes these of Python functions."""

    place: ClassVar[str] = "session.tools[]"

    type: Literal["function"] = "function"
    name: str
    description: str | UnsetType = UNSET
    """What it does and when to call it, for the model."""
    parameters: Object | UnsetType = UNSET
    """A JSON schema of its arguments."""


class WebSearchOptions(Fields, frozen=True, kw_only=True):
    """How the web is searched."""

    place: ClassVar[str] = "session.tools[].providerData"

    engine: str | UnsetType = UNSET
    """Such as `google`."""
    max_results: Whole | UnsetType = UNSET
    max_steps: Whole | UnsetType = UNSET


class WebSearch(Fields, frozen=True, kw_only=True):
    """A search of the web that Inworld makes itself."""

    place: ClassVar[str] = "session.tools[]"

    type: Literal["web_search"] = "web_search"
    provider_data: WebSearchOptions | UnsetType = msgspec.field(name="providerData", default=UNSET)
