"""Writes the table in docs/interop.md: every test with a peer, and how it went when it ran last.

python scripts/make_interop_page.py            # takes what the tests have left in out/interop.jsonl
python scripts/make_interop_page.py --check    # status 1 where a test has no row, or a row no test

A row whose test has not run here stays as it is.
"""

import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests" / "python"
PAGE = ROOT / "docs" / "interop.md"
MARK = "<!-- From here on written by scripts/make_interop_page.py -->"

sys.path.insert(0, str(TESTS))
from support import interop_record  # noqa: E402
from support.peer_versions import VERSIONS  # noqa: E402

GRAVITY = ("passed", "no verdict", "not run", "failed")
"""The gravest result of a test's cases is the test's."""

NAMES = ("Asterisk", "Kamailio", "Linphone", "OpenSSL", "Pipecat", "PJSIP", "SIPp", "SoX")
CODECS = ("G722", "PCMA", "PCMU")
TERMS = ("ACK", "DTMF", "INFO", "README", "REFER", "Replaces", "SRTP", "TLS")
SPELLINGS = {word.lower(): word for word in (*NAMES, *CODECS, *TERMS)}
"""Words that are not written as a test's name has them."""


class Row(NamedTuple):
    """A row of the table."""

    peer: str
    version: str
    tried: str
    result: str
    when: str

    def __str__(self) -> str:
        return f"| {' | '.join(self)} |"


class Test(NamedTuple):
    """A test with a peer, for which there is a row."""

    name: str
    peer: str
    cases: frozenset[str]
    """Its runs, which differ by their parameters."""

    @property
    def tried(self) -> str:
        """What its name says."""
        words = self.name.rpartition("::test_")[2].split("_")
        return " ".join(SPELLINGS.get(word, word) for word in words)


def table(tests: Iterable[Test], rows: Iterable[Row], results: Iterable[dict[str, Any]]) -> str:
    """The table of `tests`: of each the last result, or else the row that there is."""
    known = {(row.peer, row.tried): row for row in rows}
    last = {result["case"]: result for result in results}
    made = [_row(test, last, known) for test in tests]
    made.sort(key=lambda row: (row.peer.lower(), row.tried.lower()))
    heads = ["| peer | version | what was tried | result | on |", "|---|---|---|---|---|"]
    return "\n".join([MARK, "", *heads, *map(str, made), ""])


def _row(test: Test, last: dict[str, dict[str, Any]], known: dict[tuple[str, str], Row]) -> Row:
    cases = [last[case] for case in test.cases if case in last]
    if not cases:
        never = Row(test.peer, "?", test.tried, "**not run**", "–")
        return known.get((test.peer, test.tried), never)
    worst = max(cases, key=lambda case: GRAVITY.index(case["result"]))
    good = worst["result"] == "passed"
    told = worst["figures"] if good else [worst["reason"] or "no reason told"]
    word = worst["result"] if good else f"**{worst['result']}**"
    result = ": ".join([word, *(["; ".join(map(str, told))] if told else [])])
    return Row(test.peer, worst["version"], test.tried, result.replace("|", "/"), worst["when"])


def rows_of(page: str) -> Iterator[Row]:
    """The rows that a page has."""
    for line in page[page.index(MARK) :].splitlines()[4:]:
        yield Row(*(cell.strip() for cell in line.strip("|").split("|")))


class Collected:
    """Takes the tests that pytest finds."""

    def __init__(self) -> None:
        self.tests: list[Test] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See which tests there are."""
        found: dict[tuple[str, str], set[str]] = {}
        for item in session.items:
            told = interop_record.function_of(item), interop_record.peer_of(item) or ""
            found.setdefault(told, set()).add(item.nodeid)
        self.tests += [Test(*told, frozenset(cases)) for told, cases in found.items()]


def collected() -> list[Test]:
    """Every test with a peer; nothing is run."""
    texts = ((path, path.read_text(encoding="utf-8")) for path in sorted(TESTS.glob("test_*.py")))
    files = [str(path) for path, text in texts if "pytest.mark.interop" in text]
    seen = Collected()
    options = ["--collect-only", "-q", "-m", "interop", "--rootdir", str(ROOT)]
    with redirect_stdout(io.StringIO()) as told:
        status = pytest.main([*options, *files], plugins=[seen])
    if status != 0:
        raise SystemExit(told.getvalue())
    return seen.tests


def complaints(tests: list[Test], rows: Iterable[Row]) -> Iterator[str]:
    """How tests and rows do not agree."""
    wanted = {(test.peer, test.tried) for test in tests}
    for test in tests:
        if test.peer not in VERSIONS:
            yield f"{test.name} has a peer that peer_versions.py does not know: {test.peer!r}"
    there = {(row.peer, row.tried) for row in rows}
    for about, those in (("no row", wanted - there), ("no test", there - wanted)):
        yield from (f"{about}: {peer}: {tried}" for peer, tried in sorted(those))


def main() -> int:
    """Write the page, or only look at it."""
    page = PAGE.read_text(encoding="utf-8")
    tests, rows = collected(), list(rows_of(page))
    if "--check" in sys.argv:
        wrong = list(complaints(tests, rows))
        print("\n".join(wrong))
        return int(bool(wrong))
    record = ROOT / interop_record.RECORD
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    written = page[: page.index(MARK)] + table(tests, rows, map(json.loads, lines))
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
