"""A captioner without attention: the photograph is told once, then a recurrent net writes.

Vinyals, Toshev, Bengio and Erhan, "Show and tell: a neural image caption generator" (2015), and
the captioning network of Stanford's course CS231n (assignment 3), which differ in how the net is
told. Equation numbers are the paper's.

Shapes: B photographs, K sentences of each (captions in training, beams in decoding), T words,
D features of a photograph, H hidden units, E the size of a word vector, V words.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from tushuo.errors import ShapeError, UsageError
from tushuo.graph import Tensor, asarray, ops, tree_map
from tushuo.nn import (
    Dropout,
    Embedding,
    GRUCell,
    Linear,
    LSTMCell,
    Module,
    RNNCell,
    checks,
    cross_entropy,
)
from tushuo.nn.cells import State, as_state
from tushuo.nn.init import Rng, generator

_CELLS = {"rnn": RNNCell, "lstm": LSTMCell, "gru": GRUCell}
_WAYS = ("state", "word")


class CaptionStep(NamedTuple):
    """The outcome of one word."""

    logits: Tensor  # (B, K, V)
    state: State  # h, or (h, c) of an LSTM, each (B, K, H)


class CaptionRNN(Module):
    """A captioning decoder for photographs that are one vector each, as pooled features.

    Args:
        vocabulary: V, with the special tokens.
        channels: D.
        embedding: E.
        hidden: H.
        cell: "lstm", "rnn" or "gru".
        image: How the net is told about the photograph. "state": the first hidden state is
            ``h_0 = W f + b``, as in CS231n. "word": ``x_{-1} = W f + b`` comes before the first
            word, as if it were one (equation 10).
        dropout: Share of the word vectors and outputs that is dropped in training.
        rng: Source of the initial weights.
        dtype: Data type of the parameters.

    Raises:
        UsageError: ``cell`` or ``image`` is unknown.
    """

    def __init__(
        self,
        vocabulary: int,
        channels: int = 1280,
        embedding: int = 256,
        hidden: int = 512,
        cell: str = "lstm",
        image: str = "state",
        dropout: float = 0.0,
        *,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        _check("cell", cell, tuple(_CELLS))
        _check("image", image, _WAYS)
        rng = generator(rng)
        self.hidden, self.image = hidden, image
        seen = hidden if image == "state" else embedding
        self.see = Linear(channels, seen, rng=rng, dtype=dtype)
        self.embed = Embedding(vocabulary, embedding, rng=rng, dtype=dtype)
        self.cell = _CELLS[cell](embedding, hidden, rng=rng, dtype=dtype)
        self.output = Linear(hidden, vocabulary, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout)

    def initial(self, features: Any, sentences: int = 1) -> State:
        """The memory before the first word, the same for each sentence of a photograph.

        Args:
            features: (B, D).
            sentences: K.
        """
        seen = self.see(features)[:, None]  # (B, 1, H or E)
        zeros = ops.zeros((*seen.shape[:2], self.hidden), like=seen)
        nothing = (zeros,) * self.cell.carried
        if self.image == "state":
            state = as_state((seen, *nothing[1:]))
        else:
            state = self.cell.advance(self.cell.project(seen), as_state(nothing))
        return tree_map(lambda x: ops.broadcast_to(x, (len(x), sentences, self.hidden)), state)

    def step(self, state: State, words: Any) -> CaptionStep:
        """One word further (equations 11, 12): the last words, (B, K), to logits of the next."""
        state = self.cell.advance(self.cell.project(self.embed(words)), state)
        return CaptionStep(self.output(_hidden(state)), state)

    def forward(self, features: Any, words: Any, rng: Rng = None) -> Tensor:
        """Logits of every next word, given the words before it.

        Args:
            features: (B, D).
            words: Numbers of the words, from the begin token on, (B, K, T).
            rng: Source of the dropout, needed in training if there is any.

        Returns:
            Shape (B, K, T, V).

        Raises:
            ShapeError: The words are not those of K sentences for each photograph.
        """
        _check_words(features, words)
        rng = None if rng is None else generator(rng)
        vectors = self.dropout(self.embed(words), rng=rng)  # (B, K, T, E)
        state = self.initial(features, vectors.shape[1])
        hidden = []
        for inputs in ops.unstack(self.cell.project(vectors), axis=2):
            state = self.cell.advance(inputs, state)
            hidden.append(_hidden(state))
        h = self.dropout(ops.stack(hidden, axis=2), rng=rng)  # (B, K, T, H)
        logits: Tensor = self.output(h)
        return logits

    def loss(self, features: Any, sentences: Any, pad: int = 0, rng: Rng = None) -> Tensor:
        """How surprising whole sentences are, in nats: the sum over their words (equation 13).

        Args:
            features: (B, D).
            sentences: Numbers of their words with begin and end tokens, padded, (B, K, T + 1).
            pad: The number that fills up short sentences; to predict it costs nothing.
            rng: Source of the dropout.

        Returns:
            The mean over the sentences, shape ().
        """
        words = asarray(sentences)
        logits, following = self(features, words[..., :-1], rng), words[..., 1:]
        total = cross_entropy(logits, following, mask=following != pad, reduction="sum")
        return total / prod(following.shape[:-1])

    def sample(self, features: Any, bos: int, eos: int, max_words: int = 20) -> list[list[int]]:
        """Greedy captions: the likeliest word each time, until it is the end token.

        Args:
            features: (B, D).
            bos: The number that begins a sentence.
            eos: The number that ends it.
            max_words: The longest caption.

        Returns:
            For each photograph the numbers of its words, without begin and end tokens.

        Raises:
            UsageError: ``max_words`` is not a whole number from 1.
        """
        checks.positive("CaptionRNN.sample", max_words=max_words)
        state = self.initial(features)
        words = np.full((len(asarray(features)), 1), bos)
        chosen = []
        for _ in range(max_words):
            logits, state = self.step(state, words)
            words = logits.numpy().argmax(-1)  # (B, 1)
            chosen.append(words[:, 0].tolist())
        return [_until(eos, ids) for ids in zip(*chosen, strict=True)]


def _hidden(state: State) -> Tensor:
    return state[0] if isinstance(state, tuple) else state


def _until(eos: int, ids: tuple[int, ...]) -> list[int]:
    return list(ids[: ids.index(eos)] if eos in ids else ids)


def _check_words(features: Any, words: Any) -> None:
    photographs, got = len(asarray(features)), asarray(words).shape
    if len(got) != 3 or got[0] != photographs:
        raise ShapeError(
            f"CaptionRNN needs words (B, K, T) with B = {photographs}, got {got}",
            hint="K is the number of sentences for each photograph; for one, pass words[:, None]",
        )


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"CaptionRNN: {name} is {value!r}", hint=f"use {', '.join(known)}")
