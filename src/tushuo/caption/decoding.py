"""Beam search over the words of any decoder; with one beam it is greedy decoding.

Word numbers are written as ids. Shapes: B photographs, K beams, V words, L places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.errors import UsageError
from tushuo.graph import Tensor, asarray, ops, tree_map

__all__ = ["DecoderStep", "Decoding", "Hypothesis", "StepFunction", "beam_search"]

Array: TypeAlias = npt.NDArray[Any]


class DecoderStep(NamedTuple):
    """What a decoder says about the next words."""

    log_probs: Array  # (B, K, V), natural logarithms of probabilities
    state: Any  # a tree whose leaves have shape (B, K, ...)
    attention: Array  # (B, K, L), where it looked


StepFunction: TypeAlias = Callable[[Any, Array], DecoderStep]
"""From the memory, a tree with leaves (B, K, ...), and the last words, int64 (B, K), one step."""


@dataclass(frozen=True)
class Decoding:
    """Settings of a search.

    Args:
        beams: K, how many unfinished sentences are kept; 1 takes the likeliest word each time.
        max_words: The longest sentence, without the begin and end tokens.
        length_penalty: The exponent α of the score `logprob / length**α`, where the length counts
            the words and the end token (as `length_penalty` of Hugging Face; Wu et al., "Google's
            neural machine translation system", 2016, section 7, use a function that grows alike).
            0 ranks by log-probability, 1 by its mean over the words; above 1 favours length.

    Raises:
        UsageError: A number is out of its range.
    """

    beams: int = 3
    max_words: int = 20
    length_penalty: float = 0.0

    def __post_init__(self) -> None:
        _within("beams", self.beams, 1, 1000)
        _within("max_words", self.max_words, 1, 1000)
        _within("length_penalty", self.length_penalty, -10, 10)

    def score(self, logprob: float, words: int) -> float:
        """What a finished sentence is ranked by; higher is better."""
        return float(logprob / (words + 1) ** self.length_penalty)


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A finished sentence.

    Attributes:
        ids: Its words, one or more, without begin and end tokens.
        logprob: The logarithm of its probability, that of its end included.
        score: What it is ranked by, see `Decoding.score`.
        attention: Where the decoder looked for each word, (len(ids), L).
    """

    ids: tuple[int, ...]
    logprob: float
    score: float
    attention: Array


def beam_search(
    step: StepFunction,
    state: Any,
    batch: int,
    settings: Decoding,
    *,
    bos: int,
    eos: int,
    forbidden: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """Write the likeliest sentences, for a batch of photographs at once.

    Each round ranks all continuations of a photograph's unfinished sentences. Among the K best,
    those that end are finished; the K best others go on. A photograph is done when K are finished.
    So K = 1 is greedy decoding, and a K that exceeds the number of possible sentences finds all of
    them. Equal sums go to the sentence that ranked higher before, then to the lower id. What
    happens to one photograph does not depend on the others.

    There is always a caption: the end token cannot come first, and is the only choice after
    `max_words`. Impossible words (and those of probability NaN) count as very unlikely.

    Args:
        step: The decoder.
        state: Its memory before the first word, a tree whose leaves have shape (B, K, ...).
        batch: B.
        settings: Number of beams, longest sentence, ranking.
        bos: The id that begins a sentence; never chosen.
        eos: The id that ends one.
        forbidden: Further ids that are never chosen, say those of padding and unknown words.

    Returns:
        For each photograph at least one finished sentence, at most K, best score first.

    Raises:
        UsageError: All words are forbidden.
    """
    never = sorted({bos, *forbidden})
    searches = [_Search(settings) for _ in range(batch)]
    words = np.full((batch, settings.beams), bos, dtype=np.int64)
    for length in range(settings.max_words + 1):
        out = step(state, words)
        log_probs = _restricted(out.log_probs, never, eos, length, settings.max_words)
        parents = np.zeros_like(words)
        for i, search in enumerate(searches):
            if not search.done:
                words[i], parents[i] = search.advance(log_probs[i], out.attention[i], eos)
        if all(search.done for search in searches):
            break
        state = _reorder(out.state, parents)
    return [search.ranked() for search in searches]


class _Partial(NamedTuple):
    """An unfinished sentence."""

    logprob: float
    ids: tuple[int, ...]
    attention: tuple[Array, ...]  # of each word, (L,)


class _Search:
    """The unfinished and finished sentences of one photograph."""

    def __init__(self, settings: Decoding) -> None:
        self.settings = settings
        self.alive = [_Partial(0.0, (), ())]  # at first all beams are the same, so one counts
        self.finished: list[Hypothesis] = []

    @property
    def done(self) -> bool:
        return not self.alive or len(self.finished) >= self.settings.beams

    def advance(self, log_probs: Array, attention: Array, eos: int) -> tuple[Array, Array]:
        """Add a word to each sentence: log_probs (K, V), attention (K, L).

        Returns:
            The words (K,) of the sentences that go on, and which sentence (K,) each continues.
        """
        beams, count = self.settings.beams, len(self.alive)
        before = np.array([partial.logprob for partial in self.alive])
        sums = before[:, None] + log_probs[:count]  # (k, V)
        going: list[tuple[int, int]] = []
        alive: list[_Partial] = []
        for rank, place in enumerate(_best(sums.ravel(), 2 * beams)):  # at most `beams` of them end
            parent, word = divmod(int(place), sums.shape[1])
            logprob = float(sums[parent, word])
            if word != eos:
                going.append((word, parent))
                alive.append(_continued(self.alive[parent], logprob, word, attention[parent]))
            elif rank < beams:
                self._finish(self.alive[parent], logprob)
        self.alive = alive[:beams]
        padded = (going + [(eos, 0)] * beams)[:beams]  # unused beams compute along
        words, parents = np.array(padded, dtype=np.int64).T
        return words, parents

    def _finish(self, partial: _Partial, logprob: float) -> None:
        score = self.settings.score(logprob, len(partial.ids))
        attention = np.stack(partial.attention)  # (T, L)
        self.finished.append(Hypothesis(partial.ids, logprob, score, attention))

    def ranked(self) -> list[Hypothesis]:
        best = sorted(self.finished, key=lambda hypothesis: -hypothesis.score)
        return best[: self.settings.beams]


def _continued(partial: _Partial, logprob: float, word: int, attention: Array) -> _Partial:
    return _Partial(logprob, (*partial.ids, word), (*partial.attention, attention))


def _best(values: Array, count: int) -> Array:
    """Where the largest finite values stand, largest first, ties in order of place."""
    count = min(count, len(values))
    least = np.partition(values, -count)[-count]
    places = np.flatnonzero((values >= least) & (values > -np.inf))
    return places[np.argsort(-values[places], kind="stable")][:count]


_UNLIKELY = -1e9


def _restricted(
    log_probs: Array, never: Sequence[int], eos: int, length: int, max_words: int
) -> Array:
    """Log-probabilities in float64, -inf for the words that may not follow `length` words."""
    allowed = np.full(log_probs.shape[-1], length < max_words)
    allowed[list(never)] = False
    allowed[eos] = length > 0
    if not allowed.any():
        raise UsageError(f"all {allowed.size} words are forbidden")
    values = np.asarray(log_probs, dtype=np.float64)
    usable = np.where(np.isfinite(values), np.maximum(values, _UNLIKELY), _UNLIKELY)
    return np.where(allowed, usable, -np.inf)


def _reorder(state: Any, parents: Array) -> Any:
    """The memory of the sentences that go on: row k is row `parents[b, k]` of the old."""
    batch, beams = parents.shape
    rows = asarray((parents + beams * np.arange(batch)[:, None]).ravel())

    def reordered(leaf: Any) -> Tensor:
        x = asarray(leaf)  # (B, K, ...)
        flat = ops.reshape(x, (batch * beams, *x.shape[2:]))
        return ops.reshape(ops.take(flat, rows, axis=0), x.shape)

    return tree_map(reordered, state)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name}: got {value}, expected {low} to {high}")
