"""A captioner that is small, random and always the same, and photographs for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tushuo.caption import Bundle, Decoding
from tushuo.data import Preprocessing, Vocabulary
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.show_attend_tell import ShowAttendTell

WORDS = ["dog", "cat", "runs", "sits", "on", "grass", "red"]


@cache
def tiny_bundle() -> Bundle:
    """The encoder in full, for photographs of 64 pixels, and a decoder of a few words."""
    vocabulary = Vocabulary.build([WORDS], min_count=1)
    sizes = {"annotation": 8, "embedding": 6, "hidden": 10, "attention": 5}
    decoder = ShowAttendTell(len(vocabulary), channels=1280, **sizes, rng=1).eval()
    encoder = EfficientNetLite("efficientnet-lite0", classes=1, rng=2).eval()
    decoding = Decoding(beams=3, max_words=6, length_penalty=0.5)
    return Bundle(encoder, decoder, vocabulary, Preprocessing(size=64), decoding, "tiny")


def save_photograph(path: Path, seed: int = 0, size: tuple[int, int] = (90, 60)) -> Path:
    """Coloured patches; the ending of the name says in what format."""
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(path)
    return path
