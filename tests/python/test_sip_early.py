"""Several who ring for one call of ours, each in a dialog of its own (RFC 3261 §13.2.2.4)."""

from support.sip import ANSWER, OFFER, Peer, World

from fourwire.sip.events import Answered, Cause, Ended, Progressed, Reinvited
from fourwire.sip.message import Request, Response
from fourwire.sip.responding import response_to

FAR = "192.0.2.9"
ELSEWHERE = ANSWER.replace("m=audio 4000", "m=audio 5000")
RELIABLE = ("Require", "100rel"), ("Allow", "INVITE, ACK, PRACK, UPDATE, BYE")


class Ringing:
    """A call of ours to a proxy that lets several ring, all of them played by hand."""

    def __init__(self) -> None:
        self.world = World()
        self.us: Peer = self.world.peer("192.0.2.1")
        self.asked: list[Request] = []
        self.world.server(FAR, self._hear)
        self.call = self.us.agent.invite(
            0, f"sip:bob@{FAR}", local=self.us.address, from_user="alice", offer=OFFER
        )
        self.world.drain(self.us)
        self.world.run(0.1)
        self.invite = self.asked[0]

    def _hear(self, request: Request) -> Response | None:
        self.asked.append(request)
        quiet = request.method in ("INVITE", "ACK")
        return None if quiet else response_to(request, 200)

    def say(self, status: int, tag: str, sdp: str | None = None, *headers: tuple[str, str]) -> None:
        """Let the party `tag` answer the INVITE."""
        contact = ("Contact", f"<sip:{tag}@{FAR}>")
        said = response_to(
            self.asked_of("INVITE")[-1], status, to_tag=tag, headers=(contact, *headers), sdp=sdp
        )
        self.world.send(bytes(said), self.us, (FAR, 5060))
        self.world.run(0.1)

    def update(self, tag: str, number: int = 1) -> int:
        """Let the party `tag` offer other media; the status that it gets, 0 for none yet."""
        before = len(self.world.replies())
        lines = (
            "UPDATE sip:alice@192.0.2.1 SIP/2.0",
            f"Via: SIP/2.0/UDP {FAR};branch=z9hG4bK{tag}{number}",
            f"From: {self.invite.headers['To']};tag={tag}",
            f"To: {self.invite.headers['From']}",
            f"Call-ID: {self.invite.call_id}",
            f"CSeq: {number} UPDATE",
            f"Contact: <sip:{tag}@{FAR}>",
            "Content-Type: application/sdp",
            f"Content-Length: {len(OFFER)}",
        )
        self.world.send("\r\n".join((*lines, "", OFFER)).encode(), self.us, (FAR, 5060))
        replies = self.world.replies()[before:]
        return replies[-1].status if replies else 0

    def asked_of(self, method: str) -> list[Request]:
        return [request for request in self.asked if request.method == method]

    def told(self) -> list[str | None]:
        """The descriptions that were told."""
        return [event.sdp for event in self.us.told(Progressed) if isinstance(event, Progressed)]


def test_a_description_is_told_once_of_each_who_rings() -> None:
    ringing = Ringing()
    ringing.say(183, "a", ANSWER)
    ringing.say(183, "b", ELSEWHERE)
    ringing.say(183, "a", ANSWER)
    ringing.say(180, "b")
    ringing.say(183, "b", ANSWER)
    assert ringing.told() == [ANSWER, ELSEWHERE, None, None, ANSWER]


def test_an_answer_without_a_description_goes_by_what_its_own_sender_said() -> None:
    ringing = Ringing()
    ringing.say(183, "a", ANSWER)
    ringing.say(183, "b", ELSEWHERE)
    ringing.say(200, "a")
    assert ringing.us.told(Answered) == [Answered(ringing.call, ANSWER)]


def test_an_answer_of_somebody_who_said_nothing_has_no_description() -> None:
    ringing = Ringing()
    ringing.say(183, "a", ANSWER)
    ringing.say(200, "b")
    assert ringing.us.told(Answered) == [Answered(ringing.call, None)]


def test_each_who_rings_reliably_is_acknowledged_and_may_change_its_media() -> None:
    ringing = Ringing()
    for tag in ("a", "b"):
        ringing.say(183, tag, ANSWER, *RELIABLE, ("RSeq", "1"))
    pracks = [(prack.to.tag, str(prack.uri)) for prack in ringing.asked_of("PRACK")]
    assert pracks == [("a", f"sip:a@{FAR}"), ("b", f"sip:b@{FAR}")]

    for tag in ("b", "a"):
        assert ringing.update(tag) == 0
        (*_, asked) = ringing.us.told(Reinvited)
        assert isinstance(asked, Reinvited)
        ringing.world.do(
            ringing.us,
            lambda agent, now, a=asked: agent.answer_reinvite(now, a.call, a.cseq, OFFER),
        )
        answer = ringing.world.replies()[-1]
        assert (answer.status, answer.from_.tag) == (200, tag)
    assert ringing.update("c") == 481

    ringing.say(200, "b", ANSWER)
    assert ringing.update("a", 2) == 481
    ringing.world.do(ringing.us, lambda agent, now: agent.hang_up(now, ringing.call))
    ringing.world.run(60)
    assert [bye.to.tag for bye in ringing.asked_of("BYE")] == ["b"]
    assert ringing.us.agent.idle


def test_a_redirect_after_somebody_rang_leaves_nothing_of_who_did() -> None:
    ringing = Ringing()
    ringing.say(183, "a", ANSWER, *RELIABLE, ("RSeq", "1"))
    ringing.say(302, "a")
    assert ringing.update("a") == 481
    ringing.say(183, "b", ANSWER, *RELIABLE, ("RSeq", "7"))
    assert ringing.update("b") == 0
    ringing.say(486, "b")
    ringing.world.run(60)
    assert ringing.us.told(Ended) == [Ended(ringing.call, Cause.REJECTED, 486, "Busy Here")]
    assert ringing.us.agent.idle
