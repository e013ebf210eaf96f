"""Where a message came from, or is to go."""

from dataclasses import dataclass, replace

Address = tuple[str, int]
"""An IP address (no brackets) and a port."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A way between us and a peer: one UDP socket and a far address, or one connection."""

    transport: str
    """``"udp"``, ``"tcp"`` or ``"tls"``."""
    local: Address
    """Our end, as the peer is told of it."""
    remote: Address
    """The peer's end, as packets come from it."""
    connection: int = 0
    """Number that the shell gave to the socket or connection."""
    names: tuple[str, ...] = ()
    """Who the peer has proven to be by its certificate, in lower case."""

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost."""
        return self.transport != "udp"


@dataclass(frozen=True, slots=True)
class Hop:
    """A next hop that is known by name: the shell finds the address, then opens a flow."""

    transport: str
    host: str
    port: int | None
    """None where the name itself tells of ports (RFC 3263 §4.2)."""
    local: Address | None = None
    """Our end, where a flow to the same peer is at hand."""
    address: str = ""
    """The IP address, where it has been looked up already."""
    turn: int = 0
    """With which of its addresses to begin, counted on where those before have failed."""

    def turned(self) -> "Hop":
        """The same hop, to begin with its next address."""
        return replace(self, turn=self.turn + 1)

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost."""
        return self.transport != "udp"
