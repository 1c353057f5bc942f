"""Which photographs a report shows, and how they are written into it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tushuo.data import Preprocessing, load_image

__all__ = ["attention_numbers", "seen_region", "selection", "thumbnail"]

_LONGEST = 300  # pixels
_QUALITY = 72


def selection(scores: Sequence[float], count: int, seed: int = 0) -> dict[int, str]:
    """A quarter each of the worst and the best, and chance for the rest.

    Args:
        scores: Of each photograph.
        count: How many photographs to choose at most.
        seed: Another seed chooses others by chance.

    Returns:
        The places of the chosen photographs, each with "worst", "best" or "chance".
    """
    order = np.argsort(scores, kind="stable").tolist()
    count = min(count, len(order))
    ends = max(count // 4, min(count, 1))
    worst, rest = order[:ends], order[ends:]
    best = rest[len(rest) - min(ends, count - ends) :]
    middle = rest[: len(rest) - len(best)]
    wanted = count - len(worst) - len(best)
    drawn = np.random.default_rng(seed).permutation(middle)[:wanted].tolist()
    sides = [("worst", worst), ("best", best), ("chance", drawn)]
    return {int(place): side for side, places in sides for place in places}


def thumbnail(path: Path) -> tuple[str, tuple[int, int]]:
    """A photograph as a data URI, its longer side 300 pixels at most, with its size in pixels.

    Raises:
        ImageError: It cannot be read.
    """
    image = load_image(path, at_least=(_LONGEST, _LONGEST)).convert("RGB")
    full = image.size
    image.thumbnail((_LONGEST, _LONGEST))
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}", full


def seen_region(preprocessing: Preprocessing, size: tuple[int, int]) -> list[float]:
    """The part that the network saw: left, top, right, bottom as shares of width and height."""
    left, top, right, bottom = preprocessing.region(*size)
    width, height = size
    return [round(x, 4) for x in (left / width, top / height, right / width, bottom / height)]


def attention_numbers(attention: npt.NDArray[np.float32]) -> str:
    """Maps (T, h, w) as base64 of bytes, each stretched from 0 at its least to 255 at its most."""
    rises = attention - attention.min(axis=(1, 2), keepdims=True)
    most = np.maximum(rises.max(axis=(1, 2), keepdims=True), 1e-12)
    return base64.b64encode(np.rint(255 * rises / most).astype(np.uint8).tobytes()).decode()
