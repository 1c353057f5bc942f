"""Captions in several languages, of photographs that are read and looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Unpack

import numpy as np
import numpy.typing as npt
from PIL import Image

from tushuo.caption.bundle import Bundle
from tushuo.caption.captioner import Caption, Captioner
from tushuo.caption.options import DecodingOptions
from tushuo.caption.shared_encoder import encoder_weights
from tushuo.caption.stream import Outcome, process
from tushuo.data import Found, load_image
from tushuo.models.weights_file import digest

__all__ = ["Views", "caption_files_each"]


class Views(NamedTuple):
    """A photograph as each of several encoders takes it, and itself if it was to be kept."""

    pixels: tuple[npt.NDArray[np.float32], ...]
    image: Image.Image | None


def caption_files_each(
    captioners: Sequence[Captioner],
    found: Iterable[Found],
    *,
    batch_size: int = 8,
    workers: int = 1,
    keep_images: bool = False,
    **options: Unpack[DecodingOptions],
) -> Iterator[Outcome[Views, tuple[Caption, ...]]]:
    """Caption files with several captioners; those with the same encoder look only once.

    Args:
        captioners: What writes the captions, at least one.
        found: The files, as from `find_images`.
        batch_size: Photographs that go through the networks at once.
        workers: Batches worked on at once, each in a thread.
        keep_images: Whether outcomes bring the photograph along, to draw it.
        **options: Settings of the search, as of `Captioner`.

    Yields:
        One outcome for each entry, in order; its result has a caption of each captioner.

    Raises:
        UsageError: A setting is out of its range, or a word is unknown to a captioner; at once.
    """
    settings = [captioner.settings(**options) for captioner in captioners]
    seen_by = _eyes([captioner.bundle for captioner in captioners])
    eyes = [captioners[seen_by.index(eye)] for eye in range(max(seen_by) + 1)]

    def load(path: Path) -> Views:
        images = [load_image(path, at_least=eye.preprocessing.at_least) for eye in eyes]
        pixels = [eye.preprocessing(image) for eye, image in zip(eyes, images, strict=True)]
        return Views(tuple(pixels), images[0] if keep_images else None)

    def work(batch: Sequence[Views]) -> list[tuple[Caption, ...]]:
        pixels = [np.stack([views.pixels[i] for views in batch]) for i in range(len(eyes))]
        maps = [eye.features(x) for eye, x in zip(eyes, pixels, strict=True)]
        written = (
            captioner.caption_pixels(pixels[eye], how, features=maps[eye])
            for captioner, how, eye in zip(captioners, settings, seen_by, strict=True)
        )
        return list(zip(*written, strict=True))

    return process(found, load, work, batch_size, workers)


def _eyes(bundles: Sequence[Bundle]) -> list[int]:
    """For each bundle the number of its way to see; bundles that see alike have the same."""
    several = len(bundles) > 1
    ways = [
        (bundle.preprocessing, digest(encoder_weights(bundle.encoder)) if several else "")
        for bundle in bundles
    ]
    different = list(dict.fromkeys(ways))
    return [different.index(way) for way in ways]
