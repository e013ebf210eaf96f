"""Every engine through every scenario, and what is made of it."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benches.quality.engines import ENGINES, OURS, Unavailable
from benches.quality.scenarios import NS, Scenario, scenarios
from benches.quality.scores import Score, score
from benches.quality.speech import Speech, speech
from benches.table import Row

#: After the last packet a call goes on for so long.
TAIL_NS = NS // 5

#: PESQ's last digit, and a millisecond, tell no engines apart.
SAME_PESQ = 0.01
SAME_MS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure."""

    scenarios: Sequence[str] = ()
    engines: Sequence[str] = ()
    voices: int = 4
    seconds: float = 12.0
    seed: int = 1

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


def results(plan: Plan) -> Iterator[tuple[Scenario, list[Result]]]:
    """Scenario by scenario, the engines of each at the same time."""
    known = scenarios()
    names, engines = plan.scenarios or list(known), plan.engines or list(ENGINES)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        measured = [
            (known[name], pool.map(partial(_measure, plan, known[name]), engines)) for name in names
        ]
        for scenario, of_scenario in measured:
            yield scenario, list(of_scenario)


def _measure(plan: Plan, scenario: Scenario, engine: str) -> Result:
    said = plan.speech()
    arrivals = scenario.arrivals(said.pcm, plan.seed)
    try:
        heard = ENGINES[engine]().hear(arrivals, arrivals[-1][0] + TAIL_NS)
    except Unavailable as why:
        return Result(scenario, engine, None, str(why))
    return Result(scenario, engine, score(said, heard))


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
        print(f"  {it.engine:22}{figures}{made_up:>10}", flush=True)


def rows(scenario: Scenario, of_scenario: Sequence[Result]) -> Iterator[Row]:
    """Each of our engines beside the best of the others."""
    scores = {it.engine: it.score for it in of_scenario if it.score is not None}
    peers = {name: score for name, score in scores.items() if name not in OURS}
    for ours in (name for name in OURS if name in scores and peers):
        best = max(peers, key=lambda name: peers[name].pesq)
        yield _row(f"{scenario.name}, {ours}", scores[ours], best, peers[best])


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
        yield {**fields, **{name: _plain(figure) for name, figure in figures.items()}}


def _plain(figure: float | None) -> float | None:
    return None if figure is None or np.isnan(figure) else round(figure, 4)
