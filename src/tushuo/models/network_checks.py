"""Checks of what Nielsen's network is given, with errors that say what does not match."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.errors import DTypeError, ShapeError, UsageError

__all__ = [
    "check_settings",
    "checked_sizes",
    "columns",
    "one_hot",
    "pairs_of",
    "rows_of",
    "seed_of",
]

Array: TypeAlias = npt.NDArray[Any]


def checked_sizes(sizes: Sequence[int]) -> list[int]:
    """The neurons of each layer, two or more whole numbers from 1, or a ShapeError."""
    try:
        found = [operator.index(n) for n in sizes]
    except TypeError:
        found = []
    if len(found) < 2 or min(found) < 1:
        raise ShapeError(
            f"sizes: got {sizes!r:.80}, expected two or more whole numbers from 1",
            hint="give the neurons of each layer, as [784, 30, 10]",
        )
    return found


def seed_of(rng: np.random.Generator | int | None) -> int:
    """The seed that is given, drawn from a generator, or fresh for None; else a UsageError."""
    if rng is None:
        rng = np.random.default_rng()
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    if not isinstance(rng, int | np.integer) or rng < 0:
        raise UsageError(f"rng: got {rng!r:.60}, expected a seed from 0, a generator or None")
    return int(rng)


def check_settings(epochs: int, mini_batch_size: int, eta: float) -> None:
    """Refuse numbers out of range with a UsageError."""
    for name, value, least in (("epochs", epochs, 0), ("mini_batch_size", mini_batch_size, 1)):
        if not isinstance(value, int | np.integer) or value < least:
            raise UsageError(f"{name}: got {value!r:.60}, expected a whole number from {least}")
    if not isinstance(eta, int | float | np.number) or not 0 <= eta < np.inf:
        raise UsageError(f"eta: got {eta!r:.60}, expected a finite number from 0")


def pairs_of(data: Any) -> list[tuple[Any, Any]]:
    """The examples as a list of pairs, at least one."""
    try:
        pairs = [(x, y) for x, y in data]
    except (TypeError, ValueError):
        raise ShapeError(
            f"the data: got a {type(data).__name__} whose items are not pairs (x, y)",
            hint="give a list of pairs, as load_data_wrapper returns them",
        ) from None
    if not pairs:
        raise UsageError("the data hold no example", hint="give at least one pair (x, y)")
    return pairs


def _numbers(name: str, value: Any) -> Array:
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(f"{name}: rows of different shapes, expected equal ones") from None
    if array.dtype.kind not in "fiub":
        raise DTypeError(
            f"{name}: got {array.dtype}, expected numbers", hint="convert it to a float array"
        )
    return array


def columns(name: str, value: Any, length: int) -> Array:
    """Numbers of shape (length, m), or a ShapeError or DTypeError."""
    array = _numbers(name, value)
    if array.ndim != 2 or array.shape[0] != length:
        raise ShapeError(
            f"{name}: got shape {array.shape}, expected ({length}, m), an example a column",
            hint=f"the network has {length} neurons there",
        )
    return array


def rows_of(name: str, values: list[Any], length: int) -> Array:
    """Examples of so many numbers as rows (N, length)."""
    array = _numbers(f"{name} of the data", values)
    if array[0].size != length:
        raise ShapeError(
            f"the network does not match the data: {name} has {array[0].size} numbers an example, "
            f"the network {length} neurons there",
            hint="sizes must begin with the length of x and end with that of y",
        )
    return array.reshape(len(array), length)


def one_hot(labels: list[Any], classes: int) -> Array:
    """Rows (N, classes) of classes: one at the class, zero elsewhere."""
    array = _numbers("y of the data", labels)
    if array.dtype.kind not in "iu":
        raise DTypeError(f"y of the data: got {array.dtype}, expected whole numbers or columns")
    if array.min() < 0 or array.max() >= classes:
        raise ShapeError(
            f"the network does not match the data: classes from {array.min()} to {array.max()}, "
            f"but {classes} output neurons",
            hint=f"the last size must be above {array.max()}",
        )
    targets: Array = np.eye(classes)[array]
    return targets
