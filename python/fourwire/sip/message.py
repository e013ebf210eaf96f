"""SIP messages (RFC 3261 §7): bytes in, a message that may be acted upon out, and back.

A message that exists is legal: its start line, Via, From, To, Call-ID, CSeq, Content-Length
have been read. Everything else stays text until somebody asks for it.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from .errors import MalformedMessage
from .fields import Address, CSeq, Via
from .grammar import is_token, number
from .headers import Headers
from .uri import Uri

VERSION: Final = "SIP/2.0"


@dataclass(frozen=True, slots=True)
class Limits:
    """The brims of a message; what goes over is answered 513 or dropped, never kept."""

    message_bytes: int = 65_535
    """Whole message: what one datagram can hold."""
    header_bytes: int = 16_384
    """Start line and header fields together: ten times those of a call through five proxies."""
    header_fields: int = 256
    """Number of header field lines."""
    body_bytes: int = 32_768


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Request:
    """A SIP request."""

    method: str
    uri: Uri
    headers: Headers
    body: bytes = b""
    via: Via = field(kw_only=True)
    """The topmost Via: where the request came from, and where its responses go."""
    from_: Address = field(kw_only=True)
    to: Address = field(kw_only=True)
    call_id: str = field(kw_only=True)
    cseq: CSeq = field(kw_only=True)

    @classmethod
    def of(cls, method: str, uri: Uri, headers: Headers, body: bytes = b"") -> "Request":
        """A request of these parts; raises :class:`MalformedMessage` where one is missing."""
        core = _Core.of(headers)
        if core.cseq.method != method:
            raise MalformedMessage(f"{method} has a CSeq of {core.cseq.method[:20]}")
        return cls(
            method,
            uri,
            headers,
            body,
            via=core.via,
            from_=core.from_,
            to=core.to,
            call_id=core.call_id,
            cseq=core.cseq,
        )

    def __bytes__(self) -> bytes:
        return _write(f"{self.method} {self.uri} {VERSION}", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """A SIP response."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""
    via: Via = field(kw_only=True)
    """The topmost Via: ours, where the response comes to the right place."""
    from_: Address = field(kw_only=True)
    to: Address = field(kw_only=True)
    call_id: str = field(kw_only=True)
    cseq: CSeq = field(kw_only=True)

    @classmethod
    def of(cls, status: int, reason: str, headers: Headers, body: bytes = b"") -> "Response":
        """A response of these parts; raises :class:`MalformedMessage` where one is missing."""
        core = _Core.of(headers)
        return cls(
            status,
            reason,
            headers,
            body,
            via=core.via,
            from_=core.from_,
            to=core.to,
            call_id=core.call_id,
            cseq=core.cseq,
        )

    @property
    def is_provisional(self) -> bool:
        """Whether more responses follow (1xx)."""
        return self.status < 200

    @property
    def is_success(self) -> bool:
        """Whether the request succeeded (2xx)."""
        return 200 <= self.status < 300

    def __bytes__(self) -> bytes:
        return _write(f"{VERSION} {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response


class Unanswerable(MalformedMessage):
    """A message that no answer can be given to: not SIP, a response, an ACK, or no way back."""


class Answerable(MalformedMessage):
    """A malformed request that still says where its answer goes.

    ``headers`` holds its fields, from which the answer copies what it can; ``via`` its way back.
    """

    def __init__(self, reason: str, status: int, method: str, headers: Headers, via: Via) -> None:
        super().__init__(reason, status)
        self.method = method
        self.headers = headers
        self.via = via


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read one message that fills ``data`` (a datagram, or what the framing of a stream cut out).

    :raises Answerable: a malformed request whose sender can be told so.
    :raises Unanswerable: all else that is malformed.
    """
    # Empty lines before the start line are to be ignored (RFC 3261 §7.5).
    data = data.lstrip(b"\r\n")
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        raise Unanswerable("no empty line ends the header")
    if len(head) > limits.header_bytes or len(data) > limits.message_bytes:
        raise _too_large(head[: limits.header_bytes], limits)
    start, *lines = _unfold(head)
    words = start.split(" ")
    if words[0] == VERSION:
        return _response(words, lines, rest, limits)
    return _request(words, lines, rest, limits)


def _unfold(head: bytes) -> list[str]:
    # Surrogates carry bytes that are not UTF-8 through to the answer unchanged.
    text = _FOLD.sub(" ", head.decode("utf-8", "surrogateescape"))
    if _BARE_LINE_END.search(text):
        raise Unanswerable("a carriage return or line feed stands alone in the header")
    return text.split("\r\n")


_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_BARE_LINE_END = re.compile(r"\r(?!\n)|(?<!\r)\n")


def _headers(lines: list[str], limits: Limits) -> Headers:
    if len(lines) > limits.header_fields:
        raise MalformedMessage(f"{len(lines)} header fields, at most {limits.header_fields}", 513)
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not is_token(name):
            raise MalformedMessage(f"header line {line[:40]!r} is not 'name: value'")
        fields.append((name, value.strip(" \t")))
    return Headers(fields)


def _request(words: list[str], lines: list[str], rest: bytes, limits: Limits) -> Request:
    method = words[0]
    if not is_token(method) or method == "ACK" or len(words) < 3:
        return _request_or_drop(words, lines, rest, limits)
    try:
        return _checked_request(words, _headers(lines, limits), rest, limits)
    except MalformedMessage as error:
        raise _answerable(error, method, lines) from error


def _request_or_drop(words: list[str], lines: list[str], rest: bytes, limits: Limits) -> Request:
    """An ACK is never answered (RFC 3261 §17.1.1.3), nor is what has no request line."""
    try:
        if words[0] != "ACK":
            raise MalformedMessage("neither a request nor a response")
        return _checked_request(words, _headers(lines, limits), rest, limits)
    except MalformedMessage as error:
        raise Unanswerable(error.reason) from error


def _checked_request(words: list[str], headers: Headers, rest: bytes, limits: Limits) -> Request:
    method, version = words[0], words[-1]
    if _OTHER_VERSION.match(version) and version.upper() != VERSION:
        raise MalformedMessage(f"version {version[:20]} is not supported", 505)
    if len(words) != 3 or version.upper() != VERSION:
        raise MalformedMessage("the request line is not 'METHOD URI SIP/2.0'")
    uri = Uri.parse(words[1])
    if uri.headers:
        raise MalformedMessage("the Request-URI holds headers")  # RFC 3261 §19.1.1, table 1
    return Request.of(method, uri, headers, _body(headers, rest, limits))


_OTHER_VERSION = re.compile(r"SIP/\d+\.\d+\Z", re.IGNORECASE | re.ASCII)


def _response(words: list[str], lines: list[str], rest: bytes, limits: Limits) -> Response:
    try:
        if len(words) < 2 or not re.match(r"[1-6]\d\d\Z", words[1], re.ASCII):
            raise MalformedMessage("the status is not a number from 100 to 699")
        headers = _headers(lines, limits)
        body = _body(headers, rest, limits)
        return Response.of(int(words[1]), " ".join(words[2:]), headers, body)
    except MalformedMessage as error:
        raise Unanswerable(error.reason) from error


def _body(headers: Headers, rest: bytes, limits: Limits) -> bytes:
    length = content_length(headers)
    if length is None:
        length = len(rest)  # in a datagram only: the framing of a stream asks for the field
    if length > limits.body_bytes:
        raise MalformedMessage(f"body of {length} bytes, at most {limits.body_bytes}", 513)
    if length > len(rest):
        raise MalformedMessage(f"body ends at byte {len(rest)}, Content-Length is {length}")
    return rest[:length]  # what follows is not part of the message (RFC 3261 §18.3)


def content_length(headers: Headers) -> int | None:
    """The Content-Length; None where it is absent. Several that differ are malformed."""
    lengths = {number(text, "Content-Length", 2**31) for text in headers.get_all("Content-Length")}
    if len(lengths) > 1:
        raise MalformedMessage("two Content-Length fields differ")
    return lengths.pop() if lengths else None


def _answerable(error: MalformedMessage, method: str, lines: list[str]) -> MalformedMessage:
    """What to raise for a malformed request: can its sender be told?"""
    fields = [line.partition(":") for line in lines[: DEFAULT_LIMITS.header_fields]]
    headers = Headers((n.strip(), v.strip()) for n, _, v in fields if is_token(n.strip()))
    try:
        via = _way_back(headers)
    except MalformedMessage:
        return Unanswerable(error.reason)
    return Answerable(error.reason, error.status, method, headers, via)


def _too_large(head: bytes, limits: Limits) -> MalformedMessage:
    error = MalformedMessage(f"larger than {limits.header_bytes} or {limits.message_bytes}", 513)
    start, *lines = _unfold(head.rpartition(b"\r\n")[0])
    method = start.partition(" ")[0]
    if not is_token(method) or method == "ACK":
        return Unanswerable(error.reason)
    return _answerable(error, method, lines)


@dataclass(frozen=True, slots=True)
class _Core:
    """The fields that every message must have exactly once (RFC 3261 §8.1.1)."""

    via: Via
    from_: Address
    to: Address
    call_id: str
    cseq: CSeq

    @classmethod
    def of(cls, headers: Headers) -> "_Core":
        call_id = _single(headers, "Call-ID")
        if not call_id or any(sign.isspace() for sign in call_id):
            raise MalformedMessage("the Call-ID is empty or has blanks in it")
        return cls(
            _top_via(headers),
            Address.parse(_single(headers, "From")),
            Address.parse(_single(headers, "To")),
            call_id,
            CSeq.parse(_single(headers, "CSeq")),
        )


def _single(headers: Headers, name: str) -> str:
    values = headers.get_all(name)
    if len(values) != 1:
        raise MalformedMessage(f"{len(values)} {name} fields where there must be one")
    return values[0]


def _top_via(headers: Headers) -> Via:
    values = headers.values_of("Via")
    if not values:
        raise MalformedMessage("no Via field")
    return Via.parse(values[0])


def _way_back(headers: Headers) -> Via:
    """The top Via as far as it can be read: transport and host, without broken parameters."""
    try:
        return _top_via(headers)
    except MalformedMessage:
        return Via.parse((headers.get("Via") or "").partition(";")[0])


def _write(start: str, headers: Headers, body: bytes) -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in headers.fields()), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body
