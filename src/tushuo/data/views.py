"""Other views of a training photograph: mirrored, and cut out of it with other colours.

View 0 is the photograph itself, view 1 its mirror image, further ones are random cuttings, every
other of them mirrored. The same number always gives the same view of a photograph, so that feature
maps of a few views can be kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from tushuo.data.vocabulary import Vocabulary

__all__ = ["WHOLE", "View", "mirrored_ids"]

WHOLE = 2
"""So many views show all of the photograph."""

_VERSION = 2  # of what follows
_AREA = (0.3, 1.0)
_ASPECT = 0.3
_COLOUR = (0.6, 1.4)
_OPPOSITE = {"left": "right", "right": "left", "左": "右", "右": "左"}


@dataclass(frozen=True)
class View:
    """One of the views of a photograph.

    Args:
        number: From 0, the photograph as it is.
    """

    number: int = 0

    @property
    def mirrored(self) -> bool:
        """Whether left and right are exchanged."""
        return self.number % 2 == 1

    @property
    def folder(self) -> str:
        """What tells its feature maps from those of other views, and of other cuttings."""
        if self.number >= WHOLE:
            return f"cut-{_VERSION}-{self.number}"
        return f"view-{self.number}" if self.number else ""

    def __call__(self, image: Image.Image, seed: int) -> Image.Image:
        """The view of an image.

        Args:
            image: RGB.
            seed: What the cutting and the colours depend on, beside the view's number.
        """
        if self.number >= WHOLE:
            random = np.random.default_rng([self.number, seed])
            image = _recoloured(_cut(image, random), random)
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.mirrored else image


def mirrored_ids(vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
    """For each token the one that says the same of the mirror image: "right" for "left"."""
    opposite = [_OPPOSITE.get(token, token) for token in vocabulary.tokens]
    return np.array(
        [
            vocabulary.encode([there if there in vocabulary else token])[1]
            for token, there in zip(vocabulary.tokens, opposite, strict=True)
        ],
        np.int64,
    )


def _cut(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """A part of the image: a third of its area or more, a little wider or higher."""
    area, aspect = random.uniform(*_AREA), math.exp(random.uniform(-_ASPECT, _ASPECT))
    width = round(image.width * min(1.0, math.sqrt(area * aspect)))
    height = round(image.height * min(1.0, math.sqrt(area / aspect)))
    left = int(random.integers(image.width - width + 1))
    top = int(random.integers(image.height - height + 1))
    return image.crop((left, top, left + max(width, 1), top + max(height, 1)))


def _recoloured(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Brightness, saturation and contrast changed."""
    for enhancer in (ImageEnhance.Brightness, ImageEnhance.Color, ImageEnhance.Contrast):
        image = enhancer(image).enhance(random.uniform(*_COLOUR))
    return image
