"""Photographs seen anew in each epoch, instead of feature maps that were kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import TypeVar

import numpy as np

from tushuo.caption.training.features import BATCH, FeatureCache, Features, in_rows
from tushuo.data.views import View
from tushuo.graph.tensor import Tensor
from tushuo.native import is_eager, native

__all__ = ["LiveMaps", "ahead"]

Item = TypeVar("Item")


class LiveMaps:
    """What an encoder's first blocks make of photographs, computed each time.

    Args:
        features: Knows the encoder and how photographs become arrays.
        blocks: How many blocks at the end are left out, the head with them; with None none are, and
            maps come with places in rows.
    """

    def __init__(self, features: FeatureCache, blocks: int | None) -> None:
        self._features = features
        self._blocks = blocks
        encoder = features.encoder

        def first(x: Tensor) -> Tensor:
            return encoder.features(x) if blocks is None else encoder.before(x, blocks)

        self._first = native(first)  # from the first call on: a run that goes on sees the same maps

    def maps(self, images: Sequence[Path], views: Sequence[View]) -> Features:
        """Of a view of each photograph, (N, C, h, w), or (N, L, D) without blocks left out.

        Raises:
            ImageError: A photograph cannot be read.
        """
        parts = []
        for i in range(0, len(images), BATCH):
            arrays = self._features.arrays(images[i : i + BATCH], views[i : i + BATCH])
            parts.append(self._made(arrays))
        return np.concatenate(parts)

    def _made(self, arrays: Features) -> Features:
        filled = arrays if is_eager() else np.resize(arrays, (BATCH, *arrays.shape[1:]))
        made: Features = self._first(Tensor(filled)).numpy()[: len(arrays)]
        return in_rows(made).astype(np.float32) if self._blocks is None else made


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, the next one being made while one is used."""
    context = copy_context()  # what is asked for here, as tushuo.eager(), holds there, too

    def another() -> Item | None:
        return context.run(lambda: next(items, None))

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(another)
        while (item := following.result()) is not None:
            following = pool.submit(another)
            yield item
