"""The side of a captioner that puts photographs and sentences into one space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tushuo.caption.embedding import Embedder, Relevance, Space
from tushuo.caption.shared_encoder import encoder_weights
from tushuo.errors import BundleError
from tushuo.models.weights_file import digest

if TYPE_CHECKING:
    from tushuo.caption.bundle import Bundle
    from tushuo.caption.captioner import ImageLike

__all__ = ["Embeds"]

Floats = npt.NDArray[np.float32]


class Embeds:
    """Base of `Captioner`: vectors of length 1 whose products say how well two things agree.

    Attributes:
        bundle: Where the embedder is from.
    """

    bundle: Bundle

    def encode(self, images: Iterable[ImageLike], *, batch_size: int = 8) -> Floats:
        """The feature maps of photographs, (N, L, C)."""
        raise NotImplementedError

    @property
    def embeds(self) -> bool:
        """Whether the bundle has an embedder; without one, what follows raises."""
        return self.bundle.embedder is not None

    @cached_property
    def space(self) -> Space:
        """Which space the vectors are of; it changes with embedder and encoder alone.

        Raises:
            BundleError: The bundle has no embedder.
        """
        embedder = self._embedder
        seen = digest(encoder_weights(self.bundle.encoder))[:8]
        return Space(self.bundle.name, f"{embedder.version}-{seen}", embedder.dimensions)

    @property
    def relevance(self) -> Relevance | None:
        """From which similarity on a photograph answers a query; None if that was never fitted.

        Raises:
            BundleError: The bundle has no embedder.
        """
        return self._embedder.relevance

    def embed_images(self, images: Iterable[ImageLike], *, batch_size: int = 8) -> Floats:
        """Vectors of photographs.

        Args:
            images: Paths, contents of image files, open files or Pillow images.
            batch_size: How many photographs go through the encoder at once.

        Returns:
            float32 (N, D), rows of length 1.

        Raises:
            BundleError: The bundle has no embedder.
            ImageError: A photograph cannot be read.
            UsageError: `images` is a single image.
        """
        embedder = self._embedder  # before the encoder's work
        return embedder.embed_features(self.encode(images, batch_size=batch_size))

    def embed_features(self, features: npt.ArrayLike) -> Floats:
        """Vectors (N, D) of photographs whose feature maps (N, L, C), as from `encode`, are known.

        Raises:
            BundleError: The bundle has no embedder.
            ShapeError: The shape is another.
        """
        return self._embedder.embed_features(features)

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """Vectors (N, D) of sentences or words, English or Chinese, in any mixture.

        Raises:
            BundleError: The bundle has no embedder.
            UsageError: `texts` is one string, or something in it is none.
        """
        return self._embedder.embed_texts(texts)

    def understood(self, text: str) -> float:
        """How much of what a sentence says is well known to the embedder, from 0 to 1.

        Raises:
            BundleError: The bundle has no embedder.
        """
        return self._embedder.pieces.understood(text)

    @property
    def _embedder(self) -> Embedder:
        if self.bundle.embedder is None:
            raise BundleError(
                f"bundle {self.bundle.name!r} cannot compare photographs with sentences: "
                "it has no embedder.json",
                hint="use flickr8k-en, or train one: tushuo train embedder",
            )
        return self.bundle.embedder
