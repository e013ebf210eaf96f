"""Functions that the agent calls, by script: which response calls what, and how that is told."""

from collections.abc import Iterator, Sequence

import msgspec

from fourwire.standin.ids import Ids
from fourwire.standin.items import Item, Items

__all__ = ["Calling", "FunctionCall", "FunctionCalls"]

Event = dict[str, object]


class FunctionCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call: a name that the session may know, and arguments as a model writes them."""

    name: str
    arguments: str = "{}"


class FunctionCalls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one response calls; `speaks` has it say something first."""

    calls: tuple[FunctionCall, ...]
    speaks: bool = False


class Calling:
    """The calls of one response, as items of the conversation."""

    def __init__(
        self,
        script: FunctionCalls | None,
        ids: Ids,
        items: Items,
        *,
        nameless: bool,
        repeated: bool,
    ) -> None:
        self.speaks = script is None or script.speaks
        """Whether the response says something besides."""
        self._items = items
        self._nameless = nameless
        self._repeated = repeated
        calls: Sequence[FunctionCall] = () if script is None else script.calls
        self.wires = [_item(ids, call) for call in calls]
        """The calls' items as the client sees them, once they are complete."""

    @property
    def call_ids(self) -> set[str]:
        """The ids that answers have to name."""
        return {str(wire["call_id"]) for wire in self.wires}

    def events(self, response_id: str, first_index: int) -> Iterator[Event]:
        """All that tells of the calls, in the order of the protocol."""
        for index, wire in enumerate(self.wires, first_index):
            for event in self._events_of(wire, response_id, index):
                yield event
                if self._repeated:
                    yield dict(event)

    def _events_of(self, wire: Event, response_id: str, index: int) -> Iterator[Event]:
        about = {"response_id": response_id, "output_index": index}
        begun = wire | {"status": "in_progress", "arguments": ""}
        self._items.add(Item(wire))
        yield {"type": "response.output_item.added", **about, "item": begun}
        yield {"type": "conversation.item.added", "previous_item_id": None, "item": begun}
        place = {**about, "item_id": wire["id"], "call_id": wire["call_id"]}
        for piece in _pieces(str(wire["arguments"])):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
        named = {} if self._nameless else {"name": wire["name"]}
        done = {**place, "arguments": wire["arguments"], **named}
        yield {"type": "response.function_call_arguments.done", **done}
        yield {"type": "response.output_item.done", **about, "item": wire}
        yield {"type": "conversation.item.done", "previous_item_id": None, "item": wire}


def _item(ids: Ids, call: FunctionCall) -> Event:
    return {
        "id": ids.new("item"),
        "object": "realtime.item",
        "type": "function_call",
        "status": "completed",
        "call_id": ids.new("call"),
        "name": call.name,
        "arguments": call.arguments,
    }


def _pieces(arguments: str) -> list[str]:
    """Arguments in the pieces that a model writes them in."""
    return [arguments[start : start + PIECE] for start in range(0, len(arguments), PIECE)]


PIECE = 8
