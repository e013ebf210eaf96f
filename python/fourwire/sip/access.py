"""Who may call: trunks, known by address, certificate or password, and what strangers get."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .digest import Credentials
from .flow import Flow

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A carrier or PBX that calls us.

    All that is said of it must hold: address, transport, certificate and password. One of which
    none of these is said is only called, and never calls (but by its registrar).
    """

    name: str
    networks: tuple[Network, ...] = ()
    """Where it calls from; empty: from anywhere."""
    transports: frozenset[str] = frozenset()
    """By what it calls; empty: by any."""
    certificates: frozenset[str] = frozenset()
    """Names of which its certificate proves one (mutual TLS); empty: none is asked for."""
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    """User names and passwords, of which it must prove one; empty: none is asked for."""
    trusted: bool = False
    """Whether its P-Asserted-Identity is believed (RFC 3325 §7)."""
    takes_over: frozenset[str] = frozenset()
    """Trunks whose calls it may take over as it may its own (RFC 3891 §3)."""
    max_calls: int | None = None
    credentials: Credentials | None = None
    """Who we are, where it asks for a proof within a call of its own."""

    def may_be(self, flow: Flow) -> bool:
        """Whether a request that came by ``flow`` may be of this trunk, its password aside."""
        if not (self.networks or self.certificates or self.passwords):
            return False
        if self.transports and flow.transport not in self.transports:
            return False
        if self.certificates and not self.certificates & set(flow.names):
            return False
        return not self.networks or self.is_from(flow.remote[0])

    def is_from(self, host: str) -> bool:
        """Whether an address is one of those that it calls from."""
        address = ipaddress.ip_address(host)
        return any(address in network for network in self.networks)


Strangers = Literal["admit", "refuse", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may call, and how much."""

    trunks: Sequence[Trunk] = ()
    strangers: Strangers | None = None
    """What whoever is of no trunk gets: its call, a 403, or no answer at all. None: its call as
    long as there are no trunks, and a 403 once there are. Who registers with registrars says so
    here: of those calls the trunks alone know nothing."""
    realm: str = "fourwire"
    algorithms: Sequence[str] = ("MD5",)
    """Algorithms of the passwords' proofs, in the order in which they are offered. Phones that
    know MD5 alone give up where SHA-256 is offered too."""
    nonce_s: float = 300.0
    """How long a challenge may be answered; older answers get a new one."""
    rate: float = 20.0
    """Messages a second that one source of no trunk may send, where strangers may not call; 0: any
    number."""
    burst: int = 100
    """Messages that it may send at once."""
    ban_after: int = 5
    """Wrong passwords after which a source is shut out; 0: never."""
    ban_s: float = 600.0
    """How long it is shut out."""
    scanners: Strangers = "drop"
    """What programs get that search for open gateways, as far as they say so themselves."""

    @property
    def of_strangers(self) -> Strangers:
        """What strangers get."""
        return self.strangers or ("refuse" if self.trunks else "admit")
