"""Provisional responses that are sent until their PRACK comes (RFC 3262 §3)."""

from collections import deque

from .core import Core
from .errors import MalformedMessage
from .grammar import number
from .message import Request, Response
from .transaction import Transaction

MOST_WAITING = 8
"""Provisional responses that wait for the PRACK to the one before; the oldest gives way."""


class Reliable:
    """Those of one incoming call."""

    def __init__(self, core: Core, call: int, transaction: Transaction) -> None:
        headers = transaction.request.headers
        wish = core.rules.provisionals
        self._required = "100rel" in headers.tokens("Require") or wish == "required"
        knows = "100rel" in headers.tokens("Supported") and wish != "plain"
        self._supported = self._required or knows
        self._core = core
        self._call = call
        self._transaction = transaction
        self._number = core.random.getrandbits(30)
        self._sent: Response | None = None
        self._pause = 0
        self._give_up_at = 0
        self._queue: deque[Response] = deque(maxlen=MOST_WAITING)
        self.described = False
        """Whether a session description was sent so, and is known to have arrived."""

    def wants(self, sdp: str | None) -> bool:
        """Whether a response is to be sent so: where either side insists, and for descriptions."""
        return self._required or (self._supported and sdp is not None)

    @property
    def holds_back(self) -> bool:
        """Whether the answer has to wait: a description is not known to have arrived (§5)."""
        return any(response.body for response in (self._sent, *self._queue) if response is not None)

    def send(self, now: int, response: Response) -> None:
        """Send a response once the one before it has arrived, and repeat it until it has."""
        if self._sent is not None:
            self._queue.append(response)
            return
        self._number += 1
        response.headers.extend((("Require", "100rel"), ("RSeq", str(self._number))))
        self._sent = response
        self._pause = self._core.rules.intervals.t1
        self._give_up_at = now + 64 * self._pause
        self._transmit(now)

    def acknowledge(self, now: int, prack: Request) -> bool:
        """Take a PRACK; false where it means nothing that waits for it."""
        if self._sent is None or not self._is_meant(prack):
            return False
        self.described = self.described or bool(self._sent.body)
        self._sent = None
        self._core.deadlines.cancel((self._call, "1xx", 0))
        if self._queue:
            self.send(now, self._queue.popleft())
        return True

    def tick(self, now: int) -> bool:
        """Repeat what is due; false where it has been repeated long enough."""
        if self._sent is not None and now >= self._give_up_at:
            return False
        if self._sent is not None:
            self._pause *= 2
            self._transmit(now)
            self._core.counters["repeated_1xx"] += 1
        return True

    def stop(self) -> None:
        """A final response was sent: nothing waits any longer."""
        self._sent = None
        self._queue.clear()
        self._core.deadlines.cancel((self._call, "1xx", 0))

    def _transmit(self, now: int) -> None:
        if self._sent is None:
            return
        self._core.transactions.respond(now, self._transaction, self._sent)
        at = min(now + self._pause, self._give_up_at)
        self._core.deadlines.set((self._call, "1xx", 0), at)

    def _is_meant(self, prack: Request) -> bool:
        """Whether RAck names what was sent last (§7.2)."""
        words = (prack.headers.get("RAck") or "").split()
        try:
            named = [number(word, "RAck", 2**32) for word in words[:2]]
        except MalformedMessage:
            return False
        invite = self._transaction.request.cseq.number
        return named == [self._number, invite] and words[2:] == ["INVITE"]
