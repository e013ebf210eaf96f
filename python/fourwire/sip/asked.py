"""What a peer asks of us within a call, as a program holds it: to be accepted or refused."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .events import TransferAsked

if TYPE_CHECKING:
    from .calls import IncomingCall, LiveCall


@dataclass(frozen=True, slots=True)
class Successor:
    """Somebody may take the peer's place (RFC 3891), and is to: answering ``call`` ends the one
    that this is an event of, rejecting it leaves things as they are."""

    call: "IncomingCall"


class Reinvite:
    """The peer wants to change the session: answer it or reject it."""

    def __init__(self, call: "LiveCall", cseq: int, offer: str | None) -> None:
        self.offer = offer
        """The peer's new description; None where it asks for an offer of ours."""
        self._call = call
        self._cseq = cseq

    async def answer(self, sdp: str) -> str | None:
        """Accept; returns the ACK's description. None too where the peer has taken it back."""
        return await self._call._answer_reinvite(self._cseq, sdp)

    async def reject(self, status: int = 488) -> None:
        """Refuse: the session stays as it was."""
        number, cseq = self._call._number, self._cseq
        self._call._decide(lambda ua, now: ua.reject_reinvite(now, number, cseq, status))

    def __repr__(self) -> str:
        return f"Reinvite(cseq={self._cseq}, offer={self.offer is not None})"


class TransferRequest:
    """The peer asks us to call somebody else (RFC 3515): accept that or refuse it."""

    def __init__(self, call: "LiveCall", asked: TransferAsked) -> None:
        self.target = asked.target
        """The URI to call."""
        self.replaces = asked.replaces
        """The Replaces header that the call is to bear; None for none."""
        self.referred_by = asked.referred_by
        """Who asks, as the peer writes it."""
        self._call = call
        self._cseq = asked.cseq

    async def accept(self) -> None:
        """Accept: the peer waits to be told how it goes."""
        number, cseq = self._call._number, self._cseq
        self._call._decide(lambda ua, now: ua.accept_referral(now, number, cseq))

    async def refuse(self, status: int = 603) -> None:
        """Refuse."""
        number, cseq = self._call._number, self._cseq
        self._call._decide(lambda ua, now: ua.refuse_referral(now, number, cseq, status))

    async def tell(self, status: int, reason: str = "") -> None:
        """Tell the peer what the call has met: 180 that it rings, a final status how it ended."""
        number, cseq = self._call._number, self._cseq
        self._call._decide(lambda ua, now: ua.tell_referral(now, number, cseq, status, reason))

    def __repr__(self) -> str:
        return f"TransferRequest(target={self.target!r})"
