"""However a call ends, it does not wait long for its files, and tells what became of them."""

from typing import Any

import anyio
import pytest
from support.virtual import Stage, VirtualClockLoop, conversing

from fourwire._core import RecordingStopped
from fourwire.call_options import CallOptions
from fourwire.recording_settings import RecordingSettings

pytestmark = pytest.mark.anyio

OPTIONS = CallOptions(recording=RecordingSettings(dir="calls", transcripts=()))


@pytest.fixture
def anyio_backend() -> Any:
    return "asyncio", {"loop_factory": VirtualClockLoop}


async def cut_off(it: Stage) -> float:
    """Cancel the task of a call while its agent speaks; how many seconds its end takes then."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.leg.run)
        async with anyio.create_task_group() as outside:
            outside.start_soon(it.call.live, lambda _: conversing()(it))
            await it.until(it.loud)
            await anyio.sleep(0.3)
            began = it.now
            outside.cancel_scope.cancel()
        took_s = it.now - began
        it.leg.close()
    return took_s


async def test_a_call_whose_task_is_cancelled_tells_of_its_recording_at_once() -> None:
    it = Stage(options=OPTIONS)
    assert await cut_off(it) < 0.5
    told = [entry.event for entry in it.notes]
    assert told.index("call.recording_stopped") < told.index("call.ended")


async def test_a_call_whose_task_is_cancelled_knows_what_was_heard_to_the_end() -> None:
    it = Stage(options=OPTIONS)
    await cut_off(it)
    (end,) = it.notes.named("call.ended")
    (turn,) = end["transcript"]
    assert turn.cut
    assert turn.heard_ms > 200


async def test_a_disk_that_takes_its_time_is_not_waited_for_and_yet_told_of() -> None:
    it = Stage(options=OPTIONS)
    it.leg.slow_disk = True
    assert 1.9 < await cut_off(it) < 2.5
    assert it.notes.named("call.recording_stopped") == []
    (started,) = it.notes.named("call.recording_started")
    it.leg.receive(RecordingStopped(started["path"], 1.0, 0.0, 44, started["path"]))
    assert [entry.event for entry in it.notes][-2:] == ["call.ended", "call.recording_stopped"]
