"""Two phones, and somebody on the wire who changes, forges, repeats and swallows what they say.

Whatever comes of their calls: nothing is raised, nothing malformed is asked, each call ends once,
and once both have hung up neither a call, a transaction, a dialog nor a timer is left.
"""

import random
import re
from collections import Counter
from collections.abc import Callable

import pytest
from support.mutations import mutated
from support.sip import ANSWER, OFFER, Peer, World

from fourwire.sip.client_call import Terms
from fourwire.sip.core import Content
from fourwire.sip.digest import Credentials
from fourwire.sip.errors import LocalError
from fourwire.sip.events import Ended, Event, Invited, Reinvited, TransferAsked
from fourwire.sip.flow import Flow
from fourwire.sip.user_agent import UserAgent

STATUSES = b"100 180 183 199 200 202 302 305 400 401 403 407 408 415 420 422 423 481 487 488 491"
STATUSES += b" 500 503 580 600 603 699"

METHODS = b"INVITE UPDATE BYE CANCEL ACK PRACK REFER NOTIFY INFO OPTIONS SUBSCRIBE ODD"

LINES = b"""Require: 100rel|Supported: 100rel, timer|Session-Expires: 2147483000|Min-SE: 2147483000
RSeq: 4294967295|RAck: 1 1 INVITE|Contact: <sip:x@192.0.2.77>|Contact: <sip:x@b;transport=tcp>;q=nan
Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51>|Record-Route: <tel:+1>|Allow: UPDATE|Allow: "
Replaces: a;to-tag=b;from-tag=c|Refer-To: <sip:a@b>|Refer-Sub: false|Event: refer;id=99
Subscription-State: terminated;reason="|Content-Length: 0|Content-Length: 9999|Retry-After: 0
WWW-Authenticate: Digest realm="x", nonce="y", qop="auth,auth-int"|Content-Encoding: gzip
Proxy-Authenticate: Digest realm="x", nonce="y", stale=true|Accept: x/y""".replace(b"\n", b"|")

Meddling = Callable[[random.Random, bytes], list[bytes]]


def changed(chance: random.Random, data: bytes) -> list[bytes]:
    return [mutated(chance, data)]


def line_more(chance: random.Random, data: bytes) -> list[bytes]:
    start, rest = data.split(b"\r\n", 1)
    return [b"\r\n".join([start, chance.choice(LINES.split(b"|")), rest])]


def line_less(chance: random.Random, data: bytes) -> list[bytes]:
    lines = data.split(b"\r\n")
    del lines[chance.randrange(1, max(2, len(lines) - 2))]
    return [b"\r\n".join(lines)]


def another_status(chance: random.Random, data: bytes) -> list[bytes]:
    status = chance.choice(STATUSES.split())
    return [re.sub(rb"^SIP/2.0 \d+", b"SIP/2.0 " + status, data), data][: chance.randint(1, 2)]


def another_method(chance: random.Random, data: bytes) -> list[bytes]:
    method = chance.choice(METHODS.split())
    data = re.sub(rb"^[A-Z]+ ", method + b" ", data)
    return [re.sub(rb"(CSeq: \d+) \w+", lambda match: match[1] + b" " + method, data)]


def forked(chance: random.Random, data: bytes) -> list[bytes]:
    tags = [b"fork%d" % chance.randrange(40) for _ in range(chance.randint(1, 3))]
    copies = [re.sub(rb"(?m)^(To:.*;tag=)\w+", rb"\g<1>" + tag, data) for tag in tags]
    return [*copies, data][: chance.randint(1, 4)]


def another_number(chance: random.Random, data: bytes) -> list[bytes]:
    step = chance.choice([-10, -1, 1, 2, 2**30])

    def moved(match: re.Match[bytes]) -> bytes:
        return b"CSeq: %d" % max(0, int(match[1]) + step)

    return [re.sub(rb"CSeq: (\d+)", moved, data)]


def another_branch(chance: random.Random, data: bytes) -> list[bytes]:
    forged = b"branch=z9hG4bKf%d" % chance.randrange(10)
    return [re.sub(rb"branch=z9hG4bK\w+", forged, data), data][: chance.randint(1, 2)]


def doubled(_chance: random.Random, data: bytes) -> list[bytes]:
    return [data, data]


def swallowed(_chance: random.Random, _data: bytes) -> list[bytes]:
    return []


MEDDLING: list[Meddling] = [
    changed,
    line_more,
    line_less,
    another_status,
    another_method,
    forked,
    another_number,
    another_branch,
    doubled,
    swallowed,
]

Command = Callable[[UserAgent, int, int], object]


