"""Calls as a program holds them: verbs to await, and events to iterate over."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from . import events as told
from .asked import Reinvite, Successor, TransferRequest
from .body import sdp_of
from .core import Content
from .errors import CallFailed, CallOver, SipError
from .events import Cause, Ended, Info, Progressed, Reanswered, Transferring
from .flow import Flow
from .headers import Headers
from .identity import identity_of
from .message import Request
from .refer_to import target_of
from .uri import Uri

if TYPE_CHECKING:
    from .endpoint import Endpoint
    from .user_agent import UserAgent

GivenHeaders = Mapping[str, str] | Iterable[tuple[str, str]] | None
"""Headers as a caller of this package writes them."""

T = TypeVar("T")

MAX_WAITING_EVENTS = 256
"""Events that wait for a listener. Above this INFOs and provisional responses are dropped; of
the others a call has no more than two at a time."""


class CallEnded(SipError):
    """What was asked for came too late: the call is over. ``ended`` says how it ended."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(f"the call is over: {ended.cause.value}")
        self.ended = ended


CallEvent = (
    Reinvite | Reanswered | Info | Progressed | Transferring | TransferRequest | Successor | Ended
)


class LiveCall:
    """What incoming and outgoing calls have in common."""

    def __init__(self, endpoint: "Endpoint", number: int, domain: str = "") -> None:
        """`domain` is what a number belongs to that the peer is sent on to."""
        self._endpoint = endpoint
        self._number = number
        self._domain = domain
        self._waiting: deque[CallEvent] = deque()
        self._more = asyncio.Event()
        self._acks: dict[int, asyncio.Future[str | None]] = {}
        self._reanswer: asyncio.Future[Reanswered | None] | None = None
        self._transfers: dict[int, asyncio.Future[Transferring | None]] = {}
        self._replies: dict[int, asyncio.Future[told.Replied | None]] = {}
        self._ended: Ended | None = None
        self.gives_way = False
        """Whether who is to take the peer's place comes as :class:`Successor`; else it is a call
        as any other, whose answer ends this one."""

    @property
    def ended(self) -> Ended | None:
        """How the call ended; None while it has not."""
        return self._ended

    async def hang_up(self, headers: GivenHeaders = None) -> None:
        """End the call from any state; nothing happens where it is over."""
        self._endpoint._command(lambda ua, now: ua.hang_up(now, self._number, pairs(headers)))
        for event in [waiting for waiting in self._waiting if isinstance(waiting, Successor)]:
            await event.call.reject(603)

    async def reinvite(self, offer: str) -> str | None:
        """Offer the peer a changed session; returns its answer.

        :raises CallFailed: it refuses; the session stays as it was. After 491 it may be offered
            again at once, described anew: the wait of RFC 3261 §14.1 is over.
        """
        self._command(lambda ua, now: ua.reinvite(now, self._number, offer))
        self._reanswer = asyncio.get_running_loop().create_future()
        try:
            answer = await self._reanswer
        finally:
            self._reanswer = None
        if answer is None:
            raise CallEnded(self._must_have_ended())
        if not 200 <= answer.status < 300:
            raise CallFailed(answer.status, answer.reason)
        return answer.sdp

    async def transfer(
        self, target: "str | LiveCall", headers: GivenHeaders = None
    ) -> Transferring:
        """Have the peer call ``target`` instead of us (RFC 3515); returns once it has.

        The call is still up then, and the caller's to hang up. Where ``target`` is another call,
        the peer takes our place in it (RFC 3891). Being cancelled takes nothing back: should the
        transfer succeed later, ``events()`` tells.

        :raises CallFailed: the peer refuses, or could not reach the target.
        :raises LocalError: the target is no SIP or ``tel:`` URI, no number and no call.
        """
        if isinstance(target, LiveCall):
            refer_to = target._command(lambda ua, _now: ua.successor(target._number))
        else:
            refer_to = f"<{target_of(target, self._domain)}>"
        cseq = self._command(lambda ua, now: ua.refer(now, self._number, refer_to, pairs(headers)))
        future: asyncio.Future[Transferring | None] = asyncio.get_running_loop().create_future()
        self._transfers[cseq] = future
        try:
            outcome = await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and (came := future.result()) is not None:
                self._put(came)  # it came in the moment of the cancellation
            raise
        finally:
            del self._transfers[cseq]
        if outcome is None:
            raise CallEnded(self._must_have_ended())
        if not 200 <= outcome.status < 300:
            raise CallFailed(outcome.status, outcome.reason)
        return outcome

    async def inform(self, content_type: str, body: bytes, headers: GivenHeaders = None) -> None:
        """Send an INFO without a package, which RFC 6086 calls legacy.

        :raises CallFailed: the peer refuses it.
        """
        pairs([("Content-Type", content_type)])  # raises where it would break the message apart
        content = Content(content_type, body)
        cseq = self._command(lambda ua, now: ua.inform(now, self._number, content, pairs(headers)))
        future: asyncio.Future[told.Replied | None] = asyncio.get_running_loop().create_future()
        self._replies[cseq] = future
        try:
            reply = await future
        finally:
            del self._replies[cseq]
        if reply is None:
            raise CallEnded(self._must_have_ended())
        if not 200 <= reply.status < 300:
            raise CallFailed(reply.status, reply.reason)

    async def events(self) -> AsyncIterator[CallEvent]:
        """What the peer does, from the call's beginning on. The last event is ``Ended``.

        Each event is given once, however many listeners there are.
        """
        while True:
            while not self._waiting:
                if self._ended is not None:
                    return
                self._more.clear()
                await self._more.wait()
            event = self._waiting.popleft()
            yield event
            if isinstance(event, Ended):
                return

    # What the endpoint tells.

    def take(self, event: told.Event) -> None:
        """Take an event of the user agent's."""
        match event:
            case told.Reinvited(cseq=cseq, offer=offer):
                self._put(Reinvite(self, cseq, offer))
            case told.TransferAsked():
                self._put(TransferRequest(self, event))
            case told.ReinviteAcknowledged(cseq=cseq, answer=answer):
                self._acknowledged(cseq, answer)
            case told.ReinviteOver(cseq=cseq):
                self._acknowledged(cseq, None)
            case Reanswered(refresh=False) if self._reanswer is not None:
                _settle(self._reanswer, event)
            case told.Replied(cseq=cseq):
                _settle(self._replies.get(cseq), event)
            case Transferring(cseq=cseq, over=True) if cseq in self._transfers:
                _settle(self._transfers[cseq], event)
            case Info() | Progressed() | Transferring() | Reanswered():
                self._put(event)
            case Ended():
                self._end(event)

    def ask_for(self, call: "IncomingCall") -> None:
        """Somebody is to take the peer's place."""
        self._put(Successor(call))

    def _put(self, event: CallEvent) -> None:
        is_chatter = isinstance(event, Info | Progressed | Transferring | Reanswered)
        if is_chatter and len(self._waiting) >= MAX_WAITING_EVENTS:
            self._endpoint.count("events_dropped")
            return
        self._waiting.append(event)
        self._more.set()

    def _end(self, event: Ended) -> None:
        self._ended = event
        for future in self._acks.values():
            _settle(future, None)
        for transfer in self._transfers.values():
            _settle(transfer, None)
        for reply in self._replies.values():
            _settle(reply, None)
        _settle(self._reanswer, None)
        self._put(event)

    def _acknowledged(self, cseq: int, answer: str | None) -> None:
        _settle(self._acks.get(cseq), answer)

    async def _answer_reinvite(self, cseq: int, sdp: str) -> str | None:
        with self._awaiting_ack(cseq) as ack:
            try:
                self._endpoint._command(
                    lambda ua, now: ua.answer_reinvite(now, self._number, cseq, sdp)
                )
            except CallOver:
                return None
            return await ack

    def _decide(self, command: "Callable[[UserAgent, int], None]") -> None:
        """Answer a request of the peer's, unless nobody waits for that any longer."""
        with suppress(CallOver):
            self._endpoint._command(command)

    @contextmanager
    def _awaiting_ack(self, cseq: int) -> Iterator[asyncio.Future[str | None]]:
        """What the ACK will bring; an UPDATE gets none and is done as soon as it is answered."""
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        if self._ended is not None:
            future.set_result(None)
        self._acks[cseq] = future
        try:
            yield future
        finally:
            del self._acks[cseq]

    def _command(self, command: "Callable[[UserAgent, int], T]") -> T:
        try:
            return self._endpoint._command(command)
        except CallOver:
            raise CallEnded(self._must_have_ended()) from None

    def _must_have_ended(self) -> Ended:
        return self._ended or Ended(self._number, Cause.LOST, 0, "")


