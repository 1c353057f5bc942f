"""Which of very many numbers are the largest, without sorting them all."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tushuo.caption.decoding.step import UNLIKELY, Array
from tushuo.native import is_eager

__all__ = ["Finder", "Ranked", "best", "finder"]


class Ranked(NamedTuple):
    """Continuations of sentences, best first.

    Attributes:
        parents: The rows of the sentences.
        words: Their next words.
        sums: Their log-probabilities.
    """

    parents: list[int]
    words: list[int]
    sums: list[float]

    @classmethod
    def of(cls, places: list[int], sums: list[float], words: int) -> Ranked:
        """From places in a matrix with as many columns as there are words."""
        return cls([p // words for p in places], [p % words for p in places], sums)


Finder = Callable[[Array, list[float], npt.NDArray[np.bool_], int], Ranked | None]
"""From log-probabilities (k, V), those of the sentences so far (k,), which words (V,) are refused,
and how many to find, the best continuations; None where a closer look is needed."""


def finder(beams: int) -> Finder | None:
    """Machine code that finds the best continuations of so many sentences.

    Returns:
        None where nothing is compiled, and at first: few searches do not pay for loading it.
    """
    if is_eager() or next(_SEARCHES) < _EAGER_SEARCHES:
        return None
    from tushuo.compile.best import Best

    native = Best(beams, 2 * beams)

    def find(
        log_probs: Array, before: list[float], refused: npt.NDArray[np.bool_], count: int
    ) -> Ranked | None:
        if log_probs.dtype != np.float32 or not log_probs.flags.c_contiguous:
            return None
        found = native(log_probs, before, refused, count)
        # an impossible word after a likely sentence may rank before others
        if found is None or found.sums[-1] <= UNLIKELY + max(before):
            return None
        return Ranked.of(found.places, found.sums, len(refused))

    return find


def best(values: Array, count: int) -> Array:
    """Where the largest finite values stand, largest first, ties in order of place."""
    count = min(count, len(values))
    places = np.flatnonzero(values >= max(_bound(values, count), _LOWEST))
    return places[np.argsort(-values[places], kind="stable")][:count]


def _bound(values: Array, count: int) -> Any:
    """A number that at least so many values reach, and few others.

    If the values are dealt to piles, as many of their tops reach it.
    """
    piles = len(values) // _PILE
    if piles < count:
        return np.partition(values, -count)[-count]
    tops = values[: piles * _PILE].reshape(_PILE, piles).max(axis=0)
    return np.partition(tops, -count)[-count]


_PILE = 64
_LOWEST = float(np.finfo(np.float64).min)
_SEARCHES = count()
_EAGER_SEARCHES = 8
