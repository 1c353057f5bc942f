"""Beam search in NumPy around a decoder's step, for engines that bring none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.workloads import BEAMS, BOS, EOS, WORDS

Array = np.ndarray
Step = Callable[[Array, Array, Array], tuple[Array, Array, Array]]
"""From h (K, H), c (K, H) and words (K,): log-probabilities (K, V), and the new h and c."""


def search(step: Step, h: Array, c: Array) -> tuple[float, Array]:
    """The likeliest sentence of 16 words, from the first memory (1, H).

    Returns:
        Its log-probability, with its end, and its words.
    """
    h, c = (np.repeat(a, BEAMS, 0) for a in (h, c))
    words = np.full(BEAMS, BOS, np.int64)
    sums = np.full(BEAMS, -np.inf)
    sums[0] = 0  # at first all beams are the same
    sentences = np.zeros((BEAMS, 0), np.int64)
    for _ in range(WORDS):
        scores, h, c = step(h, c, words)
        scores = scores.copy()
        scores[:, [BOS, EOS]] = -np.inf
        totals = (sums[:, None] + scores).ravel()
        best = np.argpartition(-totals, BEAMS)[:BEAMS]
        best = best[np.argsort(-totals[best])]
        parents, words = np.divmod(best, scores.shape[1])
        sums, h, c = totals[best], h[parents], c[parents]
        sentences = np.concatenate([sentences[parents], words[:, None]], 1)
    totals = sums + step(h, c, words)[0][:, EOS]
    return float(totals.max()), sentences[int(totals.argmax())]


def share_of_same(data: Any, sentence: Callable[[Array], tuple[float, Any]]) -> float:
    """For how many of 16 photographs' features (1, L, D) float32 writes the same words."""
    from bench.engines.numpy import writer

    plain, rng = writer(data), np.random.default_rng(1)
    photographs = [rng.standard_normal(data.x.shape, dtype=np.float32) for _ in range(16)]
    same = [np.array_equal(sentence(x)[1], plain(x)[1]) for x in photographs]
    return float(np.mean(same))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))
