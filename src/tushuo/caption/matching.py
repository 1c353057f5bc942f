"""Sentences of a search, ranked anew by how well they fit the photograph in the joint space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy.typing as npt

from tushuo.caption.decoding import Hypothesis
from tushuo.caption.embedding import Embedder

__all__ = ["matched"]


def matched(
    found: Sequence[Sequence[Hypothesis]],
    features: npt.ArrayLike,
    embedder: Embedder,
    weight: float,
    worded: Callable[[Sequence[int]], str],
) -> list[list[Hypothesis]]:
    """The sentences about each photograph with their similarity in their scores, best first.

    So Fang et al., "From captions to visual concepts and back" (2015), section 5, choose among
    sentences with their joint space.

    Args:
        found: For each of N photographs one sentence or more.
        features: Their feature maps with places in rows, (N, L, D).
        embedder: Puts both into one space.
        weight: What a similarity of 1 adds to a score.
        worded: Makes a text of a sentence's ids.
    """
    photographs = embedder.embed_features(features)
    sentences = iter(embedder.embed_texts([worded(one.ids) for each in found for one in each]))
    ranked = []
    for each, photograph in zip(found, photographs, strict=True):
        scored = [
            replace(one, score=one.score + weight * float(photograph @ next(sentences)))
            for one in each
        ]
        ranked.append(sorted(scored, key=lambda one: -one.score))
    return ranked
