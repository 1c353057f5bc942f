"""What searches by meaning need: something that puts photographs and sentences into one space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.caption import Captioner, ImageLike
from tushuo.caption.embedding import Relevance, Space

__all__ = ["Embedder", "Floats", "Space", "embedder_of"]

Floats: TypeAlias = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Vectors of length 1 (rows of float32) for photographs and sentences; a `Captioner` is one."""

    @property
    def space(self) -> Space:
        """Which space the vectors are of."""

    @property
    def relevance(self) -> Relevance | None:
        """From which similarity on a photograph answers a query; None if that was never fitted."""

    def embed_features(self, features: Floats) -> Floats:
        """Vectors (N, D) of photographs, from a captioner's feature maps (N, L, C)."""

    def embed_images(self, images: Iterable[ImageLike]) -> Floats:
        """Vectors (N, D) of photographs."""

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """Vectors (N, D) of sentences in any language that the space knows."""

    def understood(self, text: str) -> float:
        """How much of what a sentence says is well known, from 0 to 1."""


def embedder_of(captioner: Captioner) -> Embedder | None:
    """A captioner as an embedder; None if its bundle has none."""
    return captioner if captioner.embeds else None
