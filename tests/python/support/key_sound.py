"""The sound of keys (ITU-T Q.23), as a telephone makes it that knows no telephone events."""

import math
from array import array

ROWS = (697, 770, 852, 941)
COLUMNS = (1209, 1336, 1477, 1633)
TONES = {
    digit: (low, high)
    for low, row in zip(ROWS, ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, digit in zip(COLUMNS, row, strict=True)
}


def typed(digits: str, rate: int = 8000, tone_ms: int = 100) -> bytes:
    """Keys one after the other, each followed by as much silence: 16 bit, mono."""
    samples = rate * tone_ms // 1000
    pcm = array("h")
    for digit in digits:
        low, high = (2 * math.pi * tone / rate for tone in TONES[digit])
        pcm.extend(round(6000 * (math.sin(low * n) + math.sin(high * n))) for n in range(samples))
        pcm.extend([0] * samples)
    return pcm.tobytes()
