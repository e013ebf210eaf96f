"""A call that came in: from the INVITE to our final response (RFC 3261 §13.3)."""

from .access import Trunk
from .body import sdp_of
from .call import Call, CallState
from .core import Core
from .dialog import Dialog
from .errors import CallOver, LocalError
from .events import Cause, Invited
from .flow import Flow
from .message import Response
from .nat import is_behind
from .proving import Prover
from .reliable import Reliable
from .responding import PHRASES, response_to
from .timers import SECOND
from .transaction import Transaction

RING_AGAIN = 60 * SECOND
"""How often a provisional response is repeated, lest a proxy lose patience (§13.3.1.1)."""


class ServerCall(Call):
    """An incoming call."""

    def __init__(
        self,
        core: Core,
        number: int,
        transaction: Transaction,
        flow: Flow,
        trunk: Trunk | None = None,
        replaced: Call | None = None,
    ) -> None:
        """Begin a call, in the place of ``replaced`` where that is one.

        Raises :class:`MalformedMessage` where no dialog can come of it.
        """
        request = transaction.request
        dialog = Dialog.as_server(request, core.token(), core.random.getrandbits(16))
        super().__init__(core, number, flow, "" if trunk is None else trunk.name)
        if trunk is not None and trunk.credentials is not None:
            self.prover = Prover(trunk.credentials)
        self.dialog = dialog
        self.replaced = replaced
        self.contact = core.contact(flow, secure=request.uri.scheme == "sips")
        transaction.owner = number
        self.note_peer(request)
        self._behind_nat = is_behind(request.via.host, dialog.remote_target.host, flow.remote[0])
        self._transaction = transaction
        self._reliable = Reliable(core, number, transaction)
        self._held_back: tuple[str, tuple[tuple[str, str], ...]] | None = None
        """Our answer, where it waits for the PRACK to a description of ours."""
        self._last_provisional: tuple[int, tuple[tuple[str, str], ...], str | None] | None = None

    def begin(self, now: int) -> None:
        """Tell the caller that we are trying, and the owner that somebody calls."""
        request = self._transaction.request
        self._core.respond(now, self._transaction, 100)
        self._core.dialogs[self.in_dialog().key] = self.id
        replaces = 0 if self.replaced is None else self.replaced.id
        told = Invited(self.id, request, sdp_of(request), self.trunk, replaces)
        self._core.events.append(told)

    def progress(
        self,
        now: int,
        status: int,
        headers: tuple[tuple[str, str], ...] = (),
        sdp: str | None = None,
    ) -> None:
        """Send a provisional response: 180 rings, 183 with ``sdp`` opens early media."""
        if not 100 < status < 200:
            raise LocalError(f"status is {status}, must be from 101 to 199")
        self._must_wait()
        if sdp is not None and not self._transaction.request.body:
            raise LocalError("early media needs an offer, and the INVITE came without one")
        self._last_provisional = (status, headers, sdp)
        self._core.deadlines.set((self.id, "ring", 0), now + RING_AGAIN)
        described = (("Contact", self.contact), *self._core.capabilities, *headers)
        if self._reliable.wants(sdp):
            self._last_provisional = (status, headers, None)  # said once is enough (RFC 3262 §5)
            self.offers.described = sdp or self.offers.described
            self._reliable.send(now, self._response(status, described, sdp))
            return
        self._core.respond(
            now,
            self._transaction,
            status,
            to_tag=self.in_dialog().local_tag,
            headers=described,
            sdp=sdp,
        )

    def answer(self, now: int, sdp: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Answer with a 200 that holds our description."""
        self._must_wait()
        self._core.deadlines.cancel((self.id, "ring", 0))
        if self._reliable.holds_back:
            self._held_back = (sdp, headers)
            return
        self._reliable.stop()
        self.state = CallState.ANSWERED
        self.accept(now, self._transaction, sdp, headers)
        if self.replaced is not None:
            self.replaced.give_way(now)

    def reject(
        self,
        now: int,
        status: int,
        reason: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Refuse the call; nothing happens where it is over."""
        if not 300 <= status < 700:
            raise LocalError(f"status is {status}, must be from 300 to 699")
        if self.over:
            return
        self._must_wait()
        self._refuse(now, status, reason, headers)
        phrase = PHRASES.get(status, "") if reason is None else reason
        self._end(now, Cause.REJECTED, status, phrase)
        self._be_gone(now)

    def hang_up(self, now: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """End the call from any state: before the answer, as unavailable."""
        if self.state is CallState.INVITED:
            self.reject(now, 480, headers=headers)
        else:
            super().hang_up(now, headers)

    def cancel(self, now: int, transaction: Transaction) -> None:
        """The caller cancelled an INVITE; one that is answered already stays so (§9.2)."""
        if transaction is not self._transaction:
            super().cancel(now, transaction)
        elif self.state is CallState.INVITED:
            self._refuse(now, 487)
            self._end(now, Cause.CANCELLED)
            self._be_gone(now)

    def tick(self, now: int, what: str, cseq: int) -> None:
        """A timer fired: one more minute of ringing, or what every call has."""
        if what == "1xx" and not self._reliable.tick(now):
            self._refuse(now, 504)  # RFC 3262 §3: nobody acknowledged
            self._end(now, Cause.UNACKNOWLEDGED, 504, PHRASES[504])
            self._be_gone(now)
        elif what != "ring":
            super().tick(now, what, cseq)
        elif self.state is CallState.INVITED and self._last_provisional is not None:
            self.progress(now, *self._last_provisional)

    def lost(self, now: int, status: int, reason: str) -> None:
        """The peer no longer answers: an INVITE that waits still is owed its answer (§15)."""
        if self.state is not CallState.INVITED:
            super().lost(now, status, reason)
            return
        self._refuse(now, 480)
        self._end(now, Cause.LOST, status, reason)
        self._be_gone(now)

    def may_offer(self) -> bool:
        """Whether we may make an offer now: before the answer by UPDATE alone (RFC 3311 §5.1)."""
        early = self.state is CallState.INVITED and self._reliable.described
        return self.established() or (early and "update" in self.peer_allows)

    def may_be_offered(self) -> bool:
        """Whether the peer may make an offer now."""
        return self._reliable.described or super().may_be_offered()

    def _receive_prack(self, now: int, transaction: Transaction) -> None:
        if not self._reliable.acknowledge(now, transaction.request):
            super()._receive_prack(now, transaction)
        elif sdp_of(transaction.request) is not None:
            self.offers.ask(now, transaction)
        else:
            self._core.respond(now, transaction, 200)
        if self._held_back is not None and not self._reliable.holds_back:
            (sdp, headers), self._held_back = self._held_back, None
            self.answer(now, sdp, headers)

    def _response(
        self, status: int, headers: tuple[tuple[str, str], ...], sdp: str | None
    ) -> Response:
        named = (*headers, ("Server", self._core.rules.user_agent))
        tag = self.in_dialog().local_tag
        return response_to(self._transaction.request, status, to_tag=tag, headers=named, sdp=sdp)

    def _receive_bye(self, now: int, transaction: Transaction) -> None:
        # A caller may send BYE in an early dialog (§15); its INVITE is owed an answer still.
        if self.state is CallState.INVITED:
            self._refuse(now, 487)
        super()._receive_bye(now, transaction)

    def _refuse(
        self,
        now: int,
        status: int,
        reason: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._core.deadlines.cancel((self.id, "ring", 0))
        self._reliable.stop()
        self._core.respond(
            now,
            self._transaction,
            status,
            reason=reason,
            to_tag=self.in_dialog().local_tag,
            headers=headers,
        )

    def _must_wait(self) -> None:
        if self.over:
            raise CallOver("the call is over")
        if self.state is not CallState.INVITED or self._held_back is not None:
            raise LocalError("the call has been answered already")
