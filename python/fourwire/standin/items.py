"""The conversation's items, in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from fourwire.standin.recordings import Utterance
from fourwire.standin.refusal import Refused

__all__ = ["Item", "Items"]


@dataclass(slots=True)
class Item:
    """One item; `wire` is what the client sees of it."""

    wire: dict[str, object]
    spoken: Utterance | None = None
    """What the agent says in it."""
    sent_bytes: int = 0
    """How much of that audio has left."""

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.wire["id"])


class Items:
    """Items by id; the oldest is forgotten when there are more than `ITEM_CAP`."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self.forgotten = 0

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Adds `item` at the end, or behind `after` ("root": in front); the id before it."""
        if after is not None and after != "root" and after not in self._items:
            raise Refused(f"there is no item {after}", "previous_item_id")
        if item.id in self._items:
            raise Refused(f"there is an item {item.id} already", "item.id")
        previous = self._last() if after is None else None if after == "root" else after
        self._insert(item, previous)
        if len(self._items) > ITEM_CAP:
            del self._items[next(iter(self._items))]
            self.forgotten += 1
        return previous

    def find(self, item_id: object) -> Item:
        """The item of that id, which a client named."""
        item = self._items.get(item_id) if isinstance(item_id, str) else None
        if item is None:
            raise Refused(f"there is no item {item_id}", "item_id")
        return item

    def previous_of(self, item: Item) -> str | None:
        """The id before `item`."""
        ids = list(self._items)
        place = ids.index(item.id) if item.id in self._items else 0
        return ids[place - 1] if place else None

    def delete(self, item_id: object) -> None:
        """Forgets an item that a client named."""
        del self._items[self.find(item_id).id]

    def newest_user_text(self) -> str:
        """The text of the last item if a user typed it or a function gave it; else nothing."""
        last = self._items.get(self._last() or "")
        return _typed_text(last.wire) if last is not None else ""

    def _last(self) -> str | None:
        return next(reversed(self._items), None)

    def _insert(self, item: Item, previous: str | None) -> None:
        if previous == self._last():
            self._items[item.id] = item
            return
        old = list(self._items.values())
        place = 0 if previous is None else list(self._items).index(previous) + 1
        old.insert(place, item)
        self._items = {each.id: each for each in old}


def _typed_text(wire: dict[str, object]) -> str:
    output = wire.get("output")
    if wire.get("type") == "function_call_output" and isinstance(output, str):
        return output
    content = wire.get("content")
    if wire.get("role") != "user" or not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return " ".join(text for text in texts if isinstance(text, str))


ITEM_CAP = 1000
