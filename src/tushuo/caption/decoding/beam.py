"""Beam search over the words of any decoder; with one beam it is greedy decoding.

Shapes: B photographs, R rows (unfinished sentences) of each, V words, L places. Without words to
include the rows are the K beams; with C of them there are C + 1 banks of K rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tushuo.caption.decoding.ranking import Finder, Ranked, best, finder
from tushuo.caption.decoding.rules import Rules
from tushuo.caption.decoding.settings import Decoding
from tushuo.caption.decoding.step import (
    Array,
    Favour,
    Hypothesis,
    Partial,
    StepFunction,
    usable,
)
from tushuo.graph import Tensor, asarray, leaves, rebuild
from tushuo.graph.backend import lock

__all__ = ["beam_search"]


def beam_search(
    step: StepFunction,
    state: Any,
    batch: int,
    settings: Decoding,
    *,
    bos: int,
    eos: int,
    forbidden: Sequence[int] = (),
    favours: Sequence[Favour] | None = None,
) -> list[list[Hypothesis]]:
    """Write the likeliest sentences, for a batch of photographs at once.

    Each round ranks all continuations of a photograph's unfinished sentences. Among the K best,
    those that end are finished; the K best others go on. A photograph is done when K are finished.
    So K = 1 is greedy decoding, and a K that exceeds the number of possible sentences finds all of
    them. Equal sums go to the sentence that ranked higher before, then to the lower id. What
    happens to one photograph does not depend on the others.

    With words to include it is grid beam search (Hokamp and Liu, "Lexically constrained decoding
    for sequence generation using grid beam search", ACL 2017, section 3): continuations are ranked
    apart by how many of the words they have, K of each number go on, and only a sentence that has
    all of them ends. With groups it is diverse beam search (see `Decoding`): K / G beams each.

    There is always a caption: the end token cannot come first, and is the only choice after
    `max_words`. Impossible words (and those of probability NaN) count as very unlikely.

    Args:
        step: The decoder.
        state: Its memory before the first word, a tree whose leaves have shape (B, R, ...) with R
            as `settings.rows` says.
        batch: B.
        settings: Number of beams, longest sentence, ranking.
        bos: The id that begins a sentence; never chosen.
        eos: The id that ends one.
        forbidden: Further ids that are never chosen, say those of padding and unknown words.
        favours: For each photograph, what words gain in the choice of the sentences that go on.
            Scores are not changed by it.

    Returns:
        For each photograph all finished sentences that were found, one at least, best score first.

    Raises:
        UsageError: All words are forbidden, or one to include is.
    """
    searches: list[_Search] = []
    words = np.full((batch, settings.rows), bos, dtype=np.int64)
    for _ in range(settings.max_words + 1 if batch else 0):
        out = step(state, words)
        if not searches:
            size = out.log_probs.shape[-1]
            rules = Rules(settings, eos, {bos, *forbidden}, size)
            memory = _Memory(np.empty((settings.rows, size)), finder(settings.beams))
            each: Sequence[Favour | None] = favours or [None] * batch
            searches = [_Search(rules, eos, memory, favour) for favour in each]
        parents = np.zeros_like(words)
        for i, search in enumerate(searches):
            if not search.done:
                words[i], parents[i] = search.advance(out.log_probs[i], out.attention[i])
        if all(search.done for search in searches):
            break
        state = _reorder(out.state, parents)
    return [search.ranked() for search in searches]


class _Memory(NamedTuple):
    """What searches compute with, one at a time.

    Attributes:
        sums: Memory for sums (R, V); new memory for each word would take longer.
        finder: Machine code that finds the best continuations; None where nothing is compiled.
    """

    sums: Array
    finder: Finder | None


class _Search:
    """The search of one photograph: its groups of beams.

    Args:
        rules: What may follow.
        eos: The id that ends a sentence.
        memory: To compute with.
        favour: What words gain; None for nothing.
    """

    def __init__(self, rules: Rules, eos: int, memory: _Memory, favour: Favour | None) -> None:
        self.settings = rules.settings
        count = self.settings.num_beam_groups
        self.groups = [_Group(rules, eos, memory, favour) for _ in range(count)]

    @property
    def done(self) -> bool:
        return all(group.done for group in self.groups)

    def advance(self, log_probs: Array, attention: Array) -> tuple[list[int], list[int]]:
        """Add a word to each sentence: log_probs (R, V), attention (R, L).

        Returns:
            The words (R,) of the sentences that go on, and which row (R,) each continues.
        """
        rows = self.settings.rows
        words, parents, chosen = [0] * rows, [0] * rows, list[int]()
        size = rows // len(self.groups)
        for start, group in zip(range(0, rows, size), self.groups, strict=True):
            if group.done:
                continue
            mine = slice(start, start + size)
            penalty = self._penalty(chosen, log_probs.shape[-1]) if start else None
            going = group.advance(log_probs[mine], attention[mine], penalty)
            for row, (word, parent) in enumerate(going, start=start):
                words[row], parents[row] = word, start + parent
                chosen.append(word)
        return words, parents

    def _penalty(self, chosen: Sequence[int], words: int) -> Array:
        """What each word (V,) loses for those that earlier groups chose."""
        counts = np.bincount(np.array(chosen, np.int64), minlength=words)
        penalty: Array = self.settings.diversity_penalty * counts
        return penalty

    def ranked(self) -> list[Hypothesis]:
        found = {h.ids: h for group in self.groups for h in group.ranked()}
        return sorted(found.values(), key=lambda h: -h.score)


class _Group:
    """Unfinished and finished sentences that compete with each other."""

    def __init__(self, rules: Rules, eos: int, memory: _Memory, favour: Favour | None) -> None:
        self.rules, self.eos, self._memory, self._favour = rules, eos, memory, favour
        self.beams = rules.settings.beams // rules.settings.num_beam_groups
        self.alive = [Partial()]  # at first all beams are the same, so one counts
        self.finished: list[Hypothesis] = []

    @property
    def done(self) -> bool:
        enough = self.rules.settings.patience * self.beams
        return not self.alive or len(self.finished) >= enough

    def advance(
        self, log_probs: Array, attention: Array, penalty: Array | None
    ) -> list[tuple[int, int]]:
        """The word and the parent's row of each sentence that goes on.

        The log-probabilities (R, V) become those of whole sentences. The penalty (V,) decides who
        goes on; it is no part of them.
        """
        going: list[tuple[int, int]] = []
        alive: list[Partial] = []
        for ranked, gains in self._ranked(log_probs[: len(self.alive)], penalty):
            kept = 0
            # at most `beams` of these end
            for rank, (parent, word, logprob) in enumerate(zip(*ranked, strict=True)):
                partial = self.alive[parent]
                if word != self.eos and kept < self.beams:
                    kept += 1
                    going.append((word, parent))
                    gain = 0.0 if gains is None else float(gains[parent, word])
                    alive.append(partial.extended(logprob, word, attention[parent], gain))
                elif word == self.eos and rank < self.beams:
                    score = self.rules.settings.score(logprob, len(partial.ids))
                    self.finished.append(partial.finished(logprob, score))
        self.alive = alive
        return going

    def _ranked(
        self, log_probs: Array, penalty: Array | None
    ) -> Iterator[tuple[Ranked, Array | None]]:
        """The best continuations of each bank, with what all (k, V) were favoured by."""
        before = [partial.logprob for partial in self.alive]
        if penalty is None and (ranked := self._found(log_probs, before)):
            yield ranked, None
            return
        sentences = [partial.ids for partial in self.alive]
        sums = usable(log_probs, self._memory.sums[: len(sentences)])
        self.rules.restrict(sums, sentences)
        sums += np.array(before)[:, None]
        gains = self._gains(sentences)
        ranks = sums if gains is None else sums + gains
        for values in self._banks(ranks if penalty is None else ranks - penalty, sentences):
            places = best(values.ravel(), 2 * self.beams)
            found = sums.ravel()[places]
            yield Ranked.of(places.tolist(), found.tolist(), sums.shape[1]), gains

    def _found(self, log_probs: Array, before: list[float]) -> Ranked | None:
        """The best continuations where machine code can tell them from likelihood alone."""
        if self._memory.finder is None or self._favour is not None:
            return None
        shared = self.rules.shared(len(self.alive[0].ids))  # all are of one length
        if shared is None:
            return None
        count = min(2 * self.beams, len(before) * shared.free)
        return self._memory.finder(log_probs, before, shared.refused, count)

    def _gains(self, sentences: Sequence[tuple[int, ...]]) -> Array | None:
        """What each continuation (k, V) was favoured by in all; None for nothing."""
        if self._favour is None:
            return None
        so_far = np.array([partial.gain for partial in self.alive])[:, None]
        gains: Array = so_far + np.stack([self._favour(ids) for ids in sentences])
        return gains

    def ranked(self) -> list[Hypothesis]:
        return sorted(self.finished, key=lambda h: -h.score)

    def _banks(self, values: Array, sentences: Sequence[tuple[int, ...]]) -> Iterator[Array]:
        """The values (k, V) of continuations, apart by how many words to include they have."""
        if not self.rules.include:
            yield values
            return
        banks = self.rules.banks(sentences)
        for count in range(len(self.rules.include) + 1):
            yield np.where(banks == count, values, -np.inf)


def _reorder(state: Any, parents: Array) -> Any:
    """The memory of the sentences that go on: row r is row `parents[b, r]` of the old."""
    batch, rows = parents.shape
    places = (parents + rows * np.arange(batch)[:, None]).ravel()

    def reordered(leaf: Any) -> Tensor:
        x = asarray(leaf).numpy()  # (B, R, ...)
        if batch == 1:
            return Tensor.of(lock(x.take(places, axis=1)))
        found = x.reshape(batch * rows, *x.shape[2:]).take(places, axis=0).reshape(x.shape)
        return Tensor.of(lock(found))

    old = leaves(state)
    new = {id(leaf): reordered(leaf) for leaf in old}  # one Tensor at two places stays one
    return rebuild(state, [new[id(leaf)] for leaf in old])
