"""What the doctor says of one thing: that it is good, doubtful or bad, and what helps."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Verdict", "bad", "doubtful", "good", "status_of"]

Verdict = Literal["good", "doubtful", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding."""

    verdict: Verdict
    what: str
    advice: str = ""

    def __str__(self) -> str:
        mark = {"good": "✓", "doubtful": "?", "bad": "✗"}[self.verdict]
        return f"{mark} {self.what}" + (f"\n    {self.advice}" if self.advice else "")


def good(what: str) -> Finding:
    """All is well."""
    return Finding("good", what)


def doubtful(what: str, advice: str) -> Finding:
    """It may work, and may not."""
    return Finding("doubtful", what, advice)


def bad(what: str, advice: str) -> Finding:
    """It does not work."""
    return Finding("bad", what, advice)


def status_of(findings: list[Finding]) -> int:
    """The exit status: 0 where nothing is bad."""
    return int(any(finding.verdict == "bad" for finding in findings))
