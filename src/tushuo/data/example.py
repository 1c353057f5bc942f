"""A photograph with its captions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Example"]


@dataclass(frozen=True, slots=True)
class Example:
    """A photograph with its captions.

    Args:
        image: The file of the photograph, which exists when the data set is loaded.
        captions: One or more sentences, each on one line.
        split: The split that it belongs to: "train", "dev", "test" or another.
    """

    image: Path
    captions: tuple[str, ...]
    split: str
