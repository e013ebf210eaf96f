"""What all calls of a user agent share: its settings, its transactions, its events and timers."""

import ipaddress
import itertools
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .access import Access
from .departed import Departed
from .dialog import Dialog, DialogKey
from .events import Event
from .fields import MAGIC_COOKIE
from .flow import Flow, Hop
from .headers import Headers
from .large import Streams, by_transport
from .message import DEFAULT_LIMITS, Limits, Request
from .nat import is_hidden
from .responding import (
    DEFAULT_PORT,
    EXTENSIONS,
    WITHOUT_100REL,
    capabilities,
    default_port,
    response_to,
    via_of,
)
from .timers import Deadlines, Intervals
from .transaction import Transaction
from .transactions import Transactions
from .uri import Uri, bracketed


@dataclass(frozen=True, slots=True)
class Content:
    """The body of a request, and what it is."""

    kind: str
    """Its Content-Type."""
    data: bytes


Provisionals = Literal["plain", "reliable", "required"]
"""How provisional responses are sent and asked for."""


class Random(Protocol):
    """A source of random bits: ``random.SystemRandom()``, or a seeded one in tests."""

    def getrandbits(self, k: int, /) -> int:
        """A number of ``k`` random bits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a user agent behaves; times in nanoseconds."""

    user_agent: str = "fourwire"
    max_calls: int = 1000
    """Above this many calls a new one is refused with ``full_status``."""
    full_status: int = 503
    """503, so that a proxy tries the next machine; 486 tells a caller that we are busy."""
    session_expires_s: int = 1800
    """How long a call lasts that neither side refreshes (RFC 4028), in seconds; 0: no such timer,
    unless the peer wants one."""
    min_se_s: int = 90
    """The shortest such time that we take (Min-SE)."""
    provisionals: Provisionals = "reliable"
    """Whether provisional responses are acknowledged (RFC 3262): where the other side knows that,
    never, or always, so that a call without is none. An INVITE of ours without an offer asks for
    plain ones in any case."""
    takes_referrals: bool = False
    """Whether a REFER of a peer's is put to the owner of its call; else it is refused."""
    retry_after_s: int = 10
    """What a refusal with 503 says in Retry-After."""
    max_transactions: int = 20_000
    """Above this many transactions a new request is dropped, some 20 for each of 1000 calls; above
    three fourths of them one that belongs to no call."""
    intervals: Intervals = field(default_factory=Intervals)
    limits: Limits = DEFAULT_LIMITS
    offers_alias: bool = False
    """Whether connections of TLS that we open are offered for requests to us: we listen for TLS
    and can prove who we are."""
    access: Access = field(default_factory=Access)
    """Who may call."""
    large_requests: Literal["tcp", "udp"] = "tcp"
    """How requests go that are too large for a datagram (RFC 3261 §18.1.1): by TCP where we listen
    for it and the peer takes it, or by UDP all the same."""
    ports: Mapping[str, int] = field(default_factory=lambda: {"udp": DEFAULT_PORT})
    """The transports we listen on, with their port as peers are told of it."""


TimerKey = tuple[int, str, int]
"""Call, what is due, and the CSeq it belongs to."""


