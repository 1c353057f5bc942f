"""What a picture has room to say of an array: its shape, its mean, and how it is distributed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 16
_SHOWN = 4  # elements that are written out
_SAMPLED = 4096  # elements that a histogram is made of


@dataclass(frozen=True)
class Summary:
    """An array in short.

    Attributes:
        text: The number, the few elements, or the mean.
        short: The same for edges: three digits of what belongs to an array.
        dtype: The name of the data type.
        shape: The length of each axis.
        bars: A histogram between the least and the greatest element, heights from 0 to 1; empty
            where the elements are written out.
        low: The least finite element.
        high: The greatest finite element.
    """

    text: str
    short: str
    dtype: str
    shape: tuple[int, ...]
    bars: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 0.0

    @property
    def kind(self) -> str:
        """Data type and shape, as ``float32 (3, 4)``."""
        return f"{self.dtype} {self.shape}" if self.shape else self.dtype


def summary(array: np.ndarray) -> Summary:
    """An array in short."""
    dtype, shape = str(array.dtype), tuple(array.shape)
    if array.size <= _SHOWN:
        short = _elements(array, 3 if shape else 4)
        return Summary(_elements(array), short, dtype, shape)
    values = array.reshape(-1).astype(np.float64)
    if np.isfinite(values).all():
        mean = number(float(values.mean()), 3)
        text, short = f"mean {mean}", mean
    else:
        text = short = _strange(values)
    low, high, bars = _histogram(values)
    return Summary(text, short, dtype, shape, bars, low, high)


def number(value: Any, digits: int = 4) -> str:
    """A number in a few digits."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, complex):
        return f"{value:.3g}"
    text = f"{value:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    if e:
        return f"{mantissa}e{int(exponent)}"
    return "0" if text == "-0" else text


def _elements(array: np.ndarray, digits: int = 4) -> str:
    if array.ndim == 0:
        return number(array.item(), digits)
    return f"[{', '.join(_elements(x, digits) for x in array)}]"


def _strange(values: np.ndarray) -> str:
    """How many elements are no numbers, and how many infinite."""
    counts = {"NaN": int(np.isnan(values).sum()), "Inf": int(np.isinf(values).sum())}
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n)


def _histogram(values: np.ndarray) -> tuple[float, float, tuple[float, ...]]:
    values = values[:: -(-values.size // _SAMPLED)]
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 0.0, ()
    low, high = float(values.min()), float(values.max())
    if not low < high or not np.isfinite(high - low):
        return low, high, ()
    counts, _ = np.histogram(values, BINS, (low, high))
    return low, high, tuple(round(float(n), 2) for n in counts / counts.max())
