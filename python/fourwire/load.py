"""Whether the machine has too much to do for another call: a judgement of what was measured.

A gateway that takes one call too many harms all that run. What tells of it is, in this order: ticks
of the engine that come late (audio leaves late), an event loop that lags (agents hear late), and
the processor time that the program takes of what it may.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

import anyio
import msgspec

__all__ = ["Load", "LoadMeter", "Overload", "Throttle", "too_much"]

LOOK_SECONDS = 0.5
"""How often the load is judged."""

STEP_SECONDS = 0.1
"""How often the event loop's lateness is measured in between."""


class Overload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on new calls are refused with 503, until it is better (`[overload]`)."""

    cpu: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.95
    """Share of the processors that the program may use; 0: any."""
    loop_lag_ms: Annotated[float, msgspec.Meta(ge=0)] = 500.0
    """Lateness of the event loop; 0: any."""
    late_ticks: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    """Share of the engine's ticks that are 5 ms late or more; 0: any."""
    calm_s: Annotated[float, msgspec.Meta(ge=0)] = 3.0
    """Seconds below all of these after which calls are taken again."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured since the last look."""

    cpu: float = 0.0
    """Share of the processors that the program may use."""
    loop_lag_s: float = 0.0
    """The largest lateness of the event loop."""
    late_ticks: float = 0.0
    """Share of the engine's ticks that were 5 ms late or more."""


def too_much(load: Load, limits: Overload) -> str | None:
    """What there is too much of, in words; None where another call can be taken."""
    if limits.late_ticks and load.late_ticks > limits.late_ticks:
        return f"{load.late_ticks:.0%} of the ticks come late"
    if limits.loop_lag_ms and load.loop_lag_s * 1000 > limits.loop_lag_ms:
        return f"the event loop is {load.loop_lag_s * 1000:.0f} ms late"
    if limits.cpu and load.cpu > limits.cpu:
        return f"{load.cpu:.0%} of the processors are used"
    return None


class Throttle:
    """Says when calls are refused: from the second bad look in a row until it was calm for long."""

    def __init__(self, limits: Overload) -> None:
        self.limits = limits
        self.why: str | None = None
        """Why calls are refused; None where they are taken."""
        self._bad = 0
        self._calm_since: float | None = None

    def receive(self, now_s: float, load: Load) -> bool:
        """Take in what was measured; whether the answer has changed."""
        before = self.why
        what = too_much(load, self.limits)
        self._bad = self._bad + 1 if what else 0
        if what:
            self._calm_since = None
            if self.why is not None or self._bad >= BAD_LOOKS:
                self.why = what
        elif self.why is not None:
            self._calm_since = now_s if self._calm_since is None else self._calm_since
            if now_s - self._calm_since >= self.limits.calm_s:
                self.why = None
        return (before is None) != (self.why is None)


BAD_LOOKS = 2
"""Looks in a row that must be bad, so that one hiccup refuses nobody."""


class Ticking(Protocol):
    """What counts the engine's ticks."""

    def counters(self) -> Mapping[str, int]:
        """Counters by name."""


class LoadMeter:
    """Measures the load of this process."""

    def __init__(self, engine: Ticking) -> None:
        self._engine = engine
        self._processors = len(os.sched_getaffinity(0))
        self._at = time.monotonic()
        self._cpu = time.process_time()
        self._ticks, self._late = self._counted()

    async def look(self) -> Load:
        """The load from the last look to one `LOOK_SECONDS` from now."""
        lag = 0.0
        until = time.monotonic() + LOOK_SECONDS
        while (before := time.monotonic()) < until:
            await anyio.sleep(STEP_SECONDS)
            lag = max(lag, time.monotonic() - before - STEP_SECONDS)
        at, cpu, (ticks, late) = time.monotonic(), time.process_time(), self._counted()
        load = Load(
            cpu=(cpu - self._cpu) / (at - self._at) / self._processors,
            loop_lag_s=lag,
            late_ticks=(late - self._late) / max(1, ticks - self._ticks),
        )
        self._at, self._cpu, self._ticks, self._late = at, cpu, ticks, late
        return load

    def _counted(self) -> tuple[int, int]:
        counters = self._engine.counters()
        return counters["ticks"], counters["ticks_late_5ms"] + counters["ticks_late_20ms"]
