"""Sentences seen while they are written: the search goes on as ever, and tells of each word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.caption.decoding.step import Array, DecoderStep, StepFunction
from tushuo.graph import asarray

__all__ = ["Unfinished", "Watch", "watched"]


@dataclass(frozen=True, eq=False)
class Unfinished:
    """The sentence of a photograph that ranks first so far; a later word may overtake it.

    Attributes:
        ids: The numbers of its words.
        attention: Where the decoder looked for the last of them, (L,).
    """

    ids: tuple[int, ...]
    attention: npt.NDArray[np.float32]


Watch: TypeAlias = Callable[[Sequence[Unfinished]], object]
"""Called after each word, with one sentence for each photograph; what it raises ends the search."""


def watched(
    step: StepFunction, state: Any, rows: tuple[int, int], watch: Watch
) -> tuple[StepFunction, Any]:
    """A step function and its first state, which tell of each word and change nothing else.

    The words so far travel in the state, so that the search sorts them as it sorts the sentences.

    Args:
        step: The decoder.
        state: Its memory before the first word.
        rows: (B, R), photographs and unfinished sentences of each.
        watch: Told of the first row of each photograph.
    """

    def told(before: Any, words: Array) -> DecoderStep:
        inner, written, looked = before
        sentences = np.concatenate([np.asarray(written), words[..., None]], axis=-1)  # (B, R, T)
        if sentences.shape[-1] > 1:
            places = np.asarray(looked)
            watch([_first(ids, place) for ids, place in zip(sentences, places, strict=True)])
        out = step(inner, words)
        after = (out.state, asarray(sentences), asarray(out.attention))
        return DecoderStep(out.log_probs, after, out.attention)

    return told, (state, np.zeros((*rows, 0), np.int64), np.zeros((*rows, 0), np.float32))


def _first(sentences: Array, places: Array) -> Unfinished:
    """Of one photograph: the first of sentences (R, T) that begin with a token, places (R, L)."""
    return Unfinished(tuple(map(int, sentences[0, 1:])), places[0])
