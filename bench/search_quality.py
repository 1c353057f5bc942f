"""How well searches find a photograph by a sentence that a person wrote about it.

The photographs of a split are indexed; then each is searched for by its human captions: by words
alone (our captions are what is searched), by meaning alone, and by both. Queries that nothing in
the split answers tell how often something is found all the same.

Run: python bench/search_quality.py [--model BUNDLE] [--data DIR] [--captions FILE] [--library FILE]
Without the development data (see --data) it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from tushuo.caption import Captioner, load_captioner
from tushuo.data import load_captions
from tushuo.photos import Library, embedder_of, parse_query
from tushuo.photos.by_meaning import by_meaning, meaning_of
from tushuo.photos.conditions import teach
from tushuo.photos.ranking import Ranking

SHARED = Path(os.environ.get("TUSHUO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
DEPTH = 20

Search: TypeAlias = Callable[[str], Sequence[str]]
"""From a query to names of files, best first."""

UNRELATED = """
a spreadsheet of tax returns; circuit diagram of an amplifier; x-ray of a broken hand; periodic
table of the elements; screenshot of source code; satellite picture of a hurricane; sheet music
for piano; a chess board seen from above; electron microscope picture of a virus; a plate of
sushi; the inside of a refrigerator; a bouquet of roses; a wedding cake; a laptop keyboard; a
steam locomotive; an aircraft cockpit; a submarine; the surface of the moon; a galaxy with
stars; an oil painting of a battle; a marble statue of a goddess; a stained glass window; gothic
cathedral; a bookshelf with old books; a handwritten letter; a passport page; a bar chart of
sales; a pie chart; a coffee cup on a saucer; a bowl of fruit; a pizza with olives; slices of
bread; a wine bottle; a tractor in a wheat field; a windmill; a lighthouse; an oil tanker; a
nuclear power plant; a giraffe; an elephant with its calf; a penguin colony; a jellyfish; a
spider in its web; a butterfly on a flower; a goldfish in a bowl; a parrot in a cage; a
crocodile; a kangaroo; a dentist's chair; an operating theatre; test tubes in a laboratory; a
telescope; a printing press; a violin; a drum kit; a church organ; a ballet dancer on stage; a
courtroom; a parliament in session; a bank vault; gold bars; a diamond ring; a wrist watch; a
sewing machine; a ball of wool; a kitchen sink; a washing machine; a made bed with pillows; a
chandelier; an empty corridor; a road sign in Arabic; a traffic jam at night; a petrol station;
a car engine; a flat tyre; a vineyard; a cactus; a mushroom; a pumpkin; a pine cone; autumn
leaves in close-up; a volcano erupting; an iceberg; the northern lights; a lightning bolt; a
rainbow; a solar eclipse; a world map; a globe; a calendar page; a crossword puzzle; a deck of
playing cards; dice on a table; a skeleton; a mummy; a dinosaur fossil; a suit of armour; a
crown; a guillotine;
电路图; 元素周期表; 显微镜下的细菌; 一盘寿司; 钢琴乐谱; 银河系; 潜水艇; 世界地图; 核电站; 长颈鹿
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="flickr8k-en", help="a bundle, with an embedder or not")
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "flickr8k")
    parser.add_argument("--captions", default="Flickr8k.token.txt", help="what is searched for")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--library", type=Path, help="keep the library there, for another run")
    parser.add_argument("--queries", type=int, default=5, help="captions a photograph, at most")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"nothing measured: {options.data} is absent")
    examples = load_captions(options.data, options.captions).examples(options.split)
    captioner = load_captioner(options.model)
    files = [example.image for example in examples]
    pairs = [(e.image.name, text) for e in examples for text in e.captions[: options.queries]]
    with (
        tempfile.TemporaryDirectory() as folder,
        Library(options.library or Path(folder) / "library.db") as library,
    ):
        report = library.index(files, captioner, embedder=embedder_of(captioner))
        print(f"{len(files):,} photographs, {report.captioned:,} captioned now")
        figures = measure(library, captioner, pairs)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure(
    library: Library, captioner: Captioner, pairs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Figures of each way to search, printed as they come."""
    figures: dict[str, Any] = {}
    nonsense, unrelated = gibberish(100), unrelated_queries()
    print(f"{len(pairs):,} queries, {len(unrelated)} unrelated, {len(nonsense)} nonsense")
    print(f"{'':16} {'R@1':>6} {'R@5':>6} {'R@10':>6} {'none':>6} {'ms':>6}   false hits")
    for name, search in ways(library, captioner).items():
        start = time.perf_counter()
        found = recalls(search, pairs)
        found["ms"] = (time.perf_counter() - start) * 1e3 / len(pairs)
        found["unrelated"] = false_hits(search, unrelated)
        found["nonsense"] = false_hits(search, nonsense)
        figures[name] = found
        shares = " ".join(f"{100 * found[key]:6.1f}" for key in ("R@1", "R@5", "R@10", "none"))
        print(
            f"{name:16} {shares} {found['ms']:6.1f}   unrelated {100 * found['unrelated']:.0f} %,"
            f" nonsense {100 * found['nonsense']:.0f} %"
        )
    return figures


def ways(library: Library, captioner: Captioner) -> dict[str, Search]:
    """The ways to search: as a user does, and by meaning alone, with and without cut-off."""
    embedder = embedder_of(captioner)

    def by(options: dict[str, Any]) -> Search:
        return lambda text: [hit.path.name for hit in library.search(text, limit=DEPTH, **options)]

    def meaning(text: str, cut: bool) -> Sequence[str]:
        assert embedder is not None
        connection, query = library._connection, parse_query(text)
        vectors = library._space_to_search(embedder)
        assert vectors is not None
        target = meaning_of(connection, query, vectors, embedder)
        if target is None:
            return []
        rows = by_meaning(connection, query, vectors, target, embedder if cut else None)
        return [Path(os.fsdecode(path)).name for path in Ranking.of(rows, DEPTH).rows]

    teach(library._connection)
    if embedder is None:
        return {"words": by({})}
    return {
        "words": by({}),
        "meaning": lambda text: meaning(text, True),
        "meaning, 100 best": lambda text: meaning(text, False),
        "both": by({"embedder": embedder}),
    }


def recalls(search: Search, pairs: Iterable[tuple[str, str]]) -> dict[str, float]:
    """How often a photograph is among the first 1, 5, 10; how often nothing is found."""
    places, empty = [], 0
    for name, text in pairs:
        found = list(search(asked(text)))
        empty += not found
        places.append(found.index(name) if name in found else DEPTH)
    ranks = np.array(places)
    shares = {f"R@{k}": float((ranks < k).mean()) for k in (1, 5, 10)}
    return {**shares, "none": empty / len(ranks)}


def false_hits(search: Search, queries: Sequence[str]) -> float:
    """How often something is found."""
    return sum(bool(search(query)) for query in queries) / len(queries)


def asked(caption: str) -> str:
    """A caption as a query: its signs are no operators."""
    words = "".join(letter if letter.isalnum() else " " for letter in caption.replace("'s", ""))
    return " ".join(words.split()[:50])


def unrelated_queries() -> list[str]:
    return [asked(query) for query in UNRELATED.replace("\n", " ").split(";")]


def gibberish(count: int) -> list[str]:
    chance = random.Random(0)
    letters = "bcdfghjklmnpqrstvwxyzaeiou"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 9))) for _ in range(3 * count)]
    return [" ".join(words[3 * i : 3 * i + chance.randint(1, 3)]) for i in range(count)]


if __name__ == "__main__":
    main()
