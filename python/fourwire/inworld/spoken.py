"""Words for the voice and words for the eye: marks that a voice obeys and nobody should read."""

import re

SOUNDS = ("laugh", "breathe", "sigh", "clear throat", "cough", "yawn")
"""Sounds that Inworld's TTS-2 voices make where they stand in brackets."""

TAG = re.compile(rf"\[\s*(?:speak\b[^\]\[]*|{'|'.join(SOUNDS)})\s*\]", re.IGNORECASE)
TAG_AND_SPACE = re.compile(rf"\s*{TAG.pattern}", re.IGNORECASE)
OPEN = re.compile(r"\s*\[([^\]\[]*)$")


def without_tags(text: str) -> str:
    """`text` without steering (`[speak softly]`) and sounds (`[laugh]`); other brackets stay.

    >>> without_tags("[speak warmly] Hello! [laugh] You again [sic].")
    'Hello! You again [sic].'
    """
    return TAG_AND_SPACE.sub("", text).lstrip() if "[" in text else text


def without_open_tag(text: str) -> str:
    """`without_tags` for a text that still grows: its end may be half of a tag.

    >>> without_open_tag("Hello! [lau")
    'Hello!'
    """
    shown = without_tags(text)
    end = OPEN.search(shown)
    return shown[: end.start()] if end is not None and _may_become_tag(end[1]) else shown


def _may_become_tag(begun: str) -> bool:
    begun = begun.lstrip().lower()
    return begun.startswith("speak ") or any(tag.startswith(begun) for tag in ("speak", *SOUNDS))
