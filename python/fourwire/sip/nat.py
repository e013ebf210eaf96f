"""Peers behind address translation: what they say of their address leads nowhere from here."""

import ipaddress
from functools import lru_cache

PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # of carriers (RFC 6598)
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)
"""Addresses that mean something within one network only (RFC 1918, RFC 4193 and the like)."""


def is_hidden(host: str, source: str) -> bool:
    """Whether a peer whose packets come from ``source`` cannot be reached at ``host``.

    So where ``host`` is a private address and ``source`` is none: the address is of a network that
    we are not in, and a packet to it would be lost or go to somebody else.
    """
    return _is_private(host) is True and _is_private(source) is False


def is_behind(via: str, contact: str, source: str) -> bool:
    """Whether a peer sends from another address than it knows of itself.

    A name in Via tells nothing of that, but where Contact has it too: who names himself so is the
    one whose packets came, while another Contact is somebody else's, behind a proxy.
    """
    try:
        return ipaddress.ip_address(via) != ipaddress.ip_address(source)
    except ValueError:
        return via.lower() == contact.lower()


@lru_cache(maxsize=4096)
def _is_private(host: str) -> bool | None:
    """None of a name, which we can look up as well as anybody."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return any(address in network for network in PRIVATE)
