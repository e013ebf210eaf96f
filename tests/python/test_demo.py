"""The demo is a whole call that judges itself, and leaves a page about it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from fourwire import demo
from fourwire.demo import lag
from fourwire.demo.evidence import figures
from fourwire.demo.figures import Verdict
from fourwire.demo.speech import WORDS, recording
from fourwire.wav import read_wav


@pytest.mark.alone
def test_a_demo_call_goes_well_and_leaves_recording_journal_and_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []

    def remembered(evidence: object) -> object:
        judged.append(figures(evidence))  # type: ignore[arg-type]
        return judged[0]

    monkeypatch.setattr(demo, "figures", remembered)
    status = demo.run(str(tmp_path / "demo"))
    printed = capsys.readouterr().out

    (measured,) = judged
    wrong = [figure for figure in measured if figure.verdict(held_up=False) is not Verdict.GOOD]
    assert all(figure.timing for figure in wrong), wrong  # timings are for quieter machines
    assert status in (0, int(bool(wrong)))
    assert "✂ the caller interrupts" in printed
    assert "☎ hangs up" in printed

    assert read_wav(tmp_path / "demo" / "call.wav").channels == 2
    lines = (tmp_path / "demo" / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines].count("bridge.interrupted") == 2
    transcript = json.loads((tmp_path / "demo" / "call.json").read_text())
    assert transcript["recording"] == "call.wav"
    assert [turn["speaker"] for turn in transcript["turns"] if turn.get("cut")] == ["agent"] * 2
    left = {path.name for path in (tmp_path / "demo").iterdir()}
    told = {"call.json", "call.txt", "call.vtt"}
    assert left == {"call.wav", "journal.jsonl", "report.html"} | told
    page = (tmp_path / "demo" / "report.html").read_text()
    assert all(f'href="{name}"' in page for name in told)
    assert page.count('class="mark cut"') == 2
    assert_whole(page)


def assert_whole(page: str) -> None:
    """Every tag is closed, and nothing is fetched from elsewhere."""
    open_tags: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("meta", "path"):
                open_tags.append(tag)

        def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Checker().feed(page)
    assert not open_tags
    assert not re.search(r"(https?:)?//[a-z]", page)


@pytest.mark.parametrize("name", WORDS)
def test_the_caller_has_words_to_say(name: str) -> None:
    samples = np.frombuffer(recording(name), dtype="<i2")
    assert samples.size > 8000
    assert np.abs(samples).max() > 3000


@pytest.mark.anyio
async def test_a_machine_is_watched_however_short_the_watch_is() -> None:
    async with lag.watch() as late:
        pass
    assert late.max_ms > 0
