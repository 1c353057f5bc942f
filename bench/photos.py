"""How fast searches are: 100,000 made-up photographs with captions, vectors, dates and cameras.

Run: python bench/photos.py [--count N] [--runs N] [--library FILE] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.caption import ImageLike
from tushuo.photos import Library
from tushuo.photos.database import transaction
from tushuo.photos.embedding import Floats, Space
from tushuo.photos.exif import Facts
from tushuo.photos.store import Store, folded
from tushuo.photos.text import searchable

WHO = ["dog", "cat", "man", "woman", "child", "horse", "bird", "two boys", "a group of people"]
DOES = ["runs", "jumps", "sits", "plays", "sleeps", "is running", "looks", "swims", "walks"]
WHERE = ["beach", "grass", "street", "water", "snow", "field", "park", "kitchen", "mountain"]
LOOK = ["red", "blue", "small", "big", "brown", "white", "black", "young", "wet", "happy"]
CAMERAS = ["Canon EOS 5D", "NIKON D90", "Apple iPhone 12", "SONY ILCE-7M3", None]
RARE = [f"word{number}" for number in range(5000)]

QUERIES = [
    *("dog", "dog beach", "running dog snow", '"red dog"', '"on the"', "a", "dog -beach"),
    *("word77", "unicorn", "after:2020", "dog after:2015-06 before:2016", "-dog camera:canon"),
    *(
        "path:00777",
        "man lang:en camera:nikon",
        "狗",
        "小狗 沙滩",
        "lang:zh",
        "lang:fr",
        "camera:leica",
    ),
    *("surf*", "wor*", "two boys playing on the beach near word77", "horse + beach - people"),
    *('like:"/photos/001/holiday 000001.jpg"', "dog camera:leica"),
]


class Chance:
    """An embedder that gives each query a vector by chance; every tenth photograph is a hit."""

    space = Space("made-up", "1", 256)
    relevance: Any = None

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        return unit(np.random.default_rng(len(texts[0])).normal(size=(1, self.space.dimensions)))

    def understood(self, text: str) -> float:
        return 1.0

    def embed_images(self, images: Iterable[ImageLike]) -> Floats:
        raise NotImplementedError

    def embed_features(self, features: Floats) -> Floats:
        raise NotImplementedError


class TenthPart:
    """A cut-off that a tenth of the photographs passes: 1.28 deviations of a random cosine."""

    def least(self, query: Floats, by_photo: bool = False) -> float:
        return float(1.28 / Chance.space.dimensions**0.5)


Chance.relevance = TenthPart()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="photographs")
    parser.add_argument("--runs", type=int, default=9, help="of each query")
    parser.add_argument("--library", type=Path, help="keep the library there, for another run")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.library or Path(folder) / "library.db"
        start = time.perf_counter()
        with Library(path) as library:
            if not library.info().photographs:
                fill(library, options.count)
        print(f"filled in {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        with Library(path, read_only=True) as library:
            print(f"opened in {(time.perf_counter() - start) * 1e3:.1f} ms")
            start = time.perf_counter()
            library.search("dog", embedder=Chance())
            print(f"first search by meaning in {(time.perf_counter() - start) * 1e3:.0f} ms")
            figures = {query: measure(library, query, options.runs) for query in QUERIES}
            info = library.info()
    print(f"{info.photographs:,} photographs, {info.bytes / info.photographs:.0f} bytes each")
    for query, figure in figures.items():
        print(f"{query:32} {figure['median']:7.2f} ms (at most {figure['max']:.2f})")
    print(f"slowest median: {max(figure['median'] for figure in figures.values()):.1f} ms")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def measure(library: Library, query: str, runs: int) -> dict[str, float]:
    """Milliseconds that a search takes, after one to warm the cache."""
    search = partial(library.search, query, embedder=Chance())
    search()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        search()
        times.append((time.perf_counter() - start) * 1e3)
    return {"median": round(statistics.median(times), 2), "max": round(max(times), 2)}


def fill(library: Library, count: int) -> None:
    """Rows as an index run leaves them, written in bulk."""
    chance, connection = random.Random(0), library._connection
    vectors, store = np.random.default_rng(0), Store(connection)
    with transaction(connection):
        for number in range(1, count + 1):
            path = Path(f"/photos/{number % 100:03}/holiday {number:06}.jpg")
            key = number.to_bytes(32)
            connection.execute(
                "INSERT INTO photo (id, hash, width, height, taken, camera, latitude, longitude)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (number, key, *facts(chance)),
            )
            connection.execute(
                "INSERT INTO file (path, folded, size, mtime_ns, photo, status)"
                " VALUES (?, ?, 3000000, ?, ?, 'ok')",
                (bytes(path), folded(path), number, number),
            )
            store.embedding(
                number, unit(vectors.normal(size=Chance.space.dimensions)), Chance.space
            )
            for language, text in captions(chance):
                row = connection.execute(
                    "INSERT INTO caption (photo, language, model, version, text, score, shown)"
                    " VALUES (?, ?, 'made-up', '0123456789ab', ?, -1.5, 1)",
                    (number, language, text),
                ).lastrowid
                connection.execute(
                    "INSERT INTO words (rowid, body) VALUES (?, ?)", (row, searchable(text))
                )


def unit(rows: npt.NDArray[np.float64]) -> Floats:
    found: Floats = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
    return found


def facts(chance: random.Random) -> Facts:
    month, day = chance.randint(1, 12), chance.randint(1, 28)
    taken = f"{chance.randint(2005, 2025)}-{month:02}-{day:02} 12:00:00"
    return Facts(4000, 3000, taken, chance.choice(CAMERAS), 52.5, 13.4)


def captions(chance: random.Random) -> Iterator[tuple[str, str]]:
    look, who, does, where = (chance.choice(words) for words in (LOOK, WHO, DOES, WHERE))
    yield "en", f"A {look} {who} {does} on the {where} near {chance.choice(RARE)}."
    if chance.random() < 0.1:
        yield "zh", f"一只{chance.choice('大小黑白')}{chance.choice('狗猫马鸟')}在沙滩上奔跑。"


if __name__ == "__main__":
    main()
