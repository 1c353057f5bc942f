"""How a classifier of digits is trained: the settings, and what is usual where none is given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from tushuo.errors import ShapeError, UsageError
from tushuo.models.mlp import ACTIVATIONS

__all__ = ["CHOICES", "DigitRecipe", "check_layers"]

CHOICES: Mapping[str, Sequence[str]] = {
    "model": ("mlp", "cnn"),
    "activation": tuple(ACTIVATIONS),
    "loss": ("quadratic", "binary-cross-entropy", "cross-entropy"),
    "optimizer": (
        *("sgd", "momentum", "nesterov", "adagrad", "adadelta"),
        *("rmsprop", "adam", "adamw"),
    ),
    "schedule": ("constant", "step", "cosine", "warmup-cosine"),
    "init": ("normal", "scaled"),
}
"""Settings that are names, with the names that there are."""

_PIXELS, _CLASSES, _MOST = 784, 10, 8192


@dataclass(frozen=True, kw_only=True)
class DigitRecipe:
    """The settings of a training run; as they stand, those of the article.

    Args:
        model: "mlp" for fully connected layers, "cnn" for ``LeNet``.
        layers: Neurons of each layer of an "mlp".
        activation: Of the hidden layers; see ``ACTIVATIONS``.
        loss: "quadratic" or "binary-cross-entropy" over ten sigmoid outputs, or "cross-entropy"
            over a softmax.
        optimizer: An update rule of ``tushuo.optim``, in small letters.
        lr: Learning rate, the highest one of the schedule.
        schedule: "constant"; "step", a tenth after each third; "cosine", down to 0; or
            "warmup-cosine", which first rises for a twentieth of the steps.
        weight_decay: Of the optimiser.
        epochs: Passes over the training images.
        batch_size: Images a step.
        shift: Training images are moved at random by up to so many pixels.
        dropout: Share of the last hidden layer of a "cnn" that is dropped.
        init: Initial weights of an "mlp": "normal", the article's standard normal, or "scaled"
            by the number of inputs.
        seed: Of initial weights, order, shifts and dropout.
        engine: Whether the article's own job is done on the graph engine, to the same numbers, and
            not by ``Network``. All other jobs are.

    Raises:
        UsageError: A number is out of range, or a name unknown.
        ShapeError: The layers do not match the data.
    """

    model: str = "mlp"
    layers: tuple[int, ...] = (_PIXELS, 30, _CLASSES)
    activation: str = "sigmoid"
    loss: str = "quadratic"
    optimizer: str = "sgd"
    lr: float = 3.0
    schedule: str = "constant"
    weight_decay: float = 0.0
    epochs: int = 30
    batch_size: int = 10
    shift: int = 0
    dropout: float = 0.0
    init: str = "normal"
    seed: int = 0
    engine: bool = False

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                got = f"{getattr(self, name)!r:.40}"
                raise UsageError(f"{name}: got {got}", hint=f"expected one of {', '.join(known)}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise UsageError(f"{name}: got {value}, expected {low} to {high}")
        check_layers(self.layers)

    @classmethod
    def of(cls, **given: Any) -> Self:
        """A recipe in which what is not given (or None) is the usual for what is.

        Raises:
            UsageError: A setting is unknown or out of range.
        """
        chosen = {name: value for name, value in given.items() if value is not None}
        filled = {**(_CNN if chosen.get("model") == "cnn" else {}), **chosen}
        if filled.get("activation", "sigmoid") != "sigmoid":
            filled.setdefault("init", "scaled")
        optimizer, loss = filled.get("optimizer", "sgd"), filled.get("loss", "quadratic")
        filled.setdefault("lr", _usual_rate(optimizer, loss))
        return cls(**filled)

    @property
    def plain(self) -> bool:
        """Whether this is the article's kind of job, which ``Network`` does."""
        return all(getattr(self, name) == getattr(DigitRecipe, name) for name in _PLAIN)

    def config(self) -> Mapping[str, Any]:
        """What a run must share with another to go on with it; JSON."""
        return {**asdict(self), "layers": list(self.layers)}


def check_layers(layers: Sequence[int]) -> None:
    """Refuse layers that do not lead from an image to a digit.

    Raises:
        ShapeError: They do not; the message says where.
    """
    if len(layers) < 2 or not all(type(n) is int and 1 <= n <= _MOST for n in layers):
        raise ShapeError(
            f"layers: got {list(layers)!r:.80}, expected two or more whole numbers to {_MOST}",
            hint="give the neurons of each layer, as 784-30-10",
        )
    for place, neurons, wanted, what in (
        ("first", layers[0], _PIXELS, "pixels of an image"),
        ("last", layers[-1], _CLASSES, "digits"),
    ):
        if neurons != wanted:
            raise ShapeError(
                f"layers: the network does not match the data: {neurons} neurons in the {place} "
                f"layer, but there are {wanted} {what}",
                hint="begin with 784 and end with 10, as 784-30-10",
            )


def _usual_rate(optimizer: str, loss: str) -> float:
    plain = 3.0 if loss == "quadratic" else 0.1
    usual = {"sgd": plain, "momentum": plain / 10, "nesterov": plain / 10}
    return {**usual, "adagrad": 1e-2, "adadelta": 1.0}.get(optimizer, 1e-3)


_CNN = {
    "activation": "relu",
    "loss": "cross-entropy",
    "optimizer": "adam",
    "schedule": "cosine",
    "epochs": 10,
    "batch_size": 64,
    "shift": 2,
    "dropout": 0.25,
}
_PLAIN = (
    *("model", "activation", "loss", "optimizer", "schedule"),
    *("weight_decay", "shift", "init"),
)
_RANGES: Mapping[str, tuple[float, float]] = {
    "lr": (0, 1e6),
    "weight_decay": (0, 1e6),
    "epochs": (1, 1_000_000),
    "batch_size": (1, 60_000),
    "shift": (0, 8),
    "dropout": (0, 0.95),
    "seed": (0, 2**63 - 1),
}
