"""Transactions: their timers fire when RFC 3261 says, and nothing of them stays behind."""

import tracemalloc

import pytest
from support.sip import ANSWER, World, established, losing, pair
from support.sip_torture import BODY, invite, options

from fourwire.sip.events import Cause, Ended, Invited
from fourwire.sip.states import NEXT, TIMERS, Kind, State
from fourwire.sip.timers import SECOND, Deadlines, Intervals


def seconds(times: list[float]) -> list[float]:
    return [round(at / 1000, 3) for at in times]


def test_an_unanswered_invite_is_repeated_in_doubling_pauses_and_given_up_after_32_s() -> None:
    world = World()
    caller, callee = pair(world)
    world.swallow = losing("INVITE")

    world.place(caller, callee)
    world.run(40)

    assert seconds(world.times_ms("INVITE")) == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    (ended,) = caller.told(Ended)
    assert isinstance(ended, Ended)
    assert (ended.cause, ended.status) == (Cause.UNANSWERED, 408)
    assert caller.agent.idle


def test_the_time_a_caller_waits_follows_its_t1() -> None:
    world = World()
    caller = world.peer("192.0.2.1", intervals=Intervals(t1=SECOND // 10))
    callee = world.peer("192.0.2.2")
    world.swallow = losing("INVITE")

    world.place(caller, callee)
    world.run(6.5)

    assert seconds(world.times_ms("INVITE")) == [0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3]
    assert len(caller.told(Ended)) == 1


def test_an_unanswered_bye_is_repeated_at_t1_doubling_to_t2_and_given_up_after_32_s() -> None:
    world = World()
    caller, _ = established(world)
    world.swallow = losing("BYE")

    world.do(caller, lambda agent, now: agent.hang_up(now, 1))
    world.run(40)

    times = seconds(world.times_ms("BYE"))
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert caller.agent.idle


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_2xx_is_repeated_until_its_ack_comes_and_after_32_s_the_call_is_ended(
    transport: str,
) -> None:
    world = World(transport=transport)
    world.swallow = losing("ACK")

    caller, callee = established(world)
    world.run(45)

    ours = world.messages("200 INVITE")
    first = ours[0].at_ms
    assert seconds([sent.at_ms - first for sent in ours]) == [
        0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5,
    ]  # fmt: skip
    (bye,) = world.messages("BYE")
    assert seconds([bye.at_ms - first]) == [32]
    assert [event.cause for event in callee.told(Ended)] == [Cause.UNACKNOWLEDGED]
    assert [event.cause for event in caller.told(Ended)] == [Cause.BYE]
    world.run(40)
    assert caller.agent.idle
    assert callee.agent.idle


def test_a_refusal_is_repeated_until_its_ack_comes_and_no_longer_than_32_s() -> None:
    world = World()
    caller, callee = pair(world)
    callee.on_event = lambda event: (
        callee.agent.reject(world.now, event.call, 486) if isinstance(event, Invited) else None
    )
    world.swallow = losing("ACK")

    world.place(caller, callee)
    world.run(70)

    times = seconds(world.times_ms("486 INVITE"))
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert len(world.messages("ACK")) == len(times)
    assert callee.agent.idle


def test_over_tcp_nothing_is_repeated_but_a_2xx() -> None:
    world = World(transport="tcp")
    caller, callee = pair(world)
    world.swallow = losing("INVITE")

    world.place(caller, callee)
    world.run(40)

    assert len(world.messages("INVITE")) == 1
    assert len(caller.told(Ended)) == 1


def test_a_repeated_invite_is_answered_by_the_last_response_and_is_no_second_call() -> None:
    world = World()
    callee = world.peer("192.0.2.2")

    for _ in range(3):
        world.send(invite(), callee)
    world.do(callee, lambda agent, now: agent.ring(now, 1))
    world.send(invite(), callee)

    statuses = [reply.status for reply in world.replies()]
    assert statuses == [100, 100, 100, 180, 180]
    assert len(callee.told(Invited)) == 1


def test_a_repeated_request_is_answered_by_the_same_bytes() -> None:
    world = World()
    callee = world.peer("192.0.2.2")

    world.send(options(), callee)
    world.send(options(), callee)

    first, second = world.replies()
    assert bytes(first) == bytes(second)
    world.run(33)
    assert callee.agent.idle


def test_an_invite_that_comes_again_after_its_2xx_is_absorbed() -> None:
    world = World()
    callee = world.peer("192.0.2.2")
    world.send(invite(), callee)
    world.do(callee, lambda agent, now: agent.answer(now, 1, ANSWER))
    count = len(world.sent)

    world.send(invite(), callee)

    assert len(world.sent) == count
    assert len(callee.told(Invited)) == 1


def test_the_same_request_by_another_way_is_a_loop() -> None:
    world = World()
    callee = world.peer("192.0.2.2")

    world.send(invite(), callee)
    world.send(invite(Via="SIP/2.0/UDP host.example.com;branch=z9hG4bKother"), callee)

    assert [reply.status for reply in world.replies()] == [100, 482]


def test_above_the_limit_of_transactions_new_requests_are_dropped_and_counted() -> None:
    world = World()
    callee = world.peer("192.0.2.2", max_transactions=3)

    for number in range(5):
        via = f"SIP/2.0/UDP host.example.com;branch=z9hG4bK{number}"
        world.send(options(Via=via, Call_ID=f"{number}@there"), callee)

    assert len(world.replies()) == 3
    assert callee.agent.counters()["dropped_over_transaction_limit"] == 2


def test_every_state_has_a_way_out() -> None:
    for kind in Kind:
        for state in NEXT[kind]:
            seen, open_ = {state}, [state]
            while open_:
                steps = NEXT[kind].get(open_.pop(), {}).values()
                fresh = {step.state for step in steps} - seen
                seen |= fresh
                open_ += fresh
            assert State.TERMINATED in seen, (kind, state)


def test_every_timer_of_a_state_has_a_row_in_it() -> None:
    for kind, states in TIMERS.items():
        for state, timers in states.items():
            assert all(timer in NEXT[kind][state] for timer in timers), (kind, state)


def test_a_deadline_set_again_counts_once_and_a_cancelled_one_not_at_all() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 5)
    deadlines.set("a", 9)
    deadlines.set("b", 7)
    deadlines.cancel("b")

    assert deadlines.take(8) is None
    assert deadlines.earliest() == 9
    assert deadlines.take(9) == "a"
    assert deadlines.take(99) is None
    assert len(deadlines) == 0


def test_deadlines_that_are_set_anew_for_ever_take_no_room() -> None:
    """Each refresh of a session sets one that lies half an hour ahead, or as far as a peer says."""
    deadlines: Deadlines[str] = Deadlines()
    tracemalloc.start()
    try:
        for moment in range(50_000):
            deadlines.set("session", moment + 10**18)
            deadlines.set(f"call {moment}", moment + 10**18)
            deadlines.cancel(f"call {moment}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100_000
    assert deadlines.take(2 * 10**18) == "session"
    assert len(deadlines) == 0


def test_what_was_refused_is_kept_without_its_body() -> None:
    world = World()
    callee = world.peer("192.0.2.2", max_calls=1)
    story = "a=" + "x" * 30_000
    tracemalloc.start()
    try:
        for number in range(300):
            via = f"SIP/2.0/UDP host.example.com;branch=z9hG4bK{number}"
            callee.agent.draining = True
            world.send(invite(Via=via, Call_ID=f"flood{number}", body=BODY + story), callee)
        world.sent.clear()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert callee.agent.counters()["transactions"] == 300
    assert kept < 300 * 15_000
