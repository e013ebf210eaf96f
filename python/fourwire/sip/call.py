"""One call once it has a dialog: requests within it, and its end."""

from enum import Enum, auto

from .answers import Answers
from .body import sdp_of
from .core import Content, Core
from .dialog import Dialog
from .errors import CallOver, LocalError, MalformedMessage
from .events import Acknowledged, Cause, Ended, Info, ReinviteAcknowledged, Replied
from .flow import Flow
from .message import Request, Response
from .notifier import Notifier
from .offers import Offers
from .proving import Prover, proofs_in, prove
from .refer_to import successor_of
from .referral import Referrals
from .responding import PHRASES, response_to
from .session_timer import SessionTimer
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


class Call:
    """What incoming and outgoing calls have in common."""

    placed_here = False
    """Whether the call is ours, and with it its Call-ID."""

    def __init__(self, core: Core, number: int, flow: Flow, trunk: str = "") -> None:
        self.id = number
        self.trunk = trunk
        self.prover: Prover | None = None
        self._proofs: tuple[tuple[str, str], ...] = ()
        self.state = CallState.INVITED
        self.dialog: Dialog | None = None
        self.core = self._core = core
        self.contact = core.contact(flow)
        self.timer = SessionTimer(core, number)
        self.peer_allows: set[str] = set()
        """The methods that the peer is known to take, in lower case."""
        self._flow = flow
        self._behind_nat = False
        self._answers = Answers(core, number)
        self.offers = Offers(self)
        """Descriptions that are offered once the call is up, by either side."""
        self.notifier = Notifier(self)
        """The peer's wishes that we call somebody else."""
        self._referrals = Referrals(core, number)
        core.live += 1

    @property
    def peer_host(self) -> str:
        """The address that the peer's messages come from."""
        return self._flow.remote[0]

    @property
    def over(self) -> bool:
        """Whether the call has ended for its owner."""
        return self.state in (CallState.ENDING, CallState.GONE)

    # What the peer does.

    def receive(self, now: int, transaction: Transaction, flow: Flow) -> None:
        """Take a request within the dialog."""
        request, dialog = transaction.request, self.in_dialog()
        if dialog.is_out_of_order(request):
            self._core.respond(now, transaction, 500)  # §12.2.2
            return
        dialog.note(request)
        self.note_peer(request)
        if flow.reliable:
            self._flow = flow
        if request.method == "BYE":
            self._receive_bye(now, transaction)
        elif request.method == "NOTIFY":
            self._referrals.receive_notify(now, transaction)
        elif self.over:
            self._core.respond(now, transaction, 481)
        else:
            self._serve(now, transaction)

    def _serve(self, now: int, transaction: Transaction) -> None:
        match transaction.request.method:
            case "INVITE" | "UPDATE":
                self.offers.receive(now, transaction)
            case "INFO":
                self._receive_info(now, transaction)
            case "PRACK":
                self._receive_prack(now, transaction)
            case "REFER":
                self.notifier.receive(now, transaction)
            case _:
                self._core.respond(now, transaction, 200, headers=self._core.capabilities)

    def acknowledge(self, now: int, ack: Request) -> bool:
        """Take the ACK to a 2xx of ours; false where there is none that it could mean."""
        if ack.cseq.number not in self._answers:
            return False
        self._acknowledged(now, ack.cseq.number, sdp_of(ack))
        return True

    def _acknowledged(self, now: int, cseq: int, answer: str | None) -> None:
        self._answers.settle(cseq)
        if self.state is CallState.ENDING:
            self._send_bye(now)
        elif self.state is CallState.ANSWERED:
            self.state = CallState.ESTABLISHED
            self._core.events.append(Acknowledged(self.id, answer))
        else:
            self._core.events.append(ReinviteAcknowledged(self.id, cseq, answer))

    def cancel(self, now: int, transaction: Transaction) -> None:
        """The peer cancelled a re-INVITE; the session stays as it was."""
        self.offers.cancel(now, transaction)

    def receive_response(self, now: int, transaction: Transaction, response: Response) -> None:
        """Take a response to a request of ours within the dialog."""
        self.note_peer(response)
        match transaction.request.method:
            case "INVITE" | "UPDATE":
                self.offers.receive_response(now, transaction, response)
            case "BYE" if not response.is_provisional:
                self._be_gone(now)
            case "REFER":
                self._referrals.receive_response(transaction, response)
                self._end_if_unknown(now, response)
            case "NOTIFY":
                self.notifier.receive_response(transaction, response)
            case "INFO" if not response.is_provisional:
                self._replied(transaction, response.status, response.reason)
                self._end_if_unknown(now, response)

    def prove(self, now: int, transaction: Transaction, response: Response) -> bool:
        """Answer the challenge in a response by a new request; false where that is no use."""
        dialog = self._dialog_of(transaction.request)
        again = prove(now, self._core, self.prover, transaction, response, dialog, self.over)
        if again is None:
            return False
        self._resent(transaction, again)
        return True

    def _resent(self, transaction: Transaction, again: Transaction) -> None:
        if again.request.method == "INVITE":
            self._proofs = proofs_in(again.request)
        self.offers.resent(transaction, again)
        self._referrals.resent(again)

    def _dialog_of(self, request: Request) -> Dialog | None:
        return self.dialog

    def unanswered(self, now: int, transaction: Transaction, status: int) -> None:
        """A request of ours within the dialog got no response."""
        match transaction.request.method:
            case "INVITE" | "UPDATE":
                self.offers.unanswered(now, transaction, status)
            case "BYE":
                self._be_gone(now)
            case "REFER":
                self._referrals.unanswered(transaction, status)
            case "INFO":
                self._replied(transaction, status, PHRASES[status])

    def tick(self, now: int, what: str, cseq: int) -> None:
        """A timer of this call fired."""
        match what:
            case "2xx" if cseq in self._answers and not self._answers.tick(now, cseq):
                self._give_up_waiting(now)
            case "glare" | "offer" | "refresh" if not self.over:
                self.offers.tick(now, what)
            case "expiry" if not self.over:
                self._end(now, Cause.EXPIRED)
                self._send_bye(now)

    # What our side does.

    def hang_up(self, now: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """End the call from any state; nothing happens where it is over."""
        self._leave(now, Cause.HUNG_UP, headers)

    def give_way(self, now: int) -> None:
        """End the call in which somebody else took the peer's place (RFC 3891 §3)."""
        self._leave(now, Cause.REPLACED)

    def refer(self, now: int, refer_to: str, headers: tuple[tuple[str, str], ...] = ()) -> int:
        """Ask the peer to call somebody else; :class:`Transferring` tells under this number."""
        self._must_be_answered("transferred")
        self._referrals.has_room()
        by = self.in_dialog().local_party.rpartition(";tag=")[0]  # RFC 3892 §2
        fields = (("Refer-To", refer_to), ("Referred-By", by), *headers)
        return self._referrals.ask(self.send(now, "REFER", fields, contact=self.contact))

    def inform(self, now: int, content: Content, headers: tuple[tuple[str, str], ...] = ()) -> int:
        """Send an INFO; :class:`Replied` tells under this number what the peer answered."""
        self._must_be_answered("told anything")
        return self.send(now, "INFO", headers, content=content).request.cseq.number

    def successor(self) -> str:
        """A Refer-To for a REFER in another call: its peer takes our place in this one."""
        self._must_be_answered("taken over")
        return successor_of(self.in_dialog())

    # What its parts ask of it.

    def in_dialog(self) -> Dialog:
        """The dialog, once there is one."""
        if self.dialog is None:
            raise LocalError("the call has no dialog yet")
        return self.dialog

    def send(
        self,
        now: int,
        method: str,
        headers: tuple[tuple[str, str], ...] = (),
        *,
        sdp: str | None = None,
        content: Content | None = None,
        contact: str | None = None,
    ) -> Transaction:
        """Send a request within the dialog."""
        return self._core.send_within(
            now,
            self.in_dialog(),
            method,
            self._flow,
            self._behind_nat,
            headers=headers,
            sdp=sdp,
            content=content,
            contact=contact,
            owner=self.id,
        )

    def accept(
        self,
        now: int,
        transaction: Transaction,
        sdp: str,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Send a 2xx to an INVITE, and again until its ACK comes."""
        headers = (
            ("Contact", self.contact),
            *self._core.capabilities,
            ("Server", self._core.rules.user_agent),
            *self.timer.answer(now, transaction.request),
            *extra,
        )
        self.offers.described = sdp
        tag = self.in_dialog().local_tag
        response = response_to(transaction.request, 200, to_tag=tag, headers=headers, sdp=sdp)
        self._answers.send(now, transaction, response)

    def succeeded(self, now: int, transaction: Transaction, response: Response) -> None:
        """A re-INVITE or an UPDATE of ours got its 2xx."""
        if not self.over:
            self.timer.answered(now, response)
        if transaction.request.method == "INVITE":
            self._acknowledge_2xx(now, response)
        else:
            self._follow_target(response)

    def lost(self, now: int, status: int, reason: str) -> None:
        """The peer no longer answers, or knows the call no longer (§12.2.1.2)."""
        if not self.over:
            self._end(now, Cause.LOST, status, reason)
            self._send_bye(now)

    def established(self) -> bool:
        """Whether the INVITE is over, its ACK included."""
        return self.state is CallState.ESTABLISHED

    def may_offer(self) -> bool:
        """Whether we may make an offer now."""
        return self.established()

    def may_be_offered(self) -> bool:
        """Whether the peer may make an offer now: the one before it is answered."""
        return self.state is not CallState.INVITED

    def prove_acknowledged(self, now: int) -> bool:
        """A new INVITE shows that our 2xx to the last one arrived, if its ACK was lost or is late.

        False where that ACK is to bring the answer to an offer of ours: it must be waited for.
        """
        waiting = self._answers.requests()
        if not all(request.body for request in waiting):
            return False
        for request in waiting:
            self._acknowledged(now, request.cseq.number, None)
        return True

    def note_peer(self, message: Request | Response) -> None:
        """Learn what the peer says that it can do."""
        if "Allow" in message.headers:
            self.peer_allows = message.headers.tokens("Allow")

    # How it is done.

    def _leave(self, now: int, cause: Cause, headers: tuple[tuple[str, str], ...] = ()) -> None:
        if self.over:
            return
        self._end(now, cause)
        self._ending_headers = headers
        # §15: no BYE before the ACK has come, or can come no more.
        if not self._answers:
            self._send_bye(now)

    _ending_headers: tuple[tuple[str, str], ...] = ()

    def _must_be_answered(self, wish: str) -> None:
        if self.over:
            raise CallOver("the call is over")
        if self.state not in (CallState.ANSWERED, CallState.ESTABLISHED):
            raise LocalError(f"only a call that is answered can be {wish}")

    def _receive_bye(self, now: int, transaction: Transaction) -> None:
        self._core.respond(now, transaction, 200)
        if not self.over:
            self._end(now, Cause.BYE)
        self._be_gone(now)

    def _receive_info(self, now: int, transaction: Transaction) -> None:
        request = transaction.request
        if "Info-Package" in request.headers:
            # RFC 6086 §4.2.2: no package is supported here.
            self._core.respond(now, transaction, 469, headers=(("Recv-Info", ""),))
            return
        self._core.respond(now, transaction, 200)
        kind = (request.headers.get("Content-Type") or "").strip()
        self._core.events.append(Info(self.id, kind, request.body))

    def _receive_prack(self, now: int, transaction: Transaction) -> None:
        self._core.respond(now, transaction, 481)  # RFC 3262 §3: nothing waits for it

    def _replied(self, transaction: Transaction, status: int, reason: str) -> None:
        self._core.events.append(Replied(self.id, transaction.known_as, status, reason))

    def _end_if_unknown(self, now: int, response: Response) -> None:
        if response.status == 481:
            self.lost(now, response.status, response.reason)

    def _acknowledge_2xx(self, now: int, response: Response, sdp: str | None = None) -> None:
        """Send the ACK to a 2xx; each 2xx that comes again gets one again (§13.2.2.4)."""
        self._follow_target(response)
        number = response.cseq.number
        flow, nat = self._flow, self._behind_nat
        self._core.acknowledge(now, self.in_dialog(), number, flow, nat, sdp, self._proofs)

    def _follow_target(self, response: Response) -> None:
        try:
            self.in_dialog().refresh_target(response)
        except MalformedMessage:
            self._core.counters["malformed_contact"] += 1

    def _give_up_waiting(self, now: int) -> None:
        """§13.3.1.4: nobody acknowledged, so the session is ended."""
        if not self.over:
            self._end(now, Cause.UNACKNOWLEDGED)
        self._send_bye(now)

    def _send_bye(self, now: int) -> None:
        self.send(now, "BYE", self._ending_headers)

    def _end(self, now: int, cause: Cause, status: int = 0, reason: str = "") -> None:
        """Tell the owner, once, that the call is over."""
        self.offers.drop(now)
        self.notifier.drop(now)
        self.timer.stop()
        self._core.deadlines.cancel((self.id, "glare", 0))
        self.state = CallState.ENDING
        self._core.live -= 1
        self._core.counters[f"ended_{cause.name.lower()}"] += 1
        self._core.events.append(Ended(self.id, cause, status, reason))

    def _be_gone(self, now: int) -> None:
        if self.state is CallState.GONE:
            return
        self._core.gone.append(self.id)
        self.state = CallState.GONE
        self._answers.clear()
        self.offers.abandon(now)
        if self.dialog is not None:
            self._core.dialogs.pop(self.dialog.key, None)
            self._core.departed.note(now, self.dialog.key)
