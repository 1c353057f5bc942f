"""Attention: weighted means of values, with weights from how queries and keys fit."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from tushuo.errors import ShapeError
from tushuo.graph import ops
from tushuo.graph.backend import namespace
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import checks, init
from tushuo.nn.dropout import dropout, require_rng
from tushuo.nn.linear import Linear
from tushuo.nn.module import Module


def masked_softmax(scores: Any, mask: Any = None) -> Tensor:
    """Softmax over the last axis, with weight zero where ``mask`` is False.

    Args:
        scores: Shape (..., S).
        mask: Booleans that broadcast to it; True takes part. None: all do.

    Returns:
        Weights that sum to 1. In a row where nothing takes part they are all zero, with gradient
        zero; there is no NaN.
    """
    t = asarray(scores)
    if mask is None:
        return ops.softmax(t, -1)
    lowest = float(namespace(t.data).finfo(t.dtype).min)
    weights = ops.softmax(ops.where(mask, t, lowest), -1)
    return ops.where(mask, weights, 0)


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    *,
    rng: init.Rng = None,
) -> tuple[Tensor, Tensor]:
    """``softmax(query key.T / sqrt(E)) value``.

    Vaswani et al., "Attention is all you need" (2017), equation 1.

    Args:
        query: Shape (..., L, E).
        key: Shape (..., S, E).
        value: Shape (..., S, D).
        attn_mask: Booleans that broadcast to (..., L, S); True takes part, as in PyTorch's function
            of this name. A query for which nothing takes part gets zeros.
        dropout_p: Probability of dropping a weight.
        rng: Generator or seed, for ``dropout_p`` > 0.

    Returns:
        Means of the values, (..., L, D), and the weights, (..., L, S) (PyTorch returns only the
        former).

    Raises:
        ShapeError: The shapes do not fit.
    """
    q, k, v = map(asarray, (query, key, value))
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            "scaled_dot_product_attention needs queries (..., L, E), keys (..., S, E) and values "
            f"(..., S, D), got {q.shape}, {k.shape} and {v.shape}"
        )
    # the queries are scaled, not the scores: fewer elements where S > E
    scores = ops.matmul(q * (1 / sqrt(q.shape[-1])), k.mT)
    weights = masked_softmax(scores, attn_mask)
    used = weights
    if dropout_p:
        require_rng("scaled_dot_product_attention", rng)
        used = dropout(weights, dropout_p, rng)
    return ops.matmul(used, v), weights


class AdditiveAttention(Module):
    """Queries over a set of annotations: ``score = v · tanh(W query + U annotation + b)``.

    Bahdanau, Cho and Bengio, "Neural machine translation by jointly learning to align and
    translate" (2015), section 3.1 and appendix A.1.2; over the places of an image: Xu et al.,
    "Show, attend and tell" (2015), section 3.1.2. The scores have no bias, since softmax would not
    see it.

    Args:
        query_dim: Length Q of queries.
        key_dim: Length D of annotations.
        hidden_dim: Length A of the space where they meet.
        rng: Generator or seed of the initial values.
        dtype: Data type of the parameters.

    Attributes:
        query: Linear, Q to A, with the bias.
        key: Linear, D to A.
        score: Linear, A to 1.
    """

    def __init__(
        self,
        query_dim: int,
        key_dim: int,
        hidden_dim: int,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        rng = init.generator(rng)
        self.query = Linear(query_dim, hidden_dim, rng=rng, dtype=dtype)
        self.key = Linear(key_dim, hidden_dim, bias=False, rng=rng, dtype=dtype)
        self.score = Linear(hidden_dim, 1, bias=False, rng=rng, dtype=dtype)

    def project(self, annotations: Any) -> Tensor:
        """The keys of annotations (N, S, D): (N, S, A), the same for all queries of a loop."""
        projected: Tensor = self.key(annotations)
        return projected

    def forward(
        self, query: Any, annotations: Any, keys: Tensor | None = None, mask: Any = None
    ) -> tuple[Tensor, Tensor]:
        """The mean of the annotations that each query asks for.

        Args:
            query: Shape (N, Q), or (N, K, Q) for K queries over the same annotations.
            annotations: Shape (N, S, D).
            keys: ``project(annotations)``, if it was computed before.
            mask: Booleans (N, S), False for annotations that take no part. Where none does, the
                weights and the mean are zero.

        Returns:
            The means, (N, D) or (N, K, D), and the weights, (N, S) or (N, K, S).

        Raises:
            ShapeError: The shapes do not fit.
        """
        q, values = asarray(query), asarray(annotations)
        if q.ndim not in (2, 3) or values.ndim != 3 or q.shape[0] != values.shape[0]:
            raise ShapeError(
                "AdditiveAttention needs queries (N, Q) or (N, K, Q) and annotations (N, S, D), "
                f"got {q.shape} and {values.shape}"
            )
        keys = self.project(values) if keys is None else keys
        if keys.shape != (*values.shape[:2], self.key.out_features):
            raise ShapeError(
                f"AdditiveAttention got keys {keys.shape} for annotations {values.shape}",
                hint="make them with project(annotations)",
            )
        if mask is not None:
            mask = checks.boolean("AdditiveAttention", mask, values.shape[:2], "(N, S)")
            mask = ops.expand_dims(mask, 1)
        if q.ndim == 3:
            return self._many(q, values, keys, mask)
        mean, weights = self._many(ops.expand_dims(q, 1), values, keys, mask)
        return ops.squeeze(mean, 1), ops.squeeze(weights, 1)

    def _many(
        self, query: Tensor, values: Tensor, keys: Tensor, mask: Any
    ) -> tuple[Tensor, Tensor]:
        """K queries: means (N, K, D) and weights (N, K, S)."""
        places = ops.expand_dims(keys, 1) + ops.expand_dims(self.query(query), 2)
        scores = ops.squeeze(self.score(ops.tanh(places)), -1)  # (N, K, S, A) to (N, K, S)
        weights = masked_softmax(scores, mask)
        return ops.matmul(weights, values), weights
