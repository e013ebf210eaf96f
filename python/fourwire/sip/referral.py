"""REFERs of ours (RFC 3515): the peer is asked to call somebody else, and tells how it went."""

import re
from dataclasses import dataclass

from .core import Core
from .errors import LocalError, MalformedMessage
from .events import Transferring
from .grammar import number as number_of
from .grammar import parameters, split
from .message import Request, Response
from .responding import PHRASES
from .transaction import Transaction

MAX_REFERRALS = 10
"""REFERs of one call whose outcome is still to come; a caller is not sent on more often."""

_STATUS_LINE = re.compile(rb"SIP/2\.0 ([1-6]\d\d)(?: ([^\r\n]{0,128}))?")


@dataclass(frozen=True, slots=True)
class Told:
    """What a NOTIFY says of a REFER: the last response that the peer got, and if that was all."""

    status: int
    reason: str
    over: bool


class Referrals:
    """The REFERs of one call whose outcome is still to come, by their first CSeq numbers."""

    def __init__(self, core: Core, call: int) -> None:
        self._core = core
        self._call = call
        self._open: dict[int, Transaction] = {}

    def __len__(self) -> int:
        return len(self._open)

    def has_room(self) -> None:
        """Raise :class:`LocalError` where too many wait already."""
        if len(self._open) >= MAX_REFERRALS:
            raise LocalError(f"{MAX_REFERRALS} transfers of this call wait for their outcome")

    def ask(self, transaction: Transaction) -> int:
        """Remember a REFER that was sent; what it is known by."""
        number = transaction.request.cseq.number
        self._open[number] = transaction
        return number

    def resent(self, again: Transaction) -> None:
        """A REFER was sent again, as a new one; it is known to its owner as before."""
        if again.known_as in self._open:
            self._open[again.known_as] = again

    def receive_response(self, transaction: Transaction, response: Response) -> None:
        """Take the answer to a REFER: accepted, so that NOTIFYs follow, or refused."""
        number = transaction.known_as
        if number not in self._open or response.is_provisional:
            return
        unwatched = (response.headers.get("Refer-Sub") or "").strip().lower() == "false"
        if not response.is_success or unwatched:  # RFC 4488 §4: no NOTIFY will come
            self._tell(number, Told(response.status, response.reason, over=True))

    def unanswered(self, transaction: Transaction, status: int) -> None:
        """Nobody answered a REFER."""
        number = transaction.known_as
        if number in self._open:
            self._tell(number, Told(status, PHRASES[status], over=True))

    def receive_notify(self, now: int, transaction: Transaction) -> None:
        """Take a NOTIFY, and answer it (RFC 6665 §4.1.3)."""
        try:
            package, cseq = _event_of(transaction.request)
        except MalformedMessage as error:
            self._core.respond(now, transaction, 400, reason=f"Bad Request: {error.reason}")
            return
        if package != "refer":
            self._core.respond(now, transaction, 489, headers=(("Allow-Events", "refer"),))
            return
        # RFC 3515 §2.4.6: the first REFER of a dialog may be told of without its number.
        number = next(iter(self._open), None) if cseq is None else self._known_as(cseq)
        if number is None:
            self._core.respond(now, transaction, 481)
            return
        self._core.respond(now, transaction, 200)
        told = told_by(transaction.request)
        if told is not None:
            self._tell(number, told)

    def _known_as(self, cseq: int) -> int | None:
        """What the REFER is known by that went out, the last time, with this number."""
        told = (n for n, asked in self._open.items() if asked.request.cseq.number == cseq)
        return next(told, None)

    def _tell(self, number: int, told: Told) -> None:
        if told.over:
            del self._open[number]
        self._core.events.append(
            Transferring(self._call, number, told.status, told.reason, told.over)
        )


def told_by(notify: Request) -> Told | None:
    """What a NOTIFY says; None where it says nothing that could be read, and more may follow."""
    state, *parts = split(notify.headers.get("Subscription-State") or "", ";")
    terminated = state.lower() == "terminated"
    line = _STATUS_LINE.match(notify.body) if _is_sipfrag(notify) else None
    if line is not None and (line[1] >= b"200" or not terminated):
        reason = (line[2] or b"").decode("utf-8", "replace").strip()
        return Told(int(line[1]), reason, over=line[1] >= b"200")
    if not terminated:
        return None
    return Told(408, f"no outcome was told: {_why(parts)}", over=True)


def _is_sipfrag(notify: Request) -> bool:
    kind = (notify.headers.get("Content-Type") or "").partition(";")[0]
    return kind.strip().lower() == "message/sipfrag"


def _why(parts: list[str]) -> str:
    try:
        return parameters(parts).get("reason") or "no reason given"
    except MalformedMessage:
        return "no reason given"


def _event_of(notify: Request) -> tuple[str, int | None]:
    """Package and id of a NOTIFY's Event."""
    package, *parts = split(notify.headers.get("Event") or "", ";")
    named = parameters(parts).get("id")
    if named is None:
        return package.lower(), None
    return package.lower(), number_of(named, "id", 2**31)
