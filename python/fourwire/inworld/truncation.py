"""Where to cut an item so that the agent remembers what was heard of it, and no more."""

from math import floor

G711 = frozenset({"audio/pcmu", "audio/pcma"})

THIRDS = 3
"""Inworld counts 24 bytes as a millisecond whatever the format, and G.711 has 8 (seen live)."""


def audio_end_ms(heard_ms: float, output_format: str, *, g711_thirds: bool = True) -> int:
    """The `audio_end_ms` of a `conversation.item.truncate` after `heard_ms` of speech.

    Rounded down, because a cut behind the end of what was sent is refused. `g711_thirds` speaks
    to a server that measures G.711 as it measures 16 bit at 24 kHz.

    >>> audio_end_ms(1500.9, "audio/pcm;rate=24000"), audio_end_ms(1500.9, "audio/pcmu")
    (1500, 500)
    """
    divisor = THIRDS if g711_thirds and output_format in G711 else 1
    return max(0, floor(heard_ms / divisor))
