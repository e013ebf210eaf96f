"""How a call and its agents come together: joined, parted, and talking for as long as it takes."""

from collections import deque

import anyio

from fourwire._core import Unbridged
from fourwire.bridge import BargeIn, Bridge, ReplyEvent
from fourwire.call_options import CallOptions
from fourwire.call_part import CallPart
from fourwire.conversation import Conversation
from fourwire.converse import Talk
from fourwire.failure_policy import FailurePolicy
from fourwire.held_greeting import HeldGreeting
from fourwire.inworld import Agent
from fourwire.inworld.events import WebSocketClosed
from fourwire.life import Cause
from fourwire.media import EarlyBargeInLike, LegEvent
from fourwire.transcript import Transcript
from fourwire.weakly import weakly

__all__ = ["CallAgent", "cause_of"]

TOLD_SECONDS = 0.2
"""How long the end of a call waits for the leg's word of what was cut off; it takes a tick."""


class CallAgent(CallPart):
    """The part of a call that speaks of its agent."""

    transcript: Transcript
    _options: CallOptions
    _bridge: Bridge | None
    _apart = 0
    """For how many reasons caller and agent do not hear each other now."""
    _told_of: deque[Bridge]
    """Bridges of which the leg may still tell something, the eldest first."""

    @property
    def agent(self) -> Agent | None:
        """The agent that the call is bridged with, if it is."""
        joined = self._bridge is not None and self._bridge.is_open
        return self._bridge.agent if joined and self._bridge is not None else None

    async def converse(
        self,
        conversation: Conversation,
        policy: FailurePolicy = FailurePolicy(),  # noqa: B008 - frozen
    ) -> None:
        """Answer, and talk by `conversation` until the call ends or the session is closed by us.

        The session is opened and the greeting asked for while the telephone rings, so that the
        agent speaks as soon as it is heard. Where no session comes about, or it is lost, `policy`
        says what is done: tries, hold audio, a new session that knows what was said, and what
        comes when nothing helps. ValueError and OSError where its audio cannot be played.
        """
        await Talk(self, conversation, policy).run()  # type: ignore[arg-type]

    def bridge(
        self,
        agent: Agent,
        *,
        hang_up_with_agent: bool = True,
        finish: bool = False,
        barge_in: BargeIn = BargeIn(),  # noqa: B008 - frozen
        early_barge_in: EarlyBargeInLike | None = None,
        held: HeldGreeting | None = None,
    ) -> None:
        """Join the call's audio with `agent`, both ways; `barge_in` says what interrupting does.

        `early_barge_in` says what happens sooner, while the caller only seems to speak: `"duck"`,
        `"pause"` or an `EarlyBargeIn`; `None` is what the gateway is set to. `held` is what the
        agent has said before, which is heard first.

        A second agent takes the place of the first; the same again changes nothing. When the
        agent's connection is lost the call ends, unless `hang_up_with_agent` is false; then they
        are parted, at once or, with `finish`, when another bridge or `unbridge` comes: until then
        the caller goes on hearing what the agent had said.
        """
        leg = self._media("bridge")
        if self._bridge is not None and self._bridge.is_open and self._bridge.agent is agent:
            return

        closed_with = weakly(self._agent_closed)

        def agent_closed(closed: WebSocketClosed) -> None:
            if hang_up_with_agent or not finish:
                closed_with(agent, closed, hang_up_with_agent)

        self.unbridge()
        self._bridge = Bridge(
            leg,
            agent,
            self.journal,
            self.transcript,
            append_ms=self._options.append_ms,
            on_closed=agent_closed,
            barge_in=barge_in,
            early_barge_in=(
                self._options.early_barge_in if early_barge_in is None else early_barge_in
            ),
            held=held,
            on_event=weakly(self._hear_agent),
        )
        self.activity.lose_agent(self.journal.now)
        self._told_of.append(self._bridge)
        self._bridge.open(apart=self._apart > 0)
        self.start_soon(self._bridge.follow)

    def unbridge(self) -> None:
        """Part the call from its agent; both go on."""
        if self._bridge is not None:
            self._bridge.close()

    def interrupt(self, trigger: str) -> None:
        """Let the agent fall silent and forget what it meant to say; `trigger` says why."""
        if self.agent is not None and self._bridge is not None:
            self._bridge.interrupt(trigger)

    async def wait_parted(self) -> None:
        """Part the call from its agent, and wait until it is known what of it was heard."""
        self.unbridge()
        if self._bridge is not None:
            await self._bridge.wait_parted()

    async def wait_drained(self) -> bool:
        """Wait until all that the agent has said so far was heard by the caller, or cut off.

        True where nothing was cut off meanwhile.
        """
        return await self._media("wait until all is said").wait_drained()

    async def _wait_told(self) -> None:
        """Wait a little until the leg has told what of the agent's last words was heard."""
        if self._bridge is not None:
            with anyio.move_on_after(TOLD_SECONDS):
                await self._bridge.wait_parted()

    def _keep_apart(self, on: bool) -> None:
        self._apart += 1 if on else -1
        if self._bridge is not None:
            self._bridge.pause() if self._apart else self._bridge.resume()

    def _hear_leg(self, event: LegEvent) -> None:
        """Tell the bridge that it is about what a leg tells of an agent."""
        if not self._told_of:
            return
        if isinstance(event, Unbridged):
            if self._told_of[0].unbridged():
                self._told_of.popleft()
        elif isinstance(event, ReplyEvent):
            self._told_of[0].reply_event(event)

    def _hear_agent(self, event: object) -> None:
        self.activity.hear(self.journal.now, event)

    def _agent_closed(self, agent: Agent, closed: WebSocketClosed, ends_call: bool) -> None:
        if self._bridge is None or self._bridge.agent is not agent:
            return
        self.unbridge()
        if ends_call and not agent.closed_by_us:
            self.end(*cause_of(closed))


def cause_of(closed: WebSocketClosed) -> tuple[Cause, str]:
    """Why a call ends that ends with its agent's connection."""
    said = f"code {closed.code} {closed.reason}".strip()
    return (Cause.AGENT_CLOSED if closed.clean else Cause.AGENT_FAILED), said
