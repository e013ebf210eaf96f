"""A call that we place: from the INVITE to the peer's final response (RFC 3261 §13.2)."""

from collections import deque
from dataclasses import dataclass, replace

from .body import sdp_of
from .call import Call, CallState
from .cancelling import cancel
from .core import Core
from .declining import decline
from .dialog import Dialog, DialogKey
from .digest import Credentials
from .early import EarlyDialogs
from .errors import CallOver, LocalError, MalformedMessage
from .events import Answered, Cause, Progressed
from .fields import Address
from .flow import Flow, Hop
from .invitation import targets_of
from .message import Request, Response
from .proving import Prover, repeated
from .responding import PHRASES, default_port
from .timers import SECOND
from .transaction import Transaction
from .uri import Uri

TRY_NEXT = 4 * SECOND
"""How long a server may be silent before the next one is tried, where there is one. RFC 3263 §4.3
would wait for 32 s (Timer B), which no caller does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What else is agreed with whom we call."""

    trunk: str = ""
    """The name of the trunk that the call is of."""
    max_calls: int | None = None
    """How many calls that trunk has at most, this one included."""
    credentials: Credentials | None = None
    """Who we are, where the peer asks for a proof."""
    domain: str = ""
    """The domain of our From; empty: our address."""
    others: tuple[Flow | Hop, ...] = ()
    """Servers to try where the first is silent or has no room (RFC 3263 §4.3)."""
    redirects: int = 5
    """How often the call may be sent elsewhere by a 3xx."""
    call_id: str = ""
    """The Call-ID, for who must know it beforehand; empty: made when the call is placed."""


