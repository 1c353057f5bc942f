"""Sentences drawn by chance from any decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tushuo.caption.decoding.rules import Rules
from tushuo.caption.decoding.settings import Decoding
from tushuo.caption.decoding.step import Array, Hypothesis, Partial, StepFunction, usable

__all__ = ["sample"]


def sample(
    step: StepFunction,
    state: Any,
    batch: int,
    settings: Decoding,
    *,
    bos: int,
    eos: int,
    forbidden: Sequence[int] = (),
    keys: Sequence[int] | None = None,
) -> list[list[Hypothesis]]:
    """Draw sentences, K for each photograph, for a batch of photographs at once.

    Each word is drawn from the decoder's probabilities, sharpened by the temperature and cut off
    by `top_k` and `top_p`, in this order. What is drawn depends on the seed, the photograph's key
    and the number of the draw alone, so neither on the other photographs nor on K.

    Args:
        step: The decoder.
        state: Its memory before the first word, a tree whose leaves have shape (B, K, ...).
        batch: B.
        settings: How many sentences, longest sentence, temperature, seed and so on.
        bos: The id that begins a sentence; never chosen.
        eos: The id that ends one.
        forbidden: Further ids that are never chosen.
        keys: A number for each photograph, not negative; by default its place in the batch.

    Returns:
        For each photograph K sentences as they were drawn, which may be equal. Their
        log-probabilities are the decoder's own, whatever the temperature.

    Raises:
        UsageError: All words are forbidden.
    """
    numbers = range(batch) if keys is None else keys
    draws = [[_Draw(settings, key, k) for k in range(settings.beams)] for key in numbers]
    rules: Rules | None = None
    words = np.full((batch, settings.beams), bos, dtype=np.int64)
    for _ in range(settings.max_words + 1 if batch else 0):
        out = step(state, words)
        log_probs = usable(out.log_probs)
        rules = rules or Rules(settings, eos, {bos, *forbidden}, log_probs.shape[-1])
        for i, k in np.ndindex(words.shape):
            if not draws[i][k].result:
                words[i, k] = draws[i][k].advance(rules, log_probs[i, k], out.attention[i, k], eos)
        if all(draw.result for several in draws for draw in several):
            break
        state = out.state
    return [[draw.result for draw in several if draw.result] for several in draws]


class _Draw:
    """One sentence."""

    def __init__(self, settings: Decoding, key: int, number: int) -> None:
        self.settings = settings
        self.random = np.random.default_rng([settings.seed, key, number])
        self.partial = Partial()
        self.result: Hypothesis | None = None

    def advance(self, rules: Rules, log_probs: Array, attention: Array, eos: int) -> int:
        """Draw a word: log_probs (V,), attention (L,)."""
        allowed = rules.allowed(self.partial.ids)
        word = _drawn(np.where(allowed, log_probs, -np.inf), self.settings, self.random.random())
        logprob = self.partial.logprob + float(log_probs[word])
        if word == eos:
            score = self.settings.score(logprob, len(self.partial.ids))
            self.result = self.partial.finished(logprob, score)
        else:
            self.partial = self.partial.extended(logprob, word, attention)
        return word


def _drawn(log_probs: Array, settings: Decoding, chance: float) -> int:
    """The word on which a chance in [0, 1) falls, the likeliest words first."""
    order = np.argsort(-log_probs, kind="stable")
    order = order[: settings.top_k or None]
    order = order[log_probs[order] > -np.inf]
    shares = np.exp((log_probs[order] - log_probs[order[0]]) / settings.temperature)
    sums = np.cumsum(shares / shares.sum())
    kept = 1 + int(np.searchsorted(sums, settings.top_p))  # the fewest that reach top_p
    kept = min(kept, len(sums))
    place = np.searchsorted(sums[:kept], chance * sums[kept - 1], side="right")
    return int(order[min(int(place), kept - 1)])
