"""What a decoder gives and what a search returns.

Word numbers are written as ids. Shapes: B photographs, R rows (unfinished sentences) of each,
V words, L places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "UNLIKELY",
    "Array",
    "DecoderStep",
    "Favour",
    "Hypothesis",
    "Partial",
    "StepFunction",
    "usable",
]

Array: TypeAlias = npt.NDArray[Any]


class DecoderStep(NamedTuple):
    """What a decoder says about the next words."""

    log_probs: Array  # (B, R, V), natural logarithms of probabilities
    state: Any  # a tree whose leaves have shape (B, R, ...)
    attention: Array  # (B, R, L), where it looked


StepFunction: TypeAlias = Callable[[Any, Array], DecoderStep]
"""From the memory, a tree with leaves (B, R, ...), and the last words, int64 (B, R), one step."""


Favour: TypeAlias = Callable[[tuple[int, ...]], Array]
"""From the words of a sentence so far, what each next word (V,) gains in the choice of those that
go on; it is no part of a log-probability."""


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A finished sentence.

    Attributes:
        ids: Its words, one or more, without begin and end tokens.
        logprob: The logarithm of the probability that the decoder gives it, its end included.
        score: What it is ranked by, see `Decoding.score`.
        attention: Where the decoder looked for each word, (len(ids), L).
    """

    ids: tuple[int, ...]
    logprob: float
    score: float
    attention: Array


class Partial(NamedTuple):
    """An unfinished sentence."""

    logprob: float = 0.0
    ids: tuple[int, ...] = ()
    attention: tuple[Array, ...] = ()  # of each word, (L,)
    gain: float = 0.0  # what its words were favoured by

    def extended(self, logprob: float, word: int, attention: Array, gain: float = 0.0) -> Partial:
        """The sentence with one more word and its probability."""
        return Partial(logprob, (*self.ids, word), (*self.attention, attention), gain)

    def finished(self, logprob: float, score: float) -> Hypothesis:
        """The sentence with its end."""
        return Hypothesis(self.ids, logprob, score, np.stack(self.attention))


UNLIKELY = -1e9
"""What counts as the log-probability of an impossible word."""


def usable(log_probs: Array, out: Array | None = None) -> Array:
    """In float64, with impossible words (and those of probability NaN) as very unlikely ones.

    Args:
        log_probs: Of any shape.
        out: Memory for the result, of this shape.
    """
    values = np.empty(log_probs.shape) if out is None else out
    values[...] = log_probs
    possible = (log_probs > UNLIKELY) & (log_probs < np.inf)  # false for NaN, too
    if not possible.all():
        values[~possible] = UNLIKELY
    return values
