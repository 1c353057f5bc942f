"""The table of phrases and the network that predicts them, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tushuo.caption.phrases.table import LONGEST, Floats, PhraseTable
from tushuo.errors import ShapeError
from tushuo.graph import Tensor
from tushuo.models.phrase_predictor import PhrasePredictor

__all__ = ["Phrases"]

_SCALE = 10  # of CIDEr


@dataclass(frozen=True, eq=False)
class Phrases:
    """What people would say about a photograph.

    Args:
        table: The phrases.
        network: Predicts how much of people's captions each of them is.

    Raises:
        ShapeError: The network predicts another number of phrases.
    """

    table: PhraseTable
    network: PhrasePredictor

    def __post_init__(self) -> None:
        if self.network.phrases != len(self.table):
            raise ShapeError(
                f"a network for {self.network.phrases} phrases, but there are {len(self.table)}"
            )

    def expected(self, features: npt.ArrayLike) -> Floats:
        """The mean weight that people's captions give each phrase, as predicted: (N, P).

        Args:
            features: Feature maps with places in rows, (N, L, D).

        Raises:
            ShapeError: The shape is another.
        """
        maps = np.asarray(features, np.float32)
        if maps.ndim != 3 or maps.shape[2] != self.network.channels:
            raise ShapeError(
                f"features: got {maps.shape}, expected (N, L, {self.network.channels})"
            )
        found: Floats = self.network(Tensor(maps.mean(axis=1))).numpy()
        return found

    def gains(self, expected: Floats) -> Floats:
        """What each phrase adds to the agreement of a sentence of usual length, about: (P,).

        Args:
            expected: Of the photograph, (P,).
        """
        found: Floats = _SCALE / LONGEST * expected * self.table.usual
        return found

    def agreement(self, expected: Floats, sentence: Sequence[int]) -> float:
        """How well a sentence would agree with people's captions: CIDEr's scale, 0 to 10.

        CIDEr (its eq. 2 and 3) is the mean over captions of a product with each; so it is the
        product with their mean, which is what is predicted.

        Args:
            expected: Of the photograph, (P,).
            sentence: Ids of words, without begin and end token.
        """
        places, values = self.table.shares(sentence)
        return float(_SCALE / LONGEST * (expected[places] @ values))
