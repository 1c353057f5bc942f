"""Libraries of made-up photographs, for searches, and a space of meanings for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tushuo.caption import Caption
from tushuo.caption.embedding import Relevance
from tushuo.photos import Library
from tushuo.photos.database import transaction
from tushuo.photos.embedding import Space
from tushuo.photos.exif import Facts
from tushuo.photos.model import Model
from tushuo.photos.reading import Reading
from tushuo.photos.store import Store


class Row(NamedTuple):
    path: str
    text: str
    language: str = "en"
    taken: str | None = None
    camera: str | None = None
    vector: Any = None


def fill(library: Library, rows: Iterable[Row]) -> None:
    """Store photographs as an index run does; two rows of one path are captions of one."""
    store = Store(library._connection)
    with transaction(library._connection):
        for row in rows:
            path = Path(row.path)
            photo = store.photo(row.path.encode(), Facts(4, 3, row.taken, row.camera))
            store.file(Reading(path, 1, 1, row.path.encode()), photo)
            words = tuple(row.text.lower().split())
            caption = Caption(row.text, words, -1.0, -1.0, np.zeros((len(words), 1, 1)))
            store.model_caption(photo, caption, Model("made-up", "1", row.language))
            if row.vector is not None:
                store.embedding(photo, row.vector, Space("concepts", "1", len(row.vector)))


CONCEPTS = [
    *({"dog", "puppy", "狗"}, {"beach", "shore", "sea"}, {"horse"}, {"people", "man", "crowd"}),
    *({"snow", "winter"}, {"red"}, {"green"}, {"blue"}),
]


class Concepts:
    """A space with an axis for each of a few concepts: words name them, colours of pictures are
    three of them, and feature maps fall wherever they fall."""

    space = Space("concepts", "1", len(CONCEPTS))
    relevance = Relevance.of(np.zeros((1, len(CONCEPTS))), 1.0, 0.5, 0.6)  # cosines of 0.5 and 0.6

    def embed_texts(self, texts):
        rows = [
            [sum(w in axis for w in text.lower().split()) for axis in CONCEPTS] for text in texts
        ]
        return _unit(np.array(rows, np.float32))

    def understood(self, text):
        words = text.lower().split()
        return sum(any(word in axis for axis in CONCEPTS) for word in words) / len(words)

    def embed_images(self, images):
        colours = [np.asarray(Image.open(image)).mean((0, 1)) for image in images]
        rows = np.zeros((len(colours), len(CONCEPTS)), np.float32)
        rows[:, -3:] = colours
        return _unit(rows)

    def embed_features(self, features):
        project = np.random.default_rng(0).normal(size=(features.shape[-1], len(CONCEPTS)))
        return _unit((features.mean(1) @ project).astype(np.float32))


def _unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
