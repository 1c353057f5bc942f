"""The part of a bundle that puts photographs and sentences into one space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tushuo.caption.embedding.pieces import PieceList
from tushuo.caption.embedding.relevance import Relevance
from tushuo.errors import ShapeError, UsageError
from tushuo.models.joint_space import JointSpace
from tushuo.models.weights_file import digest

__all__ = ["Embedder", "Space"]

Floats = npt.NDArray[np.float32]

_AT_ONCE = 512  # sentences, or photographs


class Space(NamedTuple):
    """Which joint space vectors are of; those of different spaces must never be compared.

    Attributes:
        name: Of the model.
        version: A fingerprint of its weights.
        dimensions: Numbers in a vector.
    """

    name: str
    version: str
    dimensions: int


@dataclass(frozen=True, eq=False)
class Embedder:
    """Turns feature maps and sentences into vectors of length 1 of the same space.

    Attributes:
        network: What was trained, in inference mode.
        pieces: The pieces of sentences that it knows.
        relevance: From which similarity on a photograph answers a query; None if never fitted.
    """

    network: JointSpace
    pieces: PieceList
    relevance: Relevance | None = None

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        return self.network.dimensions

    @property
    def channels(self) -> int:
        """Channels of the feature maps that it takes."""
        return int(self.network.image.weight.shape[1])

    @cached_property
    def version(self) -> str:
        """A fingerprint of weights and pieces."""
        words = np.frombuffer("\n".join(self.pieces.pieces).encode(), np.uint8)
        return digest(self.network.state_dict() | {"pieces": words})[:16]

    def embed_features(self, features: npt.ArrayLike) -> Floats:
        """Vectors (N, D) of photographs.

        Args:
            features: Their feature maps, (N, L, C), L places of C channels.

        Raises:
            ShapeError: The shape is another.
        """
        maps = np.asarray(features, dtype=np.float32)
        if maps.ndim != 3 or maps.shape[2] != self.channels or not maps.shape[1]:
            raise ShapeError(
                f"features of shape {maps.shape}", hint=f"expected (N, L, {self.channels})"
            )
        return self.embed_pooled(maps.mean(axis=1))

    def embed_pooled(self, pooled: Floats) -> Floats:
        """Vectors (N, D) of photographs, from the means of their feature maps, (N, C)."""
        parts = [self.network.images(part).numpy() for part in _parts(pooled)]
        return np.concatenate([np.zeros((0, self.dimensions), np.float32), *parts])

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """Vectors (N, D) of sentences in English or Chinese.

        A sentence of which no word is known gets the vector of no words at all, far from nothing
        and close to nothing.

        Raises:
            UsageError: `texts` is one string, or something in it is none.
        """
        _check(texts)
        rows = [self.pieces.encode(text) for text in texts]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))  # little padding
        found = np.zeros((len(rows), self.dimensions), np.float32)
        for part in (order[i : i + _AT_ONCE] for i in range(0, len(order), _AT_ONCE)):
            numbers = self.pieces.batch([rows[i] for i in part])
            found[part] = self.network.texts(numbers).numpy()
        return found


def _check(texts: object) -> None:
    if isinstance(texts, str):
        raise UsageError("texts: got a string", hint=f"pass a list: [{texts!r:.40}]")
    if isinstance(texts, bytes) or not isinstance(texts, Iterable):
        raise UsageError(f"texts: got {texts!r:.40}", hint="pass a list of strings")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(f"texts[{index}]: got {text!r:.40}, expected a string")


def _parts(pooled: Floats) -> list[Floats]:
    return [pooled[i : i + _AT_ONCE] for i in range(0, len(pooled), _AT_ONCE)]
