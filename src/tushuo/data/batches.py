"""Mini-batches of captions, grouped by photograph: the same ones for the same seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tushuo.data.vocabulary import PAD
from tushuo.errors import UsageError

__all__ = ["CaptionBatch", "caption_batches", "count_batches"]

_WINDOW = 32  # batches among which lengths are sorted: longer saves padding, shorter mixes better


@dataclass(frozen=True, slots=True)
class CaptionBatch:
    """Captions of some photographs, padded to one length.

    B is the number of photographs, K the largest number of captions that one of them has here,
    T + 1 the length of the longest caption with `<bos>` and `<eos>`. A decoder reads
    `tokens[..., :-1]` and is to predict `tokens[..., 1:]`.

    Args:
        image_index: int64 (B,): which photographs.
        tokens: int64 (B, K, T + 1): captions, padded with `<pad>` on the right; a photograph with
            fewer captions has rows of padding at the end.
        mask: bool (B, K, T): where `tokens[..., 1:]` is a word or `<eos>`, not padding.
    """

    image_index: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]
    mask: npt.NDArray[np.bool_]


CaptionIds = Sequence[Sequence[Sequence[int]]]
"""For each photograph, its captions as token numbers, with `<bos>` and `<eos>`."""


def caption_batches(
    captions: CaptionIds,
    images_per_batch: int,
    *,
    seed: int,
    epoch: int = 0,
    captions_per_image: int = 5,
    start: int = 0,
    multiple: int = 1,
) -> Iterator[CaptionBatch]:
    """One epoch of batches, in which every caption comes exactly once.

    Photographs are shuffled, sorted by caption length within windows of a few batches (less
    padding), and the batches are shuffled again. All depends on `seed` and `epoch` only: a run that
    stopped after batch k - 1 goes on exactly with `start=k`.

    Args:
        captions: For each photograph its captions as token numbers; one without any is left out.
        images_per_batch: B; the last photographs may make a smaller batch.
        seed: Seed of the run, from 0.
        epoch: Number of the epoch, from 0; each has an order of its own.
        captions_per_image: At most so many captions of a photograph come in one batch; one that has
            more comes several times in an epoch.
        start: Leave out so many batches at the beginning.
        multiple: T is rounded up to a multiple of it, so that batches have fewer different shapes.

    Yields:
        Batches, `count_batches(...) - start` of them.

    Raises:
        UsageError: A number is out of range, or a caption has less than two tokens.
    """
    _check(captions, images_per_batch, captions_per_image, seed, epoch, multiple)
    groups = _groups(captions, captions_per_image)
    total = -(-len(groups) // images_per_batch)
    if not 0 <= start <= total:
        raise UsageError(f"start: got {start}, expected 0 to {total}, the batches of an epoch")
    plan = _plan([group.longest for group in groups], images_per_batch, seed, epoch)
    return (_batch([groups[i] for i in members], multiple) for members in plan[start:])


def count_batches(
    captions: CaptionIds, images_per_batch: int, *, captions_per_image: int = 5
) -> int:
    """The number of batches in an epoch of `caption_batches`."""
    _check(captions, images_per_batch, captions_per_image)
    return -(-len(_groups(captions, captions_per_image)) // images_per_batch)


@dataclass(frozen=True, slots=True)
class _Group:
    """Captions of one photograph that come together."""

    image: int
    captions: Sequence[Sequence[int]]

    @property
    def longest(self) -> int:
        return max(map(len, self.captions))


def _groups(captions: CaptionIds, size: int) -> list[_Group]:
    return [
        _Group(image, own[first : first + size])
        for image, own in enumerate(captions)
        for first in range(0, len(own), size)
    ]


def _plan(lengths: list[int], size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """The groups of each batch, as indices."""
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths)).astype(np.int64)
    windows = [order[i : i + _WINDOW * size] for i in range(0, len(order), _WINDOW * size)]
    by_length = np.asarray(lengths)
    windows = [window[np.argsort(by_length[window], kind="stable")] for window in windows]
    batches = [window[i : i + size] for window in windows for i in range(0, len(window), size)]
    return [batches[i] for i in random.permutation(len(batches))]


def _batch(groups: Sequence[_Group], multiple: int) -> CaptionBatch:
    image_index = np.array([group.image for group in groups], dtype=np.int64)
    most = max(len(group.captions) for group in groups)
    longest = max(group.longest for group in groups)
    longest = 1 + -(-(longest - 1) // multiple) * multiple
    tokens = np.full((len(groups), most, longest), PAD, dtype=np.int64)
    for group, rows in zip(groups, tokens, strict=True):
        for caption, row in zip(group.captions, rows, strict=False):
            row[: len(caption)] = caption
    return CaptionBatch(image_index, tokens, tokens[..., 1:] != PAD)


def _check(
    captions: CaptionIds,
    images: int,
    per_image: int,
    seed: int = 0,
    epoch: int = 0,
    multiple: int = 1,
) -> None:
    from_one = {
        "images_per_batch": images,
        "captions_per_image": per_image,
        "multiple": multiple,
    }
    limits = {name: (value, 1) for name, value in from_one.items()}
    for name, (value, least) in {**limits, "seed": (seed, 0), "epoch": (epoch, 0)}.items():
        if value < least:
            raise UsageError(f"{name}: got {value}, expected at least {least}")
    for image, own in enumerate(captions):
        if any(len(caption) < 2 for caption in own):
            raise UsageError(f"a caption of photograph {image} lacks <bos> and <eos>", hint=_ENCODE)


_ENCODE = "encode it with Vocabulary.encode"
