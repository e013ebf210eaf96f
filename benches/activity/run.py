"""Every detector on every line: how soon speech is found, and how often where there is none."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benches.activity import sounds, voices, whole_leg
from benches.activity.detectors import STEP, Detector, detectors, onsets
from benches.activity.voices import RATE, Talk
from benches.table import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one detector made of some lines."""

    waits_ms: list[float]
    """From the first sample of an utterance to the end of the 10 ms at which it is found."""
    missed: int
    false_starts: int
    seconds: float

    @property
    def shown(self) -> str:
        """As a cell of the table."""
        if not self.waits_ms and not self.missed:
            return f"{self.false_starts}"
        middle, late = np.percentile(self.waits_ms, [50, 90]) if self.waits_ms else (0, 0)
        missed = f" -{self.missed}" if self.missed else ""
        false = f" +{self.false_starts}" if self.false_starts else ""
        return f"{middle:.0f}/{late:.0f}{missed}{false}"


Line = tuple[np.ndarray, np.ndarray | None, Sequence[tuple[int, int]]]
"""What is heard, what is said meanwhile, and where utterances begin and end in it."""

GREETING = 4 * RATE
"""An agent's first words; nobody is expected to be heard through their echo."""

MOST_WAIT = 800 * RATE // 1000
"""An utterance that is not found for so long is missed."""

