"""How each test with a peer went: a line of JSON for scripts/make_interop_page.py.

The peer is the argument of the marker of the test, or else of its module:
`pytest.mark.interop(peer="SIPp")`.
"""

import json
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.peer_versions import VERSIONS, version_of

RECORD = Path("out") / "interop.jsonl"
"""Under the project's root; lines are only ever added, and the last one of a case counts."""

REASON_LENGTH = 200


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note a test with a peer once it has run, or could not."""
    report = yield
    peer = peer_of(item)
    if peer in VERSIONS and (report.when == "call" or report.outcome != "passed"):
        result, reason = _result(report, call)
        _note(
            item.config.rootpath / RECORD,
            test=function_of(item),
            case=item.nodeid,
            peer=peer,
            version=version_of(peer),
            result=result,
            reason=reason,
            figures=[value for name, value in report.user_properties if name == "figure"],
            when=datetime.now(UTC).date().isoformat(),
        )
    return report


def peer_of(item: pytest.Item) -> str | None:
    """Whom a test calls with; None where it has no peer, "" where it does not say which."""
    mark = item.get_closest_marker("interop")
    return None if mark is None else str(mark.kwargs.get("peer", ""))


def function_of(item: pytest.Item) -> str:
    """A test's function: what cases that differ by parameters have in common."""
    return item.nodeid.partition("[")[0]


def _result(report: pytest.TestReport, call: pytest.CallInfo[None]) -> tuple[str, str]:
    if hasattr(report, "wasxfail"):
        return "no verdict", _shortened(report.wasxfail.removeprefix("no verdict: "))
    if report.outcome == "failed":
        return "failed", _shortened(_cause(call.excinfo.value) if call.excinfo else "")
    if report.outcome == "skipped":
        told = report.longrepr
        why = told[2] if isinstance(told, tuple) else str(told)
        return "not run", _shortened(why.removeprefix("Skipped: "))
    return "passed", ""


def _cause(error: BaseException) -> str:
    """What went wrong, without the task groups that it came through."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _shortened(reason: str) -> str:
    return " ".join(reason.split())[:REASON_LENGTH]


def _note(path: Path, **told: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
