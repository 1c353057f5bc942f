"""How sure a captioner can be of a caption: a probability, fitted to captions with scores."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite

import numpy as np
import numpy.typing as npt

from tushuo.errors import ShapeError, UsageError

__all__ = ["Calibration", "fit_calibration"]

_MOST_STEPS, _STEP_IS_NOTHING = 100, 1e-10


@dataclass(frozen=True)
class Calibration:
    """From the score of a caption to the probability that it is good.

    `P(good) = 1 / (1 + exp(-(slope x + intercept)))`, where x is the score by which the captioner,
    as it was fitted, ranks sentences: their likelihood, and what people would probably say (Platt,
    "Probabilistic outputs for support vector machines", 1999, eq. 1). What "good" meant stands in
    the bundle's model card.

    Args:
        slope: Per unit of x.
        intercept: The logit at x = 0.

    Raises:
        UsageError: A number is not finite.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (isfinite(self.slope) and isfinite(self.intercept)):
            raise UsageError(f"confidence: got {self}, expected finite numbers")

    def confidence(self, score: float) -> float:
        """The probability, 0 to 1, that a caption with that score is good."""
        logit = self.slope * score + self.intercept
        return 1 / (1 + exp(-min(max(logit, -700.0), 700.0)))


def fit_calibration(scores: npt.ArrayLike, good: npt.ArrayLike) -> Calibration:
    """The calibration that makes what was seen likeliest (logistic regression).

    As in Platt's section 2.2 the targets are a little inside 0 and 1, by one pseudo-count each, so
    that captions that can be told apart perfectly do not make the slope endless.

    Args:
        scores: What captions were ranked by, float (N,).
        good: Whether each caption was good, bool (N,).

    Raises:
        ShapeError: The shapes are not (N,) with equal N.
        UsageError: There are not both good and bad captions, or all scores are equal.
    """
    x, labels = np.asarray(scores, dtype=np.float64), np.asarray(good, dtype=bool)
    if x.ndim != 1 or x.shape != labels.shape:
        raise ShapeError(f"got shapes {x.shape} and {labels.shape}, expected (N,) twice")
    hits, misses = int(labels.sum()), int((~labels).sum())
    if not hits or not misses or not np.ptp(x):
        raise UsageError(
            f"got {hits} good and {misses} bad captions, cannot tell them apart",
            hint="it takes some of both, of different scores",
        )
    targets = np.where(labels, (hits + 1) / (hits + 2), 1 / (misses + 2))
    centre, spread = x.mean(), x.std()
    slope, intercept = _newton((x - centre) / spread, targets)
    return Calibration(float(slope / spread), float(intercept - slope * centre / spread))


def _newton(x: npt.NDArray[np.float64], targets: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of targets in (0, 1) on x, both (N,)."""
    design = np.stack([x, np.ones_like(x)], axis=1)  # (N, 2)
    weights = np.array([0.0, np.log(targets.mean() / (1 - targets.mean()))])
    for _ in range(_MOST_STEPS):
        p = 1 / (1 + np.exp(-design @ weights))
        curvature = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (targets - p))
        weights = weights + step / max(1.0, np.abs(step).max())
        if np.abs(step).max() < _STEP_IS_NOTHING:
            break
    return float(weights[0]), float(weights[1])
