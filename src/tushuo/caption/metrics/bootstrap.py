"""How far scores may be off because other photographs could have been chosen.

Efron, "Bootstrap methods: another look at the jackknife" (1979): photographs are drawn again and
again with replacement, and the scores of those sets show how much a score varies (Koehn,
"Statistical significance tests for machine translation evaluation", EMNLP 2004, for BLEU).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.caption.metrics.bleu import bleu_from_counts
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.caption.metrics.scores import Scores

__all__ = ["Interval", "Intervals", "bootstrap"]

Array: TypeAlias = npt.NDArray[Any]
Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Confidence intervals of scores.

    Attributes:
        by_name: Low and high end for each score that `Scores.as_dict` names.
        resamples: How many sets were drawn.
        confidence: How probable it is that an interval holds, 0 to 1.
        seed: The seed of the draws.
    """

    by_name: Mapping[str, Interval]
    resamples: int
    confidence: float
    seed: int

    def signature(self) -> str:
        """How they were made, in the form of `Scores.signature`."""
        percent = f"{100 * self.confidence:g}"
        return f"bootstrap:n{self.resamples},percentile{percent},seed{self.seed}"


def bootstrap(
    scores: Scores, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> Intervals:
    """Percentile intervals of the scores of a set of captions.

    CIDEr's document frequencies stay those of all photographs. BLEU is computed anew from the
    summed counts of each resample, other scores as means over its photographs.

    Args:
        scores: The scores, as from `evaluate_captions`.
        resamples: How many sets of as many photographs to draw, 1 to 100,000.
        confidence: Between 0 and 1.
        seed: Another seed draws other sets.

    Raises:
        UsageError: A number is out of its range.
    """
    if not 1 <= resamples <= 100_000:
        raise UsageError(f"resamples: got {resamples}, expected 1 to 100000")
    if not 0 < confidence < 1:
        raise UsageError(f"confidence: got {confidence}, expected a number between 0 and 1")
    images = len(scores.bleu_counts)
    random = np.random.default_rng(seed)
    times = random.multinomial(images, np.full(images, 1 / images), resamples).astype(np.float64)
    bleus = bleu_from_counts(times @ scores.bleu_counts)  # (resamples, N)
    drawn = {f"BLEU-{n}": bleus[:, n - 1] for n in range(1, bleus.shape[1] + 1)}
    drawn |= {name: times @ values / images for name, values in scores.by_image.items()}
    tail = (1 - confidence) / 2
    ends = {name: np.quantile(values, [tail, 1 - tail]) for name, values in drawn.items()}
    by_name = {name: (float(low), float(high)) for name, (low, high) in ends.items()}
    return Intervals(by_name, resamples, confidence, seed)
