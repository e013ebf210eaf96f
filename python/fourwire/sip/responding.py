"""Responses: how one is made from its request, and which one a request has earned.

The inspection of RFC 3261 §8.2 is :func:`refusal_of`, a pure function; whether a dialog exists
and whether there is room for a call is the user agent's to say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from .body import Unreadable, check_body
from .fields import Via
from .flow import Flow, Hop
from .grammar import split
from .headers import Headers
from .message import Request, Response
from .uri import bracketed

DEFAULT_PORT = 5060


def default_port(transport: str) -> int:
    """The port of a transport where none is named (RFC 3261 §19.1.2)."""
    return 5061 if transport == "tls" else DEFAULT_PORT


class Treatment(Enum):
    """What becomes of a method."""

    SERVED = auto()
    """We do what it asks."""
    REFUSED = auto()
    """We know it and do not offer it: 405."""


METHODS: dict[str, Treatment] = {
    "INVITE": Treatment.SERVED,
    "ACK": Treatment.SERVED,
    "CANCEL": Treatment.SERVED,
    "BYE": Treatment.SERVED,
    "OPTIONS": Treatment.SERVED,
    "INFO": Treatment.SERVED,
    "PRACK": Treatment.SERVED,
    "REFER": Treatment.SERVED,
    "UPDATE": Treatment.SERVED,
    "NOTIFY": Treatment.SERVED,
    "SUBSCRIBE": Treatment.REFUSED,
    "MESSAGE": Treatment.REFUSED,
    "REGISTER": Treatment.REFUSED,
    "PUBLISH": Treatment.REFUSED,
}
"""Methods that are not here are unknown to us: 501."""

ALLOW = ", ".join(name for name, how in METHODS.items() if how is Treatment.SERVED)

EXTENSIONS = ("100rel", "timer", "replaces")
"""The option tags we support; a request that requires another is refused with 420."""

WITHOUT_100REL = EXTENSIONS[1:]
"""The same where provisional responses are to be plain."""


def capabilities(extensions: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What an INVITE, its 2xx and the answer to OPTIONS say that we can do."""
    return (
        ("Allow", ALLOW),
        ("Accept", "application/sdp"),
        ("Supported", ", ".join(extensions)),
    )


