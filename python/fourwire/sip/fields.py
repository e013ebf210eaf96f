"""Header values with a structure of their own: addresses, Via and CSeq (RFC 3261 §20)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .errors import MalformedMessage
from .grammar import end_of_quoted, is_token, number, parameters, quote, split, unquote
from .uri import Uri, bracketed, host_and_port

MAGIC_COOKIE = "z9hG4bK"
"""How a branch of RFC 3261 begins (§8.1.1.7)."""


@dataclass(frozen=True, slots=True)
class Address:
    """The value of From, To, Contact, Route and Record-Route."""

    uri: Uri
    display_name: str = ""
    parameters: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read ``[name] <uri>;parameters`` or ``uri;parameters``."""
        text = text.strip()
        name, uri, rest = _bracketed(text) if "<" in text else _bare(text)
        first, *parts = split(rest, ";")
        if first:
            raise MalformedMessage(f"{first[:40]!r} stands behind an address")
        return cls(Uri.parse(uri), name, parameters(parts))

    @classmethod
    def parse_list(cls, values: list[str]) -> list["Address"]:
        """Read all the addresses of a header, given as its separate values."""
        return [cls.parse(value) for value in values]

    @property
    def tag(self) -> str | None:
        """The tag parameter; None where there is none."""
        return self.parameters.get("tag")

    def with_tag(self, tag: str) -> "Address":
        """The same address with a tag; as it is where ``tag`` is empty."""
        return replace(self, parameters={**self.parameters, "tag": tag}) if tag else self

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        marks = (f";{k}" if v is None else f";{k}={v}" for k, v in self.parameters.items())
        return f"{name}<{self.uri}>{''.join(marks)}"


def _bracketed(text: str) -> tuple[str, str, str]:
    if text.startswith('"'):
        end = end_of_quoted(text, 0)
        name, rest = unquote(text[:end]), text[end:].lstrip()
        if not rest.startswith("<"):
            raise MalformedMessage("a display name is not followed by '<'")
        rest = rest[1:]
    else:
        name, _, rest = text.partition("<")
        name = " ".join(name.split())
        # Names of people are written without quotes though they are no tokens; a comma alone would
        # make two addresses of one.
        if any(sign < " " or sign in '",;\x7f' for sign in name):
            raise MalformedMessage(f"display name {name[:40]!r} needs quotes")
    uri, closed, rest = rest.partition(">")
    if not closed:
        raise MalformedMessage("an address has no closing '>'")
    return name, uri, rest.strip()


def _bare(text: str) -> tuple[str, str, str]:
    # Without brackets, what follows ';' belongs to the header and the URI may hold no
    # comma, question mark or semicolon of its own (RFC 3261 §20).
    uri, semicolon, rest = text.partition(";")
    uri = uri.strip()
    if "?" in uri or "," in uri:
        raise MalformedMessage(f"{uri[:60]!r} needs angle brackets")
    return "", uri, semicolon + rest


@dataclass(frozen=True, slots=True)
class Via:
    """One Via: by which way a request came (RFC 3261 §20.42)."""

    transport: str
    host: str
    port: int | None = None
    parameters: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Read ``SIP/2.0/UDP host:port;parameters``."""
        sent, *parts = split(text, ";")
        # Blanks are allowed around the slashes, so "SIP / 2.0 / UDP host" is legal.
        protocol, slash, rest = sent.partition("/")
        version, slash_too, rest = rest.partition("/")
        words = rest.split(None, 1)
        if not slash or not slash_too or len(words) != 2 or not is_token(words[0]):
            raise MalformedMessage(f"Via {text[:60]!r} is not 'SIP/2.0/transport host'")
        # Any version is read: a request of SIP/7.0 is owed a 505, and this is its way back.
        if protocol.strip().upper() != "SIP" or not is_token(version.strip()):
            raise MalformedMessage(f"Via {text[:60]!r} is of another protocol")
        host, port = host_and_port(words[1].strip())
        return cls(words[0].upper(), host, port, parameters(parts))

    @property
    def branch(self) -> str | None:
        """The branch parameter."""
        return self.parameters.get("branch")

    @property
    def has_magic_branch(self) -> bool:
        """Whether the branch alone names the transaction (RFC 3261 §17.2.3)."""
        branch = self.branch or ""
        return branch.startswith(MAGIC_COOKIE) and len(branch) > len(MAGIC_COOKIE)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        marks = (f";{k}" if v is None else f";{k}={v}" for k, v in self.parameters.items())
        return f"SIP/2.0/{self.transport} {bracketed(self.host)}{port}{''.join(marks)}"


@dataclass(frozen=True, slots=True)
class CSeq:
    """The sequence number of a request within its dialog, and its method (RFC 3261 §20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Read ``number method``."""
        words = text.split()
        if len(words) != 2 or not is_token(words[1]):
            raise MalformedMessage(f"CSeq {text[:40]!r} is not 'number method'")
        return cls(number(words[0], "CSeq", 2**31), words[1])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
