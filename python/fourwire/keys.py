"""Keys that the caller presses, and who waits for them."""

import asyncio
import math

import anyio

__all__ = ["Keys"]

WAITING = 100
"""How many keys may wait for one who collects; nobody types ahead so far."""


class Keys:
    """The caller's keys, each for all who collect at the time."""

    def __init__(self) -> None:
        self._collecting: list[asyncio.Queue[str]] = []

    def press(self, digit: str) -> None:
        """Take a key."""
        for queue in self._collecting:
            if not queue.full():
                queue.put_nowait(digit)

    async def collect(
        self, most: int, *, end: str, first_s: float, next_s: float, all_s: float = math.inf
    ) -> str:
        """Keys from now on, up to `most`, to the key `end`, or until none follows in time."""
        last = anyio.current_time() + all_s
        queue: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._collecting.append(queue)
        digits = ""
        try:
            while len(digits) < most:
                soon = next_s if digits else first_s
                with anyio.fail_after(min(soon, last - anyio.current_time())):
                    digit = await queue.get()
                if digit in end:
                    break
                digits += digit
        except TimeoutError:
            return digits
        finally:
            self._collecting.remove(queue)
        return digits
