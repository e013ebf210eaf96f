"""What was said in a call, turn by turn, and how much of it the caller really heard."""

import msgspec

from fourwire.inworld.spoken import without_tags
from fourwire.latency import Latencies, Waited

__all__ = ["ToolUse", "Transcript", "Turn"]


class Turn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One side's say, from its first word to the other's."""

    speaker: str
    """`user` (the caller) or `agent`."""
    text: str = ""
    """What was said; of the agent, all that it meant to say, without marks for its voice."""
    raw: str | None = None
    """The agent's words as they came, where they had such marks (`[speak softly]`)."""
    item: str | None = None
    """The conversation item at the agent."""
    t: float = 0.0
    """Seconds since the call began when the turn became known."""
    begin: float | None = None
    """When its first sound was on the line, in seconds since the call began; of the caller, when
    the agent told that it speaks."""
    end: float | None = None
    """When its last sound was, likewise."""
    heard_ms: float | None = None
    """How much of the agent's speech was put on the wire, once that is settled."""
    unheard_ms: float | None = None
    """How much of the agent's speech had come and was dropped when the caller interrupted."""
    cut: bool = False
    """Whether the caller interrupted it."""
    heard_text: str | None = None
    """Of a turn that was cut, the words that were heard, judged by the share of its time."""
    latency_ms: float | None = None
    """Of the agent's: how long the caller had waited for it, from the word of the agent's server
    that the caller is done to its first sound on the line."""


class ToolUse(msgspec.Struct, kw_only=True):
    """A function of ours that the agent called."""

    t: float
    """When, in seconds since the call began."""
    call_id: str
    """By what the agent calls this one call."""
    function: str
    arguments: str = ""
    """As the agent wrote them: JSON, as a rule."""
    output: str | None = None
    """What the agent was told; None where it never came to that."""
    error: str | None = None
    """What went wrong."""
    took_ms: float | None = None
    ended: float | None = None
    """When the agent was told, as `t`."""


class Transcript:
    """The turns of a call in the order in which they began."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.tools: list[ToolUse] = []
        """What the agent had done, in the order in which it was asked for."""
        self.latencies = Latencies()
        """How long the two waited for each other."""
        self.forgotten = 0
        """How often the caller spoke and was not waited for in words any more."""
        self._unread: dict[str, tuple[float, float | None]] = {}

    def user_began(self, item: str | None, t: float) -> None:
        """The caller began to speak; whether it is a turn is known once there are words."""
        self.latencies.caller_began()
        if item is not None:
            if len(self._unread) >= MOST_UNREAD:
                del self._unread[next(iter(self._unread))]
                self.forgotten += 1
            self._unread[item] = (round(t, 3), None)

    def user_ended(self, item: str | None, t: float) -> None:
        """The caller stopped speaking."""
        self.latencies.caller_stopped(t)
        for turn in self._turns_of("user", item):
            turn.end = round(t, 3)
        if item in self._unread:
            self._unread[item] = (self._unread[item][0], round(t, 3))

    def user_said(self, item: str | None, text: str, t: float) -> None:
        """The caller's turn `item` in full; a later, better reading replaces it."""
        turn = self._turn("user", item, t)
        turn.text = text
        if item in self._unread:
            turn.begin, turn.end = self._unread.pop(item)

    def agent_said(self, item: str | None, text: str, t: float) -> None:
        """The agent's turn `item` in full, as far as it was written."""
        turn = self._turn("agent", item, t)
        turn.text = without_tags(text)
        turn.raw = text if turn.text != text else None
        _mark(turn)

    def agent_began(self, item: str | None, t: float) -> Waited:
        """The first sound of the agent's turn `item`, or of one more run of it, goes out at `t`;
        for how long it was waited for.
        """
        turn, waited = self._turn("agent", item, t), self.latencies.agent_began(t)
        if turn.begin is None:
            turn.begin, turn.latency_ms = round(t, 3), waited.turn_ms
        return waited

    def agent_was_heard(self, item: str | None, heard_ms: float, t: float) -> None:
        """The agent's turn `item` is over at `t`; `heard_ms` of it went out."""
        for turn in self._turns_of("agent", item):
            turn.heard_ms, turn.end = heard_ms, round(t, 3)

    def agent_was_cut(self, item: str | None, heard_ms: float, unheard_ms: float) -> None:
        """The caller interrupted the agent's turn `item` after `heard_ms`."""
        for turn in self._turns_of("agent", item):
            turn.heard_ms, turn.unheard_ms, turn.cut = heard_ms, unheard_ms, True
            _mark(turn)

    def tool_called(self, call_id: str, function: str, arguments: str, t: float) -> None:
        """A function of ours begins to run."""
        use = ToolUse(t=round(t, 3), call_id=call_id, function=function, arguments=arguments)
        self.tools.append(use)

    def tool_answered(
        self, call_id: str, output: str, error: str | None, took_ms: float | None, t: float
    ) -> None:
        """The agent was told what came of it."""
        for use in self.tools:
            if use.call_id == call_id and use.ended is None:
                use.output, use.error, use.took_ms, use.ended = output, error, took_ms, round(t, 3)

    def _turn(self, speaker: str, item: str | None, t: float) -> Turn:
        known = self._turns_of(speaker, item)
        if known:
            return known[0]
        turn = Turn(speaker=speaker, item=item, t=round(t, 3))
        self.turns.append(turn)
        return turn

    def _turns_of(self, speaker: str, item: str | None) -> list[Turn]:
        if item is None:
            return []
        return [turn for turn in self.turns if (turn.speaker, turn.item) == (speaker, item)]


MOST_UNREAD = 64
"""How often the caller may have spoken and still be waited for in words; then the oldest go."""


def _mark(turn: Turn) -> None:
    """Note which words of a turn that was cut were heard: whole ones, up to the share of time."""
    if not turn.cut:
        return
    came_ms = (turn.heard_ms or 0.0) + (turn.unheard_ms or 0.0)
    share = (turn.heard_ms or 0.0) / came_ms if came_ms else 0.0
    letters = round(share * len(turn.text))
    heard = turn.text[:letters]
    if letters < len(turn.text) and not turn.text[letters].isspace():
        heard = heard[: heard.rfind(" ") + 1]
    turn.heard_text = heard.rstrip()
