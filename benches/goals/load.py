"""What the soaks say of strangers, overload, draining and a thousand calls."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from benches import soak
from benches.goals.verdict import BUSY, Told, Verdict, unmeasured
from benches.others import Others, ours_s

Found = TypeVar("Found")

FLIP_S = 1.0


async def soaks() -> AsyncIterator[Told]:
    """One goal after the other; each takes about a minute."""
    yield await _borne("RTP of a third address", lambda: soak.injected(_nobody), injection)
    yield await _borne("above capacity", lambda: soak.above_capacity(tell=_nobody), overload)
    yield await _borne(
        "above the processor", lambda: soak.above_the_processor(tell=_nobody), overload
    )
    yield await _borne("draining", lambda: soak.drained(tell=_nobody), draining)
    yield await _borne("1000 calls", lambda: soak.up_and_down(tell=_nobody), up_and_down)


async def _borne(
    goal: str, part: Callable[[], Awaitable[Found]], judge: Callable[[Found], Told]
) -> Told:
    """What one soak says; one that breaks says nothing, and keeps the others from nothing."""
    before, others = ours_s(), Others()
    try:
        found = await part()
    except Exception as error:
        return unmeasured(goal, "", f"{type(error).__name__}: {error}".splitlines()[0])
    told = judge(found)
    busy = others.percent(ours_s() - before) > BUSY
    excused = busy and told.verdict is Verdict.MISSED
    return replace(told, verdict=Verdict.HELD_UP) if excused else told


def injection(found: soak.Injected) -> Told:
    """RTP of a third address, at 1 s and at 7 s, with a random and with the caller's SSRC."""
    accepted, returned, lost = (
        sum(getattr(each, name) for each in found.attempts)
        for name in ("accepted", "returned", "lost")
    )
    return _told(
        f"RTP of a third address, {len(found.attempts)} × 150 packets",
        "0, 0, 0",
        f"{accepted} taken, {returned} back, {lost} lost",
        found.complaints(),
    )


def overload(found: soak.Overloaded) -> Told:
    """New calls where there is no room for them."""
    refused = ", ".join(f"{count} × {answer}" for answer, count in found.refused.items())
    return _told(
        f"above {found.what}: 503, running calls unharmed",
        "503, no harm",
        refused.replace(", Retry-After", "+Retry-After"),
        found.complaints(),
        held_up=found.harm.held_up,
    )


def draining(found: soak.Drained) -> Told:
    """How soon it is not ready, and what becomes of calls."""
    flips = (found.unready_s, found.ready_s, found.stopping_s)
    return _told(
        "draining: readiness flips, no call is cut",
        f"< {FLIP_S:g} s",
        f"{max(flips):.2f} s",
        found.complaints(),
        held_up=found.harm.held_up,
    )


def up_and_down(found: soak.UpAndDown) -> Told:
    """A thousand calls: what one takes, and what is left of all of them in the end."""
    up = min(each.top.held["calls"] for each in found.rounds)
    return _told(
        f"{found.calls} calls up and down: all is back",
        f"{soak.MOST_KB:g} kB, {soak.MOST_LEFT_KB // 1000} MB",
        f"{up} up, {found.kb_a_call:.0f} kB each, {found.left_kb / 1000:.0f} MB left",
        found.complaints(),
    )


def _told(
    goal: str, wanted: str, measured: str, complaints: Sequence[str], *, held_up: bool = False
) -> Told:
    excused = Verdict.HELD_UP if held_up else Verdict.MISSED
    more = f" and {len(complaints) - 1} more" if len(complaints) > 1 else ""
    return Told(
        goal=goal,
        wanted=wanted,
        measured=measured,
        verdict=excused if complaints else Verdict.MET,
        about=complaints[0] + more if complaints else "",
    )


def _nobody(line: str) -> None:
    """The table has a line of its own for it."""
