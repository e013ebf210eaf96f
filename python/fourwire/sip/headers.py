"""The header fields of one message: in order, by any case, compact forms spelled out."""

from collections.abc import Iterable, Iterator, Mapping

from .errors import MalformedMessage
from .grammar import is_token, split

COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
"""Compact names (IANA, "SIP Parameters": header fields)."""


def _key(name: str) -> str:
    key = name.lower()
    return COMPACT[key].lower() if key in COMPACT else key


class Headers(Mapping[str, str]):
    """Header fields in the order of the message; names compare without regard to case.

    As a mapping it gives the first value of each name. Values are kept as they were written
    (folding undone), so what is copied into a response is copied to the byte.
    """

    __slots__ = ("_by_name", "_fields")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: list[tuple[str, str]] = []
        self._by_name: dict[str, list[str]] = {}
        for name, value in fields:
            self._append(name, value)

    def fields(self) -> Iterator[tuple[str, str]]:
        """Every field line as ``(name, value)``, in order."""
        return iter(self._fields)

    def get_all(self, name: str) -> list[str]:
        """Every value of ``name``, one for each field line."""
        return list(self._by_name.get(_key(name), ()))

    def values_of(self, name: str) -> list[str]:
        """Every value of ``name``, field lines with commas taken apart (RFC 3261 §7.3.1).

        :raises MalformedMessage: a quoted string in one of them does not end.
        """
        return [part for line in self.get_all(name) for part in split(line, ",") if part]

    def tokens(self, name: str) -> set[str]:
        """The values of a list of tokens (Require, Supported, Allow), in lower case.

        What cannot be read says nothing.
        """
        try:
            return {value.lower() for value in self.values_of(name)}
        except MalformedMessage:
            return set()

    def add(self, name: str, value: str) -> None:
        """Append a field.

        :raises ValueError: the name or value would break the message apart.
        """
        if not is_token(name) or any(sign in value for sign in "\r\n"):
            raise ValueError(f"header {name!r}: {value!r} cannot stand in one line")
        self._append(name, value)

    def extend(self, fields: Iterable[tuple[str, str]]) -> None:
        """Append several fields."""
        for name, value in fields:
            self.add(name, value)

    def _append(self, name: str, value: str) -> None:
        name = COMPACT.get(name.lower(), name)
        self._fields.append((name, value))
        self._by_name.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        return self._by_name[_key(name)][0]

    def __iter__(self) -> Iterator[str]:
        seen: dict[str, str] = {}
        for name, _ in self._fields:
            seen.setdefault(name.lower(), name)
        return iter(seen.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"
