"""Where a message came from, or is to go."""

from dataclasses import dataclass

Address = tuple[str, int]
"""An IP address (no brackets) and a port."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A way between us and a peer: one UDP socket and a far address, or one connection."""

    transport: str
    """``"udp"`` or ``"tcp"``."""
    local: Address
    """Our end, as the peer is told of it."""
    remote: Address
    """The peer's end, as packets come from it."""
    connection: int = 0
    """Number that the shell gave to the socket or connection."""

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost."""
        return self.transport != "udp"


@dataclass(frozen=True, slots=True)
class Hop:
    """A next hop that is known by name: the shell finds the address, then opens a flow."""

    transport: str
    host: str
    port: int
    local: Address | None = None
    """Our end, where a flow to the same peer is at hand."""

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost."""
        return self.transport != "udp"
