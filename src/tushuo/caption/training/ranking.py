"""How much phrases and the joint space count in ranking sentences: what serves best is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tushuo.caption.bundle import Bundle
from tushuo.caption.captioner import Caption, Captioner
from tushuo.caption.metrics import evaluate_captions
from tushuo.data import Example

__all__ = ["MATCH", "PHRASES", "Graded", "Ranking", "graded", "with_ranking"]

PHRASES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
MATCH = (0.0, 3.0, 6.0, 9.0)

Floats = npt.NDArray[np.float32]


class Ranking(NamedTuple):
    """The two weights, as of `Decoding`."""

    phrase_weight: float
    match_weight: float


@dataclass(frozen=True, eq=False)
class Graded:
    """What a ranking comes to on photographs with known captions.

    Attributes:
        ranking: The weights.
        captions: The best sentence about each photograph.
        bleu_4: Of these.
        cider_d: Of these.
    """

    ranking: Ranking
    captions: Sequence[Caption]
    bleu_4: float
    cider_d: float


def graded(
    captioner: Captioner,
    maps: Iterable[Floats],
    examples: Sequence[Example],
    progress: Callable[[int], None] = lambda done: None,
) -> list[Graded]:
    """Each pair of the weights above, and what it comes to.

    Args:
        captioner: One without phrases or without embedder tries no other weight of these than 0.
        maps: Feature maps of the photographs, in order, some at a time, (B, L, D).
        examples: The photographs with their captions.
        progress: Called with how many photographs are done since the last call, once for each
            weight of the phrases.
    """
    phrases = PHRASES if captioner.bundle.phrases else PHRASES[:1]
    match = MATCH if captioner.bundle.embedder else MATCH[:1]
    found: dict[Ranking, list[Caption]] = {Ranking(p, m): [] for p in phrases for m in match}
    for features in maps:
        for weight in phrases:
            each = captioner.caption_by_match(features, match, phrase_weight=weight)
            for other, captions in zip(match, each, strict=True):
                found[Ranking(weight, other)] += captions
            progress(len(features))
    return [_graded(captioner, ranking, made, examples) for ranking, made in found.items()]


def with_ranking(bundle: Bundle, ranking: Ranking) -> Bundle:
    """A bundle that ranks its sentences so."""
    return replace(bundle, decoding=replace(bundle.decoding, **ranking._asdict()))


def _graded(
    captioner: Captioner, ranking: Ranking, captions: Sequence[Caption], examples: Sequence[Example]
) -> Graded:
    names = [str(example.image) for example in examples]
    scores = evaluate_captions(
        dict(zip(names, (caption.text for caption in captions), strict=True)),
        dict(zip(names, (example.captions for example in examples), strict=True)),
        tokenizer="char" if captioner.language == "zh" else "ptb",
    )
    return Graded(ranking, captions, scores.bleu[3], scores.cider_d)
