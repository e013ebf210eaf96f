"""The numbers of our formats: what one meant once in a session it means to the end of it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from ._description import SessionDescription
from ._line import Format, key_of

__all__ = ["DYNAMIC", "numbered", "numbers_in"]

DYNAMIC = range(96, 128)
"""The payload types that have no meaning of their own (RFC 3551 §6)."""


def numbered(
    formats: Sequence[Format], meanings: Mapping[int, str], theirs: Mapping[int, str]
) -> list[Format]:
    """``formats`` under the numbers that have these ``meanings`` already (RFC 3264 §8.3.2).

    One that is new there keeps its own number, unless that has another meaning, there or in what
    the other side said (``theirs``).
    """
    known = {key: number for number, key in meanings.items()}
    ours, taken = {it.number for it in formats}, set(meanings)
    given = []
    for it in formats:
        number = known.get(it.key)
        if number is None:
            strange = taken | {number for number, key in theirs.items() if key != it.key}
            choices = (strange | ours, taken | ours, ours.union(known.values()))
            number = it.number if it.number not in strange else _free(choices)
        taken.add(number)
        known[it.key] = number
        given.append(replace(it, number=number))
    return given


def _free(choices: Sequence[AbstractSet[int]]) -> int:
    """A number outside of the first set that leaves one. A peer that uses up all 32 of them cannot
    use up those that are not a format's latest.
    """
    return next(number for taken in choices for number in reversed(DYNAMIC) if number not in taken)


def numbers_in(description: str) -> dict[int, str]:
    """What the dynamic numbers of the audio mean in ``description``."""
    maps = (
        value.strip().partition(" ")
        for media in SessionDescription.parse(description).media
        if media.port and media.kind == "audio"
        for value in media.values("rtpmap")
    )
    known = {str(number): number for number in DYNAMIC}
    return {known[number]: key_of(encoding) for number, _, encoding in maps if number in known}
