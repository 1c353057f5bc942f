"""Show, Attend and Tell: an LSTM that looks at a part of the photograph before each word.

Xu et al., "Show, attend and tell: neural image caption generation with visual attention" (2015),
in its soft, deterministic form (sections 3.1 and 4.2). Equation numbers below are the paper's.

Shapes: B photographs, K sentences of each (captions in training, beams in decoding), T words,
L places of the feature map with D channels, H hidden units, E the size of a word vector, C that
of an annotation, V words in the vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

from tushuo.graph import ops
from tushuo.graph.tensor import Tensor
from tushuo.nn import (
    AdditiveAttention,
    Dropout,
    Embedding,
    Linear,
    LSTMCell,
    Module,
    relu,
    sigmoid,
    tanh,
)
from tushuo.nn.init import Rng, generator


class Annotations(NamedTuple):
    """What the decoder keeps of the photographs while it writes."""

    values: Tensor  # (B, L, C)
    keys: Tensor  # (B, L, A), projected once for the attention


class State(NamedTuple):
    """The memory of the LSTM."""

    h: Tensor  # (B, K, H)
    c: Tensor  # (B, K, H)


class Step(NamedTuple):
    """The outcome of one word."""

    logits: Tensor  # (B, K, V)
    weights: Tensor  # (B, K, L), the attention, sums to 1
    state: State


class ShowAttendTell(Module):
    """A captioning decoder.

    Args:
        vocabulary: V, with the special tokens.
        channels: D.
        annotation: C.
        embedding: E.
        hidden: H.
        attention: Size of the space in which the attention compares.
        dropout: Share of the annotations, word vectors and outputs that is dropped in training.
        rng: Source of the initial weights.
    """

    def __init__(
        self,
        vocabulary: int,
        channels: int = 1280,
        annotation: int = 512,
        embedding: int = 256,
        hidden: int = 512,
        attention: int = 256,
        dropout: float = 0.5,
        rng: Rng = None,
    ) -> None:
        rng = generator(rng)
        self.annotate = Linear(channels, annotation, rng=rng)
        self.embed = Embedding(vocabulary, embedding, rng=rng)
        self.initial_h = Linear(annotation, hidden, rng=rng)
        self.initial_c = Linear(annotation, hidden, rng=rng)
        self.attend = AdditiveAttention(hidden, annotation, attention, rng=rng)
        self.gate = Linear(hidden, annotation, rng=rng)
        self.cell = LSTMCell(embedding, hidden, rng=rng)
        self.context = Linear(annotation, 4 * hidden, bias=False, rng=rng)
        self.output_h = Linear(hidden, embedding, rng=rng)
        self.output_z = Linear(annotation, embedding, bias=False, rng=rng)
        self.output = Linear(embedding, vocabulary, rng=rng)
        self.dropout = Dropout(dropout)

    def annotations(self, features: Tensor, rng: Rng = None) -> Annotations:
        """Annotation vectors of the places of a feature map (B, L, D)."""
        values = self.dropout(relu(self.annotate(features)), rng=rng)
        return Annotations(values, self.attend.project(values))

    def initial(self, annotations: Annotations, sentences: int = 1) -> State:
        """The memory before the first word, from the mean annotation (section 3.1.2)."""
        mean = ops.mean(annotations.values, axis=1, keepdims=True)  # (B, 1, C)
        h, c = tanh(self.initial_h(mean)), tanh(self.initial_c(mean))
        shape = (h.shape[0], sentences, h.shape[2])
        return State(ops.broadcast_to(h, shape), ops.broadcast_to(c, shape))

    def step(self, annotations: Annotations, state: State, words: Tensor) -> Step:
        """One word further.

        Args:
            annotations: Of the photographs.
            state: The memory so far.
            words: Numbers of the last words, (B, K).
        """
        vectors = self.embed(words)  # (B, K, E)
        state, z, weights = self._advance(annotations, state, self.cell.project(vectors))
        return Step(self._output(vectors, state.h, z), weights, state)

    def forward(self, features: Tensor, words: Tensor, rng: Rng = None) -> tuple[Tensor, Tensor]:
        """Logits of every next word, given the words before it.

        Args:
            features: (B, L, D).
            words: Numbers of the words, from the begin token on, (B, K, T).
            rng: Source of the dropout, needed in training.

        Returns:
            Logits (B, K, T, V) and attention weights (B, K, T, L).
        """
        annotations = self.annotations(features, rng)
        state = self.initial(annotations, words.shape[1])
        vectors = self.dropout(self.embed(words), rng=rng)  # (B, K, T, E)
        hs, zs, weights = [], [], []
        for gates in ops.unstack(self.cell.project(vectors), axis=2):
            state, z, alpha = self._advance(annotations, state, gates)
            hs.append(state.h)
            zs.append(z)
            weights.append(alpha)
        h = self.dropout(ops.stack(hs, axis=2), rng=rng)
        return self._output(vectors, h, ops.stack(zs, axis=2)), ops.stack(weights, axis=2)

    def _advance(
        self, annotations: Annotations, state: State, gates: Tensor
    ) -> tuple[State, Tensor, Tensor]:
        """Attend (4-6), gate the context (section 4.2.1), and move the LSTM on (1-3).

        Args:
            annotations: Of the photographs.
            state: The memory so far.
            gates: The words' share of the LSTM's gates, which needs no memory: (B, K, 4H).
        """
        z, weights = self.attend(state.h, annotations.values, annotations.keys)
        z = sigmoid(self.gate(state.h)) * z
        h, c = self.cell.advance(gates + self.context(z), state)
        return State(h, c), z, weights

    def _output(self, vectors: Tensor, h: Tensor, z: Tensor) -> Tensor:
        """The deep output layer (7)."""
        logits: Tensor = self.output(tanh(vectors + self.output_h(h) + self.output_z(z)))
        return logits


def doubly_stochastic(weights: Tensor, mask: Tensor) -> Tensor:
    """The regulariser that makes each place be looked at about once in all (14).

    Args:
        weights: Attention, (B, K, T, L).
        mask: 1 for words, 0 for padding, (B, K, T).

    Returns:
        The squared lack, mean over sentences and places.
    """
    looks = ops.sum(weights * mask[..., None], axis=2)  # (B, K, L)
    return ops.mean(ops.square(1.0 - looks))
