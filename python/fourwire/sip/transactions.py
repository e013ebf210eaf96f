"""The layer of transactions (RFC 3261 §17): it looks up their tables and carries out the acts."""

from collections import Counter, deque
from dataclasses import replace

from .errors import LocalError
from .flow import Flow, Hop
from .headers import Headers
from .large import Streams
from .matching import TransactionKey, client_key, merge_key, server_key
from .message import VERSION, Request, Response
from .states import FIRST, NEXT, TIMERS, Act, Cause, Kind, State, Step
from .timers import TABLE, Deadlines, Intervals, Timer
from .transaction import Happening, Responded, Transaction, Transmit, Unanswered

KEPT_FOR_CALLS = 4
"""The part of the room that only requests within calls get: a fourth."""


class Transactions:
    """All transactions of an endpoint. Times are nanoseconds of a clock of the caller's.

    ``happenings`` and ``transmits`` fill as messages come in and timers fire; whoever calls
    must empty both.
    """

    def __init__(self, intervals: Intervals, limit: int, streams: Streams | None = None) -> None:
        self.happenings: deque[Happening] = deque()
        self.transmits: deque[Transmit] = deque()
        self.counters: Counter[str] = Counter()
        self._intervals = intervals
        self._limit = limit
        self._streams = streams or Streams(None)
        self._deadlines: Deadlines[tuple[TransactionKey, Timer]] = Deadlines()
        self._all: dict[TransactionKey, Transaction] = {}
        self._by_connection: dict[int, dict[TransactionKey, Transaction]] = {}
        self._merge_keys: dict[tuple[str, ...], Transaction] = {}

    def __len__(self) -> int:
        return len(self._all)

    def deadline(self) -> int | None:
        """When :meth:`tick` is next due; None where no timer runs."""
        return self._deadlines.earliest()

    def tick(self, now: int) -> bool:
        """Fire one timer that is due; false where none is."""
        due = self._deadlines.take(now)
        if due is None:
            return False
        key, timer = due
        transaction = self._all[key]
        self._take(now, transaction, timer)
        return True

    # Server side.

    def receive_request(
        self, now: int, request: Request, to: Flow, otherwise: Hop | None, *, within: bool = False
    ) -> Transaction | None:
        """Match a request (RFC 3261 §17.2.3); a new one, ACK aside, becomes a transaction.

        That waits for our response, and is None where there was one or is no room. ``within`` says
        that it belongs to a call: for those room is kept that others do not get.
        """
        known = self._all.get(server_key(request))
        if known is not None:
            cause = Cause.ACK if request.method == "ACK" else Cause.REQUEST
            self.counters[f"{cause.name.lower()}_repeated"] += 1
            self._take(now, known, cause)
        elif request.method != "ACK" and self._has_room(within):
            kind = Kind.INVITE_SERVER if request.method == "INVITE" else Kind.SERVER
            key = server_key(request)
            made = Transaction(kind, key, request, to, self._intervals, otherwise)
            self._begin(now, made)
            return made
        return None

    def knows(self, request: Request) -> bool:
        """Whether ``request`` belongs to a transaction that is still kept."""
        return server_key(request) in self._all

    def invite_of(self, cancel: Request) -> Transaction | None:
        """The INVITE that a CANCEL means (RFC 3261 §9.2)."""
        return self._all.get(server_key(cancel, "INVITE"))

    def is_merged(self, transaction: Transaction) -> bool:
        """Whether the same request came before by another way (RFC 3261 §8.2.2.2)."""
        first = self._merge_keys.setdefault(merge_key(transaction.request), transaction)
        return first is not transaction

    def respond(self, now: int, transaction: Transaction, response: Response) -> None:
        """Send a response; raises :class:`LocalError` where the state does not allow it."""
        cause = _cause_of(response)
        if cause not in NEXT[transaction.kind].get(transaction.state, {}):
            state = transaction.state.name.lower()
            raise LocalError(f"a {response.status} cannot be sent: the request is {state}")
        self._take(now, transaction, cause, response)
        if cause is Cause.FAILURE:
            # Kept to know repeats by, which takes no body: those of a flood might be gigabytes.
            transaction.request = replace(transaction.request, body=b"")

    # Client side.

    def send(
        self,
        now: int,
        request: Request,
        to: Flow | Hop,
        *,
        otherwise: Hop | None = None,
        owner: int = 0,
        fixed: bool = False,
        small: tuple[Request, Flow | Hop] | None = None,
    ) -> Transaction:
        """Send a request and wait for its responses; ``fixed`` keeps its way whatever its size.

        ``small`` is what is sent by UDP where TCP is not taken any more.
        """
        kind = Kind.INVITE_CLIENT if request.method == "INVITE" else Kind.CLIENT
        key = client_key(request)
        large = None if fixed else self._streams.instead(now, request, to)
        small = small if large is None else (request, to)
        request, to = large or (request, to)
        transaction = Transaction(
            kind, key, request, to, self._intervals, otherwise, owner=owner, small=small
        )
        transaction.last, transaction.fixed = bytes(request), fixed
        transaction.large = large is not None
        self.counters["large_by_tcp"] += transaction.large
        self._transmit(transaction, transaction.last)
        self._begin(now, transaction)
        return transaction

    def receive_response(self, now: int, response: Response) -> bool:
        """Match a response (RFC 3261 §17.1.3); false where it belongs to nothing here."""
        transaction = self._all.get(client_key(response))
        if transaction is None:
            return False
        self._take(now, transaction, _cause_of(response), response)
        return True

    def expire(self, now: int, transaction: Transaction) -> None:
        """Let an INVITE end soon whose outcome nobody waits for any longer.

        After a provisional response RFC 3261 leaves it to the user agent how long to wait for a
        final one; §9.1 names 64 * T1 for what was cancelled.
        """
        if transaction.kind is Kind.INVITE_CLIENT and transaction.state is State.PROCEEDING:
            pause = TABLE[Timer.B].first(transaction.intervals, transaction.to.reliable)
            self._set(now, transaction, Timer.B, pause or 0)

    # Both.

    def transmit(
        self,
        now: int,
        request: Request,
        to: Flow | Hop,
        otherwise: Hop | None = None,
        fixed: bool = False,
        small: tuple[Request, Flow | Hop] | None = None,
    ) -> None:
        """Send what belongs to no transaction: the ACK to a 2xx."""
        large = None if fixed else self._streams.instead(now, request, to)
        small = small if large is None else (request, to)
        request, to = large or (request, to)
        self.counters["large_by_tcp"] += large is not None
        self.transmits.append(Transmit(bytes(request), to, otherwise, _instead(small)))

    def went_by(self, transmit: Transmit, connection: int) -> None:
        """The transport has sent ``transmit`` by a connection."""
        transaction = self._waiting_for(transmit) if transmit.to.reliable else None
        if transaction is not None and transaction.kind in (Kind.INVITE_CLIENT, Kind.CLIENT):
            transaction.connection = connection
            self._by_connection.setdefault(connection, {})[transaction.key] = transaction

    def lost(self, now: int, connection: int) -> None:
        """A connection has closed: what was asked by it and has no answer yet is asked anew.

        The branch stays, so that a server which had taken it knows it again. Once alone: a server
        that closes each time has no answer (RFC 3261 §8.1.3.1: as good as a 503).
        """
        for transaction in self._by_connection.pop(connection, {}).values():
            if transaction.connection != connection:
                continue
            transaction.connection = 0
            if transaction.state in (State.CALLING, State.TRYING):
                self._send_anew(now, transaction)

    def _send_anew(self, now: int, transaction: Transaction) -> None:
        self.counters["unanswered_by_connection"] += 1
        if not transaction.sent_again:
            transaction.sent_again = True
            self._transmit(transaction, transaction.last)
        elif transaction.small is not None:
            self._streams.closed(now, transaction.to)
            self._go_on_by_udp(now, transaction)
            self._transmit(transaction, transaction.last)
        else:
            self._take(now, transaction, Cause.UNDELIVERABLE)

    def undeliverable(self, now: int, transmit: Transmit) -> None:
        """The transport could not send ``transmit``: its transaction learns of it."""
        if transmit.small is not None:
            self._send_small(now, transmit, transmit.small)
            return
        transaction = self._waiting_for(transmit)
        if transaction is not None:
            self._take(now, transaction, Cause.UNDELIVERABLE)

    def _waiting_for(self, transmit: Transmit) -> Transaction | None:
        """The transaction of what was sent last, if that is it."""
        of = transmit.of
        if of is None or of.over or (of.last, of.to) != (transmit.data, transmit.to):
            return None
        return of

    def _send_small(self, now: int, large: Transmit, small: Transmit) -> None:
        """The peer takes no TCP: its transaction goes on by UDP, timers of that included."""
        self._streams.closed(now, large.to)
        transaction = self._waiting_for(large)
        if transaction is not None:
            self._go_on_by_udp(now, transaction)
            self._transmit(transaction, transaction.last)
        elif large.of is None:  # an ACK
            self.counters["udp_after_tcp"] += 1
            self.transmits.append(small)

    def _go_on_by_udp(self, now: int, transaction: Transaction) -> None:
        if transaction.small is not None:
            self.counters["udp_after_tcp"] += 1
            transaction.request, transaction.to = transaction.small
            transaction.last, transaction.small = bytes(transaction.request), None
            transaction.large = False
            self._enter(now, transaction, transaction.state)

    def _has_room(self, within: bool) -> bool:
        room = len(self._all) < self._limit - (0 if within else self._limit // KEPT_FOR_CALLS)
        if not room:
            self.counters["dropped_over_transaction_limit"] += 1
        return room

    def _begin(self, now: int, transaction: Transaction) -> None:
        self._all[transaction.key] = transaction
        self._enter(now, transaction, FIRST[transaction.kind])

    def _take(
        self,
        now: int,
        transaction: Transaction,
        cause: Cause | Timer,
        message: Response | None = None,
    ) -> None:
        step = NEXT[transaction.kind].get(transaction.state, {}).get(cause)
        if step is None:
            self.counters["ignored_in_state"] += 1
            return
        if isinstance(cause, Timer):
            self._again(now, transaction, cause, step)
        for act in step.acts:
            self._perform(transaction, act, cause, message)
        if step.state is not transaction.state:
            self._enter(now, transaction, step.state)

    def _again(self, now: int, transaction: Transaction, timer: Timer, step: Step) -> None:
        row = TABLE[timer]
        if not row.repeats or step.state is not transaction.state:
            return
        pause = row.next(transaction.pauses[timer], transaction.intervals)
        if transaction.kind is Kind.CLIENT and transaction.state is State.PROCEEDING:
            pause = transaction.intervals.t2  # §17.1.2.2: T2 once a provisional response came
        self._set(now, transaction, timer, pause)
        self.counters["retransmitted"] += 1

    def _set(self, now: int, transaction: Transaction, timer: Timer, pause: int) -> None:
        transaction.pauses[timer] = pause
        self._deadlines.set((transaction.key, timer), now + pause)

    def _enter(self, now: int, transaction: Transaction, state: State) -> None:
        transaction.state = state
        running = TIMERS[transaction.kind].get(state, ())
        for timer in [timer for timer in transaction.pauses if timer not in running]:
            del transaction.pauses[timer]
            self._deadlines.cancel((transaction.key, timer))
        for timer in running:
            pause = TABLE[timer].first(transaction.intervals, transaction.to.reliable)
            if timer not in transaction.pauses and pause is not None:
                self._set(now, transaction, timer, pause)
        if state is State.TERMINATED:
            self._forget(transaction)

    def _forget(self, transaction: Transaction) -> None:
        del self._all[transaction.key]
        asked = self._by_connection.get(transaction.connection, {})
        if asked.pop(transaction.key, None) is not None and not asked:
            del self._by_connection[transaction.connection]
        same = merge_key(transaction.request)
        if self._merge_keys.get(same) is transaction:
            del self._merge_keys[same]

    def _perform(
        self,
        transaction: Transaction,
        act: Act,
        cause: Cause | Timer,
        message: Response | None,
    ) -> None:
        if act is Act.SEND and message is not None:
            transaction.last = bytes(message)
            self._transmit(transaction, transaction.last)
        elif act is Act.RESEND and transaction.last:
            self._transmit(transaction, transaction.last)
        elif act is Act.ACKNOWLEDGE and message is not None:
            self._transmit(transaction, acknowledgement(transaction.request, message))
        elif act is Act.TELL and message is not None:
            self.happenings.append(Responded(transaction, message))
        elif act is Act.GIVE_UP:
            status = 503 if cause is Cause.UNDELIVERABLE else 408
            self.happenings.append(Unanswered(transaction, status))

    def _transmit(self, transaction: Transaction, data: bytes) -> None:
        small = _instead(transaction.small) if data == transaction.last else None
        to, otherwise = transaction.to, transaction.otherwise
        self.transmits.append(Transmit(data, to, otherwise, small, transaction))


def _instead(small: tuple[Request, Flow | Hop] | None) -> Transmit | None:
    return None if small is None else Transmit(bytes(small[0]), small[1])


def acknowledgement(request: Request, response: Response) -> bytes:
    """The ACK to a final response that is no 2xx (RFC 3261 §17.1.1.3)."""
    headers = Headers([("Via", request.headers["Via"]), ("Max-Forwards", "70")])
    headers.extend(("Route", route) for route in request.headers.get_all("Route"))
    headers.extend(
        [
            ("From", request.headers["From"]),
            ("To", response.headers["To"]),
            ("Call-ID", request.call_id),
            ("CSeq", f"{request.cseq.number} ACK"),
            ("Content-Length", "0"),
        ]
    )
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.fields())
    return f"ACK {request.uri} {VERSION}\r\n{fields}\r\n".encode("utf-8", "surrogateescape")


def _cause_of(response: Response) -> Cause:
    if response.is_provisional:
        return Cause.PROVISIONAL
    return Cause.SUCCESS if response.is_success else Cause.FAILURE