PHRASES: dict[int, str] = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    469: "Bad Info Package",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}
"""Reason phrases (RFC 3261 §21, RFC 6086 §8.4, RFC 6665 §8.3.2, RFC 4028 §6)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A final response that is no 2xx: its status and the headers that explain it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    kept: bool = False
    """Whether repeats of the request are to be known as such: it has changed something."""


def refusal_of(
    request: Request, *, secure: bool = False, extensions: Sequence[str] = EXTENSIONS
) -> Refusal | None:
    """What RFC 3261 §8.2 finds wrong with a request, in its order; None where nothing is.

    ``secure`` tells that it came by TLS, without which a ``sips:`` URI is not served.
    """
    treatment = METHODS.get(request.method)
    if treatment is None:
        return Refusal(501, (("Allow", ALLOW),))
    if treatment is Treatment.REFUSED:
        return Refusal(405, (("Allow", ALLOW),))
    taken = ("sip", "tel", "sips") if secure else ("sip", "tel")
    if request.uri.scheme not in taken:
        return Refusal(416)
    if request.method == "CANCEL":
        return None  # §8.2.2.3: Require is ignored in CANCEL
    return _unsupported_extension(request, extensions) or _unreadable_body(request)


def _unsupported_extension(request: Request, extensions: Sequence[str]) -> Refusal | None:
    unknown = [tag for tag in request.headers.values_of("Require") if tag.lower() not in extensions]
    return Refusal(420, (("Unsupported", ", ".join(unknown)),)) if unknown else None


def _unreadable_body(request: Request) -> Refusal | None:
    if request.method not in ("INVITE", "ACK", "UPDATE"):
        return None
    try:
        check_body(request)
    except Unreadable as error:
        return Refusal(error.status, error.headers)
    return None


def response_to(
    request: Request,
    status: int,
    *,
    reason: str | None = None,
    to_tag: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    sdp: str | None = None,
) -> Response:
    """A response to a request (§8.2.6.2); ``to_tag`` is added where To has none."""
    fields = copied(request.headers, "" if request.to.tag else to_tag)
    fields.extend(headers)
    body = b"" if sdp is None else sdp.encode()
    if sdp is not None:
        fields.add("Content-Type", "application/sdp")
    fields.add("Content-Length", str(len(body)))
    phrase = PHRASES.get(status, "Unknown") if reason is None else " ".join(reason.split())
    return Response(
        status,
        phrase,
        fields,
        body,
        via=request.via,
        from_=request.from_,
        to=request.to if request.to.tag else request.to.with_tag(to_tag),
        call_id=request.call_id,
        cseq=request.cseq,
    )


def bare_response(headers: Headers, status: int, reason: str, to_tag: str) -> bytes:
    """A response to a request that could not be read in full: what it had is copied."""
    fields = copied(headers, "" if ";tag=" in (headers.get("To") or "").lower() else to_tag)
    lines = [f"SIP/2.0 {status} {reason}", *(f"{name}: {value}" for name, value in fields.fields())]
    text = "\r\n".join([*lines, "Content-Length: 0", "", ""])
    return text.encode("utf-8", "surrogateescape")


def copied(headers: Headers, to_tag: str) -> Headers:
    """The fields that every response repeats, to the byte."""
    fields = Headers()
    for name in ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route"):
        for value in headers.get_all(name):
            tag = f";tag={to_tag}" if name == "To" and to_tag else ""
            fields.add(name, value + tag)
    return fields


def way_back(via: Via, flow: Flow) -> tuple[Flow, Hop | None]:
    """Where responses go (§18.2.2, RFC 3581 §4), and where to if that connection is gone."""
    port = via.port or default_port(flow.transport)
    if flow.reliable:
        return flow, Hop(flow.transport, flow.remote[0], port)
    if "rport" in via.parameters:
        return flow, None
    # A maddr is not followed, though §18.2.2 has it so: it lets anyone aim our responses at a
    # third party, and serves multicast alone, which we do not offer.
    return Flow(flow.transport, flow.local, (flow.remote[0], port), flow.connection), None


def stamped(request: Request, flow: Flow) -> Request:
    """The request with ``received`` and ``rport`` in its top Via, as RFC 3581 §4 asks."""
    via = request.via
    host, port = flow.remote
    if via.host == host and "rport" not in via.parameters:
        return request
    marks = {"received": host}
    if "rport" in via.parameters:
        marks["rport"] = str(port)
    first, fields = True, []
    for name, value in request.headers.fields():
        if first and name.lower() == "via":
            value, first = _marked(value, marks), False
        fields.append((name, value))
    stamped_via = replace(via, parameters={**via.parameters, **marks})
    return replace(request, headers=Headers(fields), via=stamped_via)


def _marked(value: str, marks: dict[str, str]) -> str:
    """The first Via of a field line, our marks in the place of any that the sender set."""
    top, *rest = split(value, ",")
    parts = [part for part in split(top, ";") if not _MARK.match(part)]
    parts += [f"{name}={mark}" for name, mark in marks.items()]
    return ", ".join([";".join(parts), *rest])


_MARK = re.compile(r"(rport|received)\s*(=|\Z)", re.IGNORECASE)


def via_of(transport: str, local: tuple[str, int], branch: str, *, alias: bool = False) -> str:
    """Our Via of a request; ``alias`` offers its connection for requests to us (RFC 5923 §5)."""
    host, port = bracketed(local[0]), local[1]
    mark = ";alias" if alias else ""
    return f"SIP/2.0/{transport.upper()} {host}:{port};branch={branch};rport{mark}"
