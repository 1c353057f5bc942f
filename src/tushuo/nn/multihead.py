"""Multi-head attention."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.errors import ShapeError, UsageError
from tushuo.graph import ops
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import checks, init
from tushuo.nn.attention import scaled_dot_product_attention
from tushuo.nn.dropout import check_probability
from tushuo.nn.linear import Linear, linear
from tushuo.nn.module import Module


class MultiheadAttention(Module):
    """Several attentions side by side, each in its own part of the space.

    Vaswani et al., "Attention is all you need" (2017), section 3.2.2. Parameters and masks are
    PyTorch's; arrays are batch first.

    Args:
        embed_dim: Length E of queries, keys, values and results.
        num_heads: Number of heads; E must be a multiple.
        dropout: Probability of dropping a weight in training.
        bias: Whether biases are added.
        rng: Generator or seed: ``in_proj_weight`` as by xavier_uniform, ``out_proj`` as Linear,
            biases zero.
        dtype: Data type of the parameters.

    Attributes:
        in_proj_weight: Shape (3E, E): the maps of queries, keys and values, one above the other.
        in_proj_bias: Shape (3E,), or None.
        out_proj: Linear, E to E.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        checks.positive("MultiheadAttention", embed_dim=embed_dim, num_heads=num_heads)
        check_probability("MultiheadAttention", dropout)
        if embed_dim % num_heads:
            raise UsageError(
                f"MultiheadAttention: embed_dim {embed_dim} is no multiple of {num_heads} heads"
            )
        rng = init.generator(rng)
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.in_proj_weight = init.xavier_uniform((3 * embed_dim, embed_dim), rng=rng, dtype=dtype)
        self.in_proj_bias = init.zeros((3 * embed_dim,), dtype=dtype) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=rng, dtype=dtype)
        if bias:
            self.out_proj.bias = init.zeros((embed_dim,), dtype=dtype)

    def forward(
        self,
        query: Any,
        key: Any = None,
        value: Any = None,
        key_padding_mask: Any = None,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        *,
        rng: init.Rng = None,
    ) -> tuple[Tensor, Tensor]:
        """Attend to ``key`` and ``value``, or to ``query`` itself where they are left out.

        Args:
            query: Shape (N, L, E).
            key: Shape (N, S, E), by default the query.
            value: Shape (N, S, E), by default the key.
            key_padding_mask: Booleans (N, S), True for keys to ignore.
            attn_mask: Booleans (L, S) or (N, heads, L, S), True where attention is forbidden. (True
                means ignored in PyTorch's layer, too, and takes part in its function.)
            average_attn_weights: Whether the weights are averaged over heads.
            rng: Generator or seed for dropout in training.

        Returns:
            Results (N, L, E), and weights (N, L, S) or (N, heads, L, S). A query all of whose
            keys are ignored attends to nothing: its weights are zero.

        Raises:
            ShapeError: The shapes do not fit.
            UsageError: Dropout in training without ``rng``.
        """
        key = query if key is None else key
        value = key if value is None else value
        q, k, v = self._projected(query, key, value)
        mask = self._taking_part(q, k, key_padding_mask, attn_mask)
        p = self.dropout if self.training else 0.0
        mean, weights = scaled_dot_product_attention(q, k, v, mask, p, rng=rng)
        joined = ops.reshape(
            ops.permute_dims(mean, (0, 2, 1, 3)), (q.shape[0], q.shape[2], self.embed_dim)
        )
        return self.out_proj(joined), ops.mean(weights, 1) if average_attn_weights else weights

    def _projected(self, query: Any, key: Any, value: Any) -> list[Tensor]:
        """Queries, keys and values as (N, heads, L or S, E / heads)."""
        q, k, v = (self._checked(x) for x in (query, key, value))
        if k.shape != v.shape or q.shape[0] != k.shape[0]:
            raise ShapeError(
                f"{self._name} needs queries (N, L, E) and keys and values (N, S, E), "
                f"got {q.shape}, {k.shape} and {v.shape}"
            )
        if query is key is value:  # one product instead of three
            return [self._heads(x) for x in ops.split(self._map(q, 0, 3), 3, axis=-1)]
        return [self._heads(self._map(x, i, i + 1)) for i, x in enumerate((q, k, v))]

    def _map(self, x: Tensor, start: int, stop: int) -> Tensor:
        """The maps number ``start`` to ``stop`` of the three."""
        rows = slice(start * self.embed_dim, stop * self.embed_dim)
        bias = None if self.in_proj_bias is None else self.in_proj_bias[rows]
        return linear(x, self.in_proj_weight[rows], bias)

    def _heads(self, x: Tensor) -> Tensor:
        n, length, _ = x.shape
        parts = ops.reshape(x, (n, length, self.num_heads, self.embed_dim // self.num_heads))
        return ops.permute_dims(parts, (0, 2, 1, 3))

    def _taking_part(self, q: Tensor, k: Tensor, padding: Any, forbidden: Any) -> Tensor | None:
        """Both masks as one, True where a key takes part, that broadcasts to (N, heads, L, S)."""
        (n, heads, length, _), size = q.shape, k.shape[2]
        ignored = []
        if padding is not None:
            mask = checks.boolean(f"{self._name} key_padding_mask:", padding, (n, size), "(N, S)")
            ignored.append(ops.reshape(mask, (n, 1, 1, size)))
        if forbidden is not None:
            t = asarray(forbidden)
            full = t.ndim == 4
            shape = (n, heads, length, size) if full else (length, size)
            axes = "(N, heads, L, S)" if full else "(L, S)"
            ignored.append(checks.boolean(f"{self._name} attn_mask:", t, shape, axes))
        if not ignored:
            return None
        return ~(ignored[0] if len(ignored) == 1 else ignored[0] | ignored[1])

    def _checked(self, x: Any) -> Tensor:
        t = checks.features(self._name, x, self.embed_dim)
        if t.ndim != 3:
            raise ShapeError(f"{self._name} needs inputs (N, L, {self.embed_dim}), got {t.shape}")
        return t

    @property
    def _name(self) -> str:
        return f"MultiheadAttention({self.embed_dim}, {self.num_heads})"

    def extra_repr(self) -> str:
        """Sizes, and dropout if there is any."""
        drop = f", dropout={self.dropout}" if self.dropout else ""
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}{drop}"
