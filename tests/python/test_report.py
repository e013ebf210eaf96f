"""The report draws what was recorded and marks what happened where it happened."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fourwire.demo.evidence import Evidence
from fourwire.demo.figures import Figure
from fourwire.demo.lag import Lag
from fourwire.journal import Entry
from fourwire.report import write_report
from fourwire.report.marks import marks, silenced, turns
from fourwire.report.waveform import outline, waveform_path
from fourwire.transcript import Turn
from fourwire.wav import read_wav


def entry(t: float, event: str, **about: Any) -> Entry:
    return Entry(0.0, "c1", t, event, about)


CALL = [
    entry(0.0, "call.offered"),
    entry(1.0, "call.recording", path="x.wav"),
    entry(1.2, "call.answered", codec="PCMU"),
    entry(3.0, "bridge.interrupted", heard_ms=400.0, discarded_ms=1500.0),
    entry(
        5.0,
        "call.ended",
        cause="caller hung up",
        transcript=[
            Turn(
                speaker="agent",
                text="Hi <there>",
                t=1.5,
                heard_ms=400.0,
                cut=True,
                heard_text="Hi",
                latency_ms=312.4,
            )
        ],
    ),
]


def test_moments_are_told_from_the_beginning_of_the_recording() -> None:
    told = [(round(mark.t, 3), mark.text, mark.kind) for mark in marks(CALL)]
    assert told == [
        (0.2, "answered", "call"),
        (2.0, "interrupted: 400 ms heard, 1500 ms thrown away", "cut"),
        (4.0, "ended: caller hung up", "call"),
    ]


def test_an_interruption_shades_what_was_thrown_away() -> None:
    (span,) = silenced(CALL)
    assert (span.start, span.end) == (2.0, 3.5)


def test_turns_are_those_of_the_record_of_the_end() -> None:
    (turn,) = turns(CALL)
    assert (turn["begin"], turn["end"], turn["speaker"]) == (0.5, None, "agent")
    assert (turn["heard"], turn["unheard"]) == ("Hi", " <there>")
    assert turns(CALL[:2]) == []


def test_an_outline_holds_every_extreme() -> None:
    samples = np.zeros(1000, dtype=np.int16)
    samples[[5, 998]] = 32767, -32768
    shape = outline(samples.tobytes(), 10)
    assert shape[0][1] == pytest.approx(1.0, abs=1e-4)
    assert shape[9][0] == -1.0
    assert set(shape[1:9]) == {(0.0, 0.0)}


@pytest.mark.parametrize("size", [0, 1, 3, 1200, 100_003])
def test_a_voice_of_any_length_is_drawn_as_one_closed_shape(size: int) -> None:
    path = waveform_path(
        np.full(size, 100, dtype=np.int16).tobytes(), width=1200, top=10, height=100
    )
    assert path.startswith("M0,")
    assert path.endswith(" Z")
    assert path.count(",") == 2400


def test_a_page_escapes_what_was_said_and_stands_without_a_recording(tmp_path: Path) -> None:
    evidence = Evidence(
        out=tmp_path,
        answered_ns=0,
        heard=[],
        largest_gap_ms=0.0,
        session=None,  # type: ignore[arg-type]
        lag=Lag(0.1, 20.0),
        entries=CALL,
    )
    figure = Figure(name="gap", value=50.0, unit="ms", limit=40.0)
    page = write_report(evidence, [figure]).read_text()
    assert "Hi<s> &lt;there&gt;</s>" in page
    assert "312 ms" in page
    assert "not judged" in page
    assert "$" not in page


def test_what_is_no_wav_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFF")
    with pytest.raises(ValueError, match=r"x\.wav is not a PCM WAV file"):
        read_wav(path)
