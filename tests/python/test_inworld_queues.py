"""What waits, in which order, and what is dropped."""

import asyncio
import gc
import weakref
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.inworld import events
from fourwire.inworld.feed import Feed, Listener
from fourwire.inworld.outbox import Outbox


def drain(outbox: Outbox) -> list[bytes]:
    return list(iter(outbox.pop, None))


def happening(number: int) -> events.Event:
    return events.WebSocketError(message=str(number))


async def heard(listener: Listener) -> list[str]:
    return [event.message async for event in listener if isinstance(event, events.WebSocketError)]


def test_a_commit_follows_the_audio_it_commits() -> None:
    outbox = Outbox()
    outbox.push_audio(b"a1")
    outbox.push_audio(b"a2")
    outbox.push_command(b"commit")
    outbox.push_audio(b"a3")

    assert drain(outbox) == [b"a1", b"a2", b"commit", b"a3"]


def test_the_oldest_audio_goes_first_and_is_counted() -> None:
    outbox = Outbox(audio_frames=2)
    outbox.push_command(b"c1")
    for frame in (b"a1", b"a2", b"a3"):
        outbox.push_audio(frame)

    assert drain(outbox) == [b"c1", b"a2", b"a3"]
    assert outbox.audio_dropped == 1


def test_a_command_is_never_dropped_but_refused_at_the_brim() -> None:
    outbox = Outbox(commands=2)

    assert outbox.push_command(b"c1")
    assert outbox.push_command(b"c2")
    assert not outbox.push_command(b"c3")
    assert drain(outbox) == [b"c1", b"c2"]


@given(st.lists(st.sampled_from(["audio", "command", "pop"]), max_size=200))
def test_what_went_in_came_out_waits_or_was_counted(steps: list[str]) -> None:
    outbox = Outbox(audio_frames=3, commands=1000)
    expected: deque[tuple[str, bytes]] = deque()
    pushed = popped = 0
    for number, step in enumerate(steps):
        frame = b"%d" % number
        if step == "pop":
            frame_out = outbox.pop()
            popped += frame_out is not None
            assert frame_out == (expected.popleft()[1] if expected else None)
            continue
        pushed += 1
        if step == "command":
            outbox.push_command(frame)
        else:
            waiting = [entry for entry in expected if entry[0] == "audio"]
            if len(waiting) == 3:
                expected.remove(waiting[0])
            outbox.push_audio(frame)
        expected.append((step, frame))

    assert pushed == popped + len(outbox) + outbox.audio_dropped
    assert len(outbox) == len(expected)


@pytest.mark.anyio
async def test_a_listener_hears_what_happens_after_it_came() -> None:
    feed = Feed()
    first = feed.listen()
    feed.publish(happening(1))
    second = feed.listen()
    feed.publish(happening(2))
    feed.finish()

    assert await heard(first) == ["1", "2"]
    assert await heard(second) == ["2"]


@pytest.mark.anyio
async def test_a_listener_that_waits_is_woken_by_an_event_and_by_the_end() -> None:
    feed = Feed()
    waiting = asyncio.create_task(heard(feed.listen()))
    await asyncio.sleep(0)
    feed.publish(happening(1))
    await asyncio.sleep(0)
    feed.finish()

    assert await waiting == ["1"]


@pytest.mark.anyio
async def test_after_the_end_nothing_is_published_and_nobody_waits() -> None:
    feed = Feed()
    feed.finish()

    assert not feed.publish(happening(1))
    assert await heard(feed.listen()) == []


@pytest.mark.anyio
async def test_a_listener_that_never_reads_loses_the_oldest_events_and_counts_them() -> None:
    listener = Listener(most=2)
    for number in range(5):
        listener.hear(happening(number))
    listener.finish()

    assert await heard(listener) == ["3", "4"]
    assert listener.lost == 3


@pytest.mark.anyio
async def test_a_listener_that_was_dropped_is_not_kept_alive() -> None:
    feed = Feed()
    listener = feed.listen()
    feed.publish(happening(1))
    gone: list[bool] = []
    weakref.finalize(listener, gone.append, True)
    del listener
    gc.collect()

    assert gone == [True]
