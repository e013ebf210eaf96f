"""Rules that say which calls are whose: what a rule asks of a call, and the first that wins."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from fourwire._core import Pattern as _Pattern
from fourwire.hours import Days, Hours, Zone
from fourwire.problems import IllegalSetting

__all__ = ["ANYTHING", "Offered", "Pattern", "Router", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A call as rules see it: text of strangers, of any length and kind."""

    dialled: str
    """User part of the Request-URI; of a number without its parameters."""
    caller: str = ""
    """User part of the From URI, or what a trusted trunk asserts."""
    trunk: str = ""
    """Name of the trunk that it came by; empty: a stranger's."""
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """All values of each header, by its name in lower case."""
    at: datetime
    """When it came, with its time zone."""


class Pattern:
    """A regular expression for the whole of a text, in Rust's syntax: as Python's, without looking
    around and back. Its time grows with the text alone, whatever a stranger writes there."""

    __slots__ = ("_pattern",)

    def __init__(self, text: str) -> None:
        try:
            self._pattern = _Pattern(text)
        except ValueError as error:
            reason = str(error).rpartition("error: ")[2]
            raise ValueError(f"{text!r} is not a regular expression: {reason}") from None

    def matches(self, text: str) -> bool:
        """Whether all of `text` is what the expression describes."""
        return self._pattern.matches(text.encode(errors="replace").decode())

    @property
    def is_everything(self) -> bool:
        """Whether it is one of the usual ways to write that anything will do."""
        return self._pattern.expression in (".*", "(?s).*", "^.*$", "(.*)", ".*?")

    def __str__(self) -> str:
        return self._pattern.expression

    def __repr__(self) -> str:
        return f"Pattern({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


ANYTHING = Pattern(".*")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold for a call to be of this rule; what is not said may be anything."""

    dialled: Pattern = ANYTHING
    """The dialled user: that of the Request-URI, all of it; of a number without its parameters."""
    exclude: Pattern | None = None
    """Dialled users that `dialled` describes and that are not meant."""
    caller: Pattern | None = None
    """Who calls: the user of the From URI, or what a trusted trunk says."""
    trunk: Pattern | None = None
    """The name of the trunk that the call came by; a stranger's is empty."""
    headers: dict[str, Pattern] = {}
    """Headers that the INVITE has, each with its value; of several of a name, one."""
    days: Days | None = None
    """Days of the week, written `mon-fri, sun`."""
    hours: Hours | None = None
    """Part of the day, written `09:00-17:30`; over midnight it belongs to the day it begins in."""
    zone: Zone | None = None
    """The time zone of `days` and `hours`, as `Europe/Berlin`."""

    def __post_init__(self) -> None:
        if (self.days or self.hours) and self.zone is None:
            raise IllegalSetting("zone", "is needed with days and hours, as Europe/Berlin or UTC")
        for name in self.headers:
            if not HEADER.fullmatch(name):
                raise IllegalSetting(("headers", name), "is no name of a header")

    def objection(self, call: Offered) -> str | None:
        """Why `call` is not of this rule, or None where it is."""
        return next(self._objections(call), None)

    def _objections(self, call: Offered) -> Iterator[str]:
        if not self.dialled.matches(call.dialled):
            yield f"dialled {call.dialled!r} is not {self.dialled}"
        if self.exclude and self.exclude.matches(call.dialled):
            yield f"dialled {call.dialled!r} is excluded by {self.exclude}"
        for what, pattern, given in (
            ("caller", self.caller, call.caller),
            ("trunk", self.trunk, call.trunk),
        ):
            if pattern and not pattern.matches(given):
                yield f"{what} {given!r} is not {pattern}"
        for name, pattern in self.headers.items():
            if not any(map(pattern.matches, call.headers.get(name.lower(), ()))):
                yield f"no header {name} is {pattern}"
        if self.zone and (late := self._out_of_hours(call.at.astimezone(self.zone.info))):
            yield late

    def _out_of_hours(self, at: datetime) -> str | None:
        begun = self.hours.begun(at) if self.hours else at
        if begun is None:
            return f"{at:%H:%M} ({at.tzname()}) is not within {self.hours}"
        if self.days and begun.weekday() not in self.days.numbers:
            return f"{begun:%A} is none of {self.days}"
        return None

    def __str__(self) -> str:
        return f"the rule for {self.dialled}"

    def covers(self, other: "Rule") -> bool:
        """Whether every call of `other` is one of this rule, as far as that is easily seen."""
        asked = [name for name in Rule.__struct_fields__ if getattr(self, name) not in (None, {})]
        asked = [name for name in asked if name != "zone"]
        if asked == ["dialled"] and self.dialled.is_everything:
            return True
        return all(getattr(self, name) == getattr(other, name) for name in Rule.__struct_fields__)


HEADER = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,128}")
"""A token, as header fields are named (RFC 3261 §25.1)."""

Target = TypeVar("Target")


@dataclass(frozen=True, slots=True)
class Router(Generic[Target]):
    """Rules in their order, and whither each leads."""

    rules: Sequence[tuple[Rule, Target]]

    def target(self, call: Offered) -> Target | None:
        """Whither the first rule leads that `call` is of."""
        return next((to for rule, to in self.rules if rule.objection(call) is None), None)

    def unreachable(self) -> Iterator[tuple[int, int]]:
        """Rules that no call reaches, each with the earlier rule that takes them all; from 0."""
        for late, (rule, _) in enumerate(self.rules):
            for early, (earlier, _) in enumerate(self.rules[:late]):
                if earlier.covers(rule):
                    yield late, early
                    break
