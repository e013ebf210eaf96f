"""The user agent without its sockets: bytes and the time go in, messages and events come out.

The contract: call :meth:`UserAgent.receive` for what arrives and the commands for what is to
be done; after each, and whenever :meth:`UserAgent.deadline` has passed, call
:meth:`UserAgent.poll` until it gives None. It reads no clock and opens no socket.
"""

from collections import Counter, deque
from dataclasses import replace

from .access import Access, Trunk
from .alias import Aliased, alias_of
from .call import Call
from .client_call import ClientCall, Terms
from .core import Content, Core, Random, Rules
from .declining import decline
from .errors import CallOver, LocalError, MalformedMessage
from .events import Event
from .flow import Flow, Hop
from .gate import Gate
from .invitation import invitation
from .message import Answerable, Message, Request, Response, parse
from .reception import Reception
from .registration import Registrar, Registration
from .registration import State as Registering
from .responding import stamped
from .server_call import ServerCall
from .transaction import Happening, Responded, Transaction, Transmit, Unanswered
from .uri import Uri

Output = Transmit | Event | Aliased
"""What :meth:`UserAgent.poll` gives."""

DEFAULT_TERMS = Terms()

HeaderFields = tuple[tuple[str, str], ...]


class UserAgent:
    """A SIP user agent, caller and callee. All times are nanoseconds of a monotonic clock."""

    def __init__(self, rules: Rules, random: Random) -> None:
        self._core = Core(rules, random)
        self._gate = Gate(rules.access, random)
        self._calls: dict[int, Call] = {}
        self._registrations: dict[int, Registration] = {}
        self._aliases: deque[Aliased] = deque()
        self._reception = Reception(self._core, self._gate, self._calls)

    @property
    def draining(self) -> bool:
        """True refuses new calls with 503 and says so to OPTIONS; calls that run go on."""
        return self._reception.draining

    @draining.setter
    def draining(self, on: bool) -> None:
        self._reception.draining = on

    def admit(self, access: Access) -> None:
        """Let in by ``access`` what comes from now on; see :meth:`Gate.admit`."""
        self._gate.admit(access)

    # Fed and drained.

    def receive(self, now: int, data: bytes, flow: Flow) -> None:
        """Take what came by ``flow``: a datagram, or one message cut out of a stream.

        Never raises, whatever the bytes are: what cannot be read is counted, and answered
        where that is possible.
        """
        self._core.counters["received"] += 1
        if not self._gate.hears(now, data, flow):
            return
        if not data.strip(b"\r\n\0 "):
            self._core.counters["keep_alives"] += 1
            return
        try:
            message = parse(data, self._core.rules.limits)
            self._receive(now, message, flow)
        except Answerable as error:
            self._reception.refuse_unread(error, flow)
        except MalformedMessage:
            self._core.counters["malformed_dropped"] += 1
        self._settle(now, flow)

    def poll(self, now: int) -> Output | None:
        """The next message to send or event to tell; None where there is nothing (yet)."""
        while self._tick(now):
            self._settle(now, None)
        if self._core.transactions.transmits:
            return self._core.transactions.transmits.popleft()
        if self._aliases:
            return self._aliases.popleft()
        if self._core.events:
            return self._core.events.popleft()
        return None

    def deadline(self) -> int | None:
        """When :meth:`poll` is next due without anything having come; None for never."""
        core = self._core
        times = [core.transactions.deadline(), core.deadlines.earliest(), core.departed.deadline()]
        return min((at for at in times if at is not None), default=None)

    def undeliverable(self, now: int, transmit: Transmit) -> None:
        """The transport could not send ``transmit``."""
        self._core.counters["undeliverable"] += 1
        self._core.transactions.undeliverable(now, transmit)
        self._settle(now, None)

    def went_by(self, transmit: Transmit, connection: int) -> None:
        """The transport has sent ``transmit`` by a connection; :meth:`flow_lost` tells its end."""
        self._core.transactions.went_by(transmit, connection)

    # Commands.

    def ring(self, now: int, call: int, headers: HeaderFields = ()) -> None:
        """Send 180 Ringing."""
        self._incoming(call).progress(now, 180, headers)

    def progress(self, now: int, call: int, sdp: str, headers: HeaderFields = ()) -> None:
        """Send 183 Session Progress with ``sdp``: early media."""
        self._incoming(call).progress(now, 183, headers, sdp)

    def answer(self, now: int, call: int, sdp: str, headers: HeaderFields = ()) -> None:
        """Answer with ``sdp``: to the offer, or an offer where the INVITE had none."""
        self._incoming(call).answer(now, sdp, headers)

    def reject(
        self,
        now: int,
        call: int,
        status: int,
        reason: str | None = None,
        headers: HeaderFields = (),
    ) -> None:
        """Refuse a call with a final status; nothing happens where it is over."""
        if call in self._calls:
            self._incoming(call).reject(now, status, reason, headers)
        self._settle(now, None)

    def hang_up(self, now: int, call: int, headers: HeaderFields = ()) -> None:
        """End a call: BYE, CANCEL or a refusal, as its state asks. May be called twice."""
        if call in self._calls:
            self._calls[call].hang_up(now, headers)
        self._settle(now, None)

    def answer_reinvite(self, now: int, call: int, cseq: int, sdp: str) -> None:
        """Accept a re-INVITE."""
        self._call(call).offers.answer(now, cseq, sdp)

    def reject_reinvite(self, now: int, call: int, cseq: int, status: int) -> None:
        """Refuse a re-INVITE with a final status; the call goes on as it was."""
        self._call(call).offers.reject(now, cseq, status)

    def reinvite(self, now: int, call: int, offer: str) -> None:
        """Offer a changed session; :class:`Reanswered` tells what became of it."""
        self._call(call).offers.offer(now, offer)

    def refer(self, now: int, call: int, refer_to: str, headers: HeaderFields = ()) -> int:
        """Ask the peer to call somebody else (RFC 3515).

        :class:`Transferring` tells what becomes of it, under the number that this returns.
        """
        return self._call(call).refer(now, refer_to, headers)

    def inform(self, now: int, call: int, content: Content, headers: HeaderFields = ()) -> int:
        """Send an INFO (RFC 6086, without a package); :class:`Replied` tells of it by number."""
        return self._call(call).inform(now, content, headers)

    def accept_referral(self, now: int, call: int, cseq: int) -> None:
        """Accept a REFER of the peer's."""
        self._call(call).notifier.accept(now, cseq)

    def refuse_referral(self, now: int, call: int, cseq: int, status: int) -> None:
        """Refuse a REFER of the peer's with a final status."""
        self._call(call).notifier.refuse(now, cseq, status)

    def tell_referral(self, now: int, call: int, cseq: int, status: int, reason: str = "") -> None:
        """Tell the peer how its REFER goes: a final status is the outcome."""
        if call in self._calls:
            self._calls[call].notifier.tell(now, cseq, status, reason)

    def successor(self, call: int) -> str:
        """What has the peer of another call take our place in ``call``, as :meth:`refer` wants."""
        return self._call(call).successor()

    def invite(
        self,
        now: int,
        uri: str,
        *,
        local: tuple[str, int],
        from_user: str,
        display_name: str = "",
        offer: str | None = None,
        headers: HeaderFields = (),
        to: Flow | Hop | None = None,
        terms: Terms = DEFAULT_TERMS,
    ) -> int:
        """Place a call, and return its number.

        :param local: our address as the peer is told of it.
        :param offer: our session description; None asks the peer for one.
        :param to: where the INVITE goes; what the URI names where left out.
        """
        target = sip_uri(uri)
        hop = to or self._core.hop_to(target, None)
        request = invitation(
            self._core,
            target,
            hop,
            local=local,
            from_user=from_user,
            display_name=display_name,
            offer=offer,
            headers=headers,
            domain=terms.domain,
            call_id=terms.call_id,
        )
        if isinstance(hop, Hop):
            hop = replace(hop, local=local)
        made = ClientCall(self._core, self._core.next_number(), request, hop, terms)
        self._calls[made.id] = made
        made.begin(now)
        return made.id

    def register(self, now: int, registrar: Registrar, to: Flow | Hop, trunk: Trunk) -> int:
        """Register with a registrar, and stay registered; calls from there are of ``trunk``.

        Returns the number under which its events are told. ``to`` holds our address.
        """
        line = self._core.token()
        made = Registration(self._core, self._core.next_number(), registrar, to, line)
        self._registrations[made.id] = made
        self._gate.lines[line] = trunk
        made.begin(now)
        return made.id

    def relocate(self, now: int, registration: int, local: tuple[str, int]) -> None:
        """Our address, as a registrar is told of it, is ``local`` now."""
        if registration in self._registrations:
            self._registrations[registration].relocate(now, local)

    def unregister(self, now: int, registration: int) -> None:
        """Have a registrar forget us; :class:`Unregistered` tells when it has."""
        if registration in self._registrations:
            self._registrations[registration].close(now)
        self._settle(now, None)

    def flow_lost(self, now: int, connection: int) -> None:
        """A connection has closed."""
        for registration in self._registrations.values():
            registration.flow_lost(now, connection)
        self._core.transactions.lost(now, connection)
        self._settle(now, None)

    def acknowledge(self, now: int, call: int, sdp: str) -> None:
        """Answer the offer in the 2xx to a call that we placed without one."""
        made = self._call(call)
        if not isinstance(made, ClientCall):
            raise LocalError(f"call {call} came in: it is answered, not acknowledged")
        made.acknowledge_answer(now, sdp)

    # What can be asked.

    @property
    def calls(self) -> int:
        """How many calls there are that have not ended."""
        return self._core.live

    def knows(self, host: str) -> bool:
        """Whether an address is one that a trunk calls from, or a registrar's."""
        return self._gate.knows(host)

    def has_room(self, trunk: str, limit: int | None) -> bool:
        """Whether there is room for one call more, of a trunk that has ``limit`` at most."""
        return self._reception.has_room(trunk, limit)

    @property
    def unfinished(self) -> int:
        """How many calls and registrations there are whose end is not through, or not begun."""
        return len(self._calls) + len(self._registrations)

    @property
    def idle(self) -> bool:
        """Whether nothing is left: no call, no transaction, nothing to poll."""
        core = self._core
        waiting = core.transactions.transmits or core.events
        return not (self._calls or len(core.transactions) or core.dialogs or waiting)

    def counters(self) -> dict[str, int]:
        """How often what happened, by name."""
        counters = Counter(self._core.counters) + self._core.transactions.counters
        counters += self._gate.count()
        return {**counters, "calls": self.calls, "transactions": len(self._core.transactions)}

    # How it is done.

    def _tick(self, now: int) -> bool:
        self._core.departed.forget(now)
        due = self._core.deadlines.take(now)
        if due is None:
            return self._core.transactions.tick(now)
        number, what, cseq = due
        if number in self._calls:
            self._calls[number].tick(now, what, cseq)
        elif number in self._registrations:
            self._registrations[number].tick(now)
        return True

    def _receive(self, now: int, message: Message, flow: Flow) -> None:
        if isinstance(message, Request):
            self._note_alias(message, flow)
            self._reception.receive(now, stamped(message, flow), flow)
        elif not self._core.transactions.receive_response(now, message):
            self._core.counters["stray_responses"] += 1

    def _note_alias(self, request: Request, flow: Flow) -> None:
        alias = alias_of(request, flow)
        if alias is not None:
            self._aliases.append(alias)

    def _settle(self, now: int, flow: Flow | None) -> None:
        """Hand what the transactions tell to the calls; forget calls that are gone."""
        happenings = self._core.transactions.happenings
        while happenings:
            self._take(now, happenings.popleft(), flow)
        while self._core.gone:
            del self._calls[self._core.gone.pop()]
        if self._registrations:
            self._note_registrars()

    def _note_registrars(self) -> None:
        """Forget registrations that are over, and know the addresses of the others' registrars."""
        for number, registration in list(self._registrations.items()):
            if registration.state is Registering.GONE:
                del self._registrations[number]
                self._gate.lines.pop(registration.line, None)
        hosts = (each.flow for each in self._registrations.values())
        self._gate.registrars = {flow.remote[0] for flow in hosts if flow is not None}

    def _take(self, now: int, happening: Happening, flow: Flow | None) -> None:
        transaction = happening.transaction
        owner = transaction.owner
        call = self._calls.get(owner) or self._registrations.get(owner)
        if call is None:
            self._core.counters["responses_without_call"] += 1
            self._let_go(now, happening, flow)
        elif isinstance(happening, Unanswered):
            call.unanswered(now, transaction, happening.status)
        elif isinstance(happening, Responded):
            self._responded(now, call, transaction, happening.response, flow)

    def _let_go(self, now: int, happening: Happening, flow: Flow | None) -> None:
        """Part from who answers an INVITE of a call that is gone."""
        request = happening.transaction.request
        if request.method != "INVITE" or request.to.tag or flow is None:
            return
        if isinstance(happening, Responded) and happening.response.is_success:
            decline(now, self._core, happening.transaction, happening.response, flow)

    def _responded(
        self,
        now: int,
        call: Call | Registration,
        transaction: Transaction,
        response: Response,
        flow: Flow | None,
    ) -> None:
        for_once = transaction.large  # by TCP for its size alone
        if isinstance(call, ClientCall | Registration) and flow is not None and not for_once:
            call.follow(flow)
        if isinstance(call, ClientCall) and flow is not None:
            self._gate.answered(now, flow.remote[0])
        if not call.prove(now, transaction, response):
            call.receive_response(now, transaction, response)

    def _call(self, number: int) -> Call:
        call = self._calls.get(number)
        if call is None:
            raise CallOver("the call is over")
        return call

    def _incoming(self, number: int) -> ServerCall:
        call = self._call(number)
        if not isinstance(call, ServerCall):
            raise LocalError(f"call {number} was placed by us: only the peer can answer it")
        return call


def sip_uri(text: str) -> Uri:
    """The URI of a call that we are to place; :class:`LocalError` where it is none."""
    try:
        uri = Uri.parse(text)
    except MalformedMessage as error:
        raise LocalError(f"uri is not one: {error.reason}") from None
    if not uri.is_sip:
        raise LocalError(f"uri is {text!r}, must begin with 'sip:' or 'sips:'")
    return uri
