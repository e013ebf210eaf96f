"""What the resampler lets through: gain over frequency, measured with tones from outside."""

from collections.abc import Callable, Iterator

import numpy as np

import fourwire as fw
from fourwire import audioop

FROM, TO = 24_000, 8_000
"""Down is where a filter is put to the test: what lies above 4 kHz folds back as alias."""

SECONDS = 0.4
LOUDNESS = 20_000
EDGE_MS = 50
"""What is left out at the beginning: the filter fills."""

FREQUENCIES = np.arange(85, 12_000, 50)
"""None of them is half the lower rate, where what is heard of a tone depends on its phase."""

Conversion = Callable[[bytes], bytes]

CONVERSIONS: dict[str, Callable[[], Conversion]] = {
    "fourwire, standard (3 ms)": lambda: fw.Resampler(FROM, TO).process,
    "fourwire, low delay (2 ms)": lambda: fw.Resampler(FROM, TO, "low_delay").process,
    "audioop.ratecv": lambda: lambda pcm: audioop.ratecv(pcm, 2, 1, FROM, TO, None)[0],
}


def responses() -> Iterator[tuple[str, list[float]]]:
    """For each conversion its name and its gain in dB at each of `FREQUENCIES`."""
    for name, conversion in CONVERSIONS.items():
        yield name, [gain_db(conversion(), int(frequency)) for frequency in FREQUENCIES]


def gain_db(convert: Conversion, frequency: int) -> float:
    """How loud a tone comes out, against how loud it went in."""
    times = np.arange(int(SECONDS * FROM)) / FROM
    tone = np.rint(LOUDNESS * np.sin(2 * np.pi * frequency * times)).astype("<i2")
    edge = 2 * EDGE_MS * TO // 1000
    return fw.level_dbov(convert(tone.tobytes())[edge:]) - fw.level_dbov(tone)
