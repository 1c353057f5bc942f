"""Answers to lesson 14, right and wrong."""

from __future__ import annotations

import numpy as np


def softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attend(scores, values):
    return softmax(scores) @ values


def places(shares):
    s = shares[shares > 0]
    return np.exp(-np.sum(s * np.log(s)))


def sentence_logprob(logits, ids):
    top = logits.max(-1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(-1))
    return np.sum(logits[np.arange(len(ids)), ids] - total)


def best_pair(first, then):
    both = first[:, None] * then
    return np.unravel_index(both.argmax(), both.shape)


def greedy(first, then):
    i = first.argmax()
    return i, then[i].argmax()


RIGHT = {
    "attend": attend,
    "places": places,
    "sentence_logprob": sentence_logprob,
    "best_pair": best_pair,
}
WRONG = {
    "attend": [
        (lambda s, v: np.exp(s) / np.exp(s).sum() @ v, "attend with scores to 1000 is"),
        (lambda s, v: s @ v, "attend with equal scores is"),
        (lambda s, v: v[s.argmax()], "attend with equal scores is"),
    ],
    "places": [
        (lambda s: np.exp(-np.sum(s * np.log(s))), "places([0.5, 0, 0.5]) is nan"),
        (lambda s: -np.sum(s * np.log(s)), "places of 1 equal shares is"),
        (lambda s: 1 / np.sum(s * s), "places([0.25, 0.5, 0.25]) is 2.66667"),
    ],
    "sentence_logprob": [
        (lambda z, ids: np.sum(z[np.arange(len(ids)), ids]), "the log-probability of 1 words"),
        (lambda z, ids: sentence_logprob(z, ids) / len(ids), "the log-probability of 5 words"),
        (
            lambda z, ids: np.sum(np.log(softmax(z))[np.arange(len(ids)), ids]),
            "the log-probability of 4 words with logits to 500",
        ),
    ],
    "best_pair": [
        (greedy, "(0, 0) has probability 0.2, but there is a pair with 0.27"),
        (lambda first, then: (0, 99), "should return the numbers of two words"),
        (lambda first, then: first.argmax(), "should return the numbers of two words"),
    ],
}
