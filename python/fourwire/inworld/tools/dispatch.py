"""Answering the agent's function calls: tasks and a timer around the machine of `turns`."""

import asyncio
from typing import Protocol
from weakref import proxy

from fourwire.inworld.commands import Command, ConversationItemCreate, ResponseCreate
from fourwire.inworld.event import Event
from fourwire.inworld.local_events import ToolAnswered, ToolCalled
from fourwire.inworld.redaction import RedactedLog
from fourwire.inworld.verbs import Sent

from .called import ToolCall
from .offer import Offer
from .running import Result, failed, run
from .toolbox import Toolbox
from .turns import Turns, Wanted

AT_ONCE = 32
"""How many calls may run at a time; a model that wants more has lost its way."""

UNDONE = "not done: the response broke off"
"""What is told of a call in a response that was interrupted, failed, or grew too long."""


class Owner(Protocol):
    """Whose functions are run: the agent's side of it."""

    def tell(self, command: Command) -> Sent:
        """Queue a command."""
        ...

    def publish(self, event: Event) -> None:
        """Let all listeners have an event."""
        ...


class Dispatch:
    """Runs the functions that the agent calls, tells it the results, and has it go on."""

    def __init__(self, toolbox: Toolbox, owner: Owner, log: RedactedLog) -> None:
        self.offer = Offer(toolbox)
        self._toolbox = toolbox
        self._owner: Owner = proxy(owner)  # a part does not keep its whole alive
        self._log = log
        self._turns = Turns()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self.may_run = asyncio.Event()
        """Whether functions run when they are called; else they wait for it."""
        self.may_run.set()
        self.called = 0
        """Calls that were made here."""
        self.failed = 0
        """Those of them that brought the agent an error."""

    def receive(self, event: Event) -> None:
        """Act on an event of the agent's."""
        if self._closed or not self._toolbox:
            return
        self._turns.asks = self.offer.asks
        self._start(self._turns.receive(self._loop.time(), event))
        self._go_on()

    def close(self) -> None:
        """Cancel what still runs: nobody waits for it any more."""
        self._closed = True
        self._set_timer(None)
        for task in self._tasks:
            task.cancel()

    async def closed(self, seconds: float) -> None:
        """Wait until all that ran has ended, but no longer than `seconds`."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _start(self, wanted: Wanted) -> None:
        for call in wanted.undone:
            if call.name in self._toolbox:
                self._answer(call, failed(UNDONE), 0.0, silent=True)
        for call in wanted.calls:
            if self.offer.is_owners(call.name):
                self._turns.leave(call.call_id)
            else:
                self._begin(call)

    def _begin(self, call: ToolCall) -> None:
        self.called += 1
        self._owner.publish(
            ToolCalled(call_id=call.call_id, function=call.name, arguments=call.arguments)
        )
        crowded = len(self._tasks) >= AT_ONCE
        work = self._run(call, crowded=crowded)
        task = self._loop.create_task(work, name=f"tool {call.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, call: ToolCall, *, crowded: bool) -> None:
        await self.may_run.wait()
        began = self._loop.time()
        result = await self._result(call, crowded=crowded)
        self._answer(call, result, (self._loop.time() - began) * 1000, silent=result.silent)
        self._go_on()

    async def _result(self, call: ToolCall, *, crowded: bool) -> Result:
        if call.name not in self._toolbox:
            there = ", ".join(tool.name for tool in self._toolbox)
            return failed(f"there is no function {call.name}; there are {there}")
        if crowded:
            return failed("too many functions were called at once")
        return await run(self._toolbox[call.name], call)

    def _answer(self, call: ToolCall, result: Result, took_ms: float, *, silent: bool) -> None:
        if self._closed:
            return
        if result.error is not None:
            self.failed += 1
            self._log.warning("tool %s: %s", call.name, result.error)
        output = {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": result.output,
        }
        self._owner.tell(ConversationItemCreate(item=output))
        self._turns.answered(call.call_id, silent=silent)
        self._owner.publish(
            ToolAnswered(
                call_id=call.call_id,
                function=call.name,
                output=result.output,
                error=result.error,
                silent=silent,
                took_ms=round(took_ms, 1),
            )
        )

    def _go_on(self) -> None:
        """Ask for a response where one is due; wake up for one that is due later."""
        if self._closed:
            return
        if self._turns.is_due(self._loop.time()):
            command = ResponseCreate()
            self._owner.tell(command)
            self._turns.asked(command.event_id or None)
        self._set_timer(self._turns.deadline())

    def _set_timer(self, at: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if at is None else self._loop.call_at(at, self._go_on)
