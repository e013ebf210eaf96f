"""One call once it has a dialog: requests within it, its 2xx repeated until the ACK, its end."""

from dataclasses import dataclass
from enum import Enum, auto

from .body import sdp_of
from .core import Core
from .dialog import Dialog
from .errors import CallOver, LocalError, MalformedMessage
from .events import (
    Acknowledged,
    Cause,
    Ended,
    Info,
    Reanswered,
    ReinviteAcknowledged,
    Reinvited,
    ReinviteOver,
)
from .flow import Flow
from .message import Request, Response
from .refer_to import successor_of
from .referral import Referrals
from .responding import ALLOW, PHRASES, response_to
from .transaction import Transaction


class CallState(Enum):
    """How far a call has come."""

    INVITED = auto()
    """The INVITE waits for its final response."""
    ANSWERED = auto()
    """A 2xx was sent; its ACK is still to come."""
    ESTABLISHED = auto()
    ENDING = auto()
    """Ended for its owner; a CANCEL or BYE of ours is still under way."""
    GONE = auto()


@dataclass(slots=True)
class Unacknowledged:
    """A 2xx of ours that is repeated until its ACK comes (RFC 3261 §13.3.1.4)."""

    transaction: Transaction
    response: Response
    pause: int
    give_up_at: int


class Call:
    """What incoming and outgoing calls have in common."""

    def __init__(self, core: Core, number: int, flow: Flow, trunk: str = "") -> None:
        self.id = number
        self.trunk = trunk
        self.state = CallState.INVITED
        self.dialog: Dialog | None = None
        self._core = core
        self._flow = flow
        self._behind_nat = False
        self._contact = core.contact(flow)
        self._unacknowledged: dict[int, Unacknowledged] = {}
        self._asked: Transaction | None = None
        """The peer's re-INVITE that waits for our answer."""
        self._asking: Transaction | None = None
        """Our own re-INVITE that waits for the peer's."""
        self._referrals = Referrals(core, number)
        core.live += 1

    @property
    def over(self) -> bool:
        """Whether the call has ended for its owner."""
        return self.state in (CallState.ENDING, CallState.GONE)

    # What the peer does.

    def receive(self, now: int, transaction: Transaction, flow: Flow) -> None:
        """Take a request within the dialog."""
        request, dialog = transaction.request, self._in_dialog()
        if dialog.is_out_of_order(request):
            self._core.respond(now, transaction, 500)  # §12.2.2
            return
        dialog.note(request)
        if flow.reliable:
            self._flow = flow
        if request.method == "BYE":
            self._receive_bye(now, transaction)
        elif request.method == "NOTIFY":
            self._referrals.receive_notify(now, transaction)
        elif self.over:
            self._core.respond(now, transaction, 481)
        elif request.method == "INVITE":
            self._receive_reinvite(now, transaction)
        elif request.method == "INFO":
            self._receive_info(now, transaction)
        else:
            self._core.respond(now, transaction, 200, headers=(("Allow", ALLOW),))

    def acknowledge(self, now: int, ack: Request) -> bool:
        """Take the ACK to a 2xx of ours; false where there is none that it could mean."""
        if ack.cseq.number not in self._unacknowledged:
            return False
        self._acknowledged(now, ack.cseq.number, sdp_of(ack))
        return True

    def _acknowledged(self, now: int, cseq: int, answer: str | None) -> None:
        del self._unacknowledged[cseq]
        self._core.deadlines.cancel((self.id, "2xx", cseq))
        if self.state is CallState.ENDING:
            self._send_bye(now)
        elif self.state is CallState.ANSWERED:
            self.state = CallState.ESTABLISHED
            self._core.events.append(Acknowledged(self.id, answer))
        else:
            self._core.events.append(ReinviteAcknowledged(self.id, cseq, answer))

    def receive_response(self, now: int, transaction: Transaction, response: Response) -> None:
        """Take a response to a request of ours within the dialog."""
        if transaction.request.method == "INVITE":
            self._receive_reanswer(now, transaction, response)
        elif transaction.request.method == "BYE" and not response.is_provisional:
            self._be_gone()
        elif transaction.request.method == "REFER":
            self._receive_referred(now, transaction, response)

    def unanswered(self, now: int, transaction: Transaction, status: int) -> None:
        """A request of ours within the dialog got no response."""
        if transaction.request.method == "BYE":
            self._be_gone()
        elif transaction is self._asking:
            self._asking = None
            self._reanswered(now, status, PHRASES[status], None)
        elif transaction.request.method == "REFER":
            self._referrals.unanswered(transaction, status)

    def tick(self, now: int, what: str, cseq: int) -> None:
        """A timer of this call fired: a 2xx is due again."""
        waiting = self._unacknowledged.get(cseq)
        if what != "2xx" or waiting is None:
            return
        if now >= waiting.give_up_at:
            self._give_up_waiting(now, cseq)
            return
        self._core.transactions.respond(now, waiting.transaction, waiting.response)
        self._core.counters["repeated_2xx"] += 1
        waiting.pause = min(2 * waiting.pause, self._core.rules.intervals.t2)
        self._set_2xx_timer(now, cseq, waiting)

    # What our side does.

    def hang_up(self, now: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """End the call from any state; nothing happens where it is over."""
        if self.over:
            return
        self._end(now, Cause.HUNG_UP)
        self._ending_headers = headers
        # §15: no BYE before the ACK has come, or can come no more.
        if not self._unacknowledged:
            self._send_bye(now)

    _ending_headers: tuple[tuple[str, str], ...] = ()

    def answer_reinvite(self, now: int, cseq: int, sdp: str) -> None:
        """Accept a re-INVITE of the peer's."""
        transaction = self._waiting_reinvite(cseq)
        self._asked = None
        self._accept(now, transaction, sdp)

    def reject_reinvite(self, now: int, cseq: int, status: int) -> None:
        """Refuse a re-INVITE of the peer's; the session stays as it was (§14.2)."""
        transaction = self._waiting_reinvite(cseq)
        self._asked = None
        self._core.respond(now, transaction, status)

    def reinvite(self, now: int, offer: str) -> None:
        """Offer the peer a changed session."""
        if self.over:
            raise CallOver("the call is over")
        if self.state is not CallState.ESTABLISHED or self._asked or self._asking:
            raise LocalError("a re-INVITE has to wait until the INVITE before it is done (§14.1)")
        self._asking = self._send(now, "INVITE", sdp=offer, contact=self._contact)

    def refer(self, now: int, refer_to: str, headers: tuple[tuple[str, str], ...] = ()) -> int:
        """Ask the peer to call somebody else; :class:`Transferring` tells under this number."""
        if self.over:
            raise CallOver("the call is over")
        if self.state not in (CallState.ANSWERED, CallState.ESTABLISHED):
            raise LocalError("only a call that is answered can be transferred")
        self._referrals.has_room()
        dialog = self._in_dialog()
        by = dialog.local_party.rpartition(";tag=")[0]  # RFC 3892 §2
        fields = (("Refer-To", refer_to), ("Referred-By", by), *headers)
        return self._referrals.ask(self._send(now, "REFER", fields, contact=self._contact))

    def successor(self) -> str:
        """A Refer-To for a REFER in another call: its peer takes our place in this one."""
        if self.over:
            raise CallOver("the call is over")
        return successor_of(self._in_dialog())

    # How it is done.

    def _send(
        self,
        now: int,
        method: str,
        headers: tuple[tuple[str, str], ...] = (),
        *,
        sdp: str | None = None,
        contact: str | None = None,
    ) -> Transaction:
        """Send a request within the dialog."""
        return self._core.send_within(
            now,
            self._in_dialog(),
            method,
            self._flow,
            self._behind_nat,
            headers=headers,
            sdp=sdp,
            contact=contact,
            owner=self.id,
        )

    def _receive_referred(self, now: int, transaction: Transaction, response: Response) -> None:
        self._referrals.receive_response(transaction, response)
        if response.status == 481 and not self.over:  # §12.2.1.2: the peer has lost the dialog
            self._end(now, Cause.LOST, response.status, response.reason)
            self._send_bye(now)

    def _in_dialog(self) -> Dialog:
        if self.dialog is None:
            raise LocalError("the call has no dialog yet")
        return self.dialog

    def _receive_bye(self, now: int, transaction: Transaction) -> None:
        self._core.respond(now, transaction, 200)
        if not self.over:
            self._end(now, Cause.BYE)
        self._be_gone()

    def _receive_info(self, now: int, transaction: Transaction) -> None:
        request = transaction.request
        if "Info-Package" in request.headers:
            # RFC 6086 §4.2.2: no package is supported here.
            self._core.respond(now, transaction, 469, headers=(("Recv-Info", ""),))
            return
        self._core.respond(now, transaction, 200)
        kind = (request.headers.get("Content-Type") or "").strip()
        self._core.events.append(Info(self.id, kind, request.body))

    def _receive_reinvite(self, now: int, transaction: Transaction) -> None:
        if self._asking is not None:
            self._core.respond(now, transaction, 491)  # §14.2: glare
            return
        if self._asked is not None or self.state is CallState.INVITED:
            wait = self._core.random.getrandbits(3)
            self._core.respond(now, transaction, 500, headers=(("Retry-After", str(wait)),))
            return
        if not self._prove_acknowledged(now):
            self._core.respond(now, transaction, 491)
            return
        try:
            self._in_dialog().refresh_target(transaction.request)
        except MalformedMessage:
            self._core.respond(now, transaction, 400)
            return
        self._core.respond(now, transaction, 100)
        transaction.owner = self.id
        self._asked = transaction
        self._core.events.append(
            Reinvited(self.id, transaction.request.cseq.number, sdp_of(transaction.request))
        )

    def _prove_acknowledged(self, now: int) -> bool:
        """A new INVITE shows that our 2xx to the last one arrived, if its ACK was lost or is late.

        False where that ACK is to bring the answer to an offer of ours: it must be waited for.
        """
        waiting = [sent.transaction.request for sent in self._unacknowledged.values()]
        if not all(request.body for request in waiting):
            return False
        for request in waiting:
            self._acknowledged(now, request.cseq.number, None)
        return True

    def cancel(self, now: int, transaction: Transaction) -> None:
        """The peer cancelled a re-INVITE; the session stays as it was."""
        if transaction is self._asked:
            self._drop_reinvite(now)

    def _drop_reinvite(self, now: int) -> None:
        if self._asked is not None:
            self._core.respond(now, self._asked, 487)
            self._core.events.append(ReinviteOver(self.id, self._asked.request.cseq.number))
            self._asked = None

    def _waiting_reinvite(self, cseq: int) -> Transaction:
        if self._asked is None or self._asked.request.cseq.number != cseq:
            raise CallOver(f"re-INVITE {cseq} no longer waits for an answer")
        return self._asked

    def _receive_reanswer(self, now: int, transaction: Transaction, response: Response) -> None:
        if response.is_provisional:
            return
        if response.is_success:
            self._acknowledge_2xx(now, response)
        if transaction is self._asking:
            self._asking = None
            self._reanswered(now, response.status, response.reason, sdp_of(response))

    def _reanswered(self, now: int, status: int, reason: str, sdp: str | None) -> None:
        if self.over:
            return
        self._core.events.append(Reanswered(self.id, status, reason, sdp))
        if status in (408, 481):  # §12.2.1.2: the peer has lost the dialog
            self._end(now, Cause.LOST, status, reason)
            self._send_bye(now)

    def _acknowledge_2xx(self, now: int, response: Response, sdp: str | None = None) -> None:
        """Send the ACK to a 2xx; each 2xx that comes again gets one again (§13.2.2.4)."""
        dialog = self._in_dialog()
        try:
            dialog.refresh_target(response)
        except MalformedMessage:
            self._core.counters["malformed_contact"] += 1
        number = response.cseq.number
        self._core.acknowledge(dialog, number, self._flow, self._behind_nat, sdp)

    def _accept(
        self,
        now: int,
        transaction: Transaction,
        sdp: str,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Send a 2xx to an INVITE, and again until its ACK comes."""
        headers = (
            ("Contact", self._contact),
            ("Allow", ALLOW),
            ("Accept", "application/sdp"),
            ("Server", self._core.rules.user_agent),
            *extra,
        )
        tag = self._in_dialog().local_tag
        response = response_to(transaction.request, 200, to_tag=tag, headers=headers, sdp=sdp)
        self._core.transactions.respond(now, transaction, response)
        self._core.counters["sent_200"] += 1
        t1 = self._core.rules.intervals.t1
        waiting = Unacknowledged(transaction, response, t1, now + 64 * t1)
        cseq = transaction.request.cseq.number
        self._unacknowledged[cseq] = waiting
        self._set_2xx_timer(now, cseq, waiting)

    def _set_2xx_timer(self, now: int, cseq: int, waiting: Unacknowledged) -> None:
        at = min(now + waiting.pause, waiting.give_up_at)
        self._core.deadlines.set((self.id, "2xx", cseq), at)

    def _give_up_waiting(self, now: int, cseq: int) -> None:
        """§13.3.1.4: nobody acknowledged, so the session is ended."""
        del self._unacknowledged[cseq]
        if not self.over:
            self._end(now, Cause.UNACKNOWLEDGED)
        self._send_bye(now)

    def _send_bye(self, now: int) -> None:
        self._send(now, "BYE", self._ending_headers)

    def _end(self, now: int, cause: Cause, status: int = 0, reason: str = "") -> None:
        """Tell the owner, once, that the call is over."""
        self._drop_reinvite(now)
        self.state = CallState.ENDING
        self._core.live -= 1
        self._core.counters[f"ended_{cause.name.lower()}"] += 1
        self._core.events.append(Ended(self.id, cause, status, reason))

    def _be_gone(self) -> None:
        if self.state is CallState.GONE:
            return
        self._core.gone.append(self.id)
        self.state = CallState.GONE
        for cseq in self._unacknowledged:
            self._core.deadlines.cancel((self.id, "2xx", cseq))
        self._unacknowledged.clear()
        if self.dialog is not None:
            self._core.dialogs.pop(self.dialog.key, None)
