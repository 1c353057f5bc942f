"""The margin loss of a support vector machine for several classes."""

from __future__ import annotations

from typing import Any

from tushuo.errors import UsageError
from tushuo.graph import ops
from tushuo.graph.backend import namespace
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn.loss import check_classes, class_weight, classified, reduced
from tushuo.nn.module import Buffer, Module


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """``sum over j != y of max(0, margin - s_y + s_j)**p / C``: every other class too near.

    Weston and Watkins, "Support vector machines for multi-class pattern recognition" (1999),
    section 3, in PyTorch's form, which divides by the number of classes; CS231n's SVM loss is C
    times this one. The derivative is 0 where a class keeps exactly the margin.

    Args:
        input: Scores s, shape (..., C).
        target: Numbers y of the right classes, 0 to C - 1, shape (...).
        p: 1, or 2 for squares.
        margin: By how much the right class should win.
        weight: A factor for each right class, shape (C,). (The mean is still over positions.)
        reduction: "mean", "sum", or "none" for shape (...).

    Raises:
        ShapeError: Shapes do not fit, or a target is not a class.
        DTypeError: Targets are not integers.
        UsageError: ``p`` or ``reduction`` is something else.
    """
    name = "multi_margin_loss"
    if p not in (1, 2):
        raise UsageError(f"{name}: p must be 1 or 2, got {p!r}")
    s, y = classified(name, input, target)
    classes = s.shape[-1]
    check_classes(name, y, classes)
    right = ops.expand_dims(y, -1)  # (..., 1)
    lack = ops.relu(margin - ops.take_along_axis(s, right) + s)  # (..., C)
    own = asarray(namespace(y.data).arange(classes)) == right
    lack = ops.where(own, 0, lack)
    loss = ops.sum(lack if p == 1 else ops.square(lack), -1) / classes
    if weight is not None:
        loss = loss * ops.take(class_weight(name, weight, s), y)
    return reduced(name, loss, reduction)


class MultiMarginLoss(Module):
    """:func:`multi_margin_loss` as a layer; its class weight is a constant, not a parameter."""

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
    ) -> None:
        self.p, self.margin, self.reduction = p, margin, reduction
        self.weight = None if weight is None else Buffer(asarray(weight).data)

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of scores (..., C) for targets (...)."""
        weight = None if self.weight is None else self.weight.data
        return multi_margin_loss(input, target, self.p, self.margin, weight, self.reduction)

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}, margin={self.margin}, reduction={self.reduction!r}"
