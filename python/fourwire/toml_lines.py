"""Where the keys of a TOML document stand: its places, each with the line that gives it.

No TOML reader for Python tells lines. `tomllib` proves that a document is legal and gives its
values; this reads the legal document once more, and needs no more of TOML 1.0 than where a
statement, a key, a string and a list end.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

__all__ = ["Place", "lines_of"]

Place = tuple[str | int, ...]
"""The way to a value: keys of tables, and numbers of elements, from 0."""

TOKEN = re.compile(
    r'''(?P<string>"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}|"(?:[^"\\]|\\.)*+"
        |\'\'\'(?:[^\']|\'{1,2}(?!\'))*+\'{3,5}|\'[^\']*+\')
    |(?P<comment>\#[^\n]*) |(?P<newline>\n) |(?P<space>[ \t\r]+)
    |(?P<mark>[\[\]{}=,.]) |(?P<bare>[^\s\[\]{}=,."'\#]+)''',
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the document, and the line that it begins in."""

    kind: str
    text: str
    line: int


def lines_of(document: str) -> dict[Place, int]:
    """The line, from 1, of every key, table and element of the legal TOML text `document`."""
    return _Reader(list(_tokens(document))).document()


def _tokens(document: str) -> Iterator[Token]:
    line = 1
    for match in TOKEN.finditer(document):
        kind = match.lastgroup or ""
        if kind not in ("comment", "space"):
            yield Token(kind, match[0], line)
        line += match[0].count("\n")
    yield Token("newline", "\n", line)


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._lines: dict[Place, int] = {}
        self._counts: dict[Place, int] = {}
        """How many tables each array of tables has so far."""

    def document(self) -> dict[Place, int]:
        table: Place = ()
        while self._next < len(self._tokens):
            if self._peek() == "\n":
                self._take()
            elif self._peek() == "[":
                table = self._header()
            else:
                self._assignment(table)
        return self._lines

    def _peek(self) -> str:
        return self._tokens[self._next].text

    def _take(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _header(self) -> Place:
        line = self._take().line
        many = self._peek() == "["
        if many:
            self._take()
        *above, last = self._keys()
        for _ in range(1 + many):
            self._take()
        place = (*self._table((), above, line), last)
        if not many:
            self._lines[place] = line
            return place
        self._lines.setdefault(place, line)
        number = self._counts.get(place, 0)
        self._counts[place] = number + 1
        self._lines[*place, number] = line
        return (*place, number)

    def _table(self, place: Place, keys: list[str], line: int) -> Place:
        """The table that `keys` lead to from `place`; of an array of tables, the last."""
        for key in keys:
            place = (*place, key)
            self._lines.setdefault(place, line)
            if place in self._counts:
                place = (*place, self._counts[place] - 1)
        return place

    def _keys(self) -> list[str]:
        keys = [_key(self._take())]
        while self._peek() == ".":
            self._take()
            keys.append(_key(self._take()))
        return keys

    def _assignment(self, table: Place) -> None:
        line = self._tokens[self._next].line
        *above, last = self._keys()
        self._take()
        place = (*self._table(table, above, line), last)
        self._lines[place] = line
        self._value(place)

    def _value(self, place: Place) -> None:
        if self._peek() == "[":
            self._array(place)
        elif self._peek() == "{":
            self._inline_table(place)
        else:
            while self._peek() not in (",", "]", "}", "\n"):
                self._take()

    def _array(self, place: Place) -> None:
        self._take()
        for number in count():
            self._skip()
            if self._peek() == "]":
                break
            self._lines[*place, number] = self._tokens[self._next].line
            self._value((*place, number))
            self._skip()
        self._take()

    def _inline_table(self, place: Place) -> None:
        self._take()
        self._skip()
        while self._peek() != "}":
            self._assignment(place)
            self._skip()
        self._take()

    def _skip(self) -> None:
        """Pass over what parts elements."""
        while self._peek() in (",", "\n"):
            self._take()


def _key(token: Token) -> str:
    """The key that `token` writes, quoted or bare."""
    if token.kind != "string":
        return token.text
    key: str = tomllib.loads(f"key = {token.text}")["key"]
    return key
