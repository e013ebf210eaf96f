"""Connections for the requests of both sides (RFC 5923): who opened one may be called by it."""

from dataclasses import dataclass

from .flow import Flow
from .message import Request
from .responding import default_port


@dataclass(frozen=True, slots=True)
class Aliased:
    """A connection leads to a peer, as if we had opened it to that port of its address."""

    connection: int
    port: int


def alias_of(request: Request, flow: Flow) -> Aliased | None:
    """What a request tells of the connection by which it came; None where that is no alias.

    Over TLS alone, and where the certificate of the peer proves the name that it wants to be
    reached by (§9.3): else anyone could have calls for others sent to himself.
    """
    via = request.via
    if flow.transport != "tls" or "alias" not in via.parameters:
        return None
    if via.host.lower() not in flow.names:
        return None
    return Aliased(flow.connection, via.port or default_port("tls"))
