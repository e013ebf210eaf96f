"""The last words to callers who are still there when a gateway has to stop."""

from collections.abc import Iterable

import anyio

from fourwire.announcement import Announcement
from fourwire.call import Call
from fourwire.faults import places
from fourwire.life import State, WrongMoment

__all__ = ["say_goodbye"]

LONGEST_SECONDS = 15.0
"""How long a goodbye may take."""


async def say_goodbye(calls: Iterable[Call], goodbye: Announcement) -> None:
    """Part the calls from their agents and play `goodbye` to all of them at once."""
    with anyio.move_on_after(LONGEST_SECONDS):
        async with anyio.create_task_group() as all_of_them:
            for call in calls:
                if call.state is State.ANSWERED:
                    all_of_them.start_soon(_to, call, goodbye)


async def _to(call: Call, goodbye: Announcement) -> None:
    try:
        call.unbridge()
        await call.play(goodbye)
    except WrongMoment:
        return  # the caller hung up first
    except Exception as error:  # a fault in one call costs no other caller the goodbye
        what = f"{type(error).__name__}: {error}"
        call.log("call.error", error=what, traceback=places(error))