BEFORE = 50 * RATE // 1000
"""How much earlier than its label an utterance may be found: a breath, a closure that opens."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    utterances: int = 24
    seed: int = 1

    def conditions(self) -> "Iterator[tuple[str, list[Line]]]":
        """Every condition by its name."""
        yield from self._speech()
        yield from self._babble()
        for name, sound in sounds.no_speech(self.seed):
            yield name, [(sounds.line(sound), None, [])]
        for name, sound in sounds.music():
            yield name, [(sounds.line(sound), None, [])]
        yield from self._echo()

    def _talks(self, level_dbov: float = -26.0) -> list[Talk]:
        return voices.talks(self.utterances, self.seed, level_dbov)

    def _speech(self) -> "Iterator[tuple[str, list[Line]]]":
        plain = self._talks()
        for number, talk in enumerate(plain, 1):
            yield f"speech, voice {number}", [_line(talk)]
        for level in (-16, -26, -36):
            lines = [_line(talk) for talk in self._talks(level)]
            yield f"speech, all voices at {level} dBov", lines
        yield "speech, all voices, G.722", [_line(talk, sounds.wideband_line) for talk in plain]
        for kind in ("white", "pink"):
            for ratio in (25, 15, 10, 5):
                yield (
                    f"speech over {kind} noise, {ratio} dB",
                    [_noisy(it, kind, ratio) for it in plain],
                )

    def _babble(self) -> "Iterator[tuple[str, list[Line]]]":
        talks = self._talks()
        crowd = voices.babble(talks)
        for level in (-46, -36):
            alone = sounds.line(sounds.at_level(crowd[: 30 * RATE], level))
            yield f"babble alone, {level} dBov", [(alone, None, [])]
        for ratio in (20, 10):
            lines = [_over(talk, sounds.at_level(crowd, -26 - ratio)) for talk in talks]
            yield f"speech over babble, {ratio} dB", lines

    def _echo(self) -> "Iterator[tuple[str, list[Line]]]":
        agent, *callers = self._talks()
        loud = agent.pcm * 2  # agents speak at -20 dBov or so
        for loss in (6, 10, 15, 20, 30, 40):
            returns = [sounds.echo(loud, loss, delay) for delay in (40, 120, 250, 400)]
            said = _samples(loud)
            yield f"our echo alone, -{loss} dB", [(sounds.line(it), said, []) for it in returns]
            lines = [_double(it, said, at) for it in returns[1::2] for at in callers or [agent]]
            yield f"speech into our echo, -{loss} dB", lines


def show(plan: Plan) -> list[tuple[str, dict[str, Found]]]:
    """Print the table as it comes about, and give its figures back."""
    those = detectors()
    print(f"\nVoice activity: {voices.source()}; {plan.utterances} utterances each")
    print("found after median/p90 ms, -missed +false starts; without speech: false starts\n")
    print(f"{'':34}" + "".join(f"{name:>18}" for name in those))
    rows = []
    for name, lines in plan.conditions():
        found = {who: _find(detect, lines) for who, detect in those.items()}
        print(f"{name:34}" + "".join(f"{it.shown:>18}" for it in found.values()), flush=True)
        rows.append((name, found))
    costs = "".join(f"{_cost(detect):>18.1f}" for detect in those.values())
    print(f"{'µs a 20 ms, called from Python':34}{costs}")
    return rows


def rows(found: list[tuple[str, dict[str, Found]]]) -> list[Row]:
    """The figures that have a goal."""
    by_name = dict(found)
    waits = by_name["speech, all voices at -26 dBov"]["fourwire"].waits_ms
    quiet = [it["fourwire"] for name, it in found if _must_be_silent(name)]
    false = sum(it.false_starts for it in quiet)
    minutes = sum(it.seconds for it in quiet) / 60
    to_packet, missed, _ = whole_leg.waits_ms(Plan().utterances, Plan().seed)
    print(f"whole leg: {missed} of {len(to_packet) + missed} utterances not ducked for")
    return [
        _row("first softer packet after, median", "ms", float(np.median(to_packet)), 60),
        _row("first softer packet after, p90", "ms", float(np.percentile(to_packet, 90)), 120),
        _row("speech found after, median", "ms", float(np.median(waits)), 60),
        _row("speech found after, p90", "ms", float(np.percentile(waits, 90)), 120),
        _row("false starts a minute without speech", "", false / minutes, 0.5),
    ]


def _row(name: str, unit: str, ours: float, most: float) -> Row:
    return Row(name=name, unit=unit, ours=ours, goal=f"≤ {most:g}", reached=ours <= most)


def _must_be_silent(name: str) -> bool:
    return not name.startswith(("speech", "music", "babble"))


def _find(detect: Detector, lines: list[Line]) -> Found:
    results = [
        (_judge(detect(heard, said), spoken, 0 if said is None else GREETING), heard)
        for heard, said, spoken in lines
    ]
    return Found(
        waits_ms=[wait for (waits, _, _), _ in results for wait in waits],
        missed=sum(missed for (_, missed, _), _ in results),
        false_starts=sum(false for (_, _, false), _ in results),
        seconds=sum(len(heard) for _, heard in results) / RATE,
    )


def _judge(
    speech: np.ndarray, spoken: Sequence[tuple[int, int]], counted_from: int
) -> tuple[list[float], int, int]:
    """Waits, utterances missed, and onsets that belong to none."""
    found = (onsets(speech) + 1) * STEP
    waits, missed, claimed = [], 0, np.zeros(len(found), bool)
    for begin, end in spoken:
        claimed |= (found >= begin - BEFORE) & (found <= end + RATE // 4)
        if begin < counted_from:
            continue
        on_time = found[(found >= begin - BEFORE) & (found <= begin + MOST_WAIT)]
        if len(on_time):
            waits.append(max(0.0, (on_time[0] - begin) * 1000 / RATE))
        else:
            missed += 1
    return waits, missed, int((~claimed).sum())


def _line(talk: Talk, carry: Callable[[np.ndarray], np.ndarray] = sounds.line) -> Line:
    return carry(talk.pcm), None, list(zip(talk.begins, talk.ends, strict=True))


def _noisy(talk: Talk, kind: str, ratio_db: float) -> Line:
    return _over(talk, sounds.noise(kind, len(talk.pcm), -26 - ratio_db))


def _over(talk: Talk, background: np.ndarray) -> Line:
    heard = sounds.line(talk.pcm + np.resize(background, len(talk.pcm)))
    return heard, None, list(zip(talk.begins, talk.ends, strict=True))


def _double(returned: np.ndarray, said: np.ndarray, caller: Talk) -> Line:
    """A caller over an echo."""
    length = min(len(returned), len(caller.pcm))
    spoken = zip(caller.begins, caller.ends, strict=True)
    whole = [(begin, end) for begin, end in spoken if end < length]
    heard = sounds.line(returned[:length] + caller.pcm[:length])
    return heard, said[:length], whole


def _samples(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.round(sound), -32768, 32767).astype("<i2")


def _cost(detect: Detector) -> float:
    """Microseconds that 20 ms of speech take, the best of three runs."""
    heard = _line(voices.talks(6, 1)[0])[0]
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        detect(heard, None)
        best = min(best, time.perf_counter() - begin)
    return best * 1e6 / (len(heard) / (RATE / 50))
