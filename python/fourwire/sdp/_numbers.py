"""The numbers of our formats: what one meant once in a session it means to the end of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ._description import SessionDescription
from ._line import Format

__all__ = ["numbered", "numbers_in"]

DYNAMIC = range(96, 128)
"""The payload types that have no meaning of their own (RFC 3551 §6)."""


def numbered(formats: Sequence[Format], meanings: Mapping[int, str]) -> list[Format]:
    """``formats`` under the numbers that have these ``meanings`` already (RFC 3264 §8.3.2).

    One that is new there keeps its own number, unless that has another meaning.
    """
    known = {encoding: number for number, encoding in meanings.items()}
    taken = set(meanings)
    given = []
    for it in formats:
        number = known.get(it.encoding.lower())
        if number is None:
            number = it.number if it.number not in taken else _free(taken, formats)
        taken.add(number)
        given.append(replace(it, number=number))
    return given


def _free(taken: set[int], formats: Sequence[Format]) -> int:
    """A number that nothing has; the 32 there are do not run out with the few formats of ours."""
    ours = {it.number for it in formats}
    return next(number for number in reversed(DYNAMIC) if number not in taken | ours)


def numbers_in(description: str) -> dict[int, str]:
    """What the dynamic numbers of the audio mean in ``description``."""
    maps = (
        value.split(None, 1)
        for media in SessionDescription.parse(description).media
        if media.port and media.kind == "audio"
        for value in media.values("rtpmap")
    )
    return {int(n): encoding.strip().lower() for n, encoding in maps if int(n) in DYNAMIC}
