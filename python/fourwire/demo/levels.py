"""How loud a stretch of audio is: for judging a call, with other code than the call's own."""

import math

import numpy as np

__all__ = ["SPEECH_DBOV", "dbov"]

SPEECH_DBOV = -45.0
"""Twenty milliseconds as loud as this are speech; comfort noise lies far below."""

SILENCE_DBOV = -127.0
"""What digital silence counts as (RFC 6465 §3)."""


def dbov(pcm: bytes) -> float:
    """Loudness of 16-bit samples: root mean square against full scale, in decibels."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    power = float(np.mean(samples**2)) if samples.size else 0.0
    if power == 0.0:
        return SILENCE_DBOV
    return max(SILENCE_DBOV, 10 * math.log10(power / 32768.0**2))
