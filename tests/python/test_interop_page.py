"""The table of peers has a row for every test with a peer, and tells each run as it was."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from support.interop_record import RECORD
from support.peer_versions import VERSIONS, version_of

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "make_interop_page.py"
PAGE = runpy.run_path(str(SCRIPT))

PEERLESS = """\
import pytest

@pytest.mark.interop(peer="SIPp")
@pytest.mark.parametrize("good", [True, False])
def test_sipp_calls_by_tls(good, record_property):
    record_property("figure", "3 ms")
    assert good, "one | two"

@pytest.mark.interop(peer="SIPp")
def test_sipp_hangs_up(record_property):
    record_property("figure", "0 of 2 lost")

@pytest.mark.interop(peer="SIPp")
def test_sipp_is_there():
    pytest.skip("no SIPp")

def test_nobody_calls():
    pass
"""


def test_every_test_with_a_peer_has_a_row_and_every_row_a_test() -> None:
    checked = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    said = checked.stdout + checked.stderr
    assert checked.returncode == 0, f"run {SCRIPT.name}, with the tests before it:\n{said}"


def test_each_row_tells_the_gravest_result_and_why(tmp_path: Path) -> None:
    conftest = "from support.interop_record import pytest_runtest_makereport\n"
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_calls.py").write_text(PEERLESS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = interop\n")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path))
    subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(Path(__file__).parent)}, check=False
    )
    results = [json.loads(line) for line in (tmp_path / RECORD).read_text().splitlines()]
    assert [result["result"] for result in results] == ["passed", "failed", "passed", "not run"]

    names = dict.fromkeys(result["test"] for result in results)
    tests = [
        PAGE["Test"](name, "SIPp", frozenset(r["case"] for r in results if r["test"] == name))
        for name in [*names, "test_calls.py::test_new"]
    ]
    kept = PAGE["Row"]("SIPp", "1.0", "new", "passed", "yesterday")
    rows = list(PAGE["rows_of"](PAGE["table"](tests, [kept], results)))
    calls, hangs_up, there = (row for row in rows if row.tried != "new")
    assert calls.result.startswith("**failed**: AssertionError: one / two")
    assert (hangs_up.result, hangs_up.version) == ("passed: 0 of 2 lost", version_of("SIPp"))
    assert there.result == "**not run**: no SIPp"
    assert kept in rows
    assert list(PAGE["complaints"](tests, rows)) == []


def test_a_missing_row_a_row_too_many_and_a_test_without_a_peer_are_named() -> None:
    tests = [
        PAGE["Test"]("t.py::test_one", "SIPp", frozenset()),
        PAGE["Test"]("t.py::test_two", "", frozenset()),
    ]
    rows = [
        PAGE["Row"]("", "?", "two", "passed", "today"),
        PAGE["Row"]("SIPp", "?", "old", "passed", "today"),
    ]
    assert list(PAGE["complaints"](tests, rows)) == [
        "t.py::test_two has a peer that peer_versions.py does not know: ''",
        "no row: SIPp: one",
        "no test: SIPp: old",
    ]


@pytest.mark.parametrize("peer", ["OpenAI SDK", "OpenSSL"])
def test_a_peer_tells_its_version(peer: str) -> None:
    assert version_of(peer)[0].isdigit()
    assert peer in VERSIONS
