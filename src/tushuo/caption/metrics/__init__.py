"""How good captions are: BLEU, CIDEr, CIDEr-D and ROUGE-L against human references, without Java.

The values equal those of pycocoevalcap 1.2, tokenizer included, and so compare with published ones.

Example:
    >>> scores = evaluate_captions({"1.jpg": "a dog runs"}, {"1.jpg": ["A dog runs .", "A dog"]})
    >>> f"{scores.bleu[1]:.3f}"
    '1.000'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from tushuo.caption.metrics.bleu import bleu
from tushuo.caption.metrics.cider import cider, cider_d
from tushuo.caption.metrics.rouge import rouge_l
from tushuo.caption.metrics.tokenizer import tokenize
from tushuo.errors import DatasetError, UsageError

__all__ = ["Scores", "bleu", "cider", "cider_d", "evaluate_captions", "rouge_l", "tokenize"]

_VERSION = 1  # raise it when a metric or the tokenizer changes what it gives


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a set of captions.

    Attributes:
        bleu: Corpus BLEU-1 to BLEU-4, 0 to 1.
        cider: Mean CIDEr, 0 to 10.
        cider_d: Mean CIDEr-D, 0 to 10; what is usually published as "CIDEr".
        rouge_l: Mean ROUGE-L, 0 to 1.
        cider_d_by_image: CIDEr-D of each image.
        references: Fewest and most references that an image has.
    """

    bleu: tuple[float, ...]
    cider: float
    cider_d: float
    rouge_l: float
    cider_d_by_image: Mapping[str, float]
    references: tuple[int, int]

    def as_dict(self) -> dict[str, float]:
        """The corpus scores by name, in the usual order."""
        named = {f"BLEU-{order}": score for order, score in enumerate(self.bleu, start=1)}
        return named | {"ROUGE-L": self.rouge_l, "CIDEr": self.cider, "CIDEr-D": self.cider_d}

    def signature(self) -> str:
        """One line that says how the scores were made; equal lines mean comparable scores."""
        fewest, most = self.references
        references = f"{fewest}" if fewest == most else f"{fewest}-{most}"
        return (
            f"tok:ptb-corenlp-3.4.1|bleu:corpus,n4,closest|rouge-l:beta1.2|cider:n4,df-references"
            f"|cider-d:n4,sigma6,df-references|refs:{references}"
            f"|images:{len(self.cider_d_by_image)}|metrics:{_VERSION}"
        )


def evaluate_captions(
    candidates: Mapping[str, str], references: Mapping[str, Sequence[str]]
) -> Scores:
    """Score one caption for each image against the captions that people wrote.

    Args:
        candidates: Image id to caption.
        references: Image id to reference captions, at least one; the same ids in any order.

    Returns:
        Every metric. CIDEr counts document frequencies over these references, so it depends on
        which images are scored together: with a single image it is 0.

    Raises:
        DatasetError: No images, ids that only one side has, or an image without references.
        UsageError: The references of an image are one string instead of a sequence of strings.
    """
    _check(candidates, references)
    ids = list(references)
    captions = [tokenize(candidates[image]) for image in ids]
    written = [[tokenize(one) for one in references[image]] for image in ids]
    cider_ds = cider_d(captions, written)
    counts = [len(several) for several in written]
    return Scores(
        bleu=bleu(captions, written),
        cider=fmean(cider(captions, written)),
        cider_d=fmean(cider_ds),
        rouge_l=fmean(rouge_l(captions, written)),
        cider_d_by_image=dict(zip(ids, cider_ds, strict=True)),
        references=(min(counts), max(counts)),
    )


def _check(candidates: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> None:
    if not candidates and not references:
        raise DatasetError("got no captions to score", hint="give at least one image")
    _check_ids(candidates, references)
    for image, several in references.items():
        if isinstance(several, str):
            raise UsageError(
                f"the references of {image!r} are one string, expected a sequence of strings",
                hint=f"write [{several[:20]!r}]",
            )
        if not several:
            raise DatasetError(
                f"image {image!r} has no reference captions",
                hint="leave the image out or give it at least one",
            )


def _check_ids(candidates: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> None:
    unscored = [image for image in references if image not in candidates]
    unknown = [image for image in candidates if image not in references]
    if not unscored and not unknown:
        return
    parts = [
        f"{len(images)} {what} (such as {images[0]!r})"
        for images, what in (
            (unscored, "with references but no caption"),
            (unknown, "with a caption but no references"),
        )
        if images
    ]
    raise DatasetError(
        f"captions and references are not of the same images: {', '.join(parts)}",
        hint="score exactly the images that have references",
    )
