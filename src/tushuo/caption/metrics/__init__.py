"""How good captions are: BLEU, CIDEr, CIDEr-D and ROUGE-L against human references, without Java.

The values equal those of pycocoevalcap 1.2, tokenizer included, and so compare with published ones.
Beside them stand numbers of how varied the captions are, bootstrap intervals, METEOR where its Java
program is at hand, and scoring by character for Chinese.

Example:
    >>> scores = evaluate_captions({"1.jpg": "a dog runs"}, {"1.jpg": ["A dog runs .", "A dog"]})
    >>> f"{scores.bleu[1]:.3f}"
    '1.000'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from tushuo.caption.metrics.bleu import bleu, bleu_counts, bleu_from_counts
from tushuo.caption.metrics.bootstrap import Intervals, bootstrap
from tushuo.caption.metrics.cider import cider, cider_d
from tushuo.caption.metrics.diversity import Diversity, distinct, diversity, novel_share, self_bleu
from tushuo.caption.metrics.meteor import meteor
from tushuo.caption.metrics.rouge import rouge_l
from tushuo.caption.metrics.scores import TOKENIZERS, Scores
from tushuo.caption.metrics.segmenter import segment
from tushuo.caption.metrics.tokenizer import tokenize
from tushuo.data.words import tokenize as tokenize_words
from tushuo.errors import DatasetError, UsageError

__all__ = [
    "Diversity",
    "Intervals",
    "Scores",
    "bleu",
    "bleu_counts",
    "bootstrap",
    "check_tokenizer",
    "cider",
    "cider_d",
    "distinct",
    "diversity",
    "evaluate_captions",
    "meteor",
    "novel_share",
    "rouge_l",
    "self_bleu",
    "tokenize",
]


def evaluate_captions(
    candidates: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    *,
    tokenizer: str = "ptb",
    training: Iterable[str] | None = None,
    with_meteor: bool = False,
) -> Scores:
    """Score one caption for each image against the captions that people wrote.

    Args:
        candidates: Image id to caption.
        references: Image id to reference captions, at least one; the same ids in any order.
        tokenizer: "ptb" for English, as published scores have it; "char" for Chinese: each
            character is a word, and so is each run of other letters or digits; "word" for Chinese,
            too: words as a segmenter finds them (see `tushuo.caption.metrics.segmenter`).
        training: The captions that the model learnt from, to count those that are new.
        with_meteor: Whether to compute METEOR, too (English only).

    Returns:
        Every metric. CIDEr counts document frequencies over these references, so it depends on
        which images are scored together: with a single image it is 0.

    Raises:
        DatasetError: No images, ids that only one side has, or an image without references.
        UsageError: The references of an image are one string instead of a sequence of strings, or
            the tokenizer is unknown.
        MissingDependencyError: METEOR is asked for, and Java or pycocoevalcap is not there; or
            words, and the segmenter is not there.
    """
    _check(candidates, references)
    words = _tokenizer(tokenizer, with_meteor)
    ids = list(references)
    captions = [words(candidates[image]) for image in ids]
    written = [[words(one) for one in references[image]] for image in ids]
    seen = None if training is None else {tuple(words(text)) for text in training}
    counts = bleu_counts(captions, written)
    by_image = {
        "ROUGE-L": np.array(rouge_l(captions, written)),
        "CIDEr": np.array(cider(captions, written)),
        "CIDEr-D": np.array(cider_d(captions, written)),
    }
    several = [len(each) for each in written]
    return Scores(
        bleu=tuple(bleu_from_counts(counts.sum(axis=0)).tolist()),
        cider=float(by_image["CIDEr"].mean()),
        cider_d=float(by_image["CIDEr-D"].mean()),
        rouge_l=float(by_image["ROUGE-L"].mean()),
        cider_d_by_image=dict(zip(ids, by_image["CIDEr-D"].tolist(), strict=True)),
        references=(min(several), max(several)),
        diversity=diversity(captions, seen),
        bleu_counts=counts,
        by_image=by_image,
        tokenizer=tokenizer,
        meteor=meteor(captions, written)[0] if with_meteor else None,
        training=None if seen is None else len(seen),
    )


def check_tokenizer(name: str) -> None:
    """Whether a tokenizer can be used, before the work is done.

    Raises:
        UsageError: There is none of that name.
        MissingDependencyError: What it needs is not installed.
    """
    if name not in TOKENIZERS:
        raise UsageError(f"tokenizer {name!r:.40} is unknown", hint=f"known: {list(TOKENIZERS)}")
    TOKENIZERS[name]()


def _tokenizer(name: str, with_meteor: bool) -> Callable[[str], list[str]]:
    check_tokenizer(name)
    if with_meteor and name != "ptb":
        raise UsageError(f"METEOR is for English, the tokenizer is {name!r}", hint="leave it out")
    if name == "ptb":
        return tokenize
    return segment if name == "word" else partial(tokenize_words, language="zh")


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
