"""Whole calls: what they cost, how even their packets are, how soon each side is heard or silent.

The peers are measured in the same run, and so is what a call costs where the `websockets` library
has the agent, which is no goal but good to know.
"""

import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
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
    joined,
    memory,
    pacing,
)
from benches.goals.verdict import Told, judged, unmeasured
from benches.inside_rust import engine_share
from benches.others import Others, ours_s
from benches.whole_calls import OURS, PEER

FEW, MANY, MOST = 50, 200, 500
"""Calls at once."""

TWENTY = 20
"""As many as Pipecat has: about 25 are too many for it on one processor. A single call says little,
since waking a thread costs the same for one as for all."""

STALL_MS = 200

ROUNDS = 5
"""How often each of many is interrupted: one in a hundred of them all is not chance then."""

MOST_CPU = {False: 0.18, True: 0.25}
"""Per cent of a core that a call may cost, without and with TLS."""

MOONSHOT = 0.08
"""The same where nothing but the engine is at work, among many."""

LIBRARY = System(OURS.module, ("--websocket", "python"))
"""What is left where the engine cannot have the agent: behind a proxy, say."""

PIPECAT = System(
    "benches.calls.pipecat_bridge",
    python=str(ROOT / ".venv" / "pipecat" / "bin" / "python"),
    takes_streams=True,
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
    line = Line("1 call", await measure(OURS, load))
    yield barge_in(line)
    for told in added_latency(line, load):
        yield told


async def _at_once(seconds: float) -> AsyncIterator[Told]:
    """Few and many beside the peer, and whether a call costs the same among most."""
    few = None
    with tempfile.TemporaryDirectory() as folder:
        certificate = self_signed(Path(folder))
        for calls, tls in ((FEW, False), (FEW, True), (MANY, False), (MANY, True)):
            load = Load(calls=calls, tls=tls, seconds=seconds)
            ours = await measure(OURS, _often(load), certificate)
            library, peer = [await measure(each, load, certificate) for each in (LIBRARY, PEER)]
            few = few or ours
            for told in _of_load(load, ours, library, peer):
                yield told
    assert few is not None
    result = await measure(OURS, Load(calls=MOST, seconds=seconds))
    yield flat(Line(f"{MOST} calls, plain", result), few, FEW)


def _often(load: Load) -> Load:
    return replace(load, interruptions=ROUNDS * load.calls)


async def _beside_pipecat(seconds: float) -> AsyncIterator[Told]:
    """The same calls and appends of the same length; Pipecat's phones are those of a carrier."""
    if not is_installed(PIPECAT):
        raise RuntimeError("scripts/install_pipecat.sh installs it")
    single = [await measure(system, _pipecats(1, seconds)) for system in (OURS, PIPECAT)]
    ours, peer = [await measure(system, _pipecats(TWENTY, seconds)) for system in (OURS, PIPECAT)]
    told = cheaper(Line(f"{TWENTY} calls, plain", ours), "Pipecat", peer, 15)
    yield replace(told, about=joined(told.about, f"1 call: {_times(*single)}"))


def _pipecats(calls: int, seconds: float) -> Load:
    return Load(calls=calls, interruptions=1, seconds=seconds)


def _of_load(load: Load, ours: Result, library: Result, peer: Result) -> Iterator[Told]:
    line = Line(f"{load.calls} calls, {'TLS' if load.tls else 'plain'}", ours)
    told = cost(line, MOST_CPU[load.tls])
    also = f"with websockets {library.cpu_percent_per_call:.3f} %, {_times(library, peer)}"
    yield replace(told, about=joined(told.about, also))
    yield cheaper(line, "the hand-written", peer, 2)
    if not load.tls:
        yield from added_latency(line, load)
    if load.calls == MANY and not load.tls:
        yield replace(cost(line, MOONSHOT), goal=f"{line.name}: CPU a call, the moonshot")
        yield memory(line)
        yield barge_in(line)


async def _resampled(seconds: float) -> AsyncIterator[Told]:
    load = Load(calls=FEW, format="audio/pcm", seconds=seconds)
    for told in added_latency(Line(f"{FEW} calls, PCM24", await measure(OURS, load)), load):
        yield told


async def _stalled(seconds: float) -> AsyncIterator[Told]:
    load = Load(calls=MANY, stall_ms=STALL_MS, seconds=seconds)
    line = Line(f"{MANY} calls, stalled", await measure(OURS, _often(load)))
    for told in pacing(line):
        yield told
    yield barge_in(line)


def _times(ours: Result, peer: Result) -> str:
    return f"{peer.cpu_percent_per_call / ours.cpu_percent_per_call:.1f}×"


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
