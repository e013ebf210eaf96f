"""What a SIP endpoint is told when it opens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from .access import Access
from .core import Provisionals
from .message import DEFAULT_LIMITS, Limits
from .session_timer import LEAST_SECONDS
from .timers import Intervals
from .tls import Tls
from .uri import host_and_port


@dataclass(frozen=True, slots=True)
class Listener:
    """One address to listen on; port 0 takes any free one."""

    transport: str
    """``"udp"``, ``"tcp"`` or ``"tls"``."""
    host: str
    port: int = 5060
    external: str | None = None
    """``host`` or ``host:port`` as peers reach this listener through a NAT; None for none."""

    def __post_init__(self) -> None:
        if self.transport not in ("udp", "tcp", "tls"):
            raise ValueError(f"transport is {self.transport!r}, must be 'udp', 'tcp' or 'tls'")
        if not 0 <= self.port < 65536:
            raise ValueError(f"port is {self.port}, must be from 0 to 65535")
        if self.external is not None:
            host_and_port(self.external)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a SIP endpoint behaves."""

    listeners: Sequence[Listener] = field(default_factory=lambda: [Listener("udp", "0.0.0.0")])  # noqa: S104
    max_calls: int = 1000
    """Above this many calls at a time a new one is refused with ``full_status``."""
    full_status: Literal[486, 503] = 503
    """503 makes a proxy try the next machine, 486 tells the caller that we are busy."""
    session_expires_s: int = 1800
    """How long a call lasts that neither side refreshes (RFC 4028), in seconds; 0: no timer of
    ours."""
    min_se_s: int = LEAST_SECONDS
    """The shortest such time that we take, in seconds (Min-SE)."""
    provisionals: Provisionals = "reliable"
    """Whether provisional responses are acknowledged (RFC 3262): where the other side knows that
    (``"reliable"``), never (``"plain"``), or always (``"required"``: a call without is refused)."""
    takes_referrals: bool = False
    """Whether a REFER of a peer's comes as :class:`TransferRequest`; else it gets a 403."""
    retry_after_s: int = 10
    """What a 503 of ours says in Retry-After, in seconds."""
    user_agent: str = "fourwire"
    """What the User-Agent and Server fields say."""
    external: str | None = None
    """The host, with or without port, that peers reach us by, for listeners that name none."""
    idle_s: float = 1800.0
    """A connection over which nothing came for so long, keep-alives included, is closed."""
    silent_s: float = 30.0
    """A connection that a peer opened is closed where nothing comes over it so long at first."""
    message_s: float = 10.0
    """A message on a connection must be complete this long after its first byte."""
    max_connections: int = 2000
    """Above this many connections a new one is closed at once; a fourth of them is kept for trunks
    and registrars whose address is known, and for those that we open."""
    max_connections_a_host: int = 500
    """Above this many connections from one address a new one is closed at once."""
    max_transactions: int = 20_000
    """Above this many transactions a new request is dropped; above three fourths of them one that
    belongs to no call."""
    large_requests: Literal["tcp", "udp"] = "tcp"
    """How requests above 1300 bytes go that would go by UDP (RFC 3261 §18.1.1): by TCP where we
    listen for it and the peer takes it, or by UDP all the same."""
    access: Access = field(default_factory=Access)
    """Who may call: trunks, and what strangers get."""
    tls: Tls | None = None
    """Certificates; a listener for ``tls`` needs one of ours."""
    certificate_check_s: float = 60.0
    """How often replaced certificates are looked for; connections that are open go on."""
    keep_alive_s: float = 25.0
    """How often connections that we opened, and ways to registrars, are kept open; 0: never."""
    nameservers: Sequence[str] = ()
    """Who is asked for NAPTR and SRV records, ``address`` or ``address:port``; empty: whom the
    machine asks."""
    farewell_s: float = 2.0
    """How long closing waits for the peers of live calls to answer our BYE."""
    intervals: Intervals = field(default_factory=Intervals)
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        if not self.listeners:
            raise ValueError("listeners is empty, must name at least one address")
        secure = any(listener.transport == "tls" for listener in self.listeners)
        if secure and (self.tls is None or not self.tls.certificate):
            raise ValueError("a tls listener needs a certificate: set tls.certificate and tls.key")
        if self.max_calls < 1:
            raise ValueError(f"max_calls is {self.max_calls}, must be at least 1")
        if self.min_se_s < LEAST_SECONDS:
            raise ValueError(f"min_se_s is {self.min_se_s}, must be at least {LEAST_SECONDS}")
        if self.session_expires_s != 0 and self.session_expires_s < self.min_se_s:
            raise ValueError(
                f"session_expires_s is {self.session_expires_s}, must be 0 or at least "
                f"min_se_s, which is {self.min_se_s}"
            )
        if self.full_status not in (486, 503):
            raise ValueError(f"full_status is {self.full_status}, must be 486 or 503")
