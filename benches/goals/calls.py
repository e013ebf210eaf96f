"""Whole calls: what they cost, how even their packets are, how soon the agent falls silent."""

import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from benches.calls.certificate import self_signed
from benches.calls.measure import Load, Result, measure
from benches.goals.verdict import Told, compared, judged, unmeasured
from benches.inside_rust import engine_share
from benches.others import Others, ours_s
from benches.whole_calls import OURS, PEER, TRUSTED_LAG_MS

MANY = 200
FEW = 50
STALL_MS = 200

MOST_OF_OTHERS = 10.0
"""Per cent of the processor of the measured program from which on others disturb it."""

LEAST_PACKETS = 49.0
"""Packets that a phone gets in a second, where all the work is done."""

LEAST_KBIT_S = 83.0
"""And its agent, in each direction: 64 kbit/s of PCMU are 85.3 in base64."""

COST = {False: 0.18, True: 0.25}
"""Per cent of a core that a call may cost, with and without TLS."""


async def whole_calls(seconds: float) -> AsyncIterator[Told]:
    """All that is judged of whole calls, each as soon as it is known."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = self_signed(Path(folder))
        async for told in _one_call(seconds):
            yield told
        for calls in (FEW, MANY):
            for tls in (False, True):
                async for told in _cost(calls, tls, seconds, certificate):
                    yield told
        async for told in _stalled(seconds):
            yield told
    for goal in UNMEASURED:
        yield unmeasured(*goal)


def engine(seconds: float) -> Iterator[Told]:
    """The engine alone, without Python and sessions."""
    before, others = ours_s(), Others()
    share = engine_share("pcmu", MANY, seconds)
    disturbed = others.percent(ours_s() - before) > MOST_OF_OTHERS
    yield Told(
        goal=f"the engine alone, {MANY} calls: CPU a call",
        wanted="≤ 0.06 %",
        measured=f"{share:.3f} %",
        verdict=judged(share, 0.06, disturbed=disturbed),
    )


async def _one_call(seconds: float) -> AsyncIterator[Told]:
    result = await measure(OURS, Load(calls=1, seconds=min(seconds, 3)))
    yield _barge_in("1 call", result)


async def _cost(
    calls: int, tls: bool, seconds: float, certificate: ssl.SSLContext
) -> AsyncIterator[Told]:
    load = Load(calls=calls, tls=tls, seconds=seconds)
    ours = await measure(OURS, load, certificate)
    peer = await measure(PEER, load, certificate)
    name = f"{calls} calls, {'TLS' if tls else 'plain'}"
    cost = ours.cpu_percent_per_call
    yield _judged(f"{name}: CPU a call", ours, cost, COST[tls], "%")
    yield Told(
        goal=f"{name}: CPU, less than the hand-written",
        wanted="≥ 2×",
        measured=f"{peer.cpu_percent_per_call / cost:.1f}× ({peer.cpu_percent_per_call:.3f} %)",
        verdict=compared(
            cost, peer.cpu_percent_per_call, 2, disturbed=_disturbed(ours) or _disturbed(peer)
        ),
    )
    if calls == MANY and not tls:
        yield _judged(f"{name}: memory a call", ours, ours.memory_kb_per_call, 300, "kB")
        yield _barge_in(name, ours)


async def _stalled(seconds: float) -> AsyncIterator[Told]:
    result = await measure(OURS, Load(calls=MANY, stall_ms=STALL_MS, seconds=seconds))
    name = f"{MANY} calls, loop stalled {STALL_MS} ms/s"
    yield _judged(f"{name}: gap p99", result, result.gap_p99_ms, 21, "ms")
    yield _judged(f"{name}: longest gap", result, result.gap_max_ms, 40, "ms")


def _barge_in(name: str, result: Result) -> Told:
    return _judged(f"{name}: barge-in p99", result, result.barge_in_p99_ms, 20, "ms")


def _judged(goal: str, result: Result, value: float, most: float, unit: str) -> Told:
    lacks = _lacks(result) or (unit == "%" and _late(result))
    digits = {"%": 3, "ms": 2}.get(unit, 0)
    return Told(
        goal=goal,
        wanted=f"≤ {most:g} {unit}",
        measured=f"{value:.{digits}f} {unit}",
        verdict=judged(value, most, complete=not lacks, disturbed=_disturbed(result)),
        about="; ".join(filter(None, [_lacks(result), _disturbance(result)])),
    )


def _lacks(result: Result) -> str:
    """What of the work was not done, if anything."""
    if not result.heard:
        return "the agent did not hear every caller"
    if result.packets_per_call_second < LEAST_PACKETS:
        return f"{result.packets_per_call_second:.1f} packets a call and second"
    least = min(result.to_agent_kbit_s, result.from_agent_kbit_s)
    return f"{least:.0f} kbit/s with the agent" if least < LEAST_KBIT_S else ""


def _late(result: Result) -> bool:
    """Whether work came in lumps, which costs less than piece by piece."""
    return result.harness_lag_ms > TRUSTED_LAG_MS


def _disturbed(result: Result) -> bool:
    return bool(_disturbance(result))


def _disturbance(result: Result) -> str:
    """Who else had the machine, if anybody."""
    if _late(result):
        return f"the harness ran {result.harness_lag_ms:.0f} ms late"
    if result.others_percent > MOST_OF_OTHERS:
        return f"others took {result.others_percent:.0f} % of the processor"
    return ""


UNMEASURED = (
    ("CPU a call, less than Pipecat", "≥ 15×", "Pipecat is not among the peers of the benches"),
    ("flat from 50 to 500 calls", "", "the phones of the harness carry 200"),
    ("barge-in while the loop is stalled", "≤ 20 ms", "the message cannot be read meanwhile"),
    ("phone to append", "append + 5 ms", "no bench takes these times"),
    ("delta to first packet", "≤ 20 ms", "no bench takes these times"),
)
"""Goals that no bench knows anything of: goal, wanted, why."""
