"""Learning which phrases people use of which photographs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.caption.phrases.phrases import Phrases
from tushuo.caption.phrases.table import LONGEST, Floats, Phrase, PhraseTable, phrases_of
from tushuo.data import UNK
from tushuo.errors import ShapeError
from tushuo.models.phrase_predictor import PhrasePredictor

__all__ = ["count_phrases", "fit_phrases"]

Captions: TypeAlias = Sequence[Sequence[Sequence[int]]]
"""For each photograph, captions of ids, without begin and end token."""

Doubles: TypeAlias = npt.NDArray[np.float64]


def count_phrases(captions: Captions, least: int, most: int | None = None) -> PhraseTable:
    """The phrases that are said of enough photographs, but not of all.

    Args:
        captions: Of the training photographs.
        least: Of how many photographs.
        most: How many are kept at most, those said most often; all by default.
    """
    photographs: Counter[Phrase] = Counter()
    for several in captions:
        photographs.update({phrase for one in several for phrase in phrases_of(one)})
    total = len(captions)
    kept = {
        phrase: math.log(total / count)
        for phrase, count in photographs.most_common()
        if least <= count < total and UNK not in phrase
    }
    kept = dict(islice(kept.items(), most))
    return PhraseTable(
        tuple(kept),
        np.array(list(kept.values()), np.float32),
        _usual_norms(kept, captions),
        float(np.mean([len(one) for several in captions for one in several])),
    )


def fit_phrases(
    table: PhraseTable, pooled: Floats, captions: Captions, *, ridge: float, rank: int
) -> Phrases:
    """Ridge regression of the phrases on pooled features, of reduced rank.

    The weights are those of Hoerl and Kennard, "Ridge regression" (1970), eq. 2.1, for features
    of mean 0 and variance 1; then what they predict for the photographs is kept in as many
    directions as matter most (Izenman, "Reduced-rank regression for the multivariate linear
    model", 1975): it costs a fraction of the memory.

    Args:
        table: The phrases.
        pooled: Means of feature maps over the places, (N, D).
        captions: Of the N photographs.
        ridge: How strongly weights are held small, per photograph.
        rank: How many directions are kept, at most.

    Raises:
        ShapeError: The numbers of photographs differ.
    """
    photographs, channels = pooled.shape
    if photographs != len(captions):
        raise ShapeError(f"features of {photographs} photographs, captions of {len(captions)}")
    x = pooled.astype(np.float64)  # (N, D)
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    x = (x - centre) / spread
    said = _said(table, captions)  # (N, P)
    usual = said.mean(axis=0)
    covariance = x.T @ x
    moments = x.T @ (said - usual)  # (D, P)
    damped = covariance + ridge * photographs * np.eye(channels)
    lower, upper = _reduced(np.linalg.solve(damped, moments), covariance, rank)
    network = PhrasePredictor(channels, len(table), lower.shape[1])
    network.load_state_dict(
        {
            "lower.weight": _single(lower / spread[:, None]).T,
            "lower.bias": _single(-(centre / spread) @ lower),
            "upper.weight": _single(upper).T,
            "upper.bias": _single(usual),
        }
    )
    return Phrases(table, network.eval())


def _usual_norms(rarity: Mapping[Phrase, float], captions: Captions) -> Floats:
    """The mean norm of a caption's weights, for each length of phrase, (4,)."""
    squares = [
        np.bincount(
            [len(phrase) - 1 for phrase in counts],
            [(count * rarity.get(phrase, 0.0)) ** 2 for phrase, count in counts.items()],
            minlength=LONGEST,
        )
        for counts in (phrases_of(one) for several in captions for one in several)
    ]
    norms: Doubles = np.sqrt(np.array(squares)).mean(axis=0)
    return np.maximum(norms, 1e-3).astype(np.float32)  # no phrase may be so long


def _said(table: PhraseTable, captions: Captions) -> Floats:
    """The mean weight of each phrase in the captions of each photograph, (N, P)."""
    said = np.zeros((len(captions), len(table)), np.float32)
    for row, several in zip(said, captions, strict=True):
        for one in several:
            places, values = table.shares(one)
            row[places] += values / len(several)
    return said


def _reduced(weights: Doubles, covariance: Doubles, rank: int) -> tuple[Doubles, Doubles]:
    """Weights (D, P) as a product (D, R) (R, P) that predicts nearly the same."""
    root = np.linalg.cholesky(covariance + 1e-6 * np.trace(covariance) * np.eye(len(covariance)))
    predicts = root.T @ weights  # its squares sum to those of the predictions
    _, directions = np.linalg.eigh(predicts @ predicts.T)
    kept = directions[:, ::-1][:, : min(rank, *weights.shape)]
    return np.linalg.solve(root.T, kept), kept.T @ predicts


def _single(array: npt.NDArray[Any]) -> Floats:
    return np.ascontiguousarray(array, np.float32)
