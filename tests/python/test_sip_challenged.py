"""Requests of ours within a call that the peer wants a proof for."""

import ipaddress
import random

import pytest
from support.sip import ANSWER, OFFER, Peer, World, answering
from support.sip_transfer import last_refer, notify

from fourwire.sip.access import Access, Trunk
from fourwire.sip.authenticator import Authenticator, Outcome
from fourwire.sip.client_call import Terms
from fourwire.sip.core import Content
from fourwire.sip.digest import Credentials
from fourwire.sip.events import Answered, Ended, Replied, TransferAsked, Transferring
from fourwire.sip.flow import Flow
from fourwire.sip.message import Request, Response
from fourwire.sip.responding import response_to
from fourwire.sip.timers import SECOND

ALICE = Credentials("alice", "wonderland")
TARGET = "<sip:desk@pbx.example>"


class Asking:
    """A carrier that we call, and that wants a proof for these methods."""

    def __init__(self, *methods: str, credentials: Credentials | None = ALICE) -> None:
        self.world = World()
        self.us: Peer = self.world.peer("192.0.2.1", takes_referrals=True)
        self.asked: list[Request] = []
        self.early = False
        self._methods = methods
        self._guard = Authenticator("carrier", 100 * SECOND, random.Random(1))
        self.world.server("192.0.2.5", self._answer)
        self._credentials = credentials

    def call(self) -> int:
        number = self.us.agent.invite(
            self.world.now,
            "sip:bob@192.0.2.5",
            local=self.us.address,
            from_user="alice",
            offer=OFFER,
            to=Flow("udp", self.us.address, ("192.0.2.5", 5060), 1),
            terms=Terms(credentials=self._credentials),
        )
        self.world.drain(self.us)
        self.world.run(1)
        return number

    def cseqs(self, method: str) -> list[int]:
        return [request.cseq.number for request in self.asked if request.method == method]

    def _answer(self, request: Request) -> Response | None:
        self.asked.append(request)
        if request.method == "ACK":
            return None
        if request.method in self._methods:
            outcome, _ = self._guard.judge(self.world.now, request, "us", {"alice": "wonderland"})
            if outcome is not Outcome.PROVEN:
                asks = self._guard.challenges(self.world.now, "us", stale=False)
                named = tuple(("WWW-Authenticate", value) for _, value in asks)
                return response_to(request, 401, to_tag="far", headers=named)
        contact = (("Contact", "<sip:192.0.2.5>"),)
        if request.method == "INVITE" and self.early:
            reliable = (("Require", "100rel"), ("RSeq", "1"), *contact)
            return response_to(request, 183, to_tag="far", headers=reliable, sdp=ANSWER)
        sdp = ANSWER if request.method == "INVITE" else None
        status = 202 if request.method == "REFER" else 200
        return response_to(request, status, to_tag="far", headers=contact, sdp=sdp)


def told(peer: Peer) -> list[tuple[int, int]]:
    return [(e.cseq, e.status) for e in peer.told(Transferring) if isinstance(e, Transferring)]


@pytest.mark.parametrize("names_it", [True, False])
def test_a_refer_that_is_challenged_goes_again_and_is_told_of_by_its_first_number(
    names_it: bool,
) -> None:
    carrier = Asking("REFER")
    call = carrier.call()
    known_as = carrier.us.agent.refer(carrier.world.now, call, TARGET)
    carrier.world.drain(carrier.us)
    carrier.world.run(1)
    first, second = carrier.cseqs("REFER")
    assert first == known_as < second
    refer = last_refer(carrier.world)
    assert refer.headers["Refer-To"] == TARGET
    assert told(carrier.us) == []
    event = f"refer;id={second}" if names_it else "refer"
    done = "SIP/2.0 200 OK"
    answer = notify(carrier.world, carrier.us, refer, done, event=event, state="terminated")
    assert answer.status == 200
    assert told(carrier.us) == [(known_as, 200)]
    assert notify(carrier.world, carrier.us, refer, done, event=event).status == 481


