"""A captioner that only glances: real sentences about the colours of a photograph's quarters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tiny import tiny_bundle
from tushuo.caption import Captioner
from tushuo.models.show_attend_tell import ShowAttendTell


class Glancing(Captioner):
    """Does without the encoder, which takes most of the time."""

    def __init__(self, bundle=None):
        super().__init__(bundle or tiny_bundle())
        channels = self.bundle.decoder_sizes.channels
        self._projection = np.random.default_rng(0).normal(size=(3, channels)).astype(np.float32)

    def features(self, pixels):
        count, colours, side, _ = pixels.shape
        half = side // 2
        quarters = pixels.reshape(count, colours, 2, half, 2, half).mean((3, 5))  # (N, 3, 2, 2)
        return quarters.reshape(count, colours, 4).swapaxes(1, 2) @ self._projection


def another_model():
    """One of other weights, which knows no photograph yet."""
    bundle = tiny_bundle()
    sizes = bundle.decoder_sizes._asdict()
    return Glancing(replace(bundle, decoder=ShowAttendTell(**sizes, rng=7).eval(), name="other"))


def speaking(language):
    """One that says the same in another language."""
    bundle = tiny_bundle()
    vocabulary = bundle.vocabulary
    other = type(vocabulary)(vocabulary.tokens, vocabulary.counts, language)
    return Glancing(replace(bundle, vocabulary=other))
