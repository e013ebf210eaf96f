"""A call that we place: from the INVITE to the peer's final response (RFC 3261 §13.2)."""

from .body import sdp_of
from .call import Call, CallState
from .core import Core
from .dialog import Dialog
from .early import EarlyDialogs
from .errors import CallOver, LocalError, MalformedMessage
from .events import Answered, Cause, Progressed
from .flow import Flow, Hop
from .headers import Headers
from .message import Request, Response
from .responding import PHRASES, default_port, via_of
from .transaction import Transaction
from .uri import Uri, bracketed


class ClientCall(Call):
    """An outgoing call."""

    placed_here = True

    def __init__(self, core: Core, number: int, request: Request, to: Flow | Hop) -> None:
        super().__init__(core, number, _flow_for(to))
        self._to = to
        self.contact = request.headers["Contact"]
        self._request = request
        self._transaction: Transaction | None = None
        self._ringing = False
        self._offered = bool(request.body)
        self._offers.described = sdp_of(request)
        self._early_sdp: str | None = None
        self._early = EarlyDialogs(core, number, request)
        self._success: Response | None = None

    def begin(self, now: int) -> None:
        """Send the INVITE."""
        send = self._core.transactions.send
        self._transaction = send(now, self._request, self._to, owner=self.id)
        self._core.counters["sent_invite"] += 1

    def acknowledge_answer(self, now: int, sdp: str) -> None:
        """Answer the offer that came in the 2xx to an INVITE of ours without one."""
        if self.over:
            raise CallOver("the call is over")
        if self._success is None or self._offered or self.state is not CallState.ANSWERED:
            raise LocalError("the peer made no offer that waits for an answer")
        self.state = CallState.ESTABLISHED
        self._answer = self._offers.described = sdp
        self._acknowledge_2xx(now, self._success, sdp)

    _answer: str | None = None

    def hang_up(self, now: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """End the call from any state: before the answer, by CANCEL."""
        if self.state is CallState.INVITED:
            self._end(now, Cause.HUNG_UP)
            # §9.1: no CANCEL before a provisional response has come.
            if self._ringing:
                self._send_cancel(now)
            return
        if self.state is CallState.ANSWERED and self._success is not None:
            self._acknowledge_2xx(now, self._success)
        super().hang_up(now, headers)

    def follow(self, flow: Flow) -> None:
        """A response came by ``flow``: that is the way our requests take from now on."""
        if self.state is CallState.INVITED or flow.reliable:
            self._flow = Flow(flow.transport, self._flow.local, flow.remote, flow.connection)

    def receive_response(self, now: int, transaction: Transaction, response: Response) -> None:
        """Take a response to the INVITE, or to a request within the dialog."""
        if transaction.request.method == "CANCEL":
            return
        if transaction is not self._transaction:
            super().receive_response(now, transaction, response)
        elif response.is_provisional:
            self._receive_provisional(now, response)
        elif response.is_success:
            self._receive_success(now, response)
        else:
            self._refused(now, response.status, response.reason)

    def unanswered(self, now: int, transaction: Transaction, status: int) -> None:
        """The INVITE, or another request of ours, got no response."""
        if transaction is self._transaction:
            self._refused(now, status, PHRASES[status])
        else:
            super().unanswered(now, transaction, status)

    def tick(self, now: int, what: str, cseq: int) -> None:
        """A timer fired: a cancelled INVITE that never got its 487 is given up (§9.1)."""
        if what != "cancel":
            super().tick(now, what, cseq)
        elif self._success is None:
            self._be_gone(now)

    def _receive_provisional(self, now: int, response: Response) -> None:
        if self.state is CallState.ENDING and not self._ringing:
            self._send_cancel(now)
        self._ringing = True
        if "100rel" in response.headers.tokens("Require") and not self._prove(now, response):
            return
        if self.state is CallState.INVITED and response.status > 100:
            sdp = sdp_of(response)
            self._early_sdp = sdp or self._early_sdp
            self._core.events.append(Progressed(self.id, response.status, response.reason, sdp))

    def _prove(self, now: int, response: Response) -> bool:
        """Send the PRACK that a response asks for; false where it is to be passed over."""
        dialog = self._early.acknowledge(now, response, self._flow, self._behind_nat)
        if dialog is not None and self.dialog is None:
            self.dialog = dialog  # the first who rings so may send UPDATE
            self._core.dialogs[dialog.key] = self.id
        if dialog is not None:
            self.note_peer(response)
        return dialog is not None

    def may_offer(self) -> bool:
        """Whether we may make an offer now: before the answer by UPDATE alone (RFC 3311 §5.1)."""
        early = self.state is CallState.INVITED and self._early.described
        return self.established() or (early and "update" in self.peer_allows)

    def may_be_offered(self) -> bool:
        """Whether the peer may make an offer now."""
        return self._early.described or super().may_be_offered()

    def _receive_success(self, now: int, response: Response) -> None:
        if self._success is None:
            self._take_success(now, response)
        elif response.to.tag != self._success.to.tag:
            self._decline_fork(now, response)
        elif self.state is not CallState.ANSWERED:  # else our own answer is still to come
            self._acknowledge_2xx(now, response, self._answer)

    def _take_success(self, now: int, response: Response) -> None:
        try:
            confirmed = self._early.confirm(response)
        except MalformedMessage as error:
            # Without a Contact no ACK can be sent, so there is no call.
            self._refused(now, 502, f"the answer is malformed: {error.reason}")
            return
        if self.dialog is not None:
            self._core.dialogs.pop(self.dialog.key, None)
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
        self._core.events.append(Answered(self.id, sdp_of(response) or self._early_sdp))

    def _decline_fork(self, now: int, response: Response) -> None:
        """A second party answered the same INVITE: one call is all we want (§13.2.2.4)."""
        try:
            dialog = Dialog.as_client(self._request, response)
        except MalformedMessage:
            return
        self._core.acknowledge(dialog, response.cseq.number, self._flow, False)
        self._core.send_within(now, dialog, "BYE", self._flow, False)

    def _be_gone(self, now: int) -> None:
        if self._transaction is not None:
            self._core.transactions.expire(now, self._transaction)
        super()._be_gone(now)

    def _refused(self, now: int, status: int, reason: str) -> None:
        if not self.over:
            cause = Cause.UNANSWERED if status in (408, 503) else Cause.REJECTED
            self._end(now, cause, status, reason)
        self._core.deadlines.cancel((self.id, "cancel", 0))
        self._be_gone(now)

    def _send_cancel(self, now: int) -> None:
        """CANCEL bears the Via, Route and CSeq number of what it cancels (§9.1)."""
        request = self._request
        headers = Headers([("Via", request.headers["Via"]), ("Max-Forwards", "70")])
        headers.extend(("Route", route) for route in request.headers.get_all("Route"))
        for name in ("From", "To", "Call-ID"):
            headers.add(name, request.headers[name])
        headers.add("CSeq", f"{request.cseq.number} CANCEL")
        cancel = self._core.finished("CANCEL", request.uri, headers, (), None)
        self._core.transactions.send(now, cancel, self._to, owner=self.id)
        self._core.counters["sent_cancel"] += 1
        wait = 64 * self._core.rules.intervals.t1
        self._core.deadlines.set((self.id, "cancel", 0), now + wait)


def _flow_for(to: Flow | Hop) -> Flow:
    if isinstance(to, Flow):
        return to
    local = to.local or ("0.0.0.0", 5060)  # noqa: S104
    return Flow(to.transport, local, (to.address or to.host, to.port or default_port(to.transport)))


def invitation(
    core: Core,
    uri: Uri,
    to: Flow | Hop,
    *,
    local: tuple[str, int],
    from_user: str,
    display_name: str,
    offer: str | None,
    headers: tuple[tuple[str, str], ...],
) -> Request:
    """The INVITE of a new call."""
    flow = Flow(to.transport, local, (uri.host, uri.port or 0))
    contact = core.contact(flow, from_user, secure=uri.scheme == "sips")
    name = f'"{display_name}" ' if display_name else ""
    host = f"{bracketed(local[0])}:{local[1]}"
    fields = Headers(
        [
            ("Via", via_of(to.transport, local, core.branch())),
            ("Max-Forwards", "70"),
            ("From", f"{name}<sip:{from_user}@{host}>;tag={core.token()}"),
            ("To", f"<{uri}>"),
            ("Call-ID", core.token() + core.token()),
            ("CSeq", f"{1 + core.random.getrandbits(16)} INVITE"),
            ("Contact", contact),
        ]
    )
    if core.rules.session_expires_s:
        fields.add("Session-Expires", str(core.rules.session_expires_s))
    return core.finished("INVITE", uri, fields, headers, offer)
