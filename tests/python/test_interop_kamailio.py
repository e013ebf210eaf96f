"""Kamailio, as `deploy/kamailio` sets it up, in front of gateways that die, drain and come back."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from support.fleet import kamailio, nodes
from support.sipp import Outcome, place_calls
from support.sipp_plain import free_ports

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="Kamailio")]

Record = Callable[[str, object], None]

NEW_CALLS, A_SECOND = 60, 10
"""New calls for six seconds, so that some come before anybody knows that a node is gone."""


async def lasting(
    address: tuple[str, str, int], folder: Path, name: str, *, calls: int, rate: int, talk_ms: int
) -> Outcome:
    """Calls of SIPp that last; how they fared."""
    place = folder / name
    place.mkdir()
    return await place_calls(
        address, "lasting", place, free_ports(1)[0], calls=calls, rate=rate, talk_ms=talk_ms
    )


async def test_when_a_node_dies_its_calls_are_lost_and_no_others(
    tmp_path: Path, record_property: Record
) -> None:
    async with nodes(tmp_path, 2) as (dies, lives), kamailio(tmp_path, [dies, lives]) as proxy:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(
                lasting(proxy.address, tmp_path, "running", calls=20, rate=40, talk_ms=12_000)
            )
            await dies.until("call.answered", 10)
            await lives.until("call.answered", 10)

            await dies.killed()
            new = tasks.create_task(
                lasting(proxy.address, tmp_path, "new", calls=NEW_CALLS, rate=A_SECOND, talk_ms=500)
            )
            out_after_s = await proxy.until_active({lives.uri})

        assert len(dies.noted("call.answered")) == 10  # by load, half of them each
        assert (new.result().succeeded, new.result().failed) == (NEW_CALLS, 0)
        assert (running.result().succeeded, running.result().failed) == (10, 10)
        ends = [end["cause"] for end in await lives.until("call.ended", 10 + NEW_CALLS)]
        assert ends == ["caller hung up"] * (10 + NEW_CALLS)
        assert out_after_s < 3
        record_property("figure", f"out after {out_after_s:.1f} s; 0 of {NEW_CALLS} new calls lost")

        async with AsyncExitStack() as stack:
            await dies.serve(stack)
            back_after_s = await proxy.until_active({dies.uri, lives.uri})
            record_property("figure", f"back {back_after_s:.1f} s after it listens again")


async def test_a_node_that_drains_gets_no_new_calls_and_loses_none(
    tmp_path: Path, record_property: Record
) -> None:
    async with nodes(tmp_path, 2) as (drains, stays), kamailio(tmp_path, [drains, stays]) as proxy:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(
                lasting(proxy.address, tmp_path, "running", calls=20, rate=40, talk_ms=8_000)
            )
            await drains.until("call.answered", 10)
            await stays.until("call.answered", 10)

            drains.signal(signal.SIGUSR1)
            new = await lasting(
                proxy.address, tmp_path, "new", calls=40, rate=A_SECOND, talk_ms=500
            )
            assert await proxy.active() == {stays.uri}
            assert len(drains.noted("call.answered")) == 10
        assert (new.succeeded, new.failed) == (40, 0)
        assert (running.result().succeeded, running.result().failed) == (20, 0)
        for node, count in ((drains, 10), (stays, 50)):
            ends = [end["cause"] for end in await node.until("call.ended", count)]
            assert ends == ["caller hung up"] * count

        drains.signal(signal.SIGUSR2)
        back_after_s = await proxy.until_active({drains.uri, stays.uri})
        record_property("figure", f"0 of 60 calls lost; back after {back_after_s:.1f} s")


async def test_without_a_node_callers_hear_so_and_when_to_try_again(tmp_path: Path) -> None:
    async with nodes(tmp_path, 1) as (only,), kamailio(tmp_path, [only]) as proxy:
        await only.killed()
        await proxy.until_active(set())
        outcome = await lasting(proxy.address, tmp_path, "new", calls=1, rate=1, talk_ms=0)
        assert outcome.failed == 1
        assert "503 No Node Takes Calls" in outcome.complaints
        assert "Retry-After: 5" in outcome.complaints
