"""The layer of transactions (RFC 3261 §17): it looks up their tables and carries out the acts."""

from collections import Counter, deque
from dataclasses import dataclass, field

from .errors import LocalError
from .flow import Flow, Hop
from .headers import Headers
from .large import Streams
from .message import VERSION, Message, Request, Response
from .states import FIRST, NEXT, TIMERS, Act, Cause, Kind, State, Step
from .timers import TABLE, Deadlines, Intervals, Timer

TransactionKey = tuple[str, ...]


@dataclass(slots=True, eq=False)
class Transaction:
    """One request and its responses."""

    kind: Kind
    key: TransactionKey
    request: Request
    to: Flow | Hop
    """Where our messages go: the request's next hop, or the responses' way back."""
    intervals: Intervals
    otherwise: Hop | None = None
    """Where responses go when the connection of ``to`` is gone (RFC 3261 §18.2.2)."""
    state: State = State.TERMINATED
    last: bytes = b""
    """What RESEND sends."""
    pauses: dict[Timer, int] = field(default_factory=dict)
    owner: int = 0
    """The call it belongs to; 0 for none."""
    tries: int = 0
    """How many requests it stands in the place of, which were refused for want of a proof."""
    first_cseq: int | None = None
    """The CSeq of the first of these; None where there is none."""
    fixed: bool = False
    """Whether it keeps its way whatever its size."""
    small: "tuple[Request, Flow | Hop] | None" = None
    """What goes by UDP, and whereto, where TCP is not taken (RFC 3261 §18.1.1), or no more."""
    large: bool = False
    """Whether it goes by TCP for its size alone."""

    @property
    def known_as(self) -> int:
        """The number that whoever sent it knows it by, however often it had to be sent anew."""
        return self.request.cseq.number if self.first_cseq is None else self.first_cseq

    @property
    def way(self) -> Flow | Hop:
        """Where its request was to go, whatever its size has made of that."""
        return self.small[1] if self.large and self.small is not None else self.to

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state is State.TERMINATED

    @property
    def answered(self) -> bool:
        """Whether a final response was sent or has come."""
        return self.state not in (State.CALLING, State.TRYING, State.PROCEEDING)


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes to send. Where ``to`` is a connection that is gone, ``otherwise`` is tried."""

    data: bytes
    to: Flow | Hop
    otherwise: Hop | None = None
    small: "Transmit | None" = None
    """What is sent in its place where TCP is not taken, or no more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A new request came, and ``transaction`` waits for our response."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class Responded:
    """A response came to a request of ours."""

    transaction: Transaction
    response: Response


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody answered our request in time (408), or it could not be sent (503)."""

    transaction: Transaction
    status: int


Happening = Asked | Responded | Unanswered
"""What the layer tells the user agent."""


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

    def receive_request(self, now: int, request: Request, to: Flow, otherwise: Hop | None) -> None:
        """Match a request (RFC 3261 §17.2.3); a new one, ACK aside, becomes a transaction."""
        known = self._all.get(server_key(request))
        if known is not None:
            cause = Cause.ACK if request.method == "ACK" else Cause.REQUEST
            self.counters[f"{cause.name.lower()}_repeated"] += 1
            self._take(now, known, cause)
        elif request.method != "ACK" and self._has_room():
            kind = Kind.INVITE_SERVER if request.method == "INVITE" else Kind.SERVER
            key = server_key(request)
            made = Transaction(kind, key, request, to, self._intervals, otherwise)
            self._begin(now, made)
            self.happenings.append(Asked(made))

    def knows(self, request: Request) -> bool:
        """Whether ``request`` belongs to a transaction that is still kept."""
        return server_key(request) in self._all

    def invite_of(self, cancel: Request) -> Transaction | None:
        """The INVITE that a CANCEL means (RFC 3261 §9.2)."""
        return self._all.get(server_key(cancel, "INVITE"))

    def is_merged(self, transaction: Transaction) -> bool:
        """Whether the same request came before by another way (RFC 3261 §8.2.2.2)."""
        first = self._merge_keys.setdefault(_merge_key(transaction.request), transaction)
        return first is not transaction

    def respond(self, now: int, transaction: Transaction, response: Response) -> None:
        """Send a response; raises :class:`LocalError` where the state does not allow it."""
        cause = _cause_of(response)
        if cause not in NEXT[transaction.kind].get(transaction.state, {}):
            state = transaction.state.name.lower()
            raise LocalError(f"a {response.status} cannot be sent: the request is {state}")
        self._take(now, transaction, cause, response)

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
        key = ("client", request.via.branch or "", request.method)
        large = None if fixed else self._streams.instead(now, request, to)
        small = small if large is None else (request, to)
        request, to = large or (request, to)
        transaction = Transaction(
            kind, key, request, to, self._intervals, otherwise, owner=owner, small=small
        )
        transaction.last, transaction.fixed = bytes(request), fixed
        transaction.large = large is not None
        self._send_first(request, to, otherwise, small, large=transaction.large)
        self._begin(now, transaction)
        return transaction

    def receive_response(self, now: int, response: Response) -> bool:
        """Match a response (RFC 3261 §17.1.3); false where it belongs to nothing here."""
        key = ("client", response.via.branch or "", response.cseq.method)
        transaction = self._all.get(key)
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
        self._send_first(request, to, otherwise, small, large=large is not None)

    def undeliverable(self, now: int, transmit: Transmit) -> None:
        """The transport could not send ``transmit``: its transaction learns of it."""
        if transmit.small is not None:
            self._send_small(now, transmit, transmit.small)
            return
        for transaction in self._waiting_for(transmit):
            self._take(now, transaction, Cause.UNDELIVERABLE)

    def _waiting_for(self, transmit: Transmit) -> list[Transaction]:
        to, data = transmit.to, transmit.data
        return [each for each in self._all.values() if each.to == to and each.last == data]

    def _send_first(
        self,
        request: Request,
        to: Flow | Hop,
        otherwise: Hop | None,
        small: tuple[Request, Flow | Hop] | None,
        *,
        large: bool,
    ) -> None:
        instead = None if small is None else Transmit(bytes(small[0]), small[1])
        self.transmits.append(Transmit(bytes(request), to, otherwise, instead))
        if large:
            self.counters["large_by_tcp"] += 1

    def _send_small(self, now: int, large: Transmit, small: Transmit) -> None:
        """The peer takes no TCP: its transaction goes on by UDP, timers of that included."""
        self._streams.closed(now, large.to)
        waiting = self._waiting_for(large)
        for transaction in waiting:
            if transaction.small is not None:
                transaction.request, transaction.to = transaction.small
                transaction.last, transaction.small, transaction.large = small.data, None, False
                self._enter(now, transaction, transaction.state)
        if waiting or small.data.startswith(b"ACK "):  # which belongs to none
            self.counters["udp_after_tcp"] += 1
            self.transmits.append(small)

    def _has_room(self) -> bool:
        room = len(self._all) < self._limit
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
        merge_key = _merge_key(transaction.request)
        if self._merge_keys.get(merge_key) is transaction:
            del self._merge_keys[merge_key]

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
        self.transmits.append(Transmit(data, transaction.to, transaction.otherwise))


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


def server_key(request: Request, method: str | None = None) -> TransactionKey:
    """What makes a request the same as one before (RFC 3261 §17.2.3)."""
    wanted = method or ("INVITE" if request.method == "ACK" else request.method)
    via = request.via
    if via.has_magic_branch:
        sent_by = f"{via.host.lower()}:{via.port or ''}"
        return ("server", via.branch or "", sent_by, wanted)
    # Of RFC 2543: the To tag is left out, since an ACK bears one that its INVITE did not.
    sender = f"{request.from_.tag} {request.cseq.number}"
    top = f"{via.host.lower()}:{via.port or ''} {via.branch or ''}"
    return ("server", str(request.uri), request.call_id, sender, top, wanted)


def _merge_key(request: Message) -> tuple[str, ...]:
    return (request.call_id, request.from_.tag or "", str(request.cseq))


def _cause_of(response: Response) -> Cause:
    if response.is_provisional:
        return Cause.PROVISIONAL
    return Cause.SUCCESS if response.is_success else Cause.FAILURE
