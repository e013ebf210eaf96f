"""By which of our addresses a peer sees us."""

import socket

__all__ = ["address_facing"]


def address_facing(peer: str) -> str:
    """The address of this machine that packets to `peer` leave from; nothing is sent."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, 9))
        host: str = probe.getsockname()[0]
        return host