class IncomingCall(LiveCall):
    """A call that came in. The caller has been told 100 Trying."""

    def __init__(
        self,
        endpoint: "Endpoint",
        number: int,
        request: Request,
        source: Flow,
        trunk: str = "",
    ) -> None:
        super().__init__(endpoint, number, _domain_of(request.from_.uri, source))
        self.call_id = request.call_id
        """The Call-ID of the dialog."""
        self.request_uri = str(request.uri)
        self.user = request.uri.subscriber
        """The dialled user: that of the Request-URI, of a number without its parameters."""
        self.trunk = trunk
        """The name of the trunk that it came by; empty: a stranger's."""
        self.identity = identity = identity_of(request)
        """What a trusted trunk says of the caller, and who was called first."""
        asserted = bool(identity.user) and not identity.private
        self.caller = identity.user if asserted else request.from_.uri.subscriber
        """The caller's number or name: what a trusted trunk asserts, unless it is to be withheld,
        else the user of the From URI."""
        self.display_name = (asserted and identity.display_name) or request.from_.display_name
        self.from_uri = str(request.from_.uri)
        self.to_uri = str(request.to.uri)
        self.headers: Headers = request.headers
        """All headers of the INVITE, by any case; ``headers.get_all`` for repeated ones."""
        self.offer = sdp_of(request)
        """The caller's session description; None where it wants an offer from us."""
        self.source = source.remote
        """Address and port that the INVITE came from."""
        self.transport = source.transport
        self._invite_cseq = request.cseq.number

    async def trying(self) -> None:
        """100 Trying, which has been sent already: nothing happens."""

    async def ring(self, headers: GivenHeaders = None) -> None:
        """180 Ringing; repeated each minute until the call is answered."""
        self._command(lambda ua, now: ua.ring(now, self._number, pairs(headers)))

    async def progress(self, sdp: str, headers: GivenHeaders = None) -> None:
        """183 Session Progress: early media."""
        self._command(lambda ua, now: ua.progress(now, self._number, sdp, pairs(headers)))

    async def answer(self, sdp: str, headers: GivenHeaders = None) -> str | None:
        """200 OK with ``sdp``; returns when the ACK has come, with the description in it.

        :raises CallEnded: the caller hung up first, or never acknowledged.
        """
        with self._awaiting_ack(self._invite_cseq) as ack:
            self._command(lambda ua, now: ua.answer(now, self._number, sdp, pairs(headers)))
            answer = await ack
        if self._ended is not None:
            raise CallEnded(self._ended)
        return answer

    async def reject(
        self, status: int, reason: str | None = None, headers: GivenHeaders = None
    ) -> None:
        """Refuse with a final status; nothing happens where the call is over."""
        self._endpoint._command(
            lambda ua, now: ua.reject(now, self._number, status, reason, pairs(headers))
        )

    def take(self, event: told.Event) -> None:
        """Take an event of the user agent's."""
        if isinstance(event, told.Acknowledged):
            self._acknowledged(self._invite_cseq, event.answer)
        else:
            super().take(event)

    def __repr__(self) -> str:
        return f"IncomingCall({self.call_id!r}, user={self.user!r}, caller={self.caller!r})"


