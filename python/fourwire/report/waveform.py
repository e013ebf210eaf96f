"""A voice drawn as a shape: the outline of its loudness, as one SVG path."""

from itertools import pairwise

from fourwire import audioop

__all__ = ["outline", "waveform_path"]

WIDTH = 2
"""Bytes of a sample."""

FULL_SCALE = 32768.0


def outline(pcm: bytes, columns: int) -> list[tuple[float, float]]:
    """The lowest and the highest of the 16-bit samples in each column, from -1 to 1."""
    samples = len(pcm) // WIDTH
    if samples == 0:
        return [(0.0, 0.0)] * columns
    edges = [samples * column // columns for column in range(columns + 1)]
    return [
        _extremes(pcm[WIDTH * start : WIDTH * max(end, start + 1)])
        for start, end in pairwise(edges)
    ]


def waveform_path(pcm: bytes, *, width: int, top: float, height: float) -> str:
    """The `d` of a path that fills `height` below `top`, one column a unit of `width`."""
    middle, reach = top + height / 2, height / 2 * _gain(pcm)
    shape = outline(pcm, width)
    above = [f"{x},{middle - high * reach:.1f}" for x, (_, high) in enumerate(shape)]
    below = [f"{x},{middle - low * reach:.1f}" for x, (low, _) in enumerate(shape)]
    return "M" + " L".join(above + below[::-1]) + " Z"


def _extremes(pcm: bytes) -> tuple[float, float]:
    lowest, highest = audioop.minmax(pcm, WIDTH)
    return lowest / FULL_SCALE, highest / FULL_SCALE


def _gain(pcm: bytes) -> float:
    """What makes the loudest sample nearly fill the height."""
    loudest = audioop.max(pcm, WIDTH)
    return min(8.0, 0.95 * FULL_SCALE / loudest) if loudest else 1.0
