"""A goal, what was measured, and what that means for it."""

from dataclasses import dataclass
from enum import StrEnum

WIDE = 66

BUSY = 50.0
"""Per cent of a processor that others may take before a test that fails may be their doing."""


class Verdict(StrEnum):
    """Whether a goal was met."""

    MET = "met"
    MISSED = "MISSED"
    HELD_UP = "no verdict"
    """It was not, and others had the machine."""
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the table."""

    goal: str
    wanted: str
    measured: str = ""
    verdict: Verdict
    about: str = ""
    """What to know of the figure, or why there is none."""

    def __str__(self) -> str:
        about = f"  ({self.about})" if self.about else ""
        return f"{self.goal:{WIDE}} {self.wanted:12} {self.measured:26} {self.verdict}{about}"


def judged(value: float, most: float, *, complete: bool = True, disturbed: bool) -> Verdict:
    """What `value` means for a goal of at most `most`.

    Whoever else has the machine makes calls late and costly and never better, so that a goal that
    is met is met all the same; `complete` says that all the work was done, for who is starved takes
    little.
    """
    if complete and value <= most:
        return Verdict.MET
    return Verdict.HELD_UP if disturbed else Verdict.MISSED


def compared(ours: float, peer: float, times: float, *, disturbed: bool) -> Verdict:
    """What two figures of the same run mean for a goal of `times` less than a peer.

    They were measured one after the other: where others have the machine, they had it unequally.
    """
    if disturbed:
        return Verdict.HELD_UP
    return Verdict.MET if ours * times <= peer else Verdict.MISSED


def unmeasured(goal: str, wanted: str, why: str) -> Told:
    """A goal of which nothing is known from this run."""
    return Told(goal=goal, wanted=wanted, verdict=Verdict.NOT_MEASURED, about=why)
