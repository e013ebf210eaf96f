"""Whatever two sides do, and whatever the network does to it: each call ends once, nothing is left.

Commands come in any order at any moment, messages are lost, doubled and put out of order; when
both have hung up and the last timer has run out, no call, transaction, dialog or timer is left.
"""

from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from support.sip import ANSWER, OFFER, Peer, Weather, World

from fourwire.sip.core import Content
from fourwire.sip.errors import LocalError
from fourwire.sip.events import Answered, Ended, Event, Invited, Reinvited, TransferAsked
from fourwire.sip.user_agent import UserAgent

WHO = st.sampled_from([0, 1])
SHARE = st.sampled_from([0.0, 0.1, 0.4])
MOST_CALLS = 4

Command = Callable[[UserAgent, int], object]


class Phones(RuleBasedStateMachine):
    """Two phones that do as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: tuple[list[int], list[int]] = ([], [])

    @initialize(
        seed=st.integers(0, 2**16), loss=SHARE, doubled=SHARE, jitter=st.sampled_from([5, 900])
    )
    def meet(self, seed: int, loss: float, doubled: float, jitter: int) -> None:
        weather = Weather(loss=loss, duplication=doubled, delay_ms=(5, jitter))
        self.world = World(seed, weather=weather)
        rules = {"takes_referrals": True, "session_expires_s": 90}
        self.phones = [
            self.world.peer("192.0.2.1", **rules),
            self.world.peer("192.0.2.2", **rules),
        ]
        for who, phone in enumerate(self.phones):
            phone.on_event = self._watching(who, phone)

    def _watching(self, who: int, phone: Peer) -> Callable[[Event], None]:
        def watch(event: Event) -> None:
            if isinstance(event, Invited):
                self.calls[who].append(event.call)
            elif isinstance(event, Answered) and event.sdp == OFFER:
                phone.agent.acknowledge(self.world.now, event.call, ANSWER)

        return watch

    def _do(self, who: int, command: Callable[[UserAgent, int, int], object]) -> None:
        """Let a phone do something in each of its calls, where that is possible."""
        for call in self.calls[who]:
            try:
                command(self.phones[who].agent, self.world.now, call)
            except LocalError:
                continue
        self.world.drain(self.phones[who])

    def _last_cseq(self, who: int, kind: type) -> int:
        """The number of what the other side asked for last; 0 for nothing."""
        told = self.phones[who].told(kind)
        return int(getattr(told[-1], "cseq", 0)) if told else 0

    @rule(who=WHO, late=st.booleans())
    def call(self, who: int, late: bool) -> None:
        if len(self.calls[0]) + len(self.calls[1]) < 2 * MOST_CALLS:
            caller, callee = self.phones[who], self.phones[1 - who]
            self.calls[who].append(self.world.place(caller, callee, None if late else OFFER))

    @rule(who=WHO, late=st.booleans())
    def take_a_place(self, who: int, late: bool) -> None:
        """Ask for the place that the phone itself has in a call."""
        places: list[str] = []
        self._do(who, lambda agent, _now, call: places.append(agent.successor(call)))
        if places and len(self.calls[0]) + len(self.calls[1]) < 2 * MOST_CALLS:
            place = unquote(places[-1].partition("Replaces=")[2].rstrip(">"))
            caller, callee = self.phones[who], self.phones[1 - who]
            headers = (("Replaces", place),)
            offer = None if late else OFFER
            self.calls[who].append(self.world.place(caller, callee, offer, headers=headers))

    @rule(who=WHO, late=st.booleans(), early=st.booleans())
    def talk(self, who: int, late: bool, early: bool) -> None:
        """Come to where most things can happen, if the network lets it."""
        self.call(who, late)
        self.world.run(1)
        if early:
            self.open_early_media(1 - who)
            self.world.run(2)
        self.answer(1 - who)
        self.world.run(2)

    @rule(who=WHO)
    def ring(self, who: int) -> None:
        self._do(who, lambda agent, now, call: agent.ring(now, call))

    @rule(who=WHO)
    def open_early_media(self, who: int) -> None:
        self._do(who, lambda agent, now, call: agent.progress(now, call, ANSWER))

    @rule(who=WHO)
    def answer(self, who: int) -> None:
        offers = {e.call: e.offer for e in self.phones[who].told(Invited) if isinstance(e, Invited)}
        self._do(
            who,
            lambda agent, now, call: agent.answer(now, call, ANSWER if offers.get(call) else OFFER),
        )

    @rule(who=WHO)
    def reject(self, who: int) -> None:
        self._do(who, lambda agent, now, call: agent.reject(now, call, 486))

    @rule(who=WHO)
    def offer_again(self, who: int) -> None:
        self._do(who, lambda agent, now, call: agent.reinvite(now, call, OFFER))

    @rule(who=WHO, yes=st.booleans())
    def answer_offer(self, who: int, yes: bool) -> None:
        cseq = self._last_cseq(who, Reinvited)
        if yes:
            self._do(who, lambda ua, now, call: ua.answer_reinvite(now, call, cseq, ANSWER))
        else:
            self._do(who, lambda ua, now, call: ua.reject_reinvite(now, call, cseq, 488))

    @rule(who=WHO)
    def send_on(self, who: int) -> None:
        self._do(who, lambda agent, now, call: agent.refer(now, call, "<sip:desk@pbx.example>"))

    @rule(who=WHO, yes=st.booleans(), status=st.sampled_from([180, 200, 486]))
    def follow(self, who: int, yes: bool, status: int) -> None:
        cseq = self._last_cseq(who, TransferAsked)
        if yes:
            self._do(who, lambda ua, now, call: ua.accept_referral(now, call, cseq))
            self._do(who, lambda ua, now, call: ua.tell_referral(now, call, cseq, status))
        else:
            self._do(who, lambda ua, now, call: ua.refuse_referral(now, call, cseq, 603))

    @rule(who=WHO)
    def inform(self, who: int) -> None:
        key = Content("application/dtmf-relay", b"Signal=5")
        self._do(who, lambda agent, now, call: agent.inform(now, call, key))

    @rule(who=WHO, which=st.integers(0, 2 * MOST_CALLS))
    def hang_up(self, who: int, which: int) -> None:
        mine = self.calls[who][which : which + 1]
        self._do(who, lambda ua, now, call: ua.hang_up(now, call) if call in mine else None)

    @rule(seconds=st.sampled_from([0.003, 0.02, 0.6, 3, 50]))
    def wait(self, seconds: float) -> None:
        self.world.run(seconds)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for _ in range(2):  # an INVITE may still have been under way, and nobody else let it ring
            for who in (0, 1):
                self._do(who, lambda agent, now, call: agent.hang_up(now, call))
            self.world.run(300)
        for who, phone in enumerate(self.phones):
            ends = Counter(event.call for event in phone.told(Ended) if isinstance(event, Ended))
            assert ends == Counter(self.calls[who])
            assert phone.agent.idle
            assert (phone.agent.calls, phone.agent.unfinished) == (0, 0)
            assert phone.agent.deadline() is None


TestPhones = Phones.TestCase
TestPhones.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
