"""The INVITE of a call that we place, and where a 3xx sends it instead."""

from .core import Core
from .errors import MalformedMessage
from .fields import Address
from .flow import Flow, Hop
from .grammar import quote
from .headers import Headers
from .message import Request, Response
from .session_timer import asking_for
from .uri import Uri, bracketed


def invitation(
    core: Core,
    uri: Uri,
    to: Flow | Hop,
    *,
    local: tuple[str, int],
    from_user: str,
    display_name: str,
    offer: str | None,
    headers: tuple[tuple[str, str], ...],
    domain: str = "",
    call_id: str = "",
) -> Request:
    """The INVITE of a new call."""
    flow = Flow(to.transport, local, (uri.host, uri.port or 0))
    contact = core.contact(flow, from_user, secure=uri.scheme == "sips")
    name = f"{quote(display_name)} " if display_name else ""
    host = domain or f"{bracketed(local[0])}:{local[1]}"
    fields = Headers(
        [
            ("Via", core.via(to.transport, local)),
            ("Max-Forwards", "70"),
            ("From", f"{name}<sip:{from_user}@{host}>;tag={core.token()}"),
            ("To", f"<{uri}>"),
            ("Call-ID", call_id or core.token() + core.token()),
            ("CSeq", f"{1 + core.random.getrandbits(16)} INVITE"),
            ("Contact", contact),
        ]
    )
    if core.rules.provisionals == "required" and offer is not None:
        fields.add("Require", "100rel")
    fields.extend(asking_for(core.rules.session_expires_s, core.rules.min_se_s))
    return core.finished("INVITE", uri, fields, headers, offer)


def targets_of(response: Response) -> list[Uri]:
    """The SIP URIs that a 3xx names, the most wanted first (RFC 3261 §20.10)."""
    try:
        contacts = Address.parse_list(response.headers.values_of("Contact"))
    except MalformedMessage:
        return []
    wanted = sorted(contacts, key=_weight, reverse=True)
    return [contact.uri for contact in wanted if contact.uri.is_sip and not contact.uri.headers]


def _weight(contact: Address) -> float:
    try:
        return float(contact.parameters.get("q") or 1)
    except ValueError:
        return 0.0