def test_a_refer_is_refused_where_the_password_is_wrong_and_the_call_goes_on() -> None:
    carrier = Asking("REFER", credentials=Credentials("alice", "looking-glass"))
    call = carrier.call()
    known_as = carrier.us.agent.refer(carrier.world.now, call, TARGET)
    carrier.world.drain(carrier.us)
    carrier.world.run(1)
    assert len(carrier.cseqs("REFER")) == 2
    assert told(carrier.us) == [(known_as, 401)]
    assert carrier.us.told(Ended) == []


def test_an_info_that_is_challenged_is_answered_by_its_first_number() -> None:
    carrier = Asking("INFO")
    call = carrier.call()
    known_as = carrier.us.agent.inform(carrier.world.now, call, Content("text/plain", b"hello"))
    carrier.world.drain(carrier.us)
    carrier.world.run(1)
    assert len(carrier.cseqs("INFO")) == 2
    assert carrier.asked[-1].body == b"hello"
    replied = [e for e in carrier.us.told(Replied) if isinstance(e, Replied)]
    assert [(e.cseq, e.status) for e in replied] == [(known_as, 200)]


def test_a_prack_that_is_challenged_goes_again_in_its_early_dialog() -> None:
    carrier = Asking("PRACK")
    carrier.early = True
    carrier.call()
    first, second = [request for request in carrier.asked if request.method == "PRACK"]
    assert second.cseq.number == first.cseq.number + 1
    assert second.headers["RAck"] == first.headers["RAck"]
    assert second.to.tag == "far"
    assert "Authorization" in second.headers
    assert carrier.us.told(Answered) == []


def test_a_notify_that_is_challenged_goes_again_with_what_it_tells() -> None:
    carrier = Asking("NOTIFY")
    call = carrier.call()
    invite = carrier.asked[0]
    lines = [
        f"REFER {invite.headers['Contact'].strip('<>')} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKrefer",
        "From: <sip:bob@192.0.2.5>;tag=far",
        f"To: {invite.headers['From']}",
        f"Call-ID: {invite.call_id}",
        "CSeq: 7 REFER",
        "Contact: <sip:192.0.2.5>",
        f"Refer-To: {TARGET}",
        "Content-Length: 0",
        "",
        "",
    ]
    carrier.world.send("\r\n".join(lines).encode(), carrier.us, ("192.0.2.5", 5060))
    (asked,) = carrier.us.told(TransferAsked)
    assert isinstance(asked, TransferAsked)
    carrier.world.do(carrier.us, lambda agent, now: agent.accept_referral(now, call, asked.cseq))
    carrier.world.run(1)
    first, second = [request for request in carrier.asked if request.method == "NOTIFY"]
    assert second.body == first.body
    assert second.headers["Event"] == first.headers["Event"] == "refer;id=7"
    assert "Authorization" in second.headers


@pytest.mark.parametrize(("credentials", "tries"), [(ALICE, 2), (None, 1)])
def test_a_trunk_that_called_us_is_given_its_proof_for_our_refer(
    credentials: Credentials | None, tries: int
) -> None:
    world = World()
    networks = (ipaddress.ip_network("192.0.2.0/24"),)
    trunk = Trunk(name="carrier", networks=networks, credentials=credentials)
    caller = world.peer("192.0.2.1")
    callee = world.peer("192.0.2.2", access=Access(trunks=(trunk,)))
    answering(world, callee)
    world.place(caller, callee)
    world.run(1)
    world.swallow = lambda sent: sent.what == "REFER"
    known_as = callee.agent.refer(world.now, 1, TARGET)
    world.drain(callee)
    refused = response_to(
        last_refer(world),
        407,
        headers=(("Proxy-Authenticate", 'Digest realm="c", nonce="n", qop="auth"'),),
    )
    world.send(bytes(refused), callee, ("192.0.2.1", 5060))
    refers = [sent.message for sent in world.messages("REFER")]
    assert len({message.cseq.number for message in refers}) == tries
    assert ("Proxy-Authorization" in last_refer(world).headers) == (tries == 2)
    assert told(callee) == ([] if tries == 2 else [(known_as, 407)])
