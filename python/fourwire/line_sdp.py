"""What both sides of a line have said of its media, by versions and numbers that fit together."""

from dataclasses import dataclass, replace

from fourwire import sdp
from fourwire.life import Cause
from fourwire.line import Headers, LineClosed
from fourwire.media_agreement import somewhere

__all__ = ["Descriptions", "Proposal", "Refused"]


class Refused(Exception):
    """An INVITE that cannot become a call; `status` is the answer it deserves."""

    def __init__(self, status: int, why: str, headers: Headers | None = None) -> None:
        self.status = status
        self.headers = headers
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An offer of ours that nobody has answered yet."""

    policy: sdp.MediaPolicy
    text: str


class Descriptions:
    """The descriptions of one dialog, and what they came to."""

    def __init__(self, offer: str | None, policy: sdp.MediaPolicy) -> None:
        """Answer a first offer; without one, make ours. `Refused` where there is no answer."""
        self.policy = policy
        self.media: sdp.NegotiatedMedia | None = None
        """What was agreed; None while only we have said anything."""
        self.said = ""
        """Our description that holds."""
        self._numbers: dict[int, str] = {}
        self._their_numbers: dict[int, str] = {}
        self._heard: str | None = None
        if offer is None:
            self._say(sdp.offer(policy))
            return
        try:
            answer = sdp.answer_to(offer, policy)
        except sdp.NoCommonCodec as error:
            raise Refused(488, str(error)) from None
        except sdp.MalformedSdp as error:
            raise Refused(400, str(error)) from None
        self._note(offer)
        self._say(answer.sdp)
        self.media = answer.media

    def hear(self, described: str) -> bool:
        """Take what whom we call says before it answers; false where it cannot be used.

        Who says it may be another than who was heard before.
        """
        try:
            self.media = sdp.accept(self.said, described, self.policy)
        except (sdp.MalformedSdp, sdp.NoCommonCodec):
            return False
        self._heard = described
        self._note(described)
        return True

    def take_first(self, answer: str | None) -> None:
        """Take the answer to our first offer, if it says more than was heard before it.

        What was heard, and changed since by an UPDATE, is not to be gone back to.
        """
        if self.media is None or answer != self._heard:
            self.media = None
            self.take(answer)

    def take(self, answer: str | None) -> None:
        """Take the answer to what we said last; `LineClosed` where it is none to that."""
        try:
            self._agree(sdp.accept(self.said, answer or "", self.policy))
        except (sdp.MalformedSdp, sdp.NoCommonCodec) as error:
            raise LineClosed(Cause.LINE_FAILED, f"their answer: {error}") from None
        self._note(answer or "")

    def answer(self, offer: str) -> str:
        """The answer to a later offer; raises as `sdp.answer_to` does, and all stays as it was."""
        answered = sdp.answer_to(offer, self.policy, previous=self.said, numbers=self._numbers)
        self._agree(answered.media)
        self._note(offer)
        return self._say(answered.sdp)

    def offer(self) -> str:
        """All that we can do (RFC 3261 §14.2)."""
        return self._say(self._offer(self.policy))

    def propose(self, direction: sdp.Direction) -> Proposal:
        """An offer of other media; until `settle` the session is what it was (RFC 3264 §8)."""
        policy = replace(self.policy, direction=direction)
        text = self._offer(policy)
        self._say(sdp.outdated_by(text, self.said))
        return Proposal(policy, text)

    def settle(self, proposal: Proposal, answer: str | None) -> None:
        """A proposal was accepted."""
        self.policy = proposal.policy
        self._say(proposal.text)
        self.take(answer)

    def _offer(self, policy: sdp.MediaPolicy) -> str:
        numbers, theirs = self._numbers, self._their_numbers
        text = sdp.offer(policy, previous=self.said, numbers=numbers, theirs=theirs)
        self._numbers |= sdp.numbers_in(text)
        return text

    def _say(self, described: str) -> str:
        self.said = described
        self._numbers |= sdp.numbers_in(described)
        return described

    def _note(self, described: str) -> None:
        """Remember what numbers mean to the other side."""
        self._their_numbers |= sdp.numbers_in(described)

    def _agree(self, media: sdp.NegotiatedMedia) -> None:
        self.media = media if self.media is None else somewhere(media, self.media)
