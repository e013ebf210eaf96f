"""A voice drawn as a shape: the outline of its loudness, as one SVG path."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["outline", "waveform_path"]


def outline(samples: NDArray[np.int16], columns: int) -> NDArray[np.float64]:
    """The lowest and the highest sample of each column, from -1 to 1; shape (columns, 2)."""
    if samples.size == 0:
        return np.zeros((columns, 2))
    edges = np.linspace(0, samples.size, columns + 1).astype(int)
    starts = np.minimum(edges[:-1], samples.size - 1)
    lowest = np.minimum.reduceat(samples, starts)
    highest = np.maximum.reduceat(samples, starts)
    return np.stack([lowest, highest], axis=1).astype(np.float64) / 32768.0


def waveform_path(samples: NDArray[np.int16], *, width: int, top: float, height: float) -> str:
    """The `d` of a path that fills `height` below `top`, one column a unit of `width`."""
    middle, reach = top + height / 2, height / 2
    shape = outline(samples, width) * _gain(samples)
    above = [f"{x},{middle - high * reach:.1f}" for x, (_, high) in enumerate(shape)]
    below = [f"{x},{middle - low * reach:.1f}" for x, (low, _) in enumerate(shape)]
    return "M" + " L".join(above + below[::-1]) + " Z"


def _gain(samples: NDArray[np.int16]) -> float:
    """What makes the loudest sample nearly fill the height."""
    loudest = float(np.abs(samples.astype(np.int32)).max()) if samples.size else 0.0
    return min(8.0, 0.95 * 32768.0 / loudest) if loudest else 1.0
