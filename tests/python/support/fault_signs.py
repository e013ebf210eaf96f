"""By what it is seen that a call has met a fault: of what the first agent did, and when."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from fourwire.standin.record import Entry
from support.virtual import Stage
from support.virtual_agents import Connection

Sign = Callable[[Stage], object]

DELTA = "response.output_audio.delta"


def nothing(_stage: Stage) -> bool:
    """How the call failed is sign enough."""
    return True


def tried_at(*seconds: float) -> Sign:
    """These are all tries, and when they were made."""
    return lambda it: [round(at, 1) for at in it.agents.tries] == list(seconds)


def opened_after(seconds: float) -> Sign:
    """So long it took until the connection was there."""
    return lambda it: _first(it).record.opened_ns >= seconds * 1e9


def said(kind: str, times: int = 1) -> Sign:
    """The agent said so many events of that type at least."""
    return lambda it: len(_log(it, kind)) >= times


def told(kind: str, true: Callable[[dict[str, Any]], bool]) -> Sign:
    """An event of that type came so."""
    return lambda it: any(true(event) for event in _events(it, kind))


def missed(kind: str, since: str) -> Sign:
    """An event never came that has to follow another."""
    return lambda it: len(_events(it, kind)) < len(_events(it, since))


def huge_frame(least_bytes: int) -> Sign:
    """A frame was so long."""
    return lambda it: max(map(len, _first(it).frames)) >= least_bytes


def came_after(sooner: str, later: str, seconds: float) -> Sign:
    """One event came so long after another."""

    def seen(it: Stage) -> bool:
        pairs = pairwise(_log(it, sooner, later))
        return any(
            (before.type, after.type) == (sooner, later)
            and after.at_ns - before.at_ns >= seconds * 1e9
            for before, after in pairs
        )

    return seen


def late_deltas(it: Stage) -> bool:
    """Audio of a response came behind its end."""
    over: set[object] = set()
    for entry in _log(it, "response.done", DELTA):
        if entry.type == DELTA and entry.fields["response_id"] in over:
            return True
        over.add(entry.fields.get("response.id"))
    return False


def stray_deltas(least: int) -> Sign:
    """So much audio of a response came at once between the caller's word and its end."""

    def seen(it: Stage) -> bool:
        began = _log(it, "input_audio_buffer.speech_started")[0].at_ns
        return sum(entry.at_ns == began for entry in _log(it, DELTA)) >= least

    return seen


def unpaced(it: Stage) -> bool:
    """All audio of the greeting came at once."""
    first, second, *_ = _log(it, DELTA)
    return first.at_ns == second.at_ns


def waited(seconds: float) -> Sign:
    """The client had to wait so long for the server to read."""
    return lambda it: _first(it).waited_s >= seconds


def _first(it: Stage) -> Connection:
    return it.agents.connections[0]


def _log(it: Stage, *kinds: str) -> list[Entry]:
    return [entry for entry in _first(it).record.log if entry.type in kinds]


def _events(it: Stage, kind: str) -> list[dict[str, Any]]:
    """What the client got of that type."""
    mark = f'"type":"{kind}"'
    frames = _first(it).frames
    return [json.loads(each) for each in frames if isinstance(each, str) and mark in each]
