"""Libraries of made-up photographs, for searches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tushuo.caption import Caption
from tushuo.photos import Library
from tushuo.photos.database import transaction
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
