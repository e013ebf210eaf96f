"""A user agent behind a gate, and people who knock."""

import ipaddress

from fourwire.sip.access import Access, Trunk
from fourwire.sip.digest import Challenge, Credentials
from fourwire.sip.events import Invited
from support.sip import World
from support.sip_torture import invite

PBX = ("192.0.2.99", 5060)
STRANGER = ("198.51.100.7", 5060)


def trunk(name: str = "pbx", network: str = "192.0.2.0/24", **more: object) -> Trunk:
    networks = (ipaddress.ip_network(network),) if network else ()
    return Trunk(name=name, networks=networks, **more)  # type: ignore[arg-type]


class Door:
    """A user agent behind a gate, and what it answers to whom."""

    def __init__(self, *trunks: Trunk, **access: object) -> None:
        self.world = World()
        self.access = Access(trunks=trunks, **access)  # type: ignore[arg-type]
        self.callee = self.world.peer("192.0.2.2", access=self.access)
        self._count = 0

    def send(self, data: bytes, source: tuple[str, int] = STRANGER) -> int | None:
        """The status of the last answer; None for none."""
        before = len(self.world.sent)
        self.world.send(data, self.callee, source)
        answers = self.world.sent[before:]
        return answers[-1].message.status if answers else None  # type: ignore[union-attr]

    def call(self, *lines: str, source: tuple[str, int] = STRANGER, **changes: str) -> int | None:
        """The answer to an INVITE that is none before."""
        self._count += 1
        name = f"{self._count}@there"
        via = f"SIP/2.0/UDP host.example.com;branch=z9hG4bK{self._count};rport"
        return self.send(invite(*lines, Call_ID=name, Via=via, **changes), source)

    def challenge(self, number: int = 0) -> Challenge:
        """What the last answer asks for."""
        headers = self.world.replies()[-1].headers
        return Challenge.parse(headers.get_all("WWW-Authenticate")[number])

    def prove(
        self,
        who: Credentials,
        challenge: Challenge | None = None,
        source: tuple[str, int] = STRANGER,
        number: int = 0,
    ) -> int | None:
        """The answer to an INVITE that answers a challenge."""
        asked = challenge or self.challenge(number)
        answer = asked.answer(who, "INVITE", "sip:callee@example.com", 1, "c")
        return self.call(f"Authorization: {answer}", source=source)

    @property
    def counters(self) -> dict[str, int]:
        return self.callee.agent.counters()

    def invited(self) -> Invited:
        event = self.callee.told(Invited)[-1]
        assert isinstance(event, Invited)
        return event


ALICE = Credentials("alice", "wonderland")
