"""Whole calls over a network that loses, repeats and reorders: each ends, once, on both sides."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from support.sip import ANSWER, OFFER, Peer, Weather, World, pair

from fourwire.sip.errors import LocalError
from fourwire.sip.events import Ended, Event, Invited, Reinvited
from fourwire.sip.user_agent import UserAgent

Deed = Callable[[UserAgent, int], None]

DEEDS: dict[str, Deed] = {
    "ring": lambda agent, now: agent.ring(now, 1),
    "progress": lambda agent, now: agent.progress(now, 1, ANSWER),
    "answer": lambda agent, now: agent.answer(now, 1, ANSWER),
    "reject": lambda agent, now: agent.reject(now, 1, 486),
    "hang up": lambda agent, now: agent.hang_up(now, 1),
    "reinvite": lambda agent, now: agent.reinvite(now, 1, OFFER),
    "acknowledge": lambda agent, now: agent.acknowledge(now, 1, ANSWER),
}

weathers = st.builds(
    Weather,
    loss=st.sampled_from([0.0, 0.1, 0.3]),
    duplication=st.sampled_from([0.0, 0.3, 1.0]),
    delay_ms=st.sampled_from([(5, 5), (1, 900), (1, 4000)]),
)

plots = st.lists(
    st.tuples(st.floats(0, 3), st.booleans(), st.sampled_from(sorted(DEEDS))), max_size=14
)


def willing(world: World, peer: Peer) -> Callable[[Event], None]:
    """A peer that accepts every change of the session."""

    def accept(event: Event) -> None:
        if isinstance(event, Reinvited):
            peer.agent.answer_reinvite(world.now, event.call, event.cseq, ANSWER)

    return accept


def attempt(world: World, peer: Peer, deed: str) -> None:
    try:
        world.do(peer, DEEDS[deed])
    except LocalError:
        world.drain(peer)  # the wrong moment: said so, and nothing happened


def play(world: World, plot: list[tuple[float, bool, str]], offer: str | None) -> tuple[Peer, Peer]:
    caller, callee = pair(world)
    for peer in (caller, callee):
        peer.on_event = willing(world, peer)
    world.place(caller, callee, offer)
    for pause, by_caller, deed in plot:
        world.run(pause)
        attempt(world, caller if by_caller else callee, deed)
    for peer in (caller, callee):
        attempt(world, peer, "hang up")
    world.run(250)
    return caller, callee


def ends(peer: Peer) -> dict[int, int]:
    """How often each call ended."""
    counted: dict[int, int] = {}
    for event in peer.told(Ended):
        counted[event.call] = counted.get(event.call, 0) + 1
    return counted


@given(st.integers(0, 2**32), weathers, plots, st.sampled_from([OFFER, None]))
def test_whatever_happens_every_call_ends_once_and_leaves_nothing_behind(
    seed: int, weather: Weather, plot: list[tuple[float, bool, str]], offer: str | None
) -> None:
    world = World(seed, weather=weather)

    caller, callee = play(world, plot, offer)
    for call in callee.told(Invited):
        # A copy of the INVITE that came after all was over is a call anew, never answered.
        world.do(callee, lambda agent, now, call=call: agent.hang_up(now, call.call))
    world.run(250)

    assert ends(caller) == {1: 1}
    assert ends(callee) == {event.call: 1 for event in callee.told(Invited)}
    for peer in (caller, callee):
        assert peer.agent.idle
        assert peer.agent.deadline() is None
        assert "malformed_dropped" not in peer.agent.counters()


@given(st.integers(0, 2**32), plots)
def test_over_tcp_too(seed: int, plot: list[tuple[float, bool, str]]) -> None:
    world = World(seed, transport="tcp", weather=Weather(delay_ms=(5, 5)))

    caller, callee = play(world, plot, OFFER)

    assert ends(caller) == {1: 1}
    assert ends(callee) == {event.call: 1 for event in callee.told(Invited)}
    assert caller.agent.idle
    assert callee.agent.idle


@given(st.integers(0, 2**32), st.sampled_from([0.1, 0.3]))
def test_a_call_comes_up_in_spite_of_loss(seed: int, loss: float) -> None:
    world = World(seed, weather=Weather(loss=loss, duplication=0.2, delay_ms=(1, 300)))
    caller, callee = pair(world)
    callee.on_event = lambda event: (
        callee.agent.answer(world.now, event.call, ANSWER) if isinstance(event, Invited) else None
    )

    world.place(caller, callee)
    world.run(31)

    assert (caller.agent.calls, callee.agent.calls) == (1, 1)
    assert len(callee.told(Invited)) == 1


def test_the_same_seed_gives_the_same_bytes() -> None:
    def once() -> list[bytes]:
        world = World(7, weather=Weather(loss=0.2, duplication=0.2, delay_ms=(1, 900)))
        play(world, [(1.0, False, "ring"), (2.0, False, "answer")], OFFER)
        return [bytes(sent.message) for sent in world.sent]

    assert once() == once()