class Wire:
    """The phones, and who sits between them."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.world = World(seed)
        rules = {"takes_referrals": True, "session_expires_s": chance.choice([0, 90, 1800])}
        rules["provisionals"] = chance.choice(["plain", "reliable", "required"])
        self.phones = [self.world.peer(f"192.0.2.{number}", **rules) for number in (1, 2)]
        self.calls: dict[int, list[int]] = {id(phone): [] for phone in self.phones}
        for phone in self.phones:
            phone.on_event = self._watching(phone)
        self.share = chance.choice([0.05, 0.2, 0.5])
        self._old: list[bytes] = []
        self.world.tamper = self._tamper

    def _watching(self, phone: Peer) -> Callable[[Event], None]:
        def watch(event: Event) -> None:
            if isinstance(event, Invited):
                self.calls[id(phone)].append(event.call)

        return watch

    def _tamper(self, data: bytes) -> list[bytes]:
        self._old = [*self._old[-60:], data]
        if self.chance.random() >= self.share:
            return [data]
        if self.chance.random() < 0.1:
            return [data, self.chance.choice(self._old)]
        return self.chance.choice(MEDDLING)(self.chance, data)

    def do(self, phone: Peer, command: Command) -> None:
        """Have a phone do something in each of its calls, where that can be."""
        for call in list(self.calls[id(phone)]):
            try:
                command(phone.agent, self.world.now, call)
            except LocalError:
                continue
        self.world.drain(phone)

    def call(self, phone: Peer) -> None:
        """Place a call, which may go by several servers and prove who it is of."""
        other = self.phones[phone is self.phones[0]]
        ways = (Flow("udp", phone.address, other.address, 1),) * self.chance.randrange(3)
        terms = Terms(credentials=self.chance.choice([None, Credentials("u", "p")]), others=ways)
        offer = self.chance.choice([None, OFFER])
        self.calls[id(phone)].append(self.world.place(phone, other, offer, terms=terms))

    def anything(self) -> None:
        """One of the phones does one thing."""
        phone = self.chance.choice(self.phones)
        what = self.chance.randrange(len(COMMANDS) + 4)
        if what < 2 and sum(map(len, self.calls.values())) < 12:
            self.call(phone)
        elif what < len(COMMANDS):
            cseq = _last(phone, Reinvited) or _last(phone, TransferAsked)
            self.do(phone, lambda agent, now, call: COMMANDS[what](agent, now, call, cseq))
        else:
            self.world.run(self.chance.choice([0.003, 0.3, 0.6, 3, 50]))
        self.world.run(0.05)


def _last(phone: Peer, kind: type) -> int:
    told = phone.told(kind)
    return int(getattr(told[-1], "cseq", 0)) if told else 0


COMMANDS: list[Callable[[UserAgent, int, int, int], object]] = [
    lambda ua, now, call, _: ua.ring(now, call),
    lambda ua, now, call, _: ua.progress(now, call, ANSWER),
    lambda ua, now, call, _: ua.answer(now, call, ANSWER),
    lambda ua, now, call, _: ua.acknowledge(now, call, ANSWER),
    lambda ua, now, call, _: ua.answer(now, call, ANSWER),
    lambda ua, now, call, _: ua.reject(now, call, 503),
    lambda ua, now, call, _: ua.reinvite(now, call, OFFER),
    lambda ua, now, call, cseq: ua.answer_reinvite(now, call, cseq, ANSWER),
    lambda ua, now, call, _: ua.refer(now, call, "<sip:desk@pbx.example>"),
    lambda ua, now, call, cseq: ua.accept_referral(now, call, cseq),
    lambda ua, now, call, cseq: ua.tell_referral(now, call, cseq, 200),
    lambda ua, now, call, _: ua.inform(now, call, Content("a/b", b"x")),
    lambda ua, now, call, _: ua.hang_up(now, call) if call % 3 == 0 else None,
]


@pytest.mark.parametrize("seed", range(0, 80, 10))
def test_whatever_somebody_on_the_wire_does_nothing_is_left_of_it(seed: int) -> None:
    for number in range(seed, seed + 10):
        wire = Wire(number)
        for _ in range(wire.chance.randint(5, 40)):
            wire.anything()
        for _ in range(3):
            for phone in wire.phones:
                wire.do(phone, lambda agent, now, call: agent.hang_up(now, call))
            wire.share = 0.0
            wire.world.run(400)
        for phone in wire.phones:
            ends = Counter(event.call for event in phone.told(Ended) if isinstance(event, Ended))
            assert ends == Counter(wire.calls[id(phone)]), number
            assert (phone.agent.idle, phone.agent.unfinished) == (True, 0), number
            assert phone.agent.deadline() is None, number
