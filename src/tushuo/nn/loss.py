"""Losses: how far predictions are from targets."""

from __future__ import annotations

from typing import Any

from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.graph import ops
from tushuo.graph.backend import extremes, namespace
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import checks
from tushuo.nn.module import Buffer, Module


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """The mean of the squared differences.

    Args:
        input: Predictions of any shape.
        target: The truth, of the same shape.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: The shapes differ (broadcasting would hide a mistake).
        UsageError: ``reduction`` is something else.
    """
    x, y = asarray(input), asarray(target)
    _same_shape("mse_loss", x, y)
    return reduced("mse_loss", ops.square(x - y), reduction)


def binary_cross_entropy_with_logits(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """``-target log(p) - (1 - target) log(1 - p)`` for ``p = sigmoid(input)``.

    Computed as ``softplus(x) - target x``, which neither overflows nor loses small numbers.

    Args:
        input: Logits of any shape.
        target: Probabilities of the same shape.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: The shapes differ.
        UsageError: ``reduction`` is something else.
    """
    x, y = asarray(input), asarray(target)
    _same_shape("binary_cross_entropy_with_logits", x, y)
    loss = ops.softplus(x) - y * x
    return reduced("binary_cross_entropy_with_logits", loss, reduction)


def cross_entropy(
    logits: Any,
    target: Any,
    weight: Any = None,
    *,
    mask: Any = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """``-log softmax(logits)[target]``, with the classes on the last axis.

    Args:
        logits: Shape (..., C). (PyTorch has the classes on axis 1.)
        target: Integers from 0 to C - 1, shape (...).
        weight: A weight for each class, shape (C,).
        mask: Booleans of the target's shape, False for positions that do not count, as padding.
        ignore_index: A target that marks positions that do not count; any integer.
        label_smoothing: Share of the target's probability that is spread evenly over all classes
            (Szegedy et al., "Rethinking the inception architecture", 2016, section 7).
        reduction: "mean" over the positions that count, each with its target's class weight (0 if
            none counts); "sum"; or "none" for shape (...), 0 where a position does not count.

    Raises:
        ShapeError: Shapes do not fit, or a target that counts is not a class.
        DTypeError: Targets are not integers, or the mask is not boolean.
        UsageError: ``reduction`` or ``label_smoothing`` is out of range.
    """
    x, y = classified("cross_entropy", logits, target)
    if not 0 <= label_smoothing <= 1:
        raise UsageError(
            f"cross_entropy: label_smoothing must be in [0, 1], got {label_smoothing!r}"
        )
    kept = _counting(y, mask, ignore_index)
    y = y if kept is None else ops.where(kept, y, 0)
    check_classes(
        "cross_entropy",
        y,
        x.shape[-1],
        "mark positions that do not count with mask or ignore_index",
    )
    w = None if weight is None else class_weight("cross_entropy", weight, x)
    loss = _surprise(ops.log_softmax(x, -1), y, w, label_smoothing)
    if kept is not None:
        loss = ops.where(kept, loss, 0)
    if reduction != "mean" or (kept is None and w is None):
        return reduced("cross_entropy", loss, reduction)
    return _weighted_mean(loss, y, kept, w)


class MSELoss(Module):
    """:func:`mse_loss` as a layer."""

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of predictions for targets of the same shape."""
        return mse_loss(input, target, self.reduction)

    def extra_repr(self) -> str:
        """How positions are joined."""
        return f"reduction={self.reduction!r}"


class CrossEntropyLoss(Module):
    """:func:`cross_entropy` as a layer; its class weight is a constant, not a parameter."""

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ) -> None:
        self.weight = None if weight is None else Buffer(asarray(weight).data)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.reduction = reduction

    def forward(self, logits: Any, target: Any, mask: Any = None) -> Tensor:
        """The loss of logits (..., C) for targets (...)."""
        return cross_entropy(
            logits,
            target,
            None if self.weight is None else self.weight.data,
            mask=mask,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
        )

    def extra_repr(self) -> str:
        """The settings that are not the default ones."""
        ignore = [] if self.ignore_index is None else [f"ignore_index={self.ignore_index}"]
        smooth = [f"label_smoothing={self.label_smoothing}"] if self.label_smoothing else []
        return ", ".join([*ignore, *smooth, f"reduction={self.reduction!r}"])


def _surprise(log_p: Tensor, y: Tensor, w: Tensor | None, smoothing: float) -> Tensor:
    """The loss at each position, (...), of log-probabilities (..., C)."""
    scaled = log_p if w is None else log_p * w
    picked = -ops.squeeze(ops.take_along_axis(scaled, ops.expand_dims(y, -1)), -1)
    if not smoothing:
        return picked
    return (1 - smoothing) * picked - smoothing / log_p.shape[-1] * ops.sum(scaled, -1)


def _weighted_mean(loss: Tensor, y: Tensor, kept: Tensor | None, w: Tensor | None) -> Tensor:
    """The sum over the weights of the positions that count; 0 where there are none."""
    each = ops.ones_like(loss.detach()) if w is None else ops.take(w, y)
    total = ops.sum(each if kept is None else ops.where(kept, each, 0))
    return ops.sum(loss) / ops.where(total == 0, 1, total)


def classified(name: str, logits: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Scores (..., C) and the numbers of the right classes (...).

    Raises:
        ShapeError: The shapes do not fit.
        DTypeError: The targets are not integers.
    """
    x, y = asarray(logits), asarray(target)
    if not namespace(y.data).isdtype(y.dtype, "integral"):
        raise DTypeError(
            f"{name} needs integer targets, got {y.dtype}", hint="pass numbers of classes"
        )
    if not x.ndim or x.shape[:-1] != y.shape or not x.shape[-1]:
        raise ShapeError(
            f"{name} needs logits (..., C) and targets (...), got {x.shape} and {y.shape}",
            hint="the classes stand on the last axis",
        )
    return x, y


def _counting(y: Tensor, mask: Any, ignore_index: int | None) -> Tensor | None:
    """Which positions count, None for all."""
    kept = None if mask is None else checks.boolean("cross_entropy", mask, y.shape, "(...)")
    if ignore_index is None:
        return kept
    real = y != ignore_index
    return real if kept is None else kept & real


def check_classes(name: str, y: Tensor, classes: int, hint: str = "") -> None:
    """Refuse targets that are not the number of a class.

    Raises:
        ShapeError: One is negative or too large.
    """
    found = extremes(y.data)
    if found is None:
        return
    low, high = found
    if low < 0 or high >= classes:
        raise ShapeError(
            f"{name}: target {low if low < 0 else high} is not one of {classes} classes",
            hint=hint,
        )


def class_weight(name: str, weight: Any, x: Tensor) -> Tensor:
    """A weight for each class of scores (..., C), in their data type.

    Raises:
        ShapeError: There are more or fewer than C.
    """
    w = asarray(weight)
    if w.shape != x.shape[-1:]:
        raise ShapeError(f"{name} needs a weight (C,) = {x.shape[-1:]}, got {w.shape}")
    return w.astype(x.dtype)


def _same_shape(name: str, x: Tensor, y: Tensor) -> None:
    if x.shape != y.shape:
        raise ShapeError(f"{name} needs equal shapes, got {x.shape} and {y.shape}")


def reduced(name: str, loss: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of a loss, or the loss itself.

    Raises:
        UsageError: ``reduction`` is none of "mean", "sum", "none".
    """
    if reduction == "none":
        return loss
    if reduction not in ("mean", "sum"):
        raise UsageError(f"{name}: reduction is {reduction!r}", hint="use 'mean', 'sum' or 'none'")
    return ops.mean(loss) if reduction == "mean" else ops.sum(loss)