class Core:
    """The state that calls share. Only :class:`UserAgent` and its calls use it."""

    def __init__(self, rules: Rules, random: Random) -> None:
        self.rules = rules
        self.random = random
        streams = Streams(rules.ports.get("tcp") if rules.large_requests == "tcp" else None)
        self.transactions = Transactions(rules.intervals, rules.max_transactions, streams)
        self.events: deque[Event] = deque()
        self.deadlines: Deadlines[TimerKey] = Deadlines()
        self.dialogs: dict[DialogKey, int] = {}
        self.departed = Departed(64 * rules.intervals.t1)
        self.departed_early = Departed(64 * rules.intervals.t1)
        self.counters: Counter[str] = Counter()
        plain = rules.provisionals == "plain"
        self.extensions = WITHOUT_100REL if plain else EXTENSIONS
        """The option tags that we support."""
        self.capabilities = capabilities(self.extensions)
        """What an INVITE, its 2xx and the answer to OPTIONS say that we can do."""
        self.live = 0
        """How many calls have not ended."""
        self.numbers = itertools.count(1)
        self.gone: list[int] = []
        """Calls that nothing is left of, to be forgotten by the user agent."""

    def next_number(self) -> int:
        """The number of a new call."""
        return next(self.numbers)

    def token(self) -> str:
        """Sixty-four random bits in hex: a tag, a Call-ID, the tail of a branch."""
        return f"{self.random.getrandbits(64):016x}"

    def branch(self) -> str:
        """A branch that names a new transaction (RFC 3261 §8.1.1.7)."""
        return MAGIC_COOKIE + self.token()

    def via(self, transport: str, local: tuple[str, int]) -> str:
        """Our Via of a new request."""
        alias = transport == "tls" and self.rules.offers_alias
        return via_of(transport, local, self.branch(), alias=alias)

    def respond(
        self,
        now: int,
        transaction: Transaction,
        status: int,
        *,
        reason: str | None = None,
        to_tag: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        sdp: str | None = None,
    ) -> None:
        """Answer a request, unless it has its final response already (a race, no mistake)."""
        if transaction.answered:
            return
        tag = "" if status == 100 else to_tag or self.token()
        named = (*headers, ("Server", self.rules.user_agent))
        response = response_to(
            transaction.request, status, reason=reason, to_tag=tag, headers=named, sdp=sdp
        )
        self.transactions.respond(now, transaction, response)
        self.counters[f"sent_{status}"] += 1

    def send_within(
        self,
        now: int,
        dialog: Dialog,
        method: str,
        flow: Flow,
        behind_nat: bool,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        sdp: str | None = None,
        content: Content | None = None,
        contact: str | None = None,
        owner: int = 0,
    ) -> Transaction:
        """Send a request in a dialog."""
        to = self.next_hop(dialog, flow, behind_nat)
        request = self.within(
            dialog, method, to, flow, headers=headers, sdp=sdp, content=content, contact=contact
        )
        self.counters[f"sent_{method.lower()}"] += 1
        return self.transactions.send(
            now,
            request,
            to,
            otherwise=self.otherwise(dialog, to),
            owner=owner,
            fixed=to is flow,
            small=self._by_udp(dialog, to, request, flow),
        )

    def acknowledge(
        self,
        now: int,
        dialog: Dialog,
        cseq: int,
        flow: Flow,
        behind_nat: bool,
        sdp: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Send the ACK to a 2xx, which is no transaction of its own (RFC 3261 §13.2.2.4).

        ``headers`` are the proofs of its INVITE, which it bears too (§22.1).
        """
        to = self.next_hop(dialog, flow, behind_nat)
        ack = self.within(dialog, "ACK", to, flow, headers=headers, sdp=sdp, cseq=cseq)
        otherwise, small = self.otherwise(dialog, to), self._by_udp(dialog, to, ack, flow)
        self.transactions.transmit(now, ack, to, otherwise, fixed=to is flow, small=small)

    def _by_udp(
        self, dialog: Dialog, to: Flow | Hop, request: Request, flow: Flow
    ) -> tuple[Request, Hop] | None:
        """The same by UDP, for a peer whose Contact names that: it came by TCP since its request
        was large (RFC 3261 §18.1.1), and may take no connection from us once its own is gone."""
        uri = dialog.next_hop()
        by_tcp_for_once = to.transport == "tcp" and uri.is_sip and uri.transport == "udp"
        if not by_tcp_for_once or "udp" not in self.rules.ports:
            return None
        local = self.local("udp", flow)
        return by_transport("udp", request, local), Hop("udp", uri.host, uri.port, local)

    def within(
        self,
        dialog: Dialog,
        method: str,
        to: Flow | Hop,
        flow: Flow,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        sdp: str | None = None,
        content: Content | None = None,
        contact: str | None = None,
        cseq: int | None = None,
    ) -> Request:
        """A request in a dialog, complete but not sent."""
        via = self.via(to.transport, self.local(to.transport, flow))
        uri, fields = dialog.request(method, via, contact=contact, cseq=cseq)
        return self.finished(method, uri, fields, headers, sdp, content)

    def finished(
        self,
        method: str,
        uri: Uri,
        fields: Headers,
        headers: tuple[tuple[str, str], ...],
        sdp: str | None,
        content: Content | None = None,
    ) -> Request:
        """A request with its last fields and its body: a session description, or any other."""
        if method in ("INVITE", "UPDATE"):
            # An INVITE without an offer would get one in a provisional response (RFC 3262 §5).
            may_be_reliable = sdp or method == "UPDATE"
            fields.extend(self.capabilities if may_be_reliable else capabilities(WITHOUT_100REL))
        fields.add("User-Agent", self.rules.user_agent)
        fields.extend(headers)
        if sdp is not None:
            content = Content("application/sdp", sdp.encode())
        if content is not None:
            fields.add("Content-Type", content.kind)
        body = b"" if content is None else content.data
        fields.add("Content-Length", str(len(body)))
        return Request.of(method, uri, fields, body)

    def next_hop(self, dialog: Dialog, flow: Flow, behind_nat: bool) -> Flow | Hop:
        """Where a request in a dialog goes.

        A connection is used as long as there is one. A peer behind NAT is answered where its
        packets come from: the address in its Contact leads nowhere (RFC 5626 §1 tells why).
        """
        hidden = behind_nat or is_hidden(dialog.remote_target.host, flow.remote[0])
        if flow.reliable or (hidden and not dialog.route_set):
            return flow
        return self.hop_to(dialog.next_hop(), flow)

    def otherwise(self, dialog: Dialog, to: Flow | Hop) -> Hop | None:
        """Where a request in a dialog goes when the connection ``to`` is gone."""
        if not isinstance(to, Flow) or not to.reliable:
            return None
        uri = dialog.next_hop()
        return Hop(to.transport, uri.host, uri.port, to.local)

    def hop_to(self, uri: Uri, flow: Flow | None) -> Flow | Hop:
        """The next hop that a URI names, over the transport it names if we have it."""
        transport = uri.transport
        if transport not in self.rules.ports and transport != "tls":  # what is secure stays so
            transport = "udp" if flow is None else flow.transport
        host, port = uri.parameter("maddr") or uri.host, uri.port
        if flow is not None and flow.transport == transport == "udp" and _is_address(host):
            return Flow("udp", flow.local, (host, port or DEFAULT_PORT), flow.connection)
        return Hop(transport, host, port, None if flow is None else flow.local)

    def local(self, transport: str, flow: Flow) -> tuple[str, int]:
        """Our address on a transport, as a peer of ``flow`` knows it."""
        if transport == flow.transport:
            return flow.local
        return flow.local[0], self.rules.ports.get(transport, default_port(transport))

    def contact(self, flow: Flow, user: str = "", *, secure: bool = False) -> str:
        """Our Contact towards a peer of ``flow``; ``secure`` where it called a ``sips:`` URI."""
        host, port = bracketed(flow.local[0]), flow.local[1]
        at = f"{user}@" if user else ""
        transport = "" if flow.transport == "udp" else f";transport={flow.transport}"
        if secure:  # RFC 3261 §12.1.1: what was dialled by sips: goes on by it
            return f"<sips:{at}{host}:{port}>"
        return f"<sip:{at}{host}:{port}{transport}>"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
