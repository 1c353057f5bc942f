"""Decoders without a network: a small recurrent one, and one that always says the same."""

from __future__ import annotations

import numpy as np

from tushuo.caption import DecoderStep, Decoding, beam_search

PAD, BOS, EOS, UNK = range(4)
WORDS = 5  # "4" to "8"
SIZE, PLACES = 6, 4


class Toy:
    """A recurrent decoder whose sums do not depend on the size of the batch."""

    def __init__(self, seed, words=WORDS, sharpness=2.0):
        random = np.random.default_rng(seed)
        self.words = 4 + words
        self.embed = random.normal(size=(self.words, SIZE))
        self.move = random.normal(size=(SIZE, SIZE))
        self.out = sharpness * random.normal(size=(SIZE, self.words))
        self.look = random.normal(size=(SIZE, PLACES))

    def start(self, photographs, beams):
        """photographs (B, SIZE)."""
        return {"h": np.repeat(np.asarray(photographs)[:, None], beams, axis=1)}

    def __call__(self, state, words):
        h = np.tanh(_product(np.asarray(state["h"]), self.move) + self.embed[words])
        return DecoderStep(_log_softmax(_product(h, self.out)), {"h": h}, _product(h, self.look))


def _product(x, matrix):
    return (x[..., :, None] * matrix).sum(axis=-2)


def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def photographs(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, SIZE))


def search(toy, photos, beams=3, max_words=4, length_penalty=0.0, **more):
    chosen = Decoding(beams, max_words, length_penalty, **more)
    start = toy.start(photos, chosen.rows)
    return beam_search(toy, start, len(photos), chosen, bos=BOS, eos=EOS, forbidden=(PAD, UNK))


def logprob(toy, photo, ids):
    """Of one sentence, word by word."""
    state, total, last = toy.start([photo], 1), 0.0, BOS
    for word in (*ids, EOS):
        out = toy(state, np.array([[last]]))
        total += out.log_probs[0, 0, word]
        state, last = out.state, word
    return total


def hostile(values):
    """A decoder that says the same whatever it is asked."""

    def step(state, words):
        shape = (*words.shape, len(values))
        log_probs = np.broadcast_to(np.array(values, dtype=np.float64), shape)
        return DecoderStep(log_probs, state, np.ones((*words.shape, PLACES)))

    return step
