"""Clipping of gradients by their common norm."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from tushuo.errors import GradientError
from tushuo.graph.abstract import is_known
from tushuo.graph.ops import minimum, sqrt, square, sum, zeros
from tushuo.graph.tensor import Tensor, asarray
from tushuo.graph.tree import leaves, named_leaves, tree_map
from tushuo.optim.checking import check_range

T = TypeVar("T")


def global_norm(grads: Any) -> Tensor:
    """The Euclidean norm of all leaves of a tree as one vector; a Tensor without axes."""
    squares = [sum(square(asarray(g))) for g in leaves(grads)]
    if not squares:
        return zeros(())
    total = squares[0]
    for term in squares[1:]:
        total = total + term
    return sqrt(total)


@np.errstate(over="ignore", invalid="ignore")  # the norm tells
def clip_grad_norm(grads: T, max_norm: float, error_if_nonfinite: bool = True) -> tuple[T, Tensor]:
    """Gradients scaled down so that their common norm is at most ``max_norm``.

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013),
    algorithm 1. The factor is ``min(1, max_norm / (norm + 1e-6))``, as in PyTorch.

    Args:
        grads: A tree of gradients.
        max_norm: The largest norm.
        error_if_nonfinite: What happens when the norm is NaN or infinite: an error that names the
            gradient, or, if False, PyTorch's way: a NaN norm makes all gradients NaN, an infinite
            one makes them zero and the infinite ones NaN. Inside a function that is traced or
            differentiated no error is raised.

    Returns:
        The gradients (the same ones if the norm is small enough) and the norm before clipping.

    Raises:
        GradientError: The norm is NaN or infinite.
        UsageError: ``max_norm`` is negative.
    """
    check_range("max_norm", max_norm, 0)
    norm = global_norm(grads)
    factor = minimum(max_norm / (norm + 1e-6), 1.0)
    if norm.node is None and is_known(norm.data):
        if error_if_nonfinite and not math.isfinite(norm):
            raise _not_finite(grads, norm)
        if float(factor) == 1:
            return grads, norm
    return tree_map(lambda g: asarray(g) * factor.astype(asarray(g).dtype), grads), norm


def _not_finite(grads: Any, norm: Tensor) -> GradientError:
    culprits = [p for p, g in named_leaves(grads) if not math.isfinite(sum(asarray(g)))]
    where = f", first in {culprits[0] or 'the root'}" if culprits else " (the squares overflow)"
    return GradientError(
        f"the norm of the gradients is {float(norm)}{where}",
        hint="lower the learning rate, or skip the batch",
    )
