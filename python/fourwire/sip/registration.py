"""A registration (RFC 3261 §10): a registrar learns where we are, and is reminded in time."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from .core import Core
from .digest import Credentials
from .errors import MalformedMessage
from .events import NotRegistered, Registered, Unregistered
from .fields import Address
from .flow import Flow, Hop
from .gate import LINE
from .headers import Headers
from .message import Request, Response
from .proving import Prover, prove
from .responding import PHRASES
from .timers import SECOND
from .transaction import Transaction
from .uri import Uri, bracketed

FIRST_PAUSE_S = 30
"""Base of the pause after a failure, which doubles with each (RFC 5626 §4.5)."""

LONGEST_PAUSE_S = 1800

SHORTEST_S = 1.0
"""No registration is refreshed more often, however short the registrar would have it."""

LONGEST_S = 86_400
"""A Min-Expires above a day is no interval but a mistake."""

PATIENCE = 5
"""How often in a row a registrar may change its mind about the interval (423)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """Where to register, and as whom."""

    uri: Uri
    """The registrar: a URI without a user (§10.2)."""
    user: str
    """The user that registers, and that calls from there are for."""
    domain: str = ""
    """The domain of that user; empty: the registrar's host."""
    credentials: Credentials | None = None
    expires_s: int = 600
    refresh: float = 0.75
    """After which part of the interval it is refreshed."""


class State(Enum):
    """How far a registration has come."""

    REGISTERING = auto()
    REGISTERED = auto()
    """The registrar knows us; a timer says when to remind it."""
    WAITING = auto()
    """It refused or was silent; a timer says when to try again."""
    LEAVING = auto()
    """It is to forget us, as soon as it has answered what we asked before."""
    GONE = auto()


