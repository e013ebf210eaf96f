"""Days, hours and time zones as an operator writes them."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["Days", "Hours", "Zone"]

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Days:
    """Days of the week, written `mon-fri, sun`."""

    __slots__ = ("numbers",)

    def __init__(self, text: str) -> None:
        self.numbers = frozenset(day for part in text.split(",") for day in _days(part.strip()))

    def __str__(self) -> str:
        return ", ".join(WEEK[number] for number in sorted(self.numbers))

    def __repr__(self) -> str:
        return f"Days('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Days) and self.numbers == other.numbers

    def __hash__(self) -> int:
        return hash(self.numbers)


def _days(part: str) -> list[int]:
    first, dash, last = part.lower().partition("-")
    if first not in WEEK or (dash and last not in WEEK):
        raise ValueError(f"days are written mon-fri, sun (of {', '.join(WEEK)})")
    start, end = WEEK.index(first), WEEK.index(last or first)
    return [(start + step) % 7 for step in range((end - start) % 7 + 1)]


class Hours:
    """A part of the day, written `09:00-17:30`; the end is not in it. `22:00-06:00` goes over
    midnight, and belongs to the day that it begins in."""

    __slots__ = ("_first", "_last")

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"\s*(\d\d):([0-5]\d)\s*-\s*(\d\d):([0-5]\d)\s*", text, re.ASCII)
        first, minute, last, other = map(int, match.groups()) if match else (24, 0, 24, 0)
        self._first = first * 60 + minute
        self._last = last * 60 + other
        if self._first >= DAY or self._last > DAY or self._first == self._last:
            raise ValueError("hours are written 09:00-17:30, from 00:00 to 24:00")

    def begun(self, at: datetime) -> datetime | None:
        """When the part of the day began that `at` lies in, to the day; None: it lies in none."""
        minute = at.hour * 60 + at.minute
        if self._first < self._last:
            return at if self._first <= minute < self._last else None
        if minute >= self._first:
            return at
        return at - timedelta(days=1) if minute < self._last else None

    def __str__(self) -> str:
        return "-".join(f"{m // 60:02}:{m % 60:02}" for m in (self._first, self._last))

    def __repr__(self) -> str:
        return f"Hours('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hours) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


DAY = 24 * 60
"""Minutes of a day."""


class Zone:
    """A time zone, by its name in the IANA database: `Europe/Berlin`, `UTC`."""

    __slots__ = ("info",)

    def __init__(self, text: str) -> None:
        try:
            self.info = ZoneInfo(text)
        except (ValueError, OSError, KeyError):
            raise ValueError(f"{text!r} is no time zone such as Europe/Berlin or UTC") from None

    def __str__(self) -> str:
        return self.info.key

    def __repr__(self) -> str:
        return f"Zone('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Zone) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))
