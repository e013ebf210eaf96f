"""A gateway whose scenarios need no agent, and a stranger who calls it by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from fourwire.app import App
from fourwire.call import Call
from fourwire.life import Ended
from fourwire.settings import Settings
from support.scene import SETTINGS, Scene, scene
from support.stranger import Stranger, stranger


def app() -> App:
    """Scenarios by what is dialled."""
    made = App()

    @made.call("stays|voxi")
    async def stays(call: Call) -> None:
        await call.answer()
        await anyio.sleep_forever()

    @made.call("slow")
    async def slow(call: Call) -> None:
        await call.ring()
        await anyio.sleep_forever()

    @made.call("early")
    async def early(call: Call) -> None:
        await call.progress()
        await anyio.sleep_forever()

    @made.call("bad-farewell")
    async def bad_farewell(call: Call) -> None:
        await call.answer()
        await call.hang_up({"X-Bad": "a\r\nb"})

    @made.call("lingers")
    async def lingers(call: Call) -> None:
        await call.answer()
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await call.data.setdefault("release", anyio.Event()).wait()

    leaving(made)
    return made


def leaving(made: App) -> None:
    """Scenarios that break out of their task."""

    @made.call("cancelled-by-itself")
    async def cancelled_by_itself(call: Call) -> None:
        await call.answer()
        raise asyncio.CancelledError

    @made.call("exits")
    async def exits(call: Call) -> None:
        await call.answer()
        raise SystemExit(3)

    @made.call("exits-beside")
    async def exits_beside(call: Call) -> None:
        async def leave() -> None:
            raise SystemExit(3)

        await call.answer()
        call.start_soon(leave)
        await anyio.sleep_forever()

    @made.call("exits-after")
    async def exits_after(call: Call) -> None:
        await call.answer()

    @made.ended
    async def after(call: Call, _ended: Ended) -> None:
        if call.dialled == "exits-after":
            raise SystemExit(3)


@asynccontextmanager
async def stage_and_stranger(
    settings: Settings = SETTINGS,
) -> AsyncIterator[tuple[Scene, Stranger]]:
    """A gateway with these scenarios, and somebody who may call them."""
    async with scene(app(), settings=settings) as stage:
        _, host, port = stage.gateway.addresses[0]
        async with stranger(host, port) as them:
            yield stage, them


async def the_end(stage: Scene, count: int = 1) -> list[str]:
    """Causes of all ends, once nothing of a call is left in the gateway."""
    await stage.notes.until("call.ended", count)
    with anyio.fail_after(10):
        await stage.gateway.wait_idle(10)
        while stage.gateway.endpoint.counters()["calls"]:  # noqa: ASYNC110 nothing tells
            await anyio.sleep(0.01)
    return stage.causes()


async def still_takes_calls(them: Stranger) -> None:
    """A call is answered and hung up."""
    call = them.dialog("stays")
    assert (await call.invite()).status == 200
    call.acknowledge()
    call.send("BYE")
    assert (await them.final()).status == 200
