"""The body of a message: the session description in it, alone or as a part of several."""

import re

from .errors import PeerError
from .grammar import parameters, split
from .message import Request, Response

SDP = "application/sdp"


class Unreadable(PeerError):
    """A body that we cannot take; ``headers`` tell the peer what we could."""

    def __init__(self, reason: str, status: int, headers: tuple[tuple[str, str], ...]) -> None:
        super().__init__(reason, status)
        self.headers = headers


def sdp_of(message: Request | Response) -> str | None:
    """The session description in a body; None where there is none."""
    if not message.body:
        return None
    kind = _media_type(message)
    if kind == SDP:
        return message.body.decode("utf-8", "replace")
    return _sdp_part(message) if kind.startswith("multipart/") else None


def check_body(request: Request) -> None:
    """Raise :class:`Unreadable` where an INVITE's body, or the answer it asks for, is beyond us.

    415 as RFC 3261 §8.2.3 has it, 406 where the caller would not take a session description.
    """
    if "Accept" in request.headers and not _takes_sdp(request):
        raise Unreadable("the caller does not accept SDP", 406, (("Accept", SDP),))
    if not request.body or _is_optional(request):
        return
    encodings = request.headers.tokens("Content-Encoding") - {"identity"}
    if encodings:
        raise Unreadable("the body is encoded", 415, (("Accept-Encoding", "identity"),))
    if sdp_of(request) is None:
        raise Unreadable("the body holds no session description", 415, (("Accept", SDP),))


def _media_type(message: Request | Response) -> str:
    return (message.headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def _is_optional(request: Request) -> bool:
    disposition = (request.headers.get("Content-Disposition") or "").replace(" ", "").lower()
    return "handling=optional" in disposition


def _takes_sdp(request: Request) -> bool:
    offered = {v.partition(";")[0].strip().lower() for v in request.headers.values_of("Accept")}
    return bool(offered & {SDP, "application/*", "*/*", "multipart/mixed"})


def _sdp_part(message: Request | Response) -> str | None:
    """The first SDP part of a multipart body (RFC 5621 §3.1, RFC 2046 §5.1)."""
    try:
        marks = parameters(split(message.headers.get("Content-Type") or "", ";")[1:])
    except PeerError:
        return None
    boundary = (marks.get("boundary") or "").encode("utf-8", "surrogateescape")
    if not boundary:
        return None
    for part in message.body.split(b"--" + boundary)[1:]:
        head, _, content = part.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if _SDP_PART.search(head):
            return content.removesuffix(b"\r\n").decode("utf-8", "replace")
    return None


_SDP_PART = re.compile(rb"^(?:content-type|c)[ \t]*:[ \t]*application/sdp\b", re.I | re.M)
