"""The words that may come next, as the searches ask a decoder for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy.typing as npt

from tushuo.caption.decoding import DecoderStep, StepFunction
from tushuo.graph import Tensor, asarray, ops
from tushuo.models.show_attend_tell import Annotations, ShowAttendTell, State

__all__ = ["NextWords", "next_words", "stepper", "stepper_of"]

NextWords: TypeAlias = Callable[[Annotations, State, Tensor], tuple[Tensor, State, Tensor]]
"""From the memory and the last words to log-probabilities, the memory and the places looked at."""


def next_words(
    decoder: ShowAttendTell, annotations: Annotations, state: State, words: Tensor
) -> tuple[Tensor, State, Tensor]:
    """Log-probabilities of the next words, the memory, and where the decoder looked."""
    out = decoder.step(annotations, state, words)
    return ops.log_softmax(out.logits, axis=-1), out.state, out.weights


def stepper(decoder: ShowAttendTell, annotations: Annotations) -> StepFunction:
    """A decoder as `beam_search` takes it."""
    return stepper_of(partial(next_words, decoder), annotations)


def stepper_of(following: NextWords, annotations: Annotations) -> StepFunction:
    """The same of what tells the next words, compiled or not."""

    def step(state: Any, words: npt.NDArray[Any]) -> DecoderStep:
        log_probs, state, weights = following(annotations, state, asarray(words))
        return DecoderStep(log_probs.numpy(), state, weights.numpy())

    return step
