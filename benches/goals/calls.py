"""Whole calls: what they cost, how even their packets are, how soon each side is heard or silent.

Every way that fourwire reaches its agent is measured, and every peer, in the same run.
"""

import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benches.calls.certificate import self_signed
from benches.calls.measure import ROOT, Load, Result, System, is_installed, measure
from benches.goals.lines import (
    Line,
    added_latency,
    barge_in,
    cheaper,
    cost,
    flat,
    memory,
    pacing,
)
from benches.goals.verdict import Told, judged, unmeasured
from benches.inside_rust import engine_share
from benches.others import Others, ours_s
from benches.whole_calls import OURS, PEER

FEW, MANY, MOST = 50, 200, 500
"""Calls at once."""

AS_MANY_AS_PIPECAT = 20
"""More than about 25 are too many for it on one processor."""

STALL_MS = 200


@dataclass(frozen=True, slots=True)
class Flavour:
    """A way of fourwire to its agent."""

    name: str
    system: System
    most: dict[bool, float]
    """Per cent of a core that a call may cost, with and without TLS."""


PIPECAT = System(
    "benches.calls.pipecat_bridge",
    python=str(ROOT / ".venv" / "pipecat" / "bin" / "python"),
    takes_streams=True,
)

FLAVOURS = (
    Flavour("websockets", OURS, {False: 0.18, True: 0.25}),
    Flavour(
        "the engine", System(OURS.module, ("--websocket", "engine")), {False: 0.08, True: 0.25}
    ),
)


async def whole_calls(seconds: float) -> AsyncIterator[Told]:
    """All that is judged of whole calls, each as soon as it is known."""
    for name, part in PARTS.items():
        try:
            async for told in part(seconds):
                yield told
        except (TimeoutError, RuntimeError) as error:  # who carries no more calls says nothing
            yield unmeasured(name, "", f"{type(error).__name__}: {error}")


def engine(seconds: float) -> Iterator[Told]:
    """The engine alone, without Python and sessions."""
    goal, wanted = f"the engine alone, {MANY} calls: CPU a call", "≤ 0.06 %"
    before, others = ours_s(), Others()
    try:
        share = engine_share("pcmu", MANY, seconds)
    except subprocess.CalledProcessError as error:
        yield unmeasured(goal, wanted, str(error))
        return
    disturbed = others.percent(ours_s() - before) > MOST_OF_OTHERS
    yield Told(
        goal=goal,
        wanted=wanted,
        measured=f"{share:.3f} %",
        verdict=judged(share, 0.06, disturbed=disturbed),
    )


async def _one_call(seconds: float) -> AsyncIterator[Told]:
    load = Load(calls=1, seconds=seconds)
    for flavour in FLAVOURS:
        result = await measure(flavour.system, load)
        line = Line(f"{flavour.name}, {_named(1)}", result)
        yield barge_in(line)
        for told in added_latency(line, load):
            yield told


async def _at_once(seconds: float) -> AsyncIterator[Told]:
    """Few and many beside the peer, and whether a call costs the same among most."""
    few: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder:
        certificate = self_signed(Path(folder))
        for calls, tls in ((FEW, False), (FEW, True), (MANY, False), (MANY, True)):
            load = Load(calls=calls, tls=tls, seconds=seconds)
            ours = {each.name: await measure(each.system, load, certificate) for each in FLAVOURS}
            few = few or ours
            peer = await measure(PEER, load, certificate)
            for flavour in FLAVOURS:
                for told in _of_load(flavour, load, ours[flavour.name], peer):
                    yield told
    for flavour in FLAVOURS:
        result = await measure(flavour.system, Load(calls=MOST, seconds=seconds))
        yield flat(Line(f"{flavour.name}, {MOST} calls, plain", result), few[flavour.name], FEW)


async def _beside_pipecat(seconds: float) -> AsyncIterator[Told]:
    """The same calls and appends of the same length; Pipecat's phones are those of a carrier."""
    if not is_installed(PIPECAT):
        raise RuntimeError("scripts/install_pipecat.sh installs it")
    for calls in (1, AS_MANY_AS_PIPECAT):
        load = Load(calls=calls, interruptions=1, seconds=seconds)
        ours = {each.name: await measure(each.system, load) for each in FLAVOURS}
        peer = await measure(PIPECAT, load)
        for name, result in ours.items():
            line = Line(f"{name}, {_named(calls)}, plain", result)
            yield cheaper(line, "Pipecat", peer, 15)


def _of_load(flavour: Flavour, load: Load, ours: Result, peer: Result) -> Iterator[Told]:
    line = Line(f"{flavour.name}, {load.calls} calls, {'TLS' if load.tls else 'plain'}", ours)
    yield cost(line, flavour.most[load.tls])
    yield cheaper(line, "the hand-written", peer, 2)
    if not load.tls:
        yield from added_latency(line, load)
    if load.calls == MANY and not load.tls:
        yield memory(line)
        yield barge_in(line)


async def _resampled(seconds: float) -> AsyncIterator[Told]:
    load = Load(calls=FEW, format="audio/pcm", seconds=seconds)
    for flavour in FLAVOURS:
        line = Line(f"{flavour.name}, {FEW} calls, PCM24", await measure(flavour.system, load))
        for told in added_latency(line, load):
            yield told


async def _stalled(seconds: float) -> AsyncIterator[Told]:
    load = Load(calls=MANY, stall_ms=STALL_MS, seconds=seconds)
    for flavour in FLAVOURS:
        line = Line(f"{flavour.name}, {MANY} calls, stalled", await measure(flavour.system, load))
        for told in pacing(line):
            yield told
        yield barge_in(line)


def _named(calls: int) -> str:
    return "1 call" if calls == 1 else f"{calls} calls"


PARTS: dict[str, Callable[[float], AsyncIterator[Told]]] = {
    "one call": _one_call,
    f"{FEW}, {MANY} and {MOST} calls": _at_once,
    "less than Pipecat": _beside_pipecat,
    "PCM24": _resampled,
    "a stalled loop": _stalled,
}
"""What is measured, one after the other: who breaks in one keeps the others from nothing."""

MOST_OF_OTHERS = 10.0
"""Per cent of all processors from which on others disturb the engine."""
