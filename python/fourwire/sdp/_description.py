"""The grammar of a session description (RFC 8866): text in, typed lines out, and back."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_SDP_CHARS = 32_768
"""Longest description that is read: some twenty times what a telephone sends."""

MAX_MEDIA_LINES = 64
"""Most media descriptions in one session: an answer must name each of them again."""


class MalformedSdp(ValueError):
    """The text is no session description; the request that brought it deserves ``status``."""

    status = 400


class Attribute(NamedTuple):
    """One ``a=`` line: a property where ``value`` is None, else a name with a value."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"

    def __repr__(self) -> str:
        """Without the keys of a `crypto` line: whoever has them hears the call."""
        value = "..." if self.name == "crypto" else self.value
        return f"Attribute(name={self.name!r}, value={value!r})"


@dataclass(frozen=True, slots=True)
class Connection:
    """A ``c=`` line (RFC 8866 §5.7): the address where media is received."""

    host: str

    @classmethod
    def parse(cls, text: str) -> "Connection":
        """Read what stands after ``c=``; the TTL and count of a multicast address are dropped."""
        words = text.split()
        host = words[-1].partition("/")[0] if words else ""
        if len(words) != 3 or words[0] != "IN" or words[1] not in ("IP4", "IP6") or not host:
            raise MalformedSdp(f"connection line {text!r} is not 'IN IP4 address'")
        return cls(host)

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The numeric address; None where the line holds a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def family(self) -> int | None:
        """4 or 6; None where the line holds a name."""
        return None if self.address is None else self.address.version

    @property
    def is_null(self) -> bool:
        """True for 0.0.0.0, which in an offer puts the stream on hold (RFC 3264 §8.4)."""
        return self.address is not None and self.address.is_unspecified

    def __str__(self) -> str:
        return f"IN {'IP6' if ':' in self.host else 'IP4'} {self.host}"


@dataclass(frozen=True, slots=True)
class Origin:
    """An ``o=`` line (RFC 8866 §5.2): who made the session, and which version of it this is."""

    username: str
    session_id: int
    version: int
    connection: Connection

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Read what stands after ``o=``."""
        words = text.split(None, 3)
        if len(words) != 4:
            raise MalformedSdp(f"origin line {text!r} has fewer than six words")
        session_id, version = (decimal(word, "origin number") for word in words[1:3])
        return cls(words[0], session_id, version, Connection.parse(words[3]))

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {self.connection}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDescription:
    """An ``m=`` line (RFC 8866 §5.14) and the lines that belong to it."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: Connection | None = None
    attributes: tuple[Attribute, ...] = ()

    def values(self, name: str) -> Iterator[str]:
        """The values of all attributes called ``name``, in order."""
        return (a.value for a in self.attributes if a.name == name and a.value is not None)

    def has(self, name: str) -> bool:
        """Whether an attribute called ``name`` is present, with a value or without."""
        return any(attribute.name == name for attribute in self.attributes)

    def refused(self) -> "MediaDescription":
        """The same line as an answer refuses it: port zero (RFC 3264 §6)."""
        return MediaDescription(
            kind=self.kind, port=0, protocol=self.protocol, formats=self.formats
        )

    def lines(self) -> Iterator[str]:
        """The text lines of this media description, without line ends."""
        yield f"m={self.kind} {self.port} {self.protocol} {' '.join(self.formats)}"
        if self.connection is not None:
            yield f"c={self.connection}"
        for attribute in self.attributes:
            yield f"a={attribute}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescription:
    """A whole description: the session's lines and its media, in order."""

    origin: Origin
    connection: Connection | None = None
    name: str = "-"
    attributes: tuple[Attribute, ...] = ()
    media: tuple[MediaDescription, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "SessionDescription":
        """Read a description.

        Lines may end in CRLF or LF. Lines of types that nobody needs to answer a call (``b=``,
        ``k=``, ``r=`` and the like) are passed over, as are missing ``s=`` and ``t=`` lines.
        Raises :class:`MalformedSdp` for all else that RFC 8866 does not allow.
        """
        if len(text) > MAX_SDP_CHARS:
            raise MalformedSdp(f"description has {len(text)} characters, at most {MAX_SDP_CHARS}")
        session, *media = _sections(_lines(text))
        if not session.lines or session.lines[0] != ("v", "0"):
            raise MalformedSdp("description does not begin with 'v=0'")
        origin = session.first("o")
        if origin is None:
            raise MalformedSdp("description has no origin line")
        return cls(
            origin=Origin.parse(origin),
            connection=session.connection(),
            name=session.first("s") or "-",
            attributes=session.attributes(),
            media=tuple(_media(section) for section in media),
        )

    def __str__(self) -> str:
        lines = ["v=0", f"o={self.origin}", f"s={self.name}"]
        if self.connection is not None:
            lines.append(f"c={self.connection}")
        lines.append("t=0 0")
        lines += [f"a={attribute}" for attribute in self.attributes]
        for media in self.media:
            lines += media.lines()
        return "\r\n".join(lines) + "\r\n"


def decimal(text: str, what: str, limit: int = 2**64) -> int:
    """The number that ``text`` writes in ASCII digits, below ``limit``."""
    # str.isdecimal() also holds for digits of other scripts; int() would read them too.
    if not (text.isascii() and text.isdecimal() and len(text) <= 20):
        raise MalformedSdp(f"{what} {text[:40]!r} is not a decimal number")
    number = int(text)
    if number >= limit:
        raise MalformedSdp(f"{what} {number} is not below {limit}")
    return number


@dataclass(slots=True)
class _Section:
    """The lines of the session, or of one media description."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def first(self, kind: str) -> str | None:
        return next((value for line, value in self.lines if line == kind), None)

    def connection(self) -> Connection | None:
        text = self.first("c")
        return None if text is None else Connection.parse(text)

    def attributes(self) -> tuple[Attribute, ...]:
        return tuple(_attribute(value) for line, value in self.lines if line == "a")


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line:
            continue
        if len(line) < 2 or line[1] != "=" or not line[0].isascii() or not line[0].isalpha():
            raise MalformedSdp(f"line {_shown(line)!r} is not of the form 'x=value'")
        if "\r" in line or "\0" in line:
            raise MalformedSdp(f"line {_shown(line)!r} holds a control character")
        yield line[0], line[2:]


def _shown(line: str) -> str:
    """The beginning of `line`, up to where it may hold a key."""
    return line[:40].partition("inline")[0]


def _sections(lines: Iterable[tuple[str, str]]) -> list[_Section]:
    sections = [_Section()]
    for kind, value in lines:
        if kind == "m":
            sections.append(_Section())
        sections[-1].lines.append((kind, value))
    if len(sections) - 1 > MAX_MEDIA_LINES:
        raise MalformedSdp(f"{len(sections) - 1} media lines, at most {MAX_MEDIA_LINES}")
    return sections


def _attribute(text: str) -> Attribute:
    name, colon, value = text.partition(":")
    return Attribute(name.strip(), value.strip() if colon else None)


def _media(section: _Section) -> MediaDescription:
    text = section.lines[0][1]
    words = text.split()
    if len(words) < 4:
        raise MalformedSdp(f"media line {text[:80]!r} has fewer than four words")
    return MediaDescription(
        kind=words[0],
        # A number of ports may follow ("49170/2"): one stream needs only the first.
        port=decimal(words[1].split("/", 1)[0], "media port", 65536),
        protocol=words[2],
        formats=tuple(words[3:]),
        connection=section.connection(),
        attributes=section.attributes(),
    )
