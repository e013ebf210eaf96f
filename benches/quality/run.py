"""Every engine through every scenario, and what is made of it."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from benches.quality.engines import AT_ONCE, ENGINES, OURS, REAL_TIME, Heard, Unavailable
from benches.quality.scenarios import NS, Scenario, scenarios
from benches.quality.scores import Score, score
from benches.quality.speech import Speech, speech
from benches.table import Row

#: After the last packet a call goes on for so long.
TAIL_NS = NS // 5

#: PESQ's last digit, and a millisecond, tell no engines apart.
SAME_PESQ = 0.01
SAME_MS = 1.0

#: An engine in real time that got its packets so late had another network than the others.
LATE_MS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure."""

    scenarios: Sequence[str] = ()
    #: Words in the names of engines.
    only: Sequence[str] = ()
    voices: int = 4
    seconds: float = 12.0
    seeds: Sequence[int] = (1,)

    def wanted(self, engines: Iterable[str]) -> list[str]:
        """Those of these engines that are to be measured."""
        return [
            name for name in engines if not self.only or any(word in name for word in self.only)
        ]

    def about(self) -> str:
        """What is said through which networks."""
        seeds = ", ".join(map(str, self.seeds))
        source = self.speech().source
        return f"{self.voices} voices for {self.seconds:g} s each ({source}), seeds {seeds}"

    def speech(self) -> Speech:
        """What is said."""
        return speech(self.voices, self.seconds)


@dataclass(frozen=True, slots=True)
class Result:
    """One engine in one scenario."""

    scenario: Scenario
    engine: str
    score: Score | None
    #: Why there is no score.
    missing: str = ""
    #: As in `Heard`.
    late_ms: float = 0.0


def results(plan: Plan) -> Iterator[tuple[Scenario, list[Result]]]:
    """Scenario by scenario, the engines of each at the same time."""
    known, said = scenarios(), plan.speech()
    chosen = [known[name] for name in plan.scenarios or known]
    runs = [(scenario, seed) for scenario in chosen for seed in plan.seeds]
    with ProcessPoolExecutor(1, initializer=_be_on_time) as pool:
        live = {
            name: pool.submit(_live, name, said, runs).result() for name in plan.wanted(REAL_TIME)
        }
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        measured = [
            [pool.submit(_measure, plan, *run, name) for name in plan.wanted(ENGINES)]
            + [pool.submit(_judge, said, run[0], name, live[name][n]) for name in live]
            for n, run in enumerate(runs)
        ]
        for n, scenario in enumerate(chosen):
            of_seeds = measured[n * len(plan.seeds) : (n + 1) * len(plan.seeds)]
            yield (
                scenario,
                [_mean([it.result() for it in its]) for its in zip(*of_seeds, strict=True)],
            )


def _mean(results: Sequence[Result]) -> Result:
    """One engine in one scenario, whatever the seed."""
    scores = [it.score for it in results if it.score is not None]
    score = Score.mean(scores) if scores else None
    late_ms = max(it.late_ms for it in results)
    return replace(results[0], score=score, late_ms=late_ms)


def _be_on_time() -> None:
    """Goes before other programs where that is allowed."""
    with contextlib.suppress(PermissionError):
        os.nice(-15)


def _live(engine: str, said: Speech, runs: Sequence[tuple[Scenario, int]]) -> Sequence[Heard | str]:
    """What an engine with a clock of its own hears of all scenarios, or why it does not."""
    calls = [scenario.arrivals(said.pcm, seed) for scenario, seed in runs]
    try:
        return REAL_TIME[engine]([(call, call[-1][0] + TAIL_NS) for call in calls])
    except Unavailable as why:
        return [str(why)] * len(runs)


def _measure(plan: Plan, scenario: Scenario, seed: int, engine: str) -> Result:
    said = plan.speech()
    arrivals = scenario.arrivals(said.pcm, seed)
    try:
        heard = ENGINES[engine]().hear(arrivals, arrivals[-1][0] + TAIL_NS)
    except Unavailable as why:
        return _judge(said, scenario, engine, str(why))
    return _judge(said, scenario, engine, heard)


def _judge(said: Speech, scenario: Scenario, engine: str, heard: Heard | str) -> Result:
    if isinstance(heard, str):
        return Result(scenario, engine, None, heard)
    return Result(scenario, engine, score(said, heard), late_ms=heard.late_ms)


def print_results(scenario: Scenario, of_scenario: Sequence[Result]) -> None:
    """One scenario as a table."""
    print(f"\n{scenario.name}: {scenario.about}")
    print(f"  {'':22}{'PESQ':>6}{'STOI':>8}{'delay':>10}{'made up':>10}")
    for it in of_scenario:
        if it.score is None:
            print(f"  {it.engine:22}  {it.missing}")
            continue
        made_up = "" if it.score.concealed is None else f"{100 * it.score.concealed:.1f} %"
        figures = f"{it.score.pesq:6.2f}{it.score.stoi:8.3f}{it.score.delay_ms:7.0f} ms"
        late = f"  ran {it.late_ms:.0f} ms late" if it.late_ms > LATE_MS else ""
        print(f"  {it.engine:22}{figures}{made_up:>10}{late}", flush=True)


def rows(scenario: Scenario, of_scenario: Sequence[Result]) -> Iterator[Row]:
    """Each of our engines beside the best of the others that do as much as it does."""
    scores = {it.engine: it.score for it in of_scenario if it.score is not None}
    peers = {name: score for name, score in scores.items() if name not in OURS}
    for ours in (name for name in OURS if name in scores and peers):
        rivals = [name for name in peers if (name in AT_ONCE) <= (ours in AT_ONCE)]
        if not rivals:
            continue
        best = max(rivals, key=lambda name: peers[name].pesq)
        late = any(it.late_ms > LATE_MS for it in of_scenario if it.engine == best)
        label = f"{best}, which ran late" if late else best
        yield _row(f"{scenario.name}, {ours}", scores[ours], label, peers[best])


def _row(name: str, ours: Score, peer_name: str, peer: Score) -> Row:
    reached = ours.pesq >= peer.pesq - SAME_PESQ
    if abs(ours.pesq - peer.pesq) <= SAME_PESQ:
        reached = ours.delay_ms <= peer.delay_ms + SAME_MS
    return Row(
        name=name,
        unit="PESQ",
        ours=round(ours.pesq, 3),
        peer=round(peer.pesq, 3),
        peer_name=peer_name,
        goal="best of all",
        reached=reached,
    )


def details(of_scenario: Sequence[Result]) -> Iterator[dict[str, object]]:
    """All figures, to keep."""
    for it in of_scenario:
        fields = {"scenario": it.scenario.name, "about": it.scenario.about, "engine": it.engine}
        if it.score is None:
            yield {**fields, "missing": it.missing}
            continue
        figures = {name: getattr(it.score, name) for name in Score.__dataclass_fields__}
        figures["late_ms"] = it.late_ms
        yield {**fields, **{name: _plain(figure) for name, figure in figures.items()}}


def _plain(figure: float | None) -> float | None:
    return None if figure is None or np.isnan(figure) else round(figure, 4)
