"""Answers to lesson 01, right and wrong."""

from __future__ import annotations

import math

import numpy as np


def log_probability(probabilities):
    return sum(math.log(p) for p in probabilities)


def precision(candidate, references):
    counts = (
        min(candidate.count(word), max(r.count(word) for r in references))
        for word in set(candidate)
    )
    return sum(counts) / len(candidate)


def unclipped(candidate, references):
    return sum(any(w in r for r in references) for w in candidate) / len(candidate)


RIGHT = {
    "log_probability": log_probability,
    "precision": precision,
    "salad": "Grass the in stands shepherd German a",
}
WRONG = {
    "log_probability": [
        (lambda p: np.log(np.prod(p)), "is -inf"),
        (lambda p: np.prod(p), "is 0.125; -2.07944 is right"),
        (lambda p: sum(math.log10(q) for q in p), "is -0.90309"),
        (lambda p: sum(p), "is 0.75"),
    ],
    "precision": [
        (unclipped, "for 'the the the the' the share is 1; 0.25 is right"),
        (lambda c, r: precision(c, r) * len(c), "the share is 5; 1 is right"),
        (lambda c, r: precision(c, r[:1]), "the share is 0.8; 1 is right"),
    ],
    "salad": [
        ("A German shepherd stands in the grass.", "'a german' is in a reference"),
        ("Grass the in stands shepherd German zebra", "'zebra' is in no reference"),
        ("the the the the the the the", "'the' is in it 7 times, in a reference at most 1"),
        ("grass the in", "it has 3 words; 7 are expected"),
        (["grass", "the"], "salad is a list"),
    ],
}
