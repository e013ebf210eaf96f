"""A conversation that survives failure: it is opened, held, mended, and ended in a defined way."""

import random
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio

from fourwire.announcement import Announcement
from fourwire.child import child
from fourwire.conversation import Conversation
from fourwire.failure_policy import (
    Failure,
    FailurePolicy,
    LastResort,
    Setback,
    Verdict,
    failure_of,
    judge,
    last_resorts,
    pause_s,
    retry_after_s,
)
from fourwire.held_greeting import HeldGreeting
from fourwire.inworld import Agent, InworldError
from fourwire.inworld.events import ResponseDone
from fourwire.life import Cause, State
from fourwire.line import TransferFailed
from fourwire.recall import Recall, Resume
from fourwire.watchdog import Health, watch

if TYPE_CHECKING:
    from fourwire.call import Call

__all__ = ["Talk"]

GREETING_SECONDS = 3.0
"""How long a telephone goes on ringing for a greeting that has been asked for."""

FINISH_SECONDS = 10.0
"""How long an agent that is lost may be heard to the end of what it had said."""

FAILURES = {Health.WEDGED: Failure.WEDGED, Health.DEAF: Failure.UNHEARD}
"""What the watchdog finds; the caller may have spoken to nobody by then."""


class GivenUp(Exception):
    """There will be no agent for this call."""

    def __init__(self, failure: Failure, detail: str) -> None:
        self.failure = failure
        super().__init__(detail)


