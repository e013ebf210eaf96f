"""What a piece of work leaves for the cyclic collector: objects of ours that nobody holds."""

import gc
from collections import Counter
from collections.abc import Awaitable, Callable


async def litter_of(work: Callable[[], Awaitable[object]]) -> Counter[str]:
    """How many objects of each class of ours `work` leaves in circles, or hanging on some.

    What the first time makes for good (caches, classes) is no litter, so it is done twice.
    """
    await work()
    gc.collect()
    gc.freeze()  # so that it is quick: of all else nobody looks at anything
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await work()
        gc.collect()
        return Counter(map(_name, filter(_is_ours, gc.garbage)))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.unfreeze()


def _is_ours(it: object) -> bool:
    return type(it).__module__.startswith("fourwire.")


def _name(it: object) -> str:
    return f"{type(it).__module__}.{type(it).__qualname__}"
