"""Requests too large for a datagram (RFC 3261 §18.1.1): they go by TCP where that is taken."""

from collections import OrderedDict
from dataclasses import replace

from .flow import Flow, Hop
from .headers import Headers
from .message import Request
from .responding import via_of
from .timers import SECOND

LARGEST_BYTES = 1300
"""The largest request that goes by UDP, since nobody knows the MTU of the whole path."""

MEMORY = 600 * SECOND
"""How long it is remembered of a peer that it takes no TCP: it need not be asked in each call."""

MOST_PEERS = 1000
"""Peers of which that is remembered; above this the oldest is forgotten."""


class Streams:
    """Decides which requests go by TCP for their size. Times are nanoseconds."""

    def __init__(self, port: int | None) -> None:
        """``port`` is where we listen for TCP, lest a peer that lost the connection find nobody;
        None leaves everything to UDP."""
        self._port = port
        self._closed: OrderedDict[tuple[str, int | None], int] = OrderedDict()

    def instead(self, now: int, request: Request, to: Flow | Hop) -> tuple[Request, Hop] | None:
        """The request as it goes by TCP, and whereto; None where it stays as it is."""
        if self._port is None or to.transport != "udp" or len(bytes(request)) <= LARGEST_BYTES:
            return None
        hop = _hop(to)
        if now < self._closed.get(_peer(hop), -1):
            return None
        local = ((to.local or (request.via.host, 0))[0], self._port)
        return by_transport("tcp", request, local), replace(hop, local=local)

    def closed(self, now: int, hop: Flow | Hop) -> None:
        """A peer was not reached by TCP."""
        self._closed.pop(_peer(hop), None)
        self._closed[_peer(hop)] = now + MEMORY
        if len(self._closed) > MOST_PEERS:
            self._closed.popitem(last=False)


def by_transport(transport: str, request: Request, local: tuple[str, int]) -> Request:
    """The same request, the name of its transaction too; its Via tells of another transport."""
    via = via_of(transport, local, request.via.branch or "")
    (_, _), *rest = request.headers.fields()
    return Request.of(request.method, request.uri, Headers([("Via", via), *rest]), request.body)


def _hop(to: Flow | Hop) -> Hop:
    if isinstance(to, Hop):
        return replace(to, transport="tcp")
    host, port = to.remote
    return Hop("tcp", host, port, address=host)


def _peer(to: Flow | Hop) -> tuple[str, int | None]:
    return to.remote if isinstance(to, Flow) else (to.address or to.host, to.port)
