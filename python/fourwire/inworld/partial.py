"""Putting together what is being said, whichever way the server tells it."""

from dataclasses import dataclass
from enum import Enum, auto

ITEMS = 16
"""How many items may be under way; more are never spoken at once."""


class Style(Enum):
    """How a server tells a growing text."""

    UNKNOWN = auto()
    ALL_AGAIN = auto()
    """Each delta is all of it so far, and may correct what came before."""
    NEWS = auto()
    """Each delta is what is new."""


@dataclass(slots=True)
class Growing:
    """The text of one item so far."""

    text: str = ""
    style: Style = Style.UNKNOWN

    def take(self, delta: str) -> str:
        """The text, once `delta` has come."""
        self.style = _style(self.style, self.text, delta)
        if self.style is Style.NEWS:
            self.text += delta
        elif not self.text.startswith(delta):
            self.text = delta
        return self.text


class Partials:
    """The texts that are under way, by item.

    Inworld's speech recognisers differ: some send what is new, some all of it again. The first
    delta that tells them apart decides for its item.

    >>> words = Partials()
    >>> [words.take("a", delta) for delta in ("Hello", "Hello there", "Hello dear")]
    ['Hello', 'Hello there', 'Hello dear']
    >>> [words.take("b", delta) for delta in ("Hello", " there", " there")]
    ['Hello', 'Hello there', 'Hello there there']
    """

    def __init__(self, style: Style = Style.UNKNOWN) -> None:
        self._style = style
        self._growing: dict[str, Growing] = {}

    def take(self, item: str, delta: str) -> str:
        """All of the text of `item`, once `delta` has come."""
        growing = self._growing.setdefault(item, Growing(style=self._style))
        if len(self._growing) > ITEMS:
            del self._growing[next(iter(self._growing))]
        return growing.take(delta)

    def finish(self, item: str) -> None:
        """Forget `item`: its whole text has come."""
        self._growing.pop(item, None)


def _style(known: Style, text: str, delta: str) -> Style:
    if known is not Style.UNKNOWN or not text or text.startswith(delta):
        return known
    return Style.ALL_AGAIN if delta.startswith(text) else Style.NEWS
