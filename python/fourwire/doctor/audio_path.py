"""Why a call had audio one way or none, judged from what its leg counted."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from fourwire.doctor.finding import Finding, bad, doubtful, good

__all__ = ["AudioPath", "explain"]

MUCH_LOST = 0.05
"""Share of lost packets from which on speech suffers."""


@dataclass(frozen=True, slots=True)
class AudioPath:
    """What is known of a call's audio."""

    rtp: Mapping[str, int]
    """What its leg counted."""
    named: str | None = None
    """The address that the caller's SDP names for audio."""
    source: str | None = None
    """The address that its SIP came from."""
    latched: str | None = None
    """The address that its audio came from."""
    talked_s: float = 0.0

    def count(self, name: str) -> int:
        """A counter, 0 where there is none."""
        return self.rtp.get(name, 0)


def explain(path: AudioPath) -> list[Finding]:
    """What is wrong with both directions; that they are good where nothing is."""
    found = [_from_caller(path), _to_caller(path)]
    return [finding for finding in found if finding is not None] or [good("audio went both ways")]


def _from_caller(path: AudioPath) -> Finding | None:
    received, played = path.count("packets_received"), path.count("played")
    if received == 0 and path.count("strangers"):
        return bad(
            f"{path.count('strangers')} packets came, but from elsewhere than from "
            f"{path.named or 'the address in the SDP'}",
            "a relay or a NAT on the caller's side changes addresses: have it send from where its "
            "SDP says",
        )
    if received == 0:
        return bad("no audio came from the caller", _why_nothing(path))
    if played == 0 and path.count("unknown_payload_type"):
        return bad(
            f"{path.count('unknown_payload_type')} packets came with a payload type that nobody "
            "agreed on",
            "the caller sends another codec than its SDP chose",
        )
    if played == 0:
        return bad(f"{received} packets came and none could be played", "see the counters of rtp")
    lost = path.count("lost") / (path.count("lost") + played)
    if lost > MUCH_LOST:
        return doubtful(f"{lost:.0%} of the caller's packets were lost", "the network loses them")
    return None


def _why_nothing(path: AudioPath) -> str:
    if path.rtp.get("malformed"):
        return "what came was no RTP: SRTP on one side alone?"
    if _private(path.named) and not _private(path.source):
        return (
            f"its SDP names a private address ({path.named}), its SIP came from {path.source}: it "
            "is behind a NAT and waits for us, or a firewall keeps its audio out (rtp_ports, UDP)"
        )
    return (
        "a firewall or NAT on our side keeps it out (rtp_ports, UDP), or it was told an address "
        "that it cannot reach (setting address)"
    )


def _to_caller(path: AudioPath) -> Finding | None:
    sent = path.count("packets_sent")
    if sent == 0:
        return bad("no audio was sent to the caller", "was it on hold, or never answered?")
    if path.count("nowhere_to_send") or path.count("unsent") >= sent:
        return bad(
            "audio could not be sent to the caller",
            f"its SDP names no address that can be reached ({path.named})",
        )
    if path.latched is None and _private(path.named) and not _private(path.source):
        return bad(
            f"audio went to {path.named}, a private address that only the caller's own network "
            "can reach",
            "once its audio comes, ours follows it; see above why none came",
        )
    if path.count("remote_lost") > MUCH_LOST * sent:
        return doubtful(
            f"the caller says that it lost {path.count('remote_lost')} of {sent} packets",
            "the network loses them on the way there",
        )
    return None


def _private(host: str | None) -> bool:
    try:
        return host is not None and ipaddress.ip_address(host).is_private
    except ValueError:
        return False
