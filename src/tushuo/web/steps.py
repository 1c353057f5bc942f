"""A caption gone through once more, word by word: what else could have come, and the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.caption import Captioner
from tushuo.caption.next_words import stepper
from tushuo.data import BOS, EOS, PAD, UNK, Vocabulary
from tushuo.draw import Drawing, draw
from tushuo.graph import Tensor, asarray, ops
from tushuo.models.show_attend_tell import Annotations, ShowAttendTell, State

__all__ = ["Candidate", "Step", "draw_step", "looked_at", "retrace", "spans"]

_CANDIDATES = 5
_ROWS, _COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")


@dataclass(frozen=True)
class Candidate:
    """A word that could have come; the empty word ends the sentence."""

    word: str
    probability: float


@dataclass(frozen=True)
class Step:
    """How one word was chosen.

    Attributes:
        probability: That of the word, given those before it.
        candidates: The likeliest words, the likeliest first.
    """

    probability: float
    candidates: tuple[Candidate, ...]


def retrace(
    captioner: Captioner, features: npt.NDArray[np.float32], words: Sequence[str]
) -> list[Step]:
    """The steps that lead to a sentence.

    Args:
        captioner: What wrote it.
        features: Of the photograph, (L, D).
        words: The sentence.
    """
    vocabulary = captioner.bundle.vocabulary
    ids = vocabulary.encode(words)
    decoder = captioner.bundle.decoder
    annotations = _annotations(decoder, features)
    step, state = stepper(decoder, annotations), decoder.initial(annotations)
    steps = []
    for before, word in pairwise(ids[:-1]):
        out = step(state, np.array([[before]]))
        steps.append(_step(np.exp(out.log_probs[0, 0]), word, vocabulary))
        state = out.state
    return steps


def _step(probabilities: npt.NDArray[Any], word: int, vocabulary: Vocabulary) -> Step:
    possible = probabilities.copy()
    possible[[PAD, BOS, UNK]] = -1
    best = np.argsort(-possible, kind="stable")[:_CANDIDATES]
    candidates = tuple(
        Candidate("" if i == EOS else vocabulary.tokens[i], float(probabilities[i])) for i in best
    )
    return Step(float(probabilities[word]), candidates)


def draw_step(
    captioner: Captioner, features: npt.NDArray[np.float32], words: Sequence[str], index: int
) -> Drawing:
    """The graph in which a word of a sentence was chosen; its end is the word's log-probability.

    Args:
        captioner: What wrote the sentence.
        features: Of the photograph, (L, D).
        words: The sentence.
        index: Which of its words.
    """
    decoder = captioner.bundle.decoder
    ids = captioner.bundle.vocabulary.encode(words)
    places = _annotations(decoder, features)
    step, state = stepper(decoder, places), decoder.initial(places)
    for before in ids[:index]:
        state = step(state, np.array([[before]])).state
    chosen = ids[index + 1]

    def log_probability(
        decoder: ShowAttendTell, annotations: Tensor, keys: Tensor, h: Tensor, c: Tensor
    ) -> Tensor:
        seen, memory = Annotations(annotations, keys), State(h, c)
        out = decoder.step(seen, memory, asarray(np.array([[ids[index]]])))
        return ops.log_softmax(out.logits, axis=-1)[0, 0, chosen]

    log_probability.__name__ = f"log p({words[index]})"
    return draw(log_probability)(decoder, places.values, places.keys, state.h, state.c)


def _annotations(decoder: ShowAttendTell, features: npt.NDArray[np.float32]) -> Annotations:
    return decoder.annotations(asarray(features[None]))


def looked_at(attention: npt.NDArray[Any]) -> str:
    """Where an attention map (h, w) has most, in words: "top left", "middle centre"."""
    rows, columns = (
        np.array_split(np.arange(n), 3) if n >= 3 else [np.arange(n)] * 3 for n in attention.shape
    )
    shares = [[attention[np.ix_(r, c)].mean() for c in columns] for r in rows]
    row, column = np.unravel_index(int(np.argmax(shares)), (3, 3))
    return f"{_ROWS[row]} {_COLUMNS[column]}"


def spans(text: str, words: Sequence[str]) -> list[tuple[int, int]] | None:
    """Where words stand in a sentence, as (start, end) of each; None if they do not."""
    found: list[tuple[int, int]] = []
    position, folded = 0, text.lower()
    if len(folded) != len(text):
        return None
    for word in words:
        start = folded.find(word.lower(), position)
        if start < 0:
            return None
        position = start + len(word)
        found.append((start, position))
    return found
