"""Training on the graph engine: the model, the step, the batches and the scores of a recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo import optim
from tushuo.data.mnist import Digits, Mnist
from tushuo.digits.recipe import DigitRecipe
from tushuo.graph import ops, value_and_grad
from tushuo.graph.tensor import Tensor, asarray
from tushuo.models.lenet import LeNet
from tushuo.models.mlp import MLP
from tushuo.models.network import Network, epoch_order
from tushuo.nn import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from tushuo.nn.module import Module

__all__ = ["EngineJob", "Report", "count_right", "new_model", "shifted"]

Report: TypeAlias = Callable[[int, int, int], object]
"""Takes an epoch (from 0), the right answers after it, and the number of questions."""

Step: TypeAlias = Callable[[Any, Any, Any, np.random.Generator], tuple[Any, Any, dict[str, Any]]]

_AT_ONCE = 500  # images


def new_model(recipe: DigitRecipe) -> Module:
    """The model of a recipe before training; of a plain one, with ``Network``'s parameters."""
    if recipe.model == "cnn":
        return LeNet(activation=recipe.activation, dropout=recipe.dropout, rng=recipe.seed)
    if recipe.init == "scaled":
        return MLP(recipe.layers, recipe.activation, rng=recipe.seed)
    network = Network(recipe.layers, rng=recipe.seed)
    dtype = np.float64 if recipe.plain else np.float32
    return MLP.from_network(network, recipe.activation, dtype)


def count_right(model: Module, digits: Digits) -> int:
    """How many images a model names rightly, in inference mode."""
    dtype = model.parameters()[0].dtype
    model.eval()
    try:
        return sum(
            int(np.count_nonzero(model(part.inputs(dtype)).numpy().argmax(-1) == part.labels))
            for part in (digits[i : i + _AT_ONCE] for i in range(0, len(digits), _AT_ONCE))
        )
    finally:
        model.train()


@dataclass
class EngineJob:
    """What a trainer needs.

    Args:
        recipe: The settings.
        data: What to learn from.
        report: Told of the test images after each epoch.
    """

    recipe: DigitRecipe
    data: Mnist
    report: Report
    _epoch: int = field(default=0, init=False)

    @property
    def batches_per_epoch(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.data.train) // self.recipe.batch_size)

    def batches(self, epoch: int, start: int) -> Iterator[Digits]:
        """The mini-batches of an epoch, in the order in which ``Network`` takes them."""
        self._epoch = epoch
        train, size = self.data.train, self.recipe.batch_size
        order = epoch_order(len(train), self.recipe.seed, epoch)
        for first in range(start * size, len(train), size):
            rows = order[first : first + size]
            yield Digits(train.images[rows], train.labels[rows])

    def optimizer(self) -> optim.Optimizer:
        """The update rule with its schedule."""
        recipe = self.recipe
        rules: dict[str, Callable[..., optim.Optimizer]] = {
            "sgd": optim.SGD,
            "momentum": optim.Momentum,
            "nesterov": optim.Nesterov,
            "adagrad": optim.Adagrad,
            "adadelta": optim.Adadelta,
            "rmsprop": optim.RMSprop,
            "adam": optim.Adam,
            "adamw": optim.AdamW,
        }
        steps = recipe.epochs * self.batches_per_epoch
        rate = _schedule(recipe.schedule, recipe.lr, steps)
        return rules[recipe.optimizer](rate, weight_decay=recipe.weight_decay)

    def step(self) -> Step:
        """One update of the parameters from a mini-batch."""
        recipe, optimizer = self.recipe, self.optimizer()
        loss = _LOSSES[recipe.loss]

        def cost(model: Module, x: Any, labels: Any, rng: np.random.Generator) -> Tensor:
            return loss(model(x, rng=rng) if recipe.model == "cnn" else model(x), labels)

        derive = value_and_grad(cost)

        def step(
            model: Any, state: Any, batch: Digits, rng: np.random.Generator
        ) -> tuple[Any, Any, dict[str, Any]]:
            moved = shifted(batch, recipe.shift, rng)
            x = moved.inputs(model.parameters()[0].dtype)
            value, grads = derive(model, x, moved.labels.astype(np.int64), rng)
            return *optimizer.update(model, grads, state), {"loss": value}

        return step

    def validate(self, model: Module) -> Mapping[str, float]:
        """The shares of right answers; those on the test images are reported."""
        right = {name: count_right(model, getattr(self.data, name)) for name in ("valid", "test")}
        self.report(self._epoch, right["test"], len(self.data.test))
        return {name: count / len(getattr(self.data, name)) for name, count in right.items()}


def _one_hot(labels: Any, like: Tensor) -> Tensor:
    return asarray(np.eye(like.shape[-1], dtype=like.dtype)[labels])


def _quadratic(logits: Tensor, labels: Any) -> Tensor:
    """``|a - y|^2 / 2``, the mean over the images."""
    a = ops.sigmoid(logits)
    return mse_loss(a, _one_hot(labels, a), "sum") / (2 * len(labels))


def _binary(logits: Tensor, labels: Any) -> Tensor:
    """Nielsen's cross-entropy: the sum over the ten outputs, the mean over the images."""
    y = _one_hot(labels, logits)
    return binary_cross_entropy_with_logits(logits, y, "sum") / len(labels)


_LOSSES: dict[str, Callable[[Tensor, Any], Tensor]] = {
    "quadratic": _quadratic,
    "binary-cross-entropy": _binary,
    "cross-entropy": cross_entropy,
}


def _schedule(name: str, lr: float, steps: int) -> float | optim.Schedule:
    warm = max(1, steps // 20)
    schedules: dict[str, Callable[[], float | optim.Schedule]] = {
        "constant": lambda: lr,
        "step": lambda: optim.step_decay(lr, max(1, -(-steps // 3))),
        "cosine": lambda: optim.cosine(lr, steps),
        "warmup-cosine": lambda: optim.warmup(warm, optim.cosine(lr, max(1, steps - warm))),
    }
    return schedules[name]()


def shifted(digits: Digits, most: int, rng: np.random.Generator) -> Digits:
    """The images, each moved by up to ``most`` pixels down and right, or up and left."""
    if not most:
        return digits
    n, height, width = digits.images.shape
    wide: npt.NDArray[np.uint8] = np.pad(digits.images, ((0, 0), (most, most), (most, most)))
    moves = rng.integers(0, 2 * most, (2, n, 1), endpoint=True)
    rows, columns = moves[0] + np.arange(height), moves[1] + np.arange(width)  # (n, 28) each
    moved = wide[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return Digits(moved, digits.labels)