class Registration:
    """One registration, told the time. Times are nanoseconds."""

    def __init__(
        self, core: Core, number: int, registrar: Registrar, to: Flow | Hop, line: str
    ) -> None:
        """``to`` is where requests go, with our address; ``line`` makes our Contact ours alone."""
        self.id = number
        self.state = State.REGISTERING
        self.flow: Flow | None = None
        """The way by which the registrar last answered."""
        self.line = line
        self._core = core
        self._registrar = registrar
        self._to = to
        self._prover = Prover(registrar.credentials) if registrar.credentials else None
        self._call_id = core.token() + core.token()
        self._from_tag = core.token()
        self._cseq = core.random.getrandbits(16)
        self._expires_s = registrar.expires_s
        self._failures = 0
        self._corrections = 0
        self._transaction: Transaction | None = None
        self._known = False
        """Whether the registrar has taken us once, so that it may still know us."""
        self._said_goodbye = False

    def begin(self, now: int) -> None:
        """Register, or remind the registrar."""
        self.state = State.REGISTERING
        self._send(now, self._expires_s)

    def close(self, now: int) -> None:
        """Leave: the registrar is told to forget us (§10.2.2). May be called twice.

        What it was asked last has to be answered first (§10.2): it may be about to learn of us.
        """
        if self.state in (State.LEAVING, State.GONE):
            return
        asking = self.state is State.REGISTERING
        self._core.deadlines.cancel((self.id, "register", 0))
        self.state = State.LEAVING
        if not asking:
            self._say_goodbye(now)

    def relocate(self, now: int, local: tuple[str, int]) -> None:
        """Our address has become another: the registrar is told, at once where it knows us."""
        if local == self._to.local:
            return
        self._to = replace(self._to, local=local)
        self._core.counters["registrations_relocated"] += 1
        if self.state is State.REGISTERED:
            self.begin(now)

    def flow_lost(self, now: int, connection: int) -> None:
        """A connection has closed: where it was ours, calls cannot reach us until we register."""
        known = self.state is State.REGISTERED and self.flow is not None
        if known and self.flow is not None and self.flow.connection == connection:
            self._core.counters["registration_flows_lost"] += 1
            self._wait(now, 1.0 + self._chance())

    def tick(self, now: int) -> None:
        """The timer fired: it is time to register (again)."""
        if self.state in (State.REGISTERED, State.WAITING):
            self.begin(now)

    def follow(self, flow: Flow) -> None:
        """A response came by ``flow``."""
        self.flow = flow

    def prove(self, now: int, transaction: Transaction, response: Response) -> bool:
        """Answer the challenge in a response by a new request; false where that is no use."""
        if transaction is not self._transaction:
            return False
        if self.state is State.LEAVING and not self._said_goodbye:
            return False  # whoever leaves does not come in first
        again = prove(now, self._core, self._prover, transaction, response, None)
        if again is None:
            return False
        self._transaction, self._cseq = again, again.request.cseq.number
        return True

    def receive_response(self, now: int, transaction: Transaction, response: Response) -> None:
        """Take a response to our request."""
        if transaction is not self._transaction or response.is_provisional:
            return
        if self.state is State.LEAVING:
            self._known = self._known or response.is_success
            self._say_goodbye(now)
        elif response.is_success:
            self._accepted(now, response)
        elif response.status == 423 and self._lengthened(response):
            self._corrections += 1
            self.begin(now)
        else:
            self._failed(now, response.status, response.reason, _retry_after(response))

    def unanswered(self, now: int, transaction: Transaction, status: int) -> None:
        """Our request got no response."""
        if transaction is not self._transaction:
            return
        if self.state is State.LEAVING:
            self._be_gone()
        else:
            self._failed(now, status, PHRASES[status], 0)

    def _say_goodbye(self, now: int) -> None:
        """Have the registrar forget us, where it may know us; once, whatever it says to that."""
        if self._said_goodbye or not self._known:
            self._be_gone()
        else:
            self._said_goodbye = True
            self._send(now, 0)

    def _accepted(self, now: int, response: Response) -> None:
        self._known = True
        granted = self._granted(response)
        if granted <= 0:
            self._failed(now, response.status, "our address is not among those it keeps", 0)
            return
        self.state, self._failures, self._corrections = State.REGISTERED, 0, 0
        # Many registrations that began together are not to be refreshed together for ever.
        pause = granted * self._registrar.refresh * (1 - self._chance() / 10)
        self._set(now, max(SHORTEST_S, pause))
        self._core.events.append(Registered(self.id, granted, self.flow))

    def _granted(self, response: Response) -> int:
        """The seconds for which the registrar keeps our Contact (§10.2.4)."""
        try:
            contacts = Address.parse_list(response.headers.values_of("Contact"))
        except MalformedMessage:
            contacts = []
        own = [each for each in contacts if each.uri.parameter(LINE) == self.line]
        if contacts and not own and len(contacts) > 1:
            return 0
        otherwise = _seconds(response.headers.get("Expires") or "", self._expires_s)
        # Of several that are ours all but the last were of addresses that we had before.
        named = (each.parameters.get("expires") or "" for each in own or contacts)
        return max((_seconds(text, otherwise) for text in named), default=otherwise)

    def _lengthened(self, response: Response) -> bool:
        """Whether a longer interval, as a 423 asks for, is worth trying (§10.2.8)."""
        least = _seconds(response.headers.get("Min-Expires") or "", 0)
        if not self._expires_s < least <= LONGEST_S or self._corrections >= PATIENCE:
            return False
        self._expires_s = least
        return True

    def _failed(self, now: int, status: int, reason: str, retry_after_s: int) -> None:
        self._failures += 1
        self._corrections = 0
        if isinstance(self._to, Hop):
            self._to = self._to.turned()  # another of its servers may do better
        doubled = FIRST_PAUSE_S * 2 ** min(self._failures, 10)
        pause = min(LONGEST_PAUSE_S, doubled) * (0.5 + self._chance() / 2)
        pause = max(pause, min(retry_after_s, LONGEST_PAUSE_S))
        self._wait(now, pause)
        self._core.events.append(NotRegistered(self.id, status, reason, pause))

    def _wait(self, now: int, seconds: float) -> None:
        self.state = State.WAITING
        self._set(now, seconds)

    def _set(self, now: int, seconds: float) -> None:
        self._core.deadlines.set((self.id, "register", 0), now + int(seconds * SECOND))

    def _chance(self) -> float:
        """A number from 0 up to 1."""
        return self._core.random.getrandbits(32) / 2**32

    def _send(self, now: int, expires_s: int) -> None:
        self._cseq += 1
        request = self._request(expires_s)
        send = self._core.transactions.send
        # By the way that it is to open for calls, which a NAT lets in where it went out.
        self._transaction = send(now, request, self._to, owner=self.id, fixed=True)
        self._core.counters["sent_register"] += 1

    def _request(self, expires_s: int) -> Request:
        registrar, local = self._registrar, self._to.local or ("", 0)
        party = f"<sip:{registrar.user}@{registrar.domain or bracketed(registrar.uri.host)}>"
        flow = Flow(self._to.transport, local, ("", 0))
        contact = self._core.contact(flow, registrar.user).removesuffix(">")
        headers = Headers(
            [
                ("Via", self._core.via(self._to.transport, local)),
                ("Max-Forwards", "70"),
                ("From", f"{party};tag={self._from_tag}"),
                ("To", party),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._cseq} REGISTER"),
                ("Contact", f"{contact};{LINE}={self.line}>;expires={expires_s}"),
                ("Expires", str(expires_s)),
            ]
        )
        return self._core.finished("REGISTER", registrar.uri, headers, (), None)

    def _be_gone(self) -> None:
        self.state = State.GONE
        self._core.deadlines.cancel((self.id, "register", 0))
        self._core.events.append(Unregistered(self.id))


def _seconds(text: str, otherwise: int) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else otherwise


def _retry_after(response: Response) -> int:
    text = response.headers.get("Retry-After") or ""
    return _seconds(text.partition(";")[0].partition("(")[0], 0)
