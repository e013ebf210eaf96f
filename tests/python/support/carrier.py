"""Carriers that we call: servers that answer as a test says, and the calls to them."""

import random
from dataclasses import replace

from fourwire.sip.authenticator import Authenticator, Outcome
from fourwire.sip.client_call import Terms
from fourwire.sip.digest import Credentials
from fourwire.sip.events import Ended
from fourwire.sip.flow import Flow, Hop
from fourwire.sip.headers import Headers
from fourwire.sip.message import Request, Response
from fourwire.sip.proving import PROOFS
from fourwire.sip.responding import response_to
from fourwire.sip.timers import SECOND
from support.sip import ANSWER, OFFER, Peer, World

FIRST, SECOND_HOST, THIRD = "192.0.2.5", "192.0.2.6", "192.0.2.7"
ALICE = Credentials("alice", "wonderland")


class Carrier:
    """A caller of ours, and servers that do as a test says."""

    def __init__(self) -> None:
        self.world = World()
        self.us: Peer = self.world.peer("192.0.2.1")
        self.asked: list[tuple[str, Request]] = []

    def server(self, host: str, *statuses: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """A server that answers INVITEs by these in turn, the last for ever; 0 is silence."""
        left = list(statuses)

        def answer(request: Request) -> Response | None:
            self.asked.append((host, request))
            if request.method == "ACK":
                return None
            status = 200
            if request.method == "INVITE":
                status = left.pop(0) if len(left) > 1 else left[0]
            return None if status == 0 else self.response(request, host, status, headers)

        self.world.server(host, answer)

    def asking(self, host: str, status: int = 407) -> None:
        """A server that wants a proof for every request."""
        guard = Authenticator("carrier", 100 * SECOND, random.Random(1))

        def answer(request: Request) -> Response | None:
            self.asked.append((host, request))
            if request.method in ("ACK", "CANCEL"):
                return None
            proofs = request.headers.get_all(PROOFS[status])
            read = Headers([*request.headers.fields(), *(("Authorization", p) for p in proofs)])
            request = replace(request, headers=read)
            outcome, _ = guard.judge(self.world.now, request, "us", {"alice": "wonderland"})
            if outcome is Outcome.PROVEN:
                return self.response(request, host, 200)
            asks = guard.challenges(self.world.now, "us", stale=outcome is Outcome.STALE)
            name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
            named = tuple((name, value) for _, value in asks)
            return self.response(request, host, status, named)

        self.world.server(host, answer)

    def response(
        self,
        request: Request,
        host: str,
        status: int,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Response:
        sdp = ANSWER if status == 200 and request.method == "INVITE" else None
        contact = (("Contact", f"<sip:{host}>"),) if status == 200 else ()
        return response_to(request, status, to_tag=host, headers=(*headers, *contact), sdp=sdp)

    def call(self, *others: str, **terms: object) -> int:
        number = self.us.agent.invite(
            self.world.now,
            f"sip:bob@{FIRST}",
            local=self.us.address,
            from_user="alice",
            offer=OFFER,
            to=self.flow(FIRST),
            terms=Terms(others=tuple(self.flow(each) for each in others), **terms),  # type: ignore[arg-type]
        )
        self.world.drain(self.us)
        return number

    def flow(self, host: str) -> Flow | Hop:
        return Flow("udp", self.us.address, (host, 5060), 1)

    def hosts(self, method: str = "INVITE") -> list[str]:
        """Who was asked, repeats left out."""
        asked = [(host, str(r.via.branch)) for host, r in self.asked if r.method == method]
        return [host for host, _ in dict.fromkeys(asked)]

    def last(self, method: str) -> Request:
        return [request for _, request in self.asked if request.method == method][-1]

    def endings(self) -> list[int]:
        return [event.status for event in self.us.told(Ended) if isinstance(event, Ended)]
