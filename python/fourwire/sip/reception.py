"""Requests that come in: which are let in, which belong to a call, what the others are told."""

from .access import Trunk
from .call import Call
from .core import Core
from .errors import MalformedMessage
from .flow import Flow
from .gate import Admitted, Gate
from .matching import tag_of
from .message import Answerable, Request
from .replacing import Places
from .responding import (
    METHODS,
    PHRASES,
    Refusal,
    bare_response,
    refusal_of,
    response_to,
    way_back,
)
from .room import fullness, is_full
from .server_call import ServerCall
from .session_timer import timer_refusal
from .transaction import Transaction, Transmit


class Reception:
    """Hands requests to the calls that they belong to, and makes calls of new ones."""

    def __init__(self, core: Core, gate: Gate, calls: dict[int, Call]) -> None:
        self.draining = False
        """True refuses new calls with 503 and says so to OPTIONS; calls that run go on."""
        self._core = core
        self._gate = gate
        self._calls = calls
        self._places = Places(core, calls)
        self._key = core.random.getrandbits(128).to_bytes(16, "big")

    def receive(self, now: int, request: Request, flow: Flow) -> None:
        """Take a request: what is let in, or belongs to a call, becomes a transaction.

        What is turned away leaves nothing behind (RFC 3261 §8.2.7), so that nobody who may not call
        can fill the room that calls need.
        """
        name = request.method.lower() if request.method in METHODS else "unknown_method"
        self._core.counters[f"received_{name}"] += 1
        if request.method == "ACK" and self._acknowledged(now, request):
            return
        if self._is_of_ours(request):
            self._take(now, request, flow, None)
        elif not self._gate.drops(request, flow) and request.method != "ACK":
            self._judge(now, request, flow)

    def _judge(self, now: int, request: Request, flow: Flow) -> None:
        """Take a request that belongs to no call or transaction of ours."""
        judged = self._judged(now, request, flow)
        if isinstance(judged, Refusal) and not judged.kept:
            self._turn_away(request, judged, flow)
        else:
            self._take(now, request, flow, judged)

    def _judged(self, now: int, request: Request, flow: Flow) -> Admitted | Refusal:
        if request.method == "CANCEL" or request.to.tag:
            return self._objection(request, flow) or Refusal(481)
        return self._gate.judge(now, request, flow)

    def _objection(self, request: Request, flow: Flow) -> Refusal | None:
        try:
            return self._refusal_of(request, flow)
        except MalformedMessage:
            return Refusal(400)

    def _turn_away(self, request: Request, refusal: Refusal, flow: Flow) -> None:
        """Answer without a transaction, so a repeat is answered again, by the same tag."""
        to, otherwise = way_back(request.via, flow)
        headers = (*refusal.headers, ("Server", self._core.rules.user_agent))
        tag = tag_of(request, self._key)
        response = response_to(request, refusal.status, to_tag=tag, headers=headers)
        self._core.counters[f"sent_{refusal.status}"] += 1
        self._core.transactions.transmits.append(Transmit(bytes(response), to, otherwise))

    def _take(
        self, now: int, request: Request, flow: Flow, judged: Admitted | Refusal | None
    ) -> None:
        """Take a request by a transaction; ``judged`` is None for one of a call's."""
        to, otherwise = way_back(request.via, flow)
        take = self._core.transactions.receive_request
        made = take(now, request, to, otherwise, within=judged is None)
        if made is not None:
            self._serve(now, made, flow, judged)

    def _serve(
        self, now: int, transaction: Transaction, flow: Flow, judged: Admitted | Refusal | None
    ) -> None:
        """Answer a request, or let its call do so.

        A header that nobody had to read until now may turn out to be malformed.
        """
        try:
            if judged is None:
                self._serve_known(now, transaction, flow)
            elif isinstance(judged, Refusal):
                self._refuse(now, transaction, judged)
            else:
                self._serve_new(now, transaction, flow, judged.trunk)
        except MalformedMessage as error:
            self._core.respond(now, transaction, 400, reason=f"Bad Request: {error.reason}")
        except Exception:  # a mistake of ours, which is to leave no request behind unanswered
            self._core.respond(now, transaction, 500)
            raise

    def _serve_new(
        self, now: int, transaction: Transaction, flow: Flow, trunk: Trunk | None
    ) -> None:
        """Serve what is let in, as of ``trunk``."""
        request = transaction.request
        refusal = self._refusal_of(request, flow)
        if refusal is None and self._core.transactions.is_merged(transaction):
            refusal = Refusal(482)
        if refusal is not None:
            self._refuse(now, transaction, refusal)
        elif request.method == "INVITE":
            self._admit(now, transaction, flow, trunk)
        elif request.method == "OPTIONS":
            self._tell_options(now, transaction, trunk)
        else:
            # BYE and the like need a dialog, and nobody is sent on who is in no call.
            self._refuse(now, transaction, Refusal(403 if request.method == "REFER" else 481))

    def refuse_unread(self, error: Answerable, flow: Flow) -> None:
        """Answer what could not be read: without a transaction, so a repeat is answered again."""
        if self._gate.drops_unread(flow):
            return
        self._core.counters["malformed_answered"] += 1
        self._core.counters[f"sent_{error.status}"] += 1
        to, otherwise = way_back(error.via, flow)
        reason = " ".join(f"{PHRASES[error.status]}: {error.reason}".split())
        data = bare_response(error.headers, error.status, reason, self._core.token())
        self._core.transactions.transmits.append(Transmit(data, to, otherwise))

    def has_room(self, trunk: str, limit: int | None) -> bool:
        """Whether there is room for one call more, of a trunk that has ``limit`` at most."""
        taken = 0 if limit is None else self._calls_of(trunk)
        full = is_full(self._core.rules.max_calls, self._core.live, limit, taken)
        return not (full or self.draining)

    def _calls_of(self, trunk: str) -> int:
        """How many calls are of a trunk, whoever placed them."""
        return sum(call.trunk == trunk and not call.over for call in self._calls.values())

    def _is_of_ours(self, request: Request) -> bool:
        """Whether a request belongs to a call or a transaction that was let in."""
        transactions = self._core.transactions
        if transactions.knows(request):
            return True
        if request.method == "CANCEL":  # which means an INVITE, and no dialog
            return transactions.invite_of(request) is not None
        return self._call_of(request) is not None

    def _acknowledged(self, now: int, ack: Request) -> bool:
        call = self._call_of(ack)
        return call is not None and call.acknowledge(now, ack)

    def _serve_known(self, now: int, transaction: Transaction, flow: Flow) -> None:
        """Serve what belongs to a call, or says so."""
        refusal = self._refusal_of(transaction.request, flow)
        if refusal is not None:
            self._refuse(now, transaction, refusal)
        elif transaction.request.method == "CANCEL":
            self._cancel(now, transaction)
        else:
            self._serve_within(now, transaction, flow)

    def _serve_within(self, now: int, transaction: Transaction, flow: Flow) -> None:
        call = self._call_of(transaction.request)
        assert call is not None, "what belongs to nothing was turned away"
        call.receive(now, transaction, flow)

    def _admit(self, now: int, transaction: Transaction, flow: Flow, trunk: Trunk | None) -> None:
        place = self._places.asked_for(now, transaction.request, flow, trunk)
        if isinstance(place, Refusal):
            self._refuse(now, transaction, place)
            return
        refusal = self._no_room(trunk) if place is None else None
        if refusal is not None:
            self._core.counters["calls_refused_full"] += 1
        refusal = refusal or self._mismatch(transaction.request)
        if refusal is not None:
            self._refuse(now, transaction, refusal)
            return
        transaction.request = self._gate.cleared(transaction.request, trunk)
        self._begin(now, transaction, flow, trunk, place)

    def _begin(
        self,
        now: int,
        transaction: Transaction,
        flow: Flow,
        trunk: Trunk | None,
        place: Call | None,
    ) -> None:
        number = self._core.next_number()
        call = ServerCall(self._core, number, transaction, flow, trunk, place)
        self._calls[call.id] = call
        call.begin(now)

    def _refusal_of(self, request: Request, flow: Flow) -> Refusal | None:
        secure, extensions = flow.transport == "tls", self._core.extensions
        return refusal_of(request, secure=secure, extensions=extensions)

    def _mismatch(self, invite: Request) -> Refusal | None:
        """What we cannot agree on with a caller: reliable responses (RFC 3262 §3), or a timer."""
        if self._core.rules.provisionals == "required" and not _knows_100rel(invite):
            return Refusal(421, (("Require", "100rel"),))
        return timer_refusal(invite, self._core.rules.min_se_s)

    def _no_room(self, trunk: Trunk | None) -> Refusal | None:
        named, limit = ("", None) if trunk is None else (trunk.name, trunk.max_calls)
        if self.has_room(named, limit):
            return None
        return fullness(self._core.rules, self.draining)

    def _tell_options(self, now: int, transaction: Transaction, trunk: Trunk | None) -> None:
        """OPTIONS is answered as an INVITE would be (§11.2), so a proxy can probe us."""
        refusal = self._no_room(trunk)
        if refusal is not None:
            self._refuse(now, transaction, refusal)
            return
        headers = (*self._core.capabilities, ("Accept-Encoding", "identity"))
        self._core.respond(now, transaction, 200, headers=headers)

    def _cancel(self, now: int, transaction: Transaction) -> None:
        meant = self._core.transactions.invite_of(transaction.request)
        assert meant is not None, "a CANCEL that means nothing was turned away"
        call = self._calls.get(meant.owner)
        tag = call.dialog.local_tag if call is not None and call.dialog is not None else ""
        self._core.respond(now, transaction, 200, to_tag=tag)
        if call is not None:
            call.cancel(now, meant)

    def _refuse(self, now: int, transaction: Transaction, refusal: Refusal) -> None:
        self._core.respond(now, transaction, refusal.status, headers=refusal.headers)

    def _call_of(self, request: Request) -> Call | None:
        key = (request.call_id, request.to.tag or "", request.from_.tag or "")
        return self._calls.get(self._core.dialogs.get(key, 0))


def _knows_100rel(request: Request) -> bool:
    headers = request.headers
    return "100rel" in headers.tokens("Supported") | headers.tokens("Require")
