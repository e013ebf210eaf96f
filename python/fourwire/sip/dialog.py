"""A dialog (RFC 3261 §12): the tags, the route and the counting that two user agents share."""

from dataclasses import dataclass, field

from .errors import MalformedMessage
from .fields import Address
from .headers import Headers
from .message import Request, Response
from .uri import Uri

DialogKey = tuple[str, str, str]
"""Call-ID, local tag, remote tag ("" for a peer of RFC 2543)."""


@dataclass(slots=True, eq=False)
class Dialog:
    """One dialog as our side sees it."""

    call_id: str
    local_tag: str
    remote_tag: str
    local_party: str
    """Our From value in requests that we send, tag included."""
    remote_party: str
    remote_target: Uri
    route_set: tuple[str, ...]
    local_cseq: int
    remote_cseq: int | None = None
    secure: bool = field(default=False)

    @classmethod
    def as_server(cls, request: Request, local_tag: str, first_cseq: int) -> "Dialog":
        """The dialog that our response to ``request`` makes (§12.1.1)."""
        return cls(
            call_id=request.call_id,
            local_tag=local_tag,
            remote_tag=request.from_.tag or "",
            local_party=f"{request.headers['To']};tag={local_tag}",
            remote_party=request.headers["From"],
            remote_target=_target_of(request),
            route_set=_route_set(request),
            local_cseq=first_cseq,
            remote_cseq=request.cseq.number,
        )

    @classmethod
    def as_client(cls, request: Request, response: Response) -> "Dialog":
        """The dialog that a response to our ``request`` makes (§12.1.2)."""
        return cls(
            call_id=request.call_id,
            local_tag=request.from_.tag or "",
            remote_tag=response.to.tag or "",
            local_party=request.headers["From"],
            remote_party=response.headers["To"],
            # Who left Contact out has the ACK and the BYE where the INVITE went.
            remote_target=contact_of(response) if "Contact" in response.headers else request.uri,
            route_set=tuple(reversed(_route_set(response))),
            local_cseq=request.cseq.number,
        )

    @property
    def key(self) -> DialogKey:
        """What its requests are known by."""
        return (self.call_id, self.local_tag, self.remote_tag)

    def is_out_of_order(self, request: Request) -> bool:
        """Whether a request is older than one before, or pretends to be the same (§12.2.2)."""
        return self.remote_cseq is not None and request.cseq.number <= self.remote_cseq

    def note(self, request: Request) -> None:
        """Count a request that came in order."""
        self.remote_cseq = request.cseq.number

    def refresh_target(self, message: Request | Response) -> None:
        """Follow a Contact that has changed; only INVITE carries one here (§12.2.2)."""
        if "Contact" in message.headers:
            self.remote_target = contact_of(message)

    def next_hop(self) -> Uri:
        """Where our requests go first."""
        if not self.route_set:
            return self.remote_target
        return Address.parse(self.route_set[0]).uri

    def request(
        self, method: str, via: str, *, contact: str | None = None, cseq: int | None = None
    ) -> tuple[Uri, Headers]:
        """Request-URI and headers of our next request (§12.2.1.1).

        ``cseq`` repeats a number (an ACK bears that of its INVITE); else the next is taken.
        """
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self._routing()
        headers = Headers([("Via", via), ("Max-Forwards", "70")])
        headers.extend(("Route", route) for route in routes)
        headers.extend(
            [
                ("From", self.local_party),
                ("To", self.remote_party),
                ("Call-ID", self.call_id),
                ("CSeq", f"{cseq} {method}"),
            ]
        )
        if contact is not None:
            headers.add("Contact", contact)
        return uri, headers

    def _routing(self) -> tuple[Uri, tuple[str, ...]]:
        if not self.route_set:
            return self.remote_target, ()
        first = Address.parse(self.route_set[0]).uri
        if first.parameter("lr") is not None:
            return self.remote_target, self.route_set
        # A strict router of RFC 2543: it wants its own address as Request-URI.
        return first, (*self.route_set[1:], f"<{self.remote_target}>")


def _route_set(message: Request | Response) -> tuple[str, ...]:
    """The Record-Route values as they were written, once it is known that they can be read."""
    values = message.headers.values_of("Record-Route")
    Address.parse_list(values)
    return tuple(values)


def _target_of(request: Request) -> Uri:
    # RFC 2543 left Contact out of an INVITE at will, and its From then led back.
    is_old = not request.via.has_magic_branch and "Contact" not in request.headers
    return request.from_.uri if is_old else contact_of(request)


def contact_of(message: Request | Response) -> Uri:
    """The one Contact that a dialog needs (§12.1.1); raises :class:`MalformedMessage`."""
    contacts = Address.parse_list(message.headers.values_of("Contact"))
    if len(contacts) != 1 or not contacts[0].uri.is_sip:
        raise MalformedMessage(f"{len(contacts)} Contacts where there must be one SIP address")
    return contacts[0].uri
