"""What the machine's facts mean for a gateway: each a function from facts to a finding."""

import errno
import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime

from fourwire.doctor.finding import Finding, bad, doubtful, good

__all__ = ["address", "certificate", "listener", "name", "open_files", "recordings", "rtp_ports"]

FILES_A_CALL = 4
"""Descriptors: two sockets for audio, one for the agent, perhaps one for SIP."""

FILES_BESIDES = 100
"""Descriptors that have nothing to do with calls."""

SOON_DAYS = 14
"""A certificate that has less than this left should have been renewed."""


def listener(text: str, error: str | None, running: int | None = None) -> Finding:
    """Whether an address can be listened on; `running` is the gateway that may do so already."""
    if error is None:
        return good(f"{text} can be listened on")
    if running is not None and error == os.strerror(errno.EADDRINUSE):
        return good(f"{text} is in use, and a gateway runs (process {running})")
    return bad(f"{text} cannot be listened on: {error}", "does another program have it?")


def rtp_ports(
    first: int, last: int, ephemeral: tuple[int, int] | None, taken: int, max_calls: int
) -> Finding:
    """Whether the ports for audio suffice and are ours; `taken` pairs are in use by others."""
    pairs = (last - first + 1) // 2
    told = f"ports {first}-{last} for audio"
    if pairs - taken < max_calls:
        return doubtful(
            f"{told} suffice for {pairs - taken} calls, max_calls is {max_calls}",
            "make rtp_ports wider or max_calls smaller",
        )
    if ephemeral is not None and first <= ephemeral[1] and ephemeral[0] <= last:
        return doubtful(
            f"{told} overlap with those that the kernel gives to anybody"
            f" ({ephemeral[0]}-{ephemeral[1]})",
            "choose rtp_ports outside of net.ipv4.ip_local_port_range",
        )
    return good(f"{told} suffice for {pairs - taken} calls")


def open_files(limit: int, max_calls: int) -> Finding:
    """Whether as many files may be open as that many calls need."""
    needed = max_calls * FILES_A_CALL + FILES_BESIDES
    if limit >= needed:
        return good(f"{limit} files may be open, {max_calls} calls need {needed}")
    return doubtful(
        f"{limit} files may be open, {max_calls} calls need {needed}",
        f"raise the limit: ulimit -n {needed}, or LimitNOFILE in the unit",
    )


def recordings(directory: str, writable: bool) -> Finding:
    """Whether recordings can be written where they are to go."""
    if writable:
        return good(f"recordings can be written to {directory}")
    return bad(
        f"recordings cannot be written to {directory}",
        "run this as the service runs; as a service, recordings go below /var/lib/fourwire",
    )


def address(told: str, own: Sequence[str]) -> Finding:
    """Whether callers can send audio to the address that they are told; empty: to any of ours."""
    if told and told not in own:
        return doubtful(
            f"callers are told to send audio to {told}, which is no address of this machine",
            "right behind a NAT that forwards the SIP and audio ports, wrong otherwise",
        )
    if told:
        return good(f"callers are told to send audio to {told}")
    if any(ipaddress.ip_address(each).is_global for each in own):
        return good("callers are told the address of this machine that faces them")
    return doubtful(
        f"this machine has private addresses alone ({', '.join(own) or 'none'})",
        "callers from outside will hear nothing: set address to the public one",
    )


def certificate(path: str, until: datetime | None, error: str | None, now: datetime) -> Finding:
    """Whether a certificate is valid for some time to come."""
    if error is not None or until is None:
        return bad(f"the certificate {path} cannot be used: {error}", "renew it, or mend [tls]")
    day = until.astimezone(UTC).date().isoformat()
    left = (until - now).days
    if left < SOON_DAYS:
        return doubtful(f"the certificate {path} is valid until {day}, {left} days", "renew it")
    return good(f"the certificate {path} is valid until {day}")


def name(host: str, addresses: Sequence[str], error: str | None) -> Finding:
    """Whether a host that we need has an address."""
    if addresses:
        return good(f"{host} is at {', '.join(addresses[:3])}")
    return bad(f"{host} has no address: {error}", "look at the name servers in /etc/resolv.conf")
