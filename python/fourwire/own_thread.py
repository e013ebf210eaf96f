"""A thread for one piece of work that may wait for long, and that ends with it.

A pool would hold back others while all of its threads wait, and keep the threads of its busiest
moment for long after.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

__all__ = ["in_own_thread"]


Result = TypeVar("Result")


async def in_own_thread(name: str, work: Callable[[], Result]) -> Result:
    """What `work` returns or raises; it runs on in a thread called `name` where nobody waits.

    Raises `OSError` where the system has no room for another thread.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def tell(what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lambda: None if done.done() else what())

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # it is raised where it is waited for
            found = error
            tell(lambda: done.set_exception(found))
        else:
            tell(lambda: done.set_result(result))

    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except RuntimeError as error:
        raise OSError(str(error)) from error
    return await done
