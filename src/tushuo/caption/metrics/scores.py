"""All scores of a set of captions, and the line that says how they were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy.typing as npt

from tushuo.caption.metrics.diversity import Diversity
from tushuo.caption.metrics.segmenter import segmenter_name

__all__ = ["TOKENIZERS", "Scores"]

Array: TypeAlias = npt.NDArray[Any]

VERSION = 1  # raise it when a metric or the tokenizer changes what it gives
TOKENIZERS: dict[str, Callable[[], str]] = {
    "ptb": lambda: "ptb-corenlp-3.4.1",
    "char": lambda: "char",
    "word": lambda: f"word-{segmenter_name()}",
}
"""The tokenizers by name, with what a signature calls them."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of a set of captions.

    Attributes:
        bleu: Corpus BLEU-1 to BLEU-4, 0 to 1.
        cider: Mean CIDEr, 0 to 10.
        cider_d: Mean CIDEr-D, 0 to 10; what is usually published as "CIDEr".
        rouge_l: Mean ROUGE-L, 0 to 1.
        cider_d_by_image: CIDEr-D of each image.
        references: Fewest and most references that an image has.
        diversity: How varied the captions are.
        bleu_counts: What BLEU counts in each image, see `bleu_counts`.
        by_image: ROUGE-L, CIDEr and CIDEr-D of each image by name, float64 (images,).
        tokenizer: "ptb", "char" or "word".
        meteor: Corpus METEOR, 0 to 1, where it was asked for.
        training: How many different training captions the novel ones were held against.
    """

    bleu: tuple[float, ...]
    cider: float
    cider_d: float
    rouge_l: float
    cider_d_by_image: Mapping[str, float]
    references: tuple[int, int]
    diversity: Diversity
    bleu_counts: Array
    by_image: Mapping[str, Array] = field(repr=False)
    tokenizer: str = "ptb"
    meteor: float | None = None
    training: int | None = None

    def as_dict(self) -> dict[str, float]:
        """The scores against references by name, in the usual order."""
        named = {f"BLEU-{order}": score for order, score in enumerate(self.bleu, start=1)}
        optional = {} if self.meteor is None else {"METEOR": self.meteor}
        after = {"ROUGE-L": self.rouge_l, "CIDEr": self.cider, "CIDEr-D": self.cider_d}
        return named | optional | after

    def signature(self) -> str:
        """One line that says how the scores were made; equal lines mean comparable scores."""
        fewest, most = self.references
        parts = [
            f"tok:{TOKENIZERS[self.tokenizer]()}",
            "bleu:corpus,n4,closest",
            *(["meteor:1.5,en,norm"] if self.meteor is not None else []),
            "rouge-l:beta1.2",
            "cider:n4,df-references",
            "cider-d:n4,sigma6,df-references",
            "distinct:n1,n2",
            "self-bleu:corpus,n4,one-set",
            *([f"novel:exact,of{self.training}"] if self.training is not None else []),
            f"refs:{fewest}" if fewest == most else f"refs:{fewest}-{most}",
            f"images:{len(self.cider_d_by_image)}",
            f"metrics:{VERSION}",
        ]
        return "|".join(parts)
