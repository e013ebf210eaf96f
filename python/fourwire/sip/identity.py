"""Who calls, as a trusted trunk vouches for it (RFC 3325), and who was called first (RFC 5806)."""

from dataclasses import dataclass

from .errors import MalformedMessage
from .fields import Address
from .headers import Headers
from .message import Request


@dataclass(frozen=True, slots=True)
class Identity:
    """What a request says of its caller, beside From."""

    user: str = ""
    """The number or name that a trusted trunk asserts; empty: none does."""
    display_name: str = ""
    private: bool = False
    """Whether the caller wants it withheld (RFC 3323: ``Privacy: id`` and the like)."""
    diverted_from: str = ""
    """The number or name that was called first, where the call was diverted."""


def identity_of(request: Request) -> Identity:
    """The identity in a request from which untrusted claims have been taken out."""
    asserted = _first(request.headers, "P-Asserted-Identity")
    diverted = _first(request.headers, "Diversion")
    wishes = {wish.strip().lower() for wish in (request.headers.get("Privacy") or "").split(";")}
    return Identity(
        user=_user(asserted),
        display_name="" if asserted is None else asserted.display_name,
        private=bool(wishes & {"id", "user", "header"}),
        diverted_from=_user(diverted),
    )


def _first(headers: Headers, name: str) -> Address | None:
    try:
        values = headers.values_of(name)
        return Address.parse(values[0]) if values else None
    except MalformedMessage:
        return None


def _user(address: Address | None) -> str:
    return "" if address is None else address.uri.subscriber
