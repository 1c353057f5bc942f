"""A space in which photographs and sentences of the same meaning lie close together.

Two light networks meet in it: one turns the mean of a feature map into a vector of length 1, the
other the pieces of a sentence (English words, Chinese characters) in any order. The loss pulls a
photograph and its sentences together and pushes them away from all others of the batch.

Shapes: N photographs or sentences, C channels of the feature map, T pieces in the longest sentence,
V pieces in the vocabulary, E numbers in the vector of a piece, D dimensions of the space.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from tushuo.errors import ShapeError
from tushuo.graph import ops
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import Dropout, Embedding, Linear, Module, cross_entropy, init, masked_softmax

__all__ = ["PADDING", "JointSpace", "contrastive_loss", "unit"]

PADDING = 0
"""The number that fills the rows of shorter sentences."""

_FIRST_SCALE, _MOST_SCALE = 20.0, 100.0
_FIRST_SPREAD = 0.1  # of the vectors of pieces


class JointSpace(Module):
    """The image side and the text side of a joint space.

    Args:
        pieces: V, with the padding.
        channels: C.
        dimensions: D.
        embedding: E.
        dropout_image: Share of the channels that is dropped in training.
        dropout_text: Share of the numbers of pieces and sentences that is dropped in training.
        rng: Source of the initial weights.

    Attributes:
        log_scale: The logarithm of what similarities are multiplied with in the loss, shape (1,).
    """

    def __init__(
        self,
        pieces: int,
        channels: int = 1280,
        dimensions: int = 256,
        embedding: int = 128,
        dropout_image: float = 0.3,
        dropout_text: float = 0.2,
        rng: init.Rng = None,
    ) -> None:
        rng = init.generator(rng)
        self.image = Linear(channels, dimensions, rng=rng)
        self.embed = Embedding(pieces, embedding, padding_idx=PADDING, rng=rng)
        self.embed.weight = self.embed.weight * _FIRST_SPREAD
        self.attend = Linear(embedding, 1, rng=rng)
        self.text = Linear(embedding, dimensions, rng=rng)
        self.log_scale = asarray(np.full(1, log(_FIRST_SCALE), np.float32))
        self.dropout_image, self.dropout_text = Dropout(dropout_image), Dropout(dropout_text)

    @property
    def dimensions(self) -> int:
        """D."""
        return int(self.image.weight.shape[0])

    def images(self, pooled: Any, rng: init.Rng = None) -> Tensor:
        """Vectors (N, D) of length 1 of photographs.

        Args:
            pooled: The means of their feature maps over the places, (N, C). Their length does not
                matter, only their direction.
            rng: Source of the dropout, needed in training.
        """
        x = asarray(pooled)
        direction = unit(x) * x.shape[-1] ** 0.5  # of about 1 a channel
        return unit(self.image(self.dropout_image(direction, rng=rng)))

    def texts(self, pieces: Any, rng: init.Rng = None, mask: Any = None) -> Tensor:
        """Vectors (N, D) of length 1 of sentences.

        The vectors of the pieces are averaged with learned weights (self-attention in its plainest
        form: Lin et al., "A structured self-attentive sentence embedding", 2017, equation 5, with
        one linear layer and one hop), then projected.

        Args:
            pieces: Their numbers, (N, T), filled up with `PADDING`.
            rng: Source of the dropout, needed in training.
            mask: Booleans (N, T), False for pieces to leave out besides the padding.
        """
        numbers = asarray(pieces)
        there = numbers != PADDING
        kept = there if mask is None else ops.logical_and(there, asarray(mask))
        vectors = self.dropout_text(self.embed(numbers), rng=rng)  # (N, T, E)
        scores = ops.squeeze(self.attend(vectors), axis=-1)  # (N, T)
        weights = masked_softmax(scores, kept)
        mean = ops.sum(vectors * ops.expand_dims(weights, -1), axis=1)  # (N, E)
        return unit(self.text(self.dropout_text(mean, rng=rng)))

    def scale(self) -> Tensor:
        """What similarities are multiplied with in the loss: the inverse temperature."""
        return ops.minimum(ops.exp(self.log_scale[0]), _MOST_SCALE)


def contrastive_loss(images: Any, texts: Any, scale: Any) -> Tensor:
    """How well each of N photographs finds its own sentence among N, and the other way round.

    The mean of two cross-entropies over the similarities: van den Oord et al., "Representation
    learning with contrastive predictive coding" (2018), equation 4, in the symmetric form with a
    learned temperature of Radford et al., "Learning transferable visual models from natural
    language supervision" (2021), figure 3.

    Args:
        images: Vectors (N, D).
        texts: Vectors (N, D); row i belongs to row i of the images.
        scale: What similarities are multiplied with, a number above 0.

    Returns:
        The loss, without axes; log N where nothing is told apart.

    Raises:
        ShapeError: The shapes are not (N, D) twice.
    """
    a, b = asarray(images), asarray(texts)
    if a.ndim != 2 or a.shape != b.shape:
        raise ShapeError(f"contrastive_loss needs (N, D) twice, got {a.shape} and {b.shape}")
    logits = ops.matmul(a, b.mT) * scale  # (N, N)
    own = np.arange(a.shape[0])
    return (cross_entropy(logits, own) + cross_entropy(logits.mT, own)) / 2


def unit(x: Any) -> Tensor:
    """Vectors (..., D) of the same direction and length 1; zeros stay zeros."""
    t = asarray(x)
    square = ops.sum(ops.square(t), axis=-1, keepdims=True)
    return t * ops.rsqrt(square + 1e-12)