class Talk:
    """One conversation of one call, through as many sessions as it takes."""

    def __init__(self, call: "Call", conversation: Conversation, policy: FailurePolicy) -> None:
        self._call = call
        self._conversation = conversation
        self._policy = policy
        self._hold = policy.hold_audio
        self._apology = policy.apology_audio
        self._recall = Recall()
        self._sessions = 0
        self._lost = 0
        self._chance = random.Random()

    async def run(self) -> None:
        """Talk until the call ends, or the conversation was closed by us."""
        try:
            agent = await self._begin()
            while (failure := await self._follow(agent)) is not None:
                with self._waited_for():
                    agent = await self._mend(agent, failure)
        except GivenUp as end:
            with self._waited_for():
                await self._give_up(end)

    def _waited_for(self) -> AbstractContextManager[None]:
        """A caller who waits for an agent, or for what comes in its place, is not silent."""
        return self._call.activity.under_way(lambda: self._call.journal.now)

    async def _begin(self) -> Agent:
        """The first agent, greeted while the telephone rings, so that it speaks at once."""
        if self._call.state is State.OFFERED:
            await self._call.ring()
        with self._holding():
            agent = await self._opened()
        try:
            held = HeldGreeting(agent)
            if self._conversation.greeting:
                agent.greet(self._conversation.greeting)
            if self._call.state is not State.ANSWERED:
                if self._conversation.greeting:
                    await held.wait_for_sound(GREETING_SECONDS)
                await self._call.answer()
            self._join(agent, held)
        except BaseException:
            await agent.close_shielded()
            raise
        return agent

    def _join(self, agent: Agent, held: HeldGreeting | None = None) -> None:
        self._call.bridge(
            agent,
            hang_up_with_agent=False,
            finish=True,
            held=held,
            barge_in=self._conversation.barge_in,
            early_barge_in=self._conversation.early_barge_in,
        )

    async def _opened(self) -> Agent:
        """A session with our settings, tried for as often as the policy has it; else `GivenUp`."""
        began, attempts = anyio.current_time(), 0
        while True:
            attempts += 1
            try:
                return await self._open()
            except (InworldError, TimeoutError) as error:
                for event in getattr(error, "events", ()):
                    self._call.log(event)
                setback = Setback(
                    failure=failure_of(error),
                    attempts=attempts,
                    waited_s=anyio.current_time() - began,
                    retry_after_s=retry_after_s(error, time.time()),
                    draw=self._chance.random(),
                )
                await self._pause_after(setback, f"{type(error).__name__}: {error}")

    async def _pause_after(self, setback: Setback, detail: str) -> None:
        verdict = judge(setback, self._policy)
        self._call.log(
            "conversation.not_opened",
            failure=setback.failure.value,
            error=detail,
            attempt=setback.attempts,
            then=verdict.value,
        )
        if verdict is Verdict.GIVE_UP:
            raise GivenUp(setback.failure, detail)
        await anyio.sleep(pause_s(setback, self._policy))

    async def _open(self) -> Agent:
        """One try."""
        self._sessions += 1
        key = self._call.id if self._sessions == 1 else f"{self._call.id}-{self._sessions}"
        with anyio.fail_after(self._policy.connect_s):
            agent = await self._conversation.connect(key)
            try:
                await agent.session_update(self._conversation.session, timeout=None)
            except BaseException:
                await agent.close_shielded()
                raise
            return agent

    async def _follow(self, agent: Agent) -> Failure | None:
        """How the session was lost; None where we closed it ourselves."""
        failure: Failure | None = None

        async def listen(both: anyio.CancelScope) -> None:
            nonlocal failure
            failure = await self._listen(agent)
            both.cancel()

        async def guard(both: anyio.CancelScope) -> None:
            nonlocal failure
            seconds, answers = self._policy.watchdog_s, self._conversation.answers
            failure = FAILURES[await watch(agent, self._recall, seconds, answers=answers)]
            both.cancel()

        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(child, listen, tasks.cancel_scope)
                if self._policy.watchdog_s:
                    tasks.start_soon(child, guard, tasks.cancel_scope)
        except BaseException:
            self._call.unbridge()
            await agent.close_shielded()
            raise
        ours = agent.closed_by_us or (agent.closed is None and agent.leaving)
        await self._leave(agent)
        return None if ours else failure  # we may leave in the moment in which it is given up

    async def _listen(self, agent: Agent) -> Failure | None:
        """Take notice of all that the agent tells; how it ended, None where that was our wish."""
        async for event in agent:
            self._recall.receive(self._call.journal.now, event)
            self._call.log(event)
            if self._conversation.on_event is not None:
                self._conversation.on_event(event)
            if isinstance(event, ResponseDone) and self._recall.failures > 0:
                if self._recall.failures > 1:
                    return Failure.SERVER
                agent.response_create()
        return None if agent.closed_by_us else Failure.LOST

    async def _leave(self, agent: Agent) -> None:
        """Close a session that is over, without waiting for one that does not answer."""
        if agent.closed is None:
            self._call.unbridge()
            self._call.start_soon(agent.close_shielded)
        else:
            await agent.close_shielded()

    async def _mend(self, lost: Agent, failure: Failure) -> Agent:
        """Another agent in the place of the `lost` one, which knows what was said."""
        self._lost += 1
        closed = lost.closed
        detail = "" if closed is None else f"code {closed.code} {closed.reason}".strip()
        self._call.log("conversation.lost", failure=failure.value, detail=detail, times=self._lost)
        if self._lost > self._policy.reconnects:
            raise GivenUp(failure, detail)
        whole = not self._recall.broken_off
        self._recall.lost(deaf=failure in FAILURES.values())
        began = anyio.current_time()
        with self._holding():
            agent = await self._opened()
        took_s = anyio.current_time() - began
        try:
            await self._hand_over(agent, whole=whole, noticed=took_s > self._policy.hold_after_s)
        except BaseException:
            await agent.close_shielded()
            raise
        self._call.log("conversation.mended", took_s=round(took_s, 3), session=agent.session_key)
        return agent

    async def _hand_over(self, agent: Agent, *, whole: bool, noticed: bool) -> None:
        """Tell `agent` what was said, and let it go on where the other stopped."""
        if whole:
            await self._drain()
        await self._call.wait_parted()
        turns = self._call.transcript.turns
        how = self._recall.resume(turns, noticed=noticed)
        for item in self._recall.items(turns):
            agent.conversation_item_create(item)
        if how is Resume.GREET and self._conversation.greeting:
            agent.greet(self._conversation.greeting)
        elif how is Resume.SPEAK:
            agent.conversation_item_create(self._recall.note())
            agent.response_create()
        self._join(agent)

    async def _drain(self) -> None:
        """Let the caller hear what the lost agent had said, to its end."""
        with anyio.move_on_after(FINISH_SECONDS):
            await self._call.wait_drained()

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Let the caller hear, while the block takes longer, that the line is still there."""
        playing = anyio.CancelScope()
        if self._hold is not None and self._call.state is State.ANSWERED:
            self._call.start_soon(partial(self._play_hold, self._hold, playing))
        try:
            yield
        finally:
            playing.cancel()

    async def _play_hold(self, hold: Announcement, playing: anyio.CancelScope) -> None:
        with playing:
            await anyio.sleep(self._policy.hold_after_s)
            await self._call.wait_drained()
            await self._call.play(hold, loop=True)

    async def _give_up(self, end: GivenUp) -> None:
        """Do what is left to be done for the caller, and end the call."""
        answered = self._call.state is State.ANSWERED
        self._call.log("conversation.given_up", failure=end.failure.value, detail=str(end))
        detail = f"{end.failure.value}: {end}"
        if answered:
            await self._drain()
        for step in last_resorts(self._policy, answered=answered):
            await self._resort_to(step, detail)

    async def _resort_to(self, step: LastResort, detail: str) -> None:
        match step:
            case LastResort.REJECT | LastResort.HANG_UP:
                self._call.end(Cause.AGENT_FAILED, detail)
                await anyio.lowlevel.checkpoint()
            case LastResort.ANSWER:
                await self._call.answer()
            case LastResort.APOLOGISE if self._apology is not None:
                await self._call.play(self._apology)
            case LastResort.TRANSFER:
                await self._transfer()

    async def _transfer(self) -> None:
        """Send the caller on to a human; where that fails, what comes next is for the caller."""
        with self._holding():
            try:
                await self._call.transfer(self._policy.transfer_to)
            except (TransferFailed, ValueError) as error:
                self._call.log("conversation.not_transferred", error=str(error))
