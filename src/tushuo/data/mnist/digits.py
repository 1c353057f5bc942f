"""Images of digits with their labels, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.errors import DatasetError

__all__ = ["CLASSES", "SIDE", "Digits", "Mnist"]

SIDE = 28
"""Height and width of an image, in pixels."""

CLASSES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Some images and what they show.

    Args:
        images: uint8 (N, 28, 28): 0 is paper, 255 is ink.
        labels: uint8 (N,): the digits, 0 to 9.

    Raises:
        DatasetError: A shape, a data type or a label is another.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE):
            raise DatasetError(f"images: got {_kind(images)}, expected uint8 (N, {SIDE}, {SIDE})")
        if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
            raise DatasetError(f"labels: got {_kind(labels)}, expected uint8 ({len(images)},)")
        if len(labels) and labels.max() >= CLASSES:
            raise DatasetError(f"labels: got {labels.max()}, expected digits from 0 to 9")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice) -> Digits:
        return Digits(self.images[rows], self.labels[rows])

    def inputs(self, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
        """Rows (N, 784) of numbers from 0 to below 1, a 256th of the pixels, as in the article."""
        rows: npt.NDArray[Any] = self.images.reshape(len(self), -1).astype(dtype)
        rows /= 256
        return rows

    def targets(self, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
        """Rows (N, 10): one at the digit, zero elsewhere."""
        return np.eye(CLASSES, dtype=dtype)[self.labels]


@dataclass(frozen=True, slots=True, eq=False)
class Mnist:
    """The three parts: 50,000 images to learn from, 10,000 to choose by, 10,000 to measure with."""

    train: Digits
    valid: Digits
    test: Digits


def _kind(array: npt.NDArray[Any]) -> str:
    return f"{array.dtype} {array.shape}"
