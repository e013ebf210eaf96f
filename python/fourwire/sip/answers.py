"""The 2xx of ours to the INVITEs of one call, each repeated until its ACK (RFC 3261 §13.3.1.4)."""

from dataclasses import dataclass

from .core import Core
from .message import Request, Response
from .transaction import Transaction


@dataclass(slots=True)
class Unacknowledged:
    """A 2xx whose ACK is still to come."""

    transaction: Transaction
    response: Response
    pause: int
    give_up_at: int


class Answers:
    """What waits for its ACK, by CSeq."""

    def __init__(self, core: Core, call: int) -> None:
        self._core = core
        self._call = call
        self._waiting: dict[int, Unacknowledged] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, cseq: int) -> bool:
        return cseq in self._waiting

    def requests(self) -> list[Request]:
        """The INVITEs whose answers wait."""
        return [sent.transaction.request for sent in self._waiting.values()]

    def send(self, now: int, transaction: Transaction, response: Response) -> None:
        """Send a 2xx, and again until it is settled."""
        self._core.transactions.respond(now, transaction, response)
        self._core.counters["sent_200"] += 1
        t1 = self._core.rules.intervals.t1
        cseq = transaction.request.cseq.number
        self._waiting[cseq] = Unacknowledged(transaction, response, t1, now + 64 * t1)
        self._set_timer(now, cseq)

    def settle(self, cseq: int) -> None:
        """The ACK came, or is not waited for any longer."""
        del self._waiting[cseq]
        self._core.deadlines.cancel((self._call, "2xx", cseq))

    def tick(self, now: int, cseq: int) -> bool:
        """Repeat what is due; false where it has been repeated long enough."""
        waiting = self._waiting[cseq]
        if now >= waiting.give_up_at:
            del self._waiting[cseq]
            return False
        self._core.transactions.respond(now, waiting.transaction, waiting.response)
        self._core.counters["repeated_2xx"] += 1
        waiting.pause = min(2 * waiting.pause, self._core.rules.intervals.t2)
        self._set_timer(now, cseq)
        return True

    def clear(self) -> None:
        """Wait for nothing any longer."""
        for cseq in list(self._waiting):
            self.settle(cseq)

    def _set_timer(self, now: int, cseq: int) -> None:
        waiting = self._waiting[cseq]
        at = min(now + waiting.pause, waiting.give_up_at)
        self._core.deadlines.set((self._call, "2xx", cseq), at)
