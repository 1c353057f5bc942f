"""MNIST from wherever it is: as arrays, or as the article's lists."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.data.mnist.digits import Digits, Mnist
from tushuo.data.mnist.embedded import unpack
from tushuo.data.mnist.idx import read_idx
from tushuo.data.mnist.pickled import read_mnist_pickle
from tushuo.errors import DatasetError

__all__ = ["load_data_wrapper", "load_mnist"]

Source: TypeAlias = str | os.PathLike[str] | None
Column: TypeAlias = npt.NDArray[Any]
Examples: TypeAlias = list[tuple[Column, Column]]
Questions: TypeAlias = list[tuple[Column, np.int64]]

_TRAIN, _VALID, _TEST = 50_000, 10_000, 10_000


def load_mnist(source: Source = None) -> Mnist:
    """MNIST as arrays: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".

    Args:
        source: None for the copy in the package; a folder with the four published IDX files
            (packed with gzip or not), whose last sixth of the training set is put aside for
            validation; or the file ``mnist.pkl.gz``.

    Returns:
        ``train``, ``valid`` and ``test``, each with ``images`` uint8 (N, 28, 28) and ``labels``
        uint8 (N,); ``train.inputs()`` gives float32 rows from 0 to below 1.

    Raises:
        DatasetError: A file is missing, damaged, too large, or holds something else.
    """
    if source is None:
        return _divided(unpack(_TRAIN + _VALID + _TEST))
    path = Path(source)
    return _from_folder(path) if path.is_dir() else read_mnist_pickle(path)


def load_data_wrapper(source: Source = None) -> tuple[Examples, Questions, Questions]:
    """The article's three lists, ``training_data, validation_data, test_data``.

    Args:
        source: As of ``load_mnist``.

    Returns:
        50,000 pairs ``(x, y)`` of an image, float32 (784, 1), and its digit as float64 (10, 1),
        one at the digit and zero elsewhere; and twice 10,000 pairs of an image and its digit as a
        number.

    Raises:
        DatasetError: As of ``load_mnist``.
    """
    mnist = load_mnist(source)
    targets = list(mnist.train.targets()[:, :, np.newaxis])
    training = list(zip(_columns(mnist.train), targets, strict=True))
    return training, _questions(mnist.valid), _questions(mnist.test)


def _columns(digits: Digits) -> list[Column]:
    return list(digits.inputs()[:, :, np.newaxis])


def _questions(digits: Digits) -> Questions:
    return list(zip(_columns(digits), digits.labels.astype(np.int64), strict=True))


def _divided(digits: Digits) -> Mnist:
    last = _TRAIN + _VALID
    return Mnist(digits[:_TRAIN], digits[_TRAIN:last], digits[last:])


def _from_folder(folder: Path) -> Mnist:
    train, test = _pair(folder, "train"), _pair(folder, "t10k")
    kept = len(train) - len(train) // 6
    return Mnist(train[:kept], train[kept:], test)


def _pair(folder: Path, part: str) -> Digits:
    images = _idx(folder, f"{part}-images", "idx3-ubyte")
    labels = _idx(folder, f"{part}-labels", "idx1-ubyte")
    try:
        return Digits(images, labels)
    except DatasetError as error:
        raise DatasetError(f"{folder}: {part}: {error.problem}") from None


def _idx(folder: Path, name: str, kind: str) -> npt.NDArray[Any]:
    """The array of a file, whose name has a dash or a dot before the kind."""
    names = [f"{name}{mark}{kind}{end}" for mark in "-." for end in ("", ".gz")]
    for each in names:
        if (folder / each).exists():
            return read_idx(folder / each)
    raise DatasetError(
        f"{folder}: no {names[0]}", hint=f"expected {', '.join(names[:2])} and the other three"
    )
