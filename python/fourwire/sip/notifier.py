"""REFERs of the peer's (RFC 3515): the owner is asked, and NOTIFYs tell the peer how it goes."""

from typing import TYPE_CHECKING
from weakref import proxy

from .core import Content
from .errors import CallOver, LocalError, MalformedMessage
from .events import TransferAsked
from .message import VERSION, Response
from .refer_to import Referred
from .responding import PHRASES
from .transaction import Transaction

if TYPE_CHECKING:
    from .call import Call

MOST_REFERRALS = 4
"""REFERs of one peer that are under way; more are refused."""

EXPIRES_SECONDS = 180
"""How long a peer may expect to be told of a REFER: longer than anybody rings."""


class Notifier:
    """The REFERs of one call's peer, by their CSeq numbers."""

    def __init__(self, call: "Call") -> None:
        self._call: Call = proxy(call)  # a part does not keep its whole alive
        self._core = call.core
        self._asked: dict[int, Transaction] = {}
        self._followed: set[int] = set()

    def receive(self, now: int, transaction: Transaction) -> None:
        """Take a REFER: 403 where the rules allow none, else the owner is asked."""
        request = transaction.request
        if not self._core.rules.takes_referrals:
            self._core.respond(now, transaction, 403)
            return
        if len(self._asked) + len(self._followed) >= MOST_REFERRALS:
            self._core.respond(now, transaction, 486)
            return
        try:
            referred = Referred.parse(request)
        except MalformedMessage as error:
            self._core.respond(now, transaction, 400, reason=f"Bad Request: {error.reason}")
            return
        cseq = request.cseq.number
        self._asked[cseq] = transaction
        replaces = None if referred.replaces is None else str(referred.replaces)
        by = request.headers.get("Referred-By")
        self._core.events.append(TransferAsked(self._call.id, cseq, referred.target, replaces, by))

    def accept(self, now: int, cseq: int) -> None:
        """Accept a REFER: 202, and a first NOTIFY that it is tried (§2.4.4)."""
        self._core.respond(now, self._take(cseq), 202, headers=(("Contact", self._call.contact),))
        self._followed.add(cseq)
        self._notify(now, cseq, 100, PHRASES[100])

    def refuse(self, now: int, cseq: int, status: int) -> None:
        """Refuse a REFER."""
        self._core.respond(now, self._take(cseq), status)

    def tell(self, now: int, cseq: int, status: int, reason: str = "") -> None:
        """Tell how a REFER goes; a final status is the last that is told."""
        if not 100 <= status < 700:
            raise LocalError(f"status is {status}, must be from 100 to 699")
        if cseq in self._followed:
            self._notify(now, cseq, status, reason or PHRASES.get(status, ""))

    def receive_response(self, transaction: Transaction, response: Response) -> None:
        """Take the answer to a NOTIFY: who does not know it wants no more (RFC 6665 §4.2.2)."""
        if response.status == 481:
            self._followed.discard(_cseq_in(transaction))

    def drop(self, now: int) -> None:
        """The call is over: what nobody has decided on is declined."""
        for transaction in self._asked.values():
            self._core.respond(now, transaction, 603)
        self._asked.clear()
        self._followed.clear()

    def _take(self, cseq: int) -> Transaction:
        if cseq not in self._asked:
            raise CallOver("the transfer was decided on already, or its call is over")
        return self._asked.pop(cseq)

    def _notify(self, now: int, cseq: int, status: int, reason: str) -> None:
        state = f"active;expires={EXPIRES_SECONDS}"
        if status >= 200:
            self._followed.discard(cseq)
            state = "terminated;reason=noresource"
        line = f"{VERSION} {status} {' '.join(reason.split())}\r\n"
        self._call.send(
            now,
            "NOTIFY",
            (("Event", f"refer;id={cseq}"), ("Subscription-State", state)),
            content=Content("message/sipfrag;version=2.0", line.encode()),
            contact=self._call.contact,
        )


def _cseq_in(notify: Transaction) -> int:
    return int(notify.request.headers["Event"].rpartition("=")[2])
