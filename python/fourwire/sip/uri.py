"""SIP URIs (RFC 3261 §19.1): what a request is for, and where it goes."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

from .errors import MalformedMessage
from .grammar import number

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_USER_INFO = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:#]|%[0-9A-Fa-f]{2})+\Z")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_.])?\Z")
_EXTRA_COLON = re.compile(r"(?<!:):::(?=\d+\.\d+\.\d+\.\d+\Z)")
"""What RFC 3261's grammar wrote by mistake before an IPv4 part (RFC 5118 §4.10): to be taken."""
_PARAMETER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|%[0-9A-Fa-f]{2})+\Z")
_NUMBER = re.compile(r"\+?[0-9*#][0-9*#\-.()]*\Z")
_SEPARATORS = re.compile(r"[\-.()]")
_HEADERS = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$=&]|%[0-9A-Fa-f]{2})*\Z")


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI as it was written, and its parts where the scheme is ``sip`` or ``sips``.

    Of any other scheme (``tel:`` and the like) only :attr:`scheme` and :attr:`text` are known.
    """

    text: str
    scheme: str
    user: str | None = None
    """The user part, percent escapes resolved, without a password."""
    host: str = ""
    """Host name or address; an IPv6 address without its brackets."""
    port: int | None = None
    parameters: tuple[tuple[str, str | None], ...] = ()
    headers: str = ""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Read a URI; raises :class:`MalformedMessage`."""
        scheme, colon, rest = text.partition(":")
        if not colon or not _SCHEME.match(scheme) or not rest or not _printable(rest):
            raise MalformedMessage(f"{text[:60]!r} is not a URI")
        if scheme.lower() not in ("sip", "sips"):
            return cls(text, scheme.lower())
        # User parts may hold ';' and '?' but never '@' (RFC 3261 §25.1), so it splits first.
        info, at, rest = rest.rpartition("@")
        if at and not _USER_INFO.match(info):
            raise MalformedMessage(f"{text[:60]!r} has a malformed user part")
        rest, question, headers = rest.partition("?")
        host_port, *parameters = rest.split(";")
        if not _HEADERS.match(headers) or (question and not headers):
            raise MalformedMessage(f"{text[:60]!r} has malformed headers")
        host, port = host_and_port(host_port)
        user = unquote(info.partition(":")[0]) if at else None
        return cls(text, scheme.lower(), user, host, port, _parameters(parameters), headers)

    def parameter(self, name: str) -> str | None:
        """The value of a parameter: "" where it has none, None where it is absent."""
        return next((value or "" for key, value in self.parameters if key == name), None)

    @property
    def subscriber(self) -> str:
        """Whom it names: the user, or the number of a ``tel:`` URI.

        A number is told without what stands for no digit, and without its parameters, as where it
        was ported to (RFC 3261 §19.1.6, RFC 3966 §5, RFC 4694).
        """
        is_tel = self.scheme == "tel"
        named = unquote(self.text.partition(":")[2]) if is_tel else self.user or ""
        number, _, _ = named.partition(";")
        said = is_tel or (self.parameter("user") or "").lower() == "phone"
        if not _NUMBER.match(number):
            return number if said else named
        return _SEPARATORS.sub("", number) if said else number

    @property
    def transport(self) -> str:
        """The transport this URI names or implies: ``udp``, ``tcp`` or ``tls``."""
        named = (self.parameter("transport") or "").lower()
        if self.scheme == "sips" or named == "tls":
            return "tls"
        return named or "udp"

    @property
    def is_sip(self) -> bool:
        """Whether the scheme is one that SIP routes by itself."""
        return self.scheme in ("sip", "sips")

    def __str__(self) -> str:
        return self.text


def host_and_port(text: str) -> tuple[str, int | None]:
    """Host (IPv6 brackets removed) and port of ``host[:port]``, blanks allowed around the colon."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        host = _EXTRA_COLON.sub("::", host)
        if not bracket or not _is_ipv6(host):
            raise MalformedMessage(f"{text[:60]!r} holds a malformed IPv6 address")
        colon, port = rest.strip()[:1], rest.strip()[1:]
        if colon not in ("", ":"):
            raise MalformedMessage(f"{text[:60]!r} is not 'host:port'")
    else:
        host, colon, port = text.partition(":")
        host = host.strip()
        if not _HOST_NAME.match(host):
            raise MalformedMessage(f"{text[:60]!r} does not begin with a host")
    return host, number(port.strip(), "port", 65536) if colon else None


def bracketed(host: str) -> str:
    """``host`` as it stands in a URI: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.IPv6Address(host).scope_id is None
    except ValueError:
        return False


def _parameters(parts: list[str]) -> tuple[tuple[str, str | None], ...]:
    return tuple(_parameter(part) for part in parts)


def _parameter(part: str) -> tuple[str, str | None]:
    name, equals, value = part.partition("=")
    # A value in base64 ends in "=", which proxies write into their Record-Route.
    plain = value.replace("=", "")
    if not _PARAMETER.match(name) or (equals and not _PARAMETER.match(plain)):
        raise MalformedMessage(f"URI parameter {part[:40]!r} is malformed")
    return unquote(name).lower(), unquote(value) if equals else None


def _printable(text: str) -> bool:
    return text.isprintable() and not any(sign in text for sign in ' <>"')
