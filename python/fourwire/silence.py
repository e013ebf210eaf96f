"""What is done where nobody says anything: the caller is asked, then the call ends."""

import enum
from functools import partial
from typing import Annotated

import anyio
import msgspec

from fourwire.activity import Activity
from fourwire.announcement import Announcement
from fourwire.call import Call
from fourwire.last_words import LastWords
from fourwire.life import Cause, State
from fourwire.nudge import nudge

__all__ = ["Act", "Silence", "SilenceWatch", "watch_silence"]

LOOK_S = 1.0
"""How often it is looked whether something goes on."""

PROMPT = (
    "Nobody has said anything for a while. Ask in a few words whether the caller is still there."
)
GOODBYE = "The caller does not answer. Say goodbye in one short sentence; the call ends then."


class Silence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long nobody may say anything, and what is done then.

    Silence is that neither the caller nor the agent speaks, no key is pressed, no response, tool or
    announcement is under way, no lost agent is being replaced, and the call is not on hold. That no
    RTP comes at all is silence, too.
    """

    after_s: Annotated[float, msgspec.Meta(ge=1)] = 10.0
    """Seconds of silence before anything is done, and again after each prompt."""
    prompts: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    """How often the caller is asked before the call ends; speech or a key begins anew."""
    prompt: str = PROMPT
    """What the agent is told, so that it asks."""
    audio: str = ""
    """A WAV file that is played in place of asking the agent."""
    goodbye: str = GOODBYE
    """What the agent is told in the end; empty: the call ends without a word."""


class Act(enum.Enum):
    """What a silence leads to."""

    WAIT = "wait"
    PROMPT = "prompt"
    END = "end"


class SilenceWatch:
    """Counts what a silence has led to so far."""

    def __init__(self, policy: Silence) -> None:
        self._policy = policy
        self._prompted = 0
        self._caller_at = 0.0

    def poll(self, now: float, activity: Activity) -> Act:
        """What is to be done at `now`, in seconds. Time after a prompt counts from then on."""
        if activity.caller_at != self._caller_at:
            self._caller_at, self._prompted = activity.caller_at, 0
        if activity.quiet_for(now) < self._policy.after_s:
            return Act.WAIT
        if self._prompted >= self._policy.prompts:
            return Act.END
        self._prompted += 1
        activity.touch(now)
        return Act.PROMPT

    def wait_s(self, now: float, activity: Activity) -> float:
        """How long nothing has to be polled."""
        left = self._policy.after_s - activity.quiet_for(now)
        return LOOK_S if activity.is_busy else min(LOOK_S, max(left, 0.01))


async def watch_silence(call: Call, policy: Silence) -> None:
    """Keep `call` from silence by `policy`, from its answer on."""
    announcement = Announcement.load(policy.audio) if policy.audio else None
    watch = SilenceWatch(policy)
    while True:
        if call.state is not State.ANSWERED:
            call.activity.touch(call.journal.now)
        act = watch.poll(call.journal.now, call.activity)
        if act is Act.END and await _is_over(call, policy):
            call.end(Cause.SILENT, f"{policy.after_s:g} s, after {policy.prompts} prompts")
            return
        if act is Act.PROMPT:
            call.log("call.silence", prompted=True)
            if announcement is not None:
                await call.play(announcement)
            elif call.agent is not None:
                call.start_soon(partial(nudge, call.agent, policy.prompt))
        await anyio.sleep(watch.wait_s(call.journal.now, call.activity))


async def _is_over(call: Call, policy: Silence) -> bool:
    """Whether the caller let the goodbye pass without a word."""
    call.log("call.silence", prompted=False)
    agent = call.agent
    if agent is None or not policy.goodbye:
        return True
    words = LastWords(agent)
    await nudge(agent, policy.goodbye)
    if await words.heard_by(call, said=False):
        return True
    call.log("call.goodbye_interrupted")
    return False
