"""How long a call takes, by turns with its rival so that both meet the same noise."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

ROUNDS = 60
ROUND_NS = 1_000_000

Work = Callable[[], object]


def for_each(function: Callable[[Any], object], items: Iterable[object]) -> Work:
    """Calls ``function`` with all ``items``, one after the other, and nothing else around it."""

    def work() -> None:
        for item in items:
            function(item)

    return work


def microseconds(rivals: Sequence[Work]) -> list[float]:
    """The shortest time of each, in microseconds a call, over rounds taken in turn."""
    runs = [max(1, ROUND_NS // max(1, _time(work, 20) // 20)) for work in rivals]
    best = [float("inf")] * len(rivals)
    for _ in range(ROUNDS):
        for place, (work, count) in enumerate(zip(rivals, runs, strict=True)):
            best[place] = min(best[place], _time(work, count) / count / 1000)
    return best


def _time(work: Work, count: int) -> int:
    start = time.perf_counter_ns()
    for _ in range(count):
        work()
    return time.perf_counter_ns() - start
