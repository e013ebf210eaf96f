"""Telling the agent of its tools, in the settings that it is sent anyway."""

from collections.abc import Mapping
from typing import Any

from .toolbox import Toolbox

Settings = dict[str, Any]


class Offer:
    """What a session was told of a toolbox, beside the tools that its owner declares himself."""

    def __init__(self, toolbox: Toolbox) -> None:
        self.asks = True
        """Whether results are followed by a wish for a response; false where the server goes on."""
        self._toolbox = toolbox
        self._own: list[Any] = []
        self._told = 0
        self._pending = 0

    def is_owners(self, name: str) -> bool:
        """Whether the owner of the session has declared the function `name` himself."""
        return any(isinstance(tool, Mapping) and tool.get("name") == name for tool in self._own)

    def add_to(self, settings: Settings) -> None:
        """Put into `settings` what the agent does not know yet; ValueError for a name given twice.

        A toolbox is for one who answers calls himself, so the server is told not to go on by
        itself (`auto_tool_response`) unless `settings` say otherwise.
        """
        own = settings.get("tools")
        self._own = own if isinstance(own, list) else self._own if "tools" not in settings else []
        self._pending = len(self._toolbox)
        if not self._pending:
            return
        self._note_who_goes_on(settings)
        if "tools" in settings or self._pending != self._told:
            for tool in self._toolbox:
                if self.is_owners(tool.name):
                    raise ValueError(f"tool {tool.name} stands in session and toolbox")
            settings["tools"] = [*self._own, *self._toolbox.definitions()]
            self._silence_server(settings)

    def taken(self) -> None:
        """The server has taken over what `add_to` put in."""
        self._told = self._pending

    def _note_who_goes_on(self, settings: Settings) -> None:
        inworlds = settings.get("providerData")
        given = inworlds.get("auto_tool_response") if isinstance(inworlds, Mapping) else None
        if isinstance(given, bool):
            self.asks = not given

    def _silence_server(self, settings: Settings) -> None:
        inworlds = settings.setdefault("providerData", {})
        if isinstance(inworlds, dict):
            inworlds.setdefault("auto_tool_response", not self.asks)
