"""The page itself: one HTML file that needs nothing else, light or dark as the reader likes."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from fourwire import audioop
from fourwire.report.marks import Mark, Span, marks, silenced, turns
from fourwire.report.waveform import waveform_path
from fourwire.wav import read_wav

if TYPE_CHECKING:
    from fourwire.demo.evidence import Evidence
    from fourwire.demo.figures import Figure

__all__ = ["write_report"]

WIDTH = 1200
LANE = 110
GAP = 46
TOP = 26
HEIGHT = TOP + 2 * LANE + GAP + 30


def write_report(evidence: "Evidence", measured: Sequence["Figure"]) -> Path:
    """Write `report.html` beside what it reports on."""
    caller, agent, seconds = _voices(evidence.wav)
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        picture=_picture(
            caller, agent, seconds, marks(evidence.entries), silenced(evidence.entries)
        ),
        figures="\n".join(_figure_row(figure, evidence.held_up) for figure in measured),
        turns="\n".join(_turn_row(turn) for turn in turns(evidence.entries)),
        events="\n".join(_event_row(mark) for mark in marks(evidence.entries)),
        lag=f"{evidence.lag.p99_ms:.1f} ms (p99), {evidence.lag.max_ms:.1f} ms at worst",
        seconds=f"{seconds:.1f}",
    )
    path = evidence.out / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


TEMPLATE = Path(__file__).with_name("page.html")


def _voices(path: Path) -> tuple[bytes, bytes, float]:
    if not path.exists():
        return b"", b"", 1.0
    stereo = read_wav(path)
    caller = audioop.tomono(stereo.pcm, 2, 1, 0)
    agent = audioop.tomono(stereo.pcm, 2, 0, 1)
    return caller, agent, max(stereo.duration_s, 0.001)


def _picture(
    caller: bytes,
    agent: bytes,
    seconds: float,
    moments: Sequence[Mark],
    cuts: Sequence[Span],
) -> str:
    lower = TOP + LANE + GAP
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="The voices of caller and agent over time">',
        *(_cut(span, seconds, lower) for span in cuts),
        f'<path class="caller" d="{waveform_path(caller, width=WIDTH, top=TOP, height=LANE)}"/>',
        f'<path class="agent" d="{waveform_path(agent, width=WIDTH, top=lower, height=LANE)}"/>',
        f'<text class="lane" x="4" y="{TOP - 8}">caller (left)</text>',
        f'<text class="lane" x="4" y="{lower - 8}">agent (right)</text>',
        *(_line(mark, seconds) for mark in moments),
        *_scale(seconds),
        "</svg>",
    ]
    return "\n".join(parts)


def _x(t: float, seconds: float) -> float:
    return round(min(max(t / seconds, 0.0), 1.0) * WIDTH, 1)


def _cut(span: Span, seconds: float, top: float) -> str:
    left, right = _x(span.start, seconds), _x(span.end, seconds)
    return (
        f'<rect class="cut" x="{left}" y="{top}" width="{max(right - left, 1):.1f}" '
        f'height="{LANE}"><title>what was thrown away would have lasted until here</title></rect>'
    )


def _line(mark: Mark, seconds: float) -> str:
    x = _x(mark.t, seconds)
    label = f'<text class="label" x="{x + 5}" y="{TOP + 10}">interrupted</text>'
    return (label if mark.kind == "cut" else "") + (
        f'<line class="mark {mark.kind}" x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - 30}">'
        f"<title>{mark.t:.2f} s {escape(mark.text)}</title></line>"
    )


def _scale(seconds: float) -> list[str]:
    step = next(step for step in (1, 2, 5, 10, 30, 60, 600, 3600) if seconds / step <= 30)
    ticks = range(0, int(seconds) + 1, step)
    return [f'<text class="tick" x="{_x(t, seconds)}" y="{HEIGHT - 8}">{t} s</text>' for t in ticks]


def _figure_row(figure: "Figure", held_up: bool) -> str:
    verdict = figure.verdict(held_up=held_up)
    bound = "≤" if figure.at_most else "≥"
    goal = "" if figure.goal is None else f", goal {figure.goal:g}"
    return (
        f'<tr class="{verdict.name.lower()}"><td>{escape(figure.name)}</td>'
        f"<td class=number>{figure.value:.2f} {escape(figure.unit)}</td>"
        f"<td>{bound} {figure.limit:g}{goal}</td><td>{verdict.value}</td>"
        f"<td>{escape(figure.note)}</td></tr>"
    )


def _turn_row(turn: dict[str, object]) -> str:
    end, latency = turn["end"], turn["latency_ms"]
    cut = f"<s>{escape(str(turn['unheard']))}</s>" if turn["unheard"] else ""
    return (
        f"<tr><td class=number>{turn['begin']:.2f} s</td>"
        f"<td class=number>{'' if end is None else f'{end:.2f} s'}</td>"
        f"<td>{escape(str(turn['speaker']))}</td><td>{escape(str(turn['heard']))}{cut}</td>"
        f"<td class=number>{'' if latency is None else f'{latency:.0f} ms'}</td></tr>"
    )


def _event_row(mark: Mark) -> str:
    return (
        f"<tr><td class=number>{mark.t:.2f} s</td>"
        f'<td><span class="dot {mark.kind}"></span>{escape(mark.text)}</td></tr>'
    )
