"""A call whose line, leg and far side a test plays."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from fourwire.call import Call
from fourwire.call_options import CallOptions
from support.gateway import FakeLine, Notes, journal, settled


class Living:
    """A call that lives, with everything around it."""

    def __init__(self, options: CallOptions | None = None, line: FakeLine | None = None) -> None:
        self.line = line or FakeLine()
        book, self.notes = journal()
        self.notes: Notes
        self.call = Call("c1", self.line, book.call("c1"), options)

    def ended(self) -> list[tuple[str, bool]]:
        """Cause and answeredness of every record of an end."""
        return [(note["cause"], note["answered"]) for note in self.notes.named("call.ended")]


@asynccontextmanager
async def living(
    scenario: Callable[[Call], Awaitable[None]],
    options: CallOptions | None = None,
    line: FakeLine | None = None,
) -> AsyncIterator[Living]:
    """`scenario` under way until it waits; the block ends when the call has."""
    all_of_it = Living(options, line)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(all_of_it.call.live, scenario)
        await settled()
        yield all_of_it