class OutgoingCall(LiveCall):
    """A call that we placed."""

    def __init__(self, endpoint: "Endpoint", number: int, domain: str) -> None:
        super().__init__(endpoint, number, domain)
        self.answer_sdp: str | None = None
        """The peer's description; where we made no offer, its offer to us."""
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def answered(self) -> None:
        """Wait until the peer answers.

        :raises CallFailed: it does not; ``status`` and ``reason`` say why.
        """
        await asyncio.shield(self._answered)
        ended = self._ended
        if ended is not None and ended.status:
            raise CallFailed(ended.status, ended.reason)
        if ended is not None:
            raise CallEnded(ended)

    async def acknowledge(self, sdp: str) -> None:
        """Answer the peer's offer, where we made none ourselves."""
        self._command(lambda ua, now: ua.acknowledge(now, self._number, sdp))

    def take(self, event: told.Event) -> None:
        """Take an event of the user agent's."""
        if isinstance(event, told.Answered):
            self.answer_sdp = event.sdp
            _settle(self._answered, None)
        else:
            super().take(event)

    def _end(self, event: Ended) -> None:
        super()._end(event)
        _settle(self._answered, None)


def _domain_of(caller: Uri, source: Flow) -> str:
    """Whose numbers the caller can reach; one who withholds its own says nothing (RFC 3323)."""
    hidden = not caller.host or caller.host.lower().endswith(".invalid")
    return source.remote[0] if hidden else caller.host


def _settle(future: asyncio.Future[T] | None, value: T) -> None:
    if future is not None and not future.done():
        future.set_result(value)


def pairs(headers: GivenHeaders) -> tuple[tuple[str, str], ...]:
    """Given headers as name and value; what could not stand in a message raises ValueError."""
    if headers is None:
        return ()
    fields = headers.items() if isinstance(headers, Mapping) else headers
    checked = Headers()
    checked.extend(fields)
    return tuple(checked.fields())
