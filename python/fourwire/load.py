"""Whether the machine has too much to do for another call: a judgement of what was measured.

A gateway that takes one call too many harms all that run. What tells of it is, in this order: ticks
of the engine that come late (audio leaves late), an event loop that lags (agents hear late), and
processor time: what one thread may take of the one core it can use at a time, which many more
cores do not help, and what the program may take of all.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol, Self

import anyio
import msgspec

__all__ = ["Load", "LoadMeter", "Overload", "Reading", "Throttle", "load_between", "too_much"]

LOOK_SECONDS = 0.5
"""How often the load is judged."""

STEP_SECONDS = 0.1
"""How often the event loop's lateness is measured in between."""


class Overload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on new calls are refused with 503, until it is better (`[overload]`)."""

    cpu: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.95
    """How full the fullest may be of the core with the event loop, those with the workers, and all
    processors that the program may use; 0: any."""
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
    loop: float = 0.0
    """Share of a core that the event loop's thread took."""
    workers: float = 0.0
    """Share of their time that the engine's workers were at work; calls are spread evenly."""
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
    if limits.cpu and load.loop > limits.cpu:
        return f"the event loop uses {load.loop:.0%} of its core"
    if limits.cpu and load.workers > limits.cpu:
        return f"the audio workers are busy for {load.workers:.0%} of the time"
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


@dataclass(frozen=True, slots=True)
class Reading:
    """What clocks and counters show at one moment."""

    at_s: float
    """When it was."""
    program_s: float
    """Processor time of all threads of the program."""
    loop_s: float
    """Processor time of the event loop's thread."""
    workers_s: float
    """How long the engine's workers were at work, together."""
    ticks: int
    late_ticks: int

    @classmethod
    def now(cls, engine: Mapping[str, int]) -> Self:
        """What they show now, in the event loop's thread; `engine` is its counters."""
        return cls(
            at_s=time.monotonic(),
            program_s=time.process_time(),
            loop_s=time.thread_time(),
            workers_s=engine["busy_us"] / 1e6,
            ticks=engine["ticks"],
            late_ticks=engine["ticks_late_5ms"] + engine["ticks_late_20ms"],
        )


def load_between(
    before: Reading, after: Reading, *, loop_lag_s: float, processors: int, workers: int
) -> Load:
    """The load of the time between two readings."""
    took_s = after.at_s - before.at_s
    return Load(
        cpu=(after.program_s - before.program_s) / took_s / processors,
        loop=(after.loop_s - before.loop_s) / took_s,
        workers=(after.workers_s - before.workers_s) / took_s / workers,
        loop_lag_s=loop_lag_s,
        late_ticks=(after.late_ticks - before.late_ticks) / max(1, after.ticks - before.ticks),
    )


class LoadMeter:
    """Measures the load of this process, in the event loop's thread."""

    def __init__(self, engine: Ticking, workers: int) -> None:
        self._engine = engine
        self._workers = workers
        self._processors = len(os.sched_getaffinity(0))
        self._before = Reading.now(engine.counters())

    async def look(self) -> Load:
        """The load from the last look to one `LOOK_SECONDS` from now."""
        lag = 0.0
        until = time.monotonic() + LOOK_SECONDS
        while (before := time.monotonic()) < until:
            await anyio.sleep(STEP_SECONDS)
            lag = max(lag, time.monotonic() - before - STEP_SECONDS)
        now = Reading.now(self._engine.counters())
        load = load_between(
            self._before,
            now,
            loop_lag_s=lag,
            processors=self._processors,
            workers=self._workers,
        )
        self._before = now
        return load
