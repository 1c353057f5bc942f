"""Learning which phrases people use of which photographs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.caption.phrases.kernel import directions_of, regression
from tushuo.caption.phrases.phrases import Phrases
from tushuo.caption.phrases.table import LONGEST, Floats, Phrase, PhraseTable, phrases_of
from tushuo.data import UNK
from tushuo.errors import ShapeError
from tushuo.graph import Tensor
from tushuo.models.joint_space import unit
from tushuo.models.phrase_predictor import PhrasePredictor
from tushuo.nn import init

__all__ = ["count_phrases", "fit_phrases"]

Captions: TypeAlias = Sequence[Sequence[Sequence[int]]]
"""For each photograph, captions of ids, without begin and end token."""

_MOST_PHOTOGRAPHS = 8_000


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
    table: PhraseTable,
    pooled: Floats,
    captions: Captions,
    *,
    ridge: float,
    rank: int,
    directions: int,
) -> Phrases:
    """Learn which phrases go with which features: kernel ridge regression, of reduced rank.

    See `tushuo.caption.phrases.kernel`. Of more than 8,000 photographs so many are taken by chance.

    Args:
        table: The phrases.
        pooled: Means of feature maps over the places, (N, D).
        captions: Of the N photographs.
        ridge: What is added to the likeness of a photograph to itself, which is 1.
        rank: Of what is predicted, at most.
        directions: In so many photographs are compared, at most.

    Raises:
        ShapeError: The numbers of photographs differ.
    """
    if len(pooled) != len(captions):
        raise ShapeError(f"features of {len(pooled)} photographs, captions of {len(captions)}")
    chosen = _chosen(len(pooled))
    pooled, captions = pooled[chosen], [captions[i] for i in chosen]
    project = directions_of(pooled, directions)
    known = unit(Tensor(pooled @ project.weight.T + project.bias)).numpy()  # (M, E)
    found = regression(known, _said(table, captions), ridge=ridge, rank=rank)
    with init.skipped():
        network = PhrasePredictor(
            pooled.shape[1],
            len(table),
            directions=known.shape[1],
            photographs=len(known),
            rank=len(found.upper),
        )
    network.load_state_dict(
        {
            "project.weight": project.weight,
            "project.bias": project.bias,
            "known.weight": known,
            "usual": found.usual,
            "lower.weight": found.lower.T,
            "upper.weight": found.upper.T,
            "upper.bias": found.offset,
        }
    )
    return Phrases(table, network.eval())


def _chosen(photographs: int) -> npt.NDArray[np.int64]:
    """Which photographs are learnt from: all, as long as their likenesses fit in memory."""
    order = np.random.default_rng(0).permutation(photographs)
    return np.sort(order[:_MOST_PHOTOGRAPHS])


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
    norms: npt.NDArray[np.float64] = np.sqrt(np.array(squares)).mean(axis=0)
    return np.maximum(norms, 1e-3).astype(np.float32)  # no phrase may be so long


def _said(table: PhraseTable, captions: Captions) -> Floats:
    """The mean weight of each phrase in the captions of each photograph, (N, P)."""
    said = np.zeros((len(captions), len(table)), np.float32)
    for row, several in zip(said, captions, strict=True):
        for one in several:
            places, values = table.shares(one)
            row[places] += values / len(several)
    return said
