"""Elementwise rules over large arrays, in blocks that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tushuo.graph.backend import lock
from tushuo.graph.tensor import Tensor

BLOCK = 65_536  # elements; the few arrays of a step then fit a second-level cache

Rule = Callable[..., Sequence[Tensor]]
"""Tensors of one shape to Tensors of that shape, element by element."""


def blockwise(rule: Rule, *tensors: Tensor) -> Sequence[Tensor]:
    """The results of an elementwise rule, equal to ``rule(*tensors)`` to the bit.

    A rule of a dozen operations on whole arrays would read and write main memory at each of them;
    on blocks it does so once. Tensors of a graph, and those of other libraries than NumPy, are
    handed to the rule as they are.
    """
    first = tensors[0]
    if first.size <= BLOCK or not all(map(_is_plain, tensors)):
        return rule(*tensors)
    flat = [t.data.reshape(-1) for t in tensors]
    filled: list[np.ndarray] = []
    for start in range(0, first.size, BLOCK):
        part = slice(start, start + BLOCK)
        results = rule(*(Tensor.of(x[part]) for x in flat))
        filled = filled or [np.empty(first.size, r.dtype) for r in results]
        for whole, result in zip(filled, results, strict=True):
            whole[part] = result.data
    return [Tensor.of(lock(lock(x).reshape(first.shape))) for x in filled]


def _is_plain(x: Tensor) -> bool:
    return x.node is None and isinstance(x.data, np.ndarray)
