"""Offers within a call, of either side: re-INVITE (RFC 3261 §14) and UPDATE (RFC 3311)."""

from typing import TYPE_CHECKING
from weakref import proxy

from .body import sdp_of
from .cancelling import cancel
from .errors import CallOver, LocalError, MalformedMessage
from .events import Reanswered, ReinviteAcknowledged, Reinvited, ReinviteOver
from .message import Request, Response
from .responding import ALLOW, PHRASES, Refusal
from .session_timer import timer_refusal
from .timers import SECOND
from .transaction import Transaction

if TYPE_CHECKING:
    from .call import Call

LATER = 2 * SECOND
"""When a refresh is tried again that could not be made: an offer was under way, or it failed."""

PATIENCE = 60 * SECOND
"""How long a peer may try an offer of ours: as long as somebody may have to be asked."""

_TEN_MS = SECOND // 100


class Offers:
    """What waits for an answer, the peer's or ours; one of each at a time."""

    def __init__(self, call: "Call") -> None:
        self._call: Call = proxy(call)  # a part does not keep its whole alive
        self._core = call.core
        self._asked: Transaction | None = None
        """The peer's request that waits for our answer."""
        self._asking: Transaction | None = None
        """Our own that waits for the peer's."""
        self._refreshing: Transaction | None = None
        """A refresh of ours without an offer."""
        self._waits = False
        """Whether an offer of ours met one of the peer's, and may be made again a while later."""
        self._taken_back = False
        """Whether our offer was cancelled, since the peer took too long over it."""
        self._silent = False
        """Whether nobody waits for the answer to our offer: it only refreshes the session."""
        self.described: str | None = None
        """The last description of ours."""

    # What the peer does.

    def receive(self, now: int, transaction: Transaction) -> None:
        """Take a re-INVITE or an UPDATE of the peer's."""
        request = transaction.request
        refusal = self._refusal_of(now, request)
        if refusal is not None:
            self._core.respond(now, transaction, refusal.status, headers=refusal.headers)
            return
        if request.method == "UPDATE" and sdp_of(request) is None:
            self._succeed(now, transaction, None)
            return
        if request.method == "INVITE":
            self._core.respond(now, transaction, 100)
        transaction.owner = self._call.id
        self._asked = transaction
        self._core.events.append(Reinvited(self._call.id, request.cseq.number, sdp_of(request)))

    def ask(self, now: int, transaction: Transaction) -> None:
        """Take a PRACK that holds an offer (RFC 3262 §5)."""
        if self._asked is not None or self._asking is not None:
            self._core.respond(now, transaction, 491)  # one offer at a time (RFC 3264 §4)
            return
        transaction.owner = self._call.id
        self._asked = transaction
        request = transaction.request
        self._core.events.append(Reinvited(self._call.id, request.cseq.number, sdp_of(request)))

    def _refusal_of(self, now: int, request: Request) -> Refusal | None:
        offers = request.method == "INVITE" or sdp_of(request) is not None
        if offers and self._asking is not None:
            return Refusal(491)  # §14.2, RFC 3311 §5.2: glare
        if offers and (self._asked is not None or not self._call.may_be_offered()):
            wait = self._core.random.getrandbits(3)
            return Refusal(500, (("Retry-After", str(wait)),))
        if request.method == "INVITE" and not self._call.prove_acknowledged(now):
            return Refusal(491)
        refusal = timer_refusal(request, self._core.rules.min_se_s)
        if refusal is not None:
            return refusal
        try:
            self._call.in_dialog().refresh_target(request)
        except MalformedMessage:
            return Refusal(400)
        return None

    def cancel(self, now: int, transaction: Transaction) -> None:
        """The peer cancelled its re-INVITE; the session stays as it was."""
        if transaction is self._asked:
            self.drop(now)

    def drop(self, now: int) -> None:
        """Nobody is to answer the peer's offer any longer."""
        if self._asked is not None:
            self._core.respond(now, self._asked, 487)
            self._core.events.append(ReinviteOver(self._call.id, self._asked.request.cseq.number))
            self._asked = None

    # What our side does.

    def answer(self, now: int, cseq: int, sdp: str) -> None:
        """Accept an offer of the peer's."""
        transaction = self._waiting(cseq)
        self._asked = None
        if transaction.request.method == "INVITE":
            self.described = sdp
            self._call.accept(now, transaction, sdp)
        else:
            self._succeed(now, transaction, sdp)
            self._core.events.append(ReinviteAcknowledged(self._call.id, cseq, None))

    def reject(self, now: int, cseq: int, status: int) -> None:
        """Refuse an offer of the peer's; the session stays as it was (§14.2)."""
        transaction = self._waiting(cseq)
        self._asked = None
        self._core.respond(now, transaction, status)

    def offer(self, now: int, sdp: str) -> None:
        """Offer the peer a changed session.

        Where that meets an offer of the peer's, 491 is told once the wait of §14.1 is over. It is
        not made again by itself: what is offered then has to follow what the peer did meanwhile,
        and bear a version above it (RFC 3264 §8).
        """
        if self._call.over:
            raise CallOver("the call is over")
        refreshing = self._asking is not None and self._silent
        if self._waits or (self._asking and not refreshing) or not self._call.may_offer():
            raise LocalError("an offer has to wait until the one before it is done (§14.1)")
        if self._asked or refreshing:
            self._wait(now)
        else:
            self._make(now, sdp)

    def _refresh(self, now: int) -> None:
        """Show the peer that the session lives (RFC 4028 §10)."""
        if self._refreshing is not None or self.busy():
            self._set_timer("refresh", now + LATER)
        elif "update" in self._call.peer_allows:
            self._refreshing = self._call.send(
                now, "UPDATE", self._call.timer.asking(), contact=self._call.contact
            )
        elif self.described is not None:
            self._make(now, self.described, silent=True)

    def abandon(self, now: int) -> None:
        """The call is gone: what the peer says to our offer matters to nobody."""
        if self._asking is not None:
            self._core.transactions.expire(now, self._asking)
            self._settle()

    def _settle(self) -> None:
        """Our offer has its answer, or nobody waits for one."""
        self._asking = None
        self._core.deadlines.cancel((self._call.id, "offer", 0))

    def busy(self) -> bool:
        """Whether an offer of either side is under way."""
        return bool(self._asked or self._asking or self._waits)

    def tick(self, now: int, what: str) -> None:
        """A timer fired: one of a wait, of our patience, or of the session."""
        match what:
            case "glare":
                self._end_wait()
            case "offer":
                self._lose_patience(now)
            case "refresh":
                self._refresh(now)

    def _end_wait(self) -> None:
        """The wait after a 491 is over."""
        waited, self._waits = self._waits, False
        if waited:
            pending = Reanswered(self._call.id, 491, PHRASES[491], None)
            self._core.events.append(pending)

    def _lose_patience(self, now: int) -> None:
        """The peer tries an offer of ours for too long: it is taken back, and then given up.

        A re-INVITE that has a provisional response has no timer of its own (§17.1.1.2), and as long
        as it waits the peer can offer nothing either.
        """
        if self._asking is None:
            return
        if self._taken_back:
            self.unanswered(now, self._asking, 408)
            return
        self._taken_back = True
        cancel(now, self._core, self._asking)
        self._core.transactions.expire(now, self._asking)
        self._set_timer("offer", now + 64 * self._core.rules.intervals.t1)

    def _make(self, now: int, sdp: str, *, silent: bool = False) -> None:
        self._silent = silent
        method = "INVITE" if self._call.established() else "UPDATE"
        self._taken_back = False
        self._set_timer("offer", now + PATIENCE)
        self._asking = self._call.send(
            now, method, self._call.timer.asking(), sdp=sdp, contact=self._call.contact
        )

    # What becomes of ours.

    def receive_response(self, now: int, transaction: Transaction, response: Response) -> None:
        """Take a response to a re-INVITE or an UPDATE of ours."""
        if response.is_provisional:
            return
        if response.is_success:
            self._call.succeeded(now, transaction, response)
        if transaction is self._refreshing:
            self._refreshing = None
            self._refreshed(now, response)
        elif transaction is self._asking:
            self._settle()
            self._answered(now, transaction, response)

    def resent(self, transaction: Transaction, again: Transaction) -> None:
        """A request of ours was sent again, as a new one."""
        if transaction is self._asking:
            self._asking = again
        if transaction is self._refreshing:
            self._refreshing = again

    def unanswered(self, now: int, transaction: Transaction, status: int) -> None:
        """Nobody answered a re-INVITE or an UPDATE of ours."""
        if transaction is self._refreshing:
            self._refreshing = None
            self._call.lost(now, status, PHRASES[status])
        elif transaction is self._asking:
            self._settle()
            self._tell(now, status, PHRASES[status], None)

    def _answered(self, now: int, transaction: Transaction, response: Response) -> None:
        sdp = sdp_of(transaction.request)
        if self._call.over or sdp is None:
            return
        if response.is_success:
            self.described = sdp
        if response.status == 422 and self._call.timer.raised(response):
            self._make(now, sdp, silent=self._silent)
        elif response.status != 491:
            self._tell(now, response.status, response.reason, sdp_of(response))
        elif self._silent:
            self._set_timer("refresh", now + self._pause())
        else:
            self._wait(now)

    def _wait(self, now: int) -> None:
        self._waits = True
        self._set_timer("glare", now + self._pause())

    def _pause(self) -> int:
        """§14.1: who owns the Call-ID waits longer, so that the two do not meet again."""
        first, last = (210, 400) if self._call.placed_here else (0, 200)
        return (first + self._core.random.getrandbits(16) % (last - first + 1)) * _TEN_MS

    def _refreshed(self, now: int, response: Response) -> None:
        if response.is_success or self._call.over:
            return
        if response.status == 481:
            self._call.lost(now, response.status, response.reason)
            return
        if response.status in (405, 501):
            self._call.peer_allows -= {"update"}
        self._call.timer.raised(response)
        self._set_timer("refresh", now + LATER)

    def _tell(self, now: int, status: int, reason: str, sdp: str | None) -> None:
        if self._call.over:
            return
        if not self._silent or status < 300:
            told = Reanswered(self._call.id, status, reason, sdp, refresh=self._silent)
            self._core.events.append(told)
        elif status not in (408, 481):
            self._set_timer("refresh", now + LATER)
        if status in (408, 481):  # §12.2.1.2: the peer has lost the dialog
            self._call.lost(now, status, reason)

    # How it is done.

    def _succeed(self, now: int, transaction: Transaction, sdp: str | None) -> None:
        """Accept what is no INVITE: its 200 is the end of it."""
        headers: tuple[tuple[str, str], ...] = ()
        if transaction.request.method == "UPDATE":
            timer = self._call.timer.answer(now, transaction.request)
            headers = (("Contact", self._call.contact), ("Allow", ALLOW), *timer)
        self.described = sdp or self.described
        self._core.respond(now, transaction, 200, headers=headers, sdp=sdp)

    def _waiting(self, cseq: int) -> Transaction:
        if self._asked is None or self._asked.request.cseq.number != cseq:
            raise CallOver("the peer's offer was taken back, or is answered already")
        return self._asked

    def _set_timer(self, what: str, at: int) -> None:
        self._core.deadlines.set((self._call.id, what, 0), at)