class ClientCall(Call):
    """An outgoing call."""

    placed_here = True

    def __init__(
        self, core: Core, number: int, request: Request, to: Flow | Hop, terms: Terms
    ) -> None:
        super().__init__(core, number, _flow_for(to), terms.trunk)
        if terms.credentials is not None:
            self.prover = Prover(terms.credentials)
        self._others = deque(terms.others)
        self._redirects = terms.redirects
        self._targets = {str(request.uri)}
        self._elsewhere: deque[Uri] = deque()
        """Where else a 3xx says that the callee may be."""
        self._cancelled: set[Transaction] = set()
        self._abandoned: set[Transaction] = set()
        """INVITEs in whose place another was sent while they had no answer."""
        self._to = to
        self.contact = request.headers["Contact"]
        self._request = request
        self._transaction: Transaction | None = None
        self._ringing = False
        self._offered = bool(request.body)
        self.offers.described = sdp_of(request)
        self._early = EarlyDialogs(core, number, request)
        self._success: Response | None = None

    def begin(self, now: int) -> None:
        """Send the INVITE."""
        send = self._core.transactions.send
        self._transaction = send(now, self._request, self._to, owner=self.id)
        self._core.counters["sent_invite"] += 1
        if self._others:
            self._core.deadlines.set((self.id, "next", 0), now + TRY_NEXT)

    def acknowledge_answer(self, now: int, sdp: str) -> None:
        """Answer the offer that came in the 2xx to an INVITE of ours without one."""
        if self.over:
            raise CallOver("the call is over")
        if self._success is None or self._offered or self.state is not CallState.ANSWERED:
            raise LocalError("the peer made no offer that waits for an answer")
        self.state = CallState.ESTABLISHED
        self._answer = self.offers.described = sdp
        self._acknowledge_2xx(now, self._success, sdp)

    _answer: str | None = None

    def hang_up(self, now: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """End the call from any state: before the answer, by CANCEL."""
        if self.state is CallState.INVITED:
            self._take_back(now, Cause.HUNG_UP)
            return
        if self.state is CallState.ANSWERED and self._success is not None:
            self._acknowledge_2xx(now, self._success)
        super().hang_up(now, headers)

    def give_way(self, now: int) -> None:
        """Somebody else took the peer's place; who rings still rings in vain (RFC 3891 §3)."""
        if self.state is CallState.INVITED:
            self._take_back(now, Cause.REPLACED)
        else:
            super().give_way(now)

    def rings(self, key: DialogKey) -> bool:
        """Whether that is an early dialog of this call, which nobody has answered."""
        return self._success is None and key in self._early.rang()

    def follow(self, flow: Flow) -> None:
        """A response came by ``flow``: that is the way our requests take from now on."""
        if self.state is CallState.INVITED or flow.reliable:
            self._flow = Flow(flow.transport, self._flow.local, flow.remote, flow.connection)

    def receive(self, now: int, transaction: Transaction, flow: Flow) -> None:
        """Take a request within the dialog; before the answer, of whoever of those that ring."""
        early = self._early.find(transaction.request.from_.tag or "")
        if self.state is CallState.INVITED and early is not None:
            self.dialog = early
        super().receive(now, transaction, flow)

    def receive_response(self, now: int, transaction: Transaction, response: Response) -> None:
        """Take a response to the INVITE, or to a request within the dialog."""
        if transaction.request.method == "CANCEL":
            return
        if transaction in self._abandoned:
            self._receive_late(now, transaction, response)
        elif transaction is not self._transaction:
            super().receive_response(now, transaction, response)
        elif response.is_provisional:
            self._receive_provisional(now, response)
        elif response.is_success:
            self._receive_success(now, transaction, response)
        elif not self._go_on(now, response):
            self._refused(now, response.status, response.reason)

    def unanswered(self, now: int, transaction: Transaction, status: int) -> None:
        """The INVITE, or another request of ours, got no response."""
        if transaction is self._transaction:
            if not (self._try_next(now) or self._try_elsewhere(now)):
                self._refused(now, status, PHRASES[status])
        elif transaction not in self._abandoned:
            super().unanswered(now, transaction, status)

    def tick(self, now: int, what: str, cseq: int) -> None:
        """A timer fired: a cancelled INVITE that never got its 487 is given up (§9.1)."""
        if what == "next":  # nothing was heard, which would have cancelled it
            self._try_next(now)
        elif what != "cancel":
            super().tick(now, what, cseq)
        elif self._success is None:
            self._be_gone(now)

    def prove(self, now: int, transaction: Transaction, response: Response) -> bool:
        """Answer a challenge, unless that of a server in whose place another was asked."""
        return transaction not in self._abandoned and super().prove(now, transaction, response)

    def _dialog_of(self, request: Request) -> Dialog | None:
        early = self._early.find(request.to.tag or "") if request.method == "PRACK" else None
        return early or self.dialog

    def _resent(self, transaction: Transaction, again: Transaction) -> None:
        super()._resent(transaction, again)
        if transaction is self._transaction:
            self._transaction, self._request = again, again.request
            self._begin_anew()

    def _go_on(self, now: int, response: Response) -> bool:
        """Send the INVITE elsewhere, as a refusal says or allows; false where it does not."""
        if 300 <= response.status < 400:
            return self._redirected(now, response)
        if response.status == 422:
            return self._lengthened(now, response)
        if response.status == 503 and self._try_next(now):
            return True
        return response.status < 600 and self._try_elsewhere(now)

    def _redirected(self, now: int, response: Response) -> bool:
        """RFC 3261 §8.1.3.4: the Contacts are tried one after the other, the most wanted first."""
        secure = self._request.uri.scheme == "sips"  # what was called so never goes on in the clear
        found = (uri for uri in targets_of(response) if uri.scheme == "sips" or not secure)
        self._elsewhere.extendleft(reversed(list(found)))
        return self._try_elsewhere(now)

    def _try_elsewhere(self, now: int) -> bool:
        while self._elsewhere and str(self._elsewhere[0]) in self._targets:
            self._elsewhere.popleft()
        if self.state is not CallState.INVITED or not self._redirects or not self._elsewhere:
            return False
        self._redirects -= 1
        uri = self._elsewhere.popleft()
        if uri.host != self._request.uri.host:
            self.prover = None  # another host is not told the hash of our password
        self._others.clear()
        self._send_instead(now, self._core.hop_to(uri, self._flow), uri)
        return True

    def _lengthened(self, now: int, response: Response) -> bool:
        """RFC 4028 §7.3: ask again, for as long a session as the server or one behind it wants."""
        asked = "Session-Expires" in self._request.headers
        if self.over or not asked or not self.timer.raised(response):
            return False
        self._send_instead(now, self._to, self._request.uri)
        return True

    def _try_next(self, now: int) -> bool:
        if self.state is not CallState.INVITED or not self._others:
            return False
        self._send_instead(now, self._others.popleft(), self._request.uri)
        self._core.counters["servers_passed_over"] += 1
        return True

    def _send_instead(self, now: int, to: Flow | Hop, uri: Uri) -> None:
        if self._transaction is not None and not self._transaction.answered:
            self._abandoned.add(self._transaction)
        if isinstance(to, Hop) and to.local is None:
            to = replace(to, local=self._flow.local)
        self._flow = _flow_for(to)
        self.contact = self._core.contact(
            self._flow, _user_in(self.contact), secure=uri.scheme == "sips"
        )
        self._request = repeated(
            self._core,
            self._request,
            to,
            cseq=self._request.cseq.number + 1,
            uri=uri,
            renewed=(("Contact", self.contact), *self.timer.asking()),
        )
        self._targets.add(str(uri))
        self._to, self._proofs = to, ()
        self._begin_anew()
        self.begin(now)

    def _begin_anew(self) -> None:
        """Another INVITE goes out: who rang for the one before matters no more."""
        self._forget_early()
        self.dialog = None
        self._early = EarlyDialogs(self._core, self.id, self._request)
        self._ringing = False

    def _receive_late(self, now: int, transaction: Transaction, response: Response) -> None:
        """A server that was given up answers after all: it is told that it is too late."""
        if response.is_success:
            decline(now, self._core, transaction, response, self._flow)
        elif response.is_provisional:
            self._cancel(now, transaction)

    def _receive_provisional(self, now: int, response: Response) -> None:
        if self.state is CallState.ENDING and not self._ringing:
            self._send_cancel(now)
        self._ringing = True
        self._early.note(response)
        self._core.deadlines.cancel((self.id, "next", 0))
        if "100rel" in response.headers.tokens("Require") and not self._prove(now, response):
            return
        if self.state is CallState.INVITED and response.status > 100:
            sdp = self._early.describe(response) if self._offered else None
            self._core.events.append(Progressed(self.id, response.status, response.reason, sdp))

    def _prove(self, now: int, response: Response) -> bool:
        """Send the PRACK that a response asks for; false where it is to be passed over."""
        dialog = self._early.acknowledge(now, response, self._flow, self._behind_nat)
        if dialog is None:
            return False
        self.dialog = self.dialog or dialog  # UPDATEs of ours go to the first who rings so
        self._core.dialogs[dialog.key] = self.id
        self.note_peer(response)
        return True

    def _forget_early(self) -> None:
        """Nobody who rings is listened to any longer."""
        for key in self._early.names():
            self._core.dialogs.pop(key, None)

    def lost(self, now: int, status: int, reason: str) -> None:
        """The peer no longer answers: an INVITE that waits still is cancelled (§15)."""
        if self.state is not CallState.INVITED:
            super().lost(now, status, reason)
            return
        self._end(now, Cause.LOST, status, reason)
        self._send_cancel(now)  # it has rung, else nothing could have been asked of it

    def may_offer(self) -> bool:
        """Whether we may make an offer now: before the answer by UPDATE alone (RFC 3311 §5.1)."""
        early = self.state is CallState.INVITED and self._early.described
        return self.established() or (early and "update" in self.peer_allows)

    def may_be_offered(self) -> bool:
        """Whether the peer may make an offer now."""
        return self._early.described or super().may_be_offered()

    def _receive_success(self, now: int, transaction: Transaction, response: Response) -> None:
        if self._success is None:
            self._take_success(now, response)
        elif response.to.tag != self._success.to.tag:
            decline(now, self._core, transaction, response, self._flow)
        elif self.state is not CallState.ANSWERED:  # else our own answer is still to come
            self._acknowledge_2xx(now, response, self._answer)

    def _take_success(self, now: int, response: Response) -> None:
        try:
            confirmed = self._early.confirm(response)
        except MalformedMessage as error:
            # Without a Contact no ACK can be sent, so there is no call.
            self._refused(now, 502, f"the answer is malformed: {error.reason}")
            return
        self._forget_early()
        self._core.deadlines.cancel((self.id, "next", 0))
        self._success = response
        self.dialog = confirmed
        self._core.dialogs[confirmed.key] = self.id
        self._core.deadlines.cancel((self.id, "cancel", 0))
        if self.state is CallState.ENDING:  # §9.1: the 2xx was faster than our CANCEL
            self._acknowledge_2xx(now, response)
            self._send_bye(now)
            return
        self.state = CallState.ESTABLISHED if self._offered else CallState.ANSWERED
        self.note_peer(response)
        self.timer.answered(now, response)
        if self._offered:
            self._acknowledge_2xx(now, response)
        sdp = sdp_of(response) or self._early.said(response.to.tag or "")
        self._core.events.append(Answered(self.id, sdp))

    def _be_gone(self, now: int) -> None:
        self._core.deadlines.cancel((self.id, "next", 0))
        if self._transaction is not None:
            self._core.transactions.expire(now, self._transaction)
        self._forget_early()
        for key in self._early.rang():
            self._core.departed_early.note(now, key)
        super()._be_gone(now)

    def _refused(self, now: int, status: int, reason: str) -> None:
        if not self.over:
            cause = Cause.UNANSWERED if status in (408, 503) else Cause.REJECTED
            self._end(now, cause, status, reason)
        self._core.deadlines.cancel((self.id, "cancel", 0))
        self._be_gone(now)

    def _take_back(self, now: int, cause: Cause) -> None:
        self._end(now, cause)
        if self._ringing:  # §9.1: no CANCEL before a provisional response has come
            self._send_cancel(now)

    def _send_cancel(self, now: int) -> None:
        if self._transaction is not None:
            self._cancel(now, self._transaction)
        wait = 64 * self._core.rules.intervals.t1
        self._core.deadlines.set((self.id, "cancel", 0), now + wait)

    def _cancel(self, now: int, transaction: Transaction) -> None:
        if transaction in self._cancelled:
            return
        self._cancelled.add(transaction)
        cancel(now, self._core, transaction)


def _flow_for(to: Flow | Hop) -> Flow:
    if isinstance(to, Flow):
        return to
    local = to.local or ("0.0.0.0", 5060)  # noqa: S104
    return Flow(to.transport, local, (to.address or to.host, to.port or default_port(to.transport)))


def _user_in(contact: str) -> str:
    return Address.parse(contact).uri.user or ""
