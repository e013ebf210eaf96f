"""What the measurement of whole calls means for each goal, with every doubt about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from benches.calls.measure import Load, Result, Spread
from benches.goals.verdict import Told, compared, judged, unmeasured
from benches.whole_calls import MOST_OF_OTHERS, TRUSTED_LAG_MS

LEAST_PACKETS = 49.0
"""Packets that a phone gets in a second, where all the work is done."""

LEAST_KBIT_S = 83.0
"""And its agent, in each direction: 64 kbit/s of PCMU are 85.3 in base64."""

FLAT = 1.1
"""How much more a call may cost among many before its cost is not the same."""

PACKET_MS, RESAMPLER_MS, HANDLING_MS = 20, 3, 5


@dataclass(frozen=True, slots=True)
class Line:
    """A measurement, and what the table calls it."""

    name: str
    result: Result


def cost(line: Line, most: float) -> Told:
    """What a call takes of a processor."""
    share = line.result.cpu_percent_per_call
    return Told(
        goal=f"{line.name}: CPU a call",
        wanted=f"≤ {most:g} %",
        measured=f"{share:.3f} %",
        verdict=judged(
            share, most, complete=_counts(line.result), disturbed=_disturbed(line.result)
        ),
        about=_about(line.result),
    )


def cheaper(line: Line, who: str, peer: Result, times: float) -> Told:
    """How much less that is than what a peer takes of it.

    A peer that does not do all the work takes less than it should, which makes it no easier to take
    so much less; where it takes too little for that, nothing is known.
    """
    ours, theirs = line.result.cpu_percent_per_call, peer.cpu_percent_per_call
    disturbed = not _counts(line.result) or _disturbed(line.result) or _disturbed(peer)
    disturbed |= bool(_lacks(peer)) and ours * times > theirs
    return Told(
        goal=f"{line.name}: CPU, less than {who}",
        wanted=f"≥ {times:g}×",
        measured=f"{theirs / ours:.1f}× ({theirs:.3f} %)",
        verdict=compared(ours, theirs, times, disturbed=disturbed),
        about=_about(line.result) or _of(who, _about(peer)),
    )


def flat(line: Line, few: Result, calls: int) -> Told:
    """Whether a call costs the same among many as among few, and all are served."""
    share, most = line.result.cpu_percent_per_call, FLAT * few.cpu_percent_per_call
    complete = _counts(line.result) and _counts(few)
    disturbed = _disturbed(line.result) or _disturbed(few)
    return Told(
        goal=f"{line.name}: CPU as with {calls}",
        wanted=f"≤ {most:.3f} %",
        measured=f"{share:.3f} %, gap p99 {line.result.gaps.p99:.1f} ms",
        verdict=judged(share, most, complete=complete, disturbed=disturbed),
        about=_about(line.result) or _about(few),
    )


def memory(line: Line) -> Told:
    """What a call takes of it."""
    return _judged(
        f"{line.name}: memory a call", line.result, line.result.memory_kb_per_call, 300, "kB"
    )


def pacing(line: Line) -> Iterator[Told]:
    """How evenly packets leave."""
    gaps = line.result.gaps
    yield _judged(f"{line.name}: gap p99", line.result, gaps.p99, 21, "ms")
    yield _judged(f"{line.name}: longest gap", line.result, gaps.max, 40, "ms")


def barge_in(line: Line) -> Told:
    """How soon the agent is silent at the phone, once it has said that the caller speaks."""
    return _spread(f"{line.name}: barge-in", line.result, line.result.barge_in, PACKET_MS)


def added_latency(line: Line, load: Load) -> Iterator[Told]:
    """What it takes from the phone to the agent, beyond what an append holds, and back."""
    passes_through = load.format == "audio/pcmu"
    if passes_through:
        name, most = f"{line.name}: phone to append", load.append_ms + HANDLING_MS
        yield _spread(name, line.result, line.result.append, most)
    most = PACKET_MS if passes_through else PACKET_MS + RESAMPLER_MS
    yield _spread(f"{line.name}: delta to packet", line.result, line.result.first_packet, most)


def joined(*about: str) -> str:
    """What there is to know, of each doubt that says something."""
    return "; ".join(filter(None, about))


def _spread(goal: str, result: Result, times: Spread, most: float) -> Told:
    if not times.count:
        return unmeasured(goal, f"≤ {most:g} ms", _lacks(result) or "the harness was held up")
    return _judged(
        goal, result, times.p99, most, "ms", f"p50 {times.p50:.1f}, p99 {times.p99:.1f} ms"
    )


def _judged(
    goal: str, result: Result, value: float, most: float, unit: str, measured: str = ""
) -> Told:
    """A goal about which a late harness says the same: the kernel took the times."""
    return Told(
        goal=goal,
        wanted=f"≤ {most:g} {unit}",
        measured=measured or f"{value:.1f} {unit}",
        verdict=judged(value, most, complete=not _lacks(result), disturbed=bool(_busy(result))),
        about=joined(_lacks(result), _busy(result)),
    )


def _about(result: Result) -> str:
    return joined(_lacks(result), _late(result), _busy(result))


def _of(who: str, about: str) -> str:
    return f"{who}: {about}" if about else ""


def _counts(result: Result) -> bool:
    """Whether what it cost was the cost of all the work, done as it came."""
    return not (_lacks(result) or _late(result))


def _disturbed(result: Result) -> bool:
    return bool(_late(result) or _busy(result))


def _lacks(result: Result) -> str:
    """What of the work was not done, if anything."""
    if not result.heard:
        return "not every caller and agent heard the other"
    if result.packets_per_call_second < LEAST_PACKETS:
        return f"{result.packets_per_call_second:.1f} packets a call and second"
    least = min(result.to_agent_kbit_s, result.from_agent_kbit_s)
    return f"{least:.0f} kbit/s with the agent" if least < LEAST_KBIT_S else ""


def _late(result: Result) -> str:
    """Whether work came in lumps, which costs less than piece by piece."""
    if result.harness.p99 <= TRUSTED_LAG_MS:
        return ""
    return f"the harness was {result.harness.p99:.0f} ms late"


def _busy(result: Result) -> str:
    """Who else had the processor, if anybody."""
    if result.others_percent <= MOST_OF_OTHERS:
        return ""
    return f"others took {result.others_percent:.0f} % of the processor"
