"""Fit how much phrases and the joint space count when a bundle ranks its sentences.

Usage:
    python scripts/fit_ranking.py BUNDLE --data DIR [--captions FILE] [--split dev] [--write]

Captions a split with each pair of weights and prints BLEU-4 and CIDEr-D. With --write the pair with
the best CIDEr-D goes into the bundle's generation_config.json, whose other settings stay. A bundle
without an embedder tries phrases alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tushuo.caption import Captioner, load_captioner
from tushuo.caption.generation_config import change_generation_config
from tushuo.caption.metrics import evaluate_captions
from tushuo.data import Example, load_captions
from tushuo.errors import TushuoError

PHRASES = (0.0, 1.0, 1.5, 2.0)
MATCH = (0.0, 3.0, 6.0, 9.0)
AT_ONCE = 50

Weights = tuple[float, float]


def captions(
    captioner: Captioner, examples: list[Example], weights: list[Weights]
) -> dict[Weights, dict[str, str]]:
    """The captions of each photograph for each pair of weights; photographs are seen once."""
    found: dict[Weights, dict[str, str]] = {pair: {} for pair in weights}
    starts = range(0, len(examples), AT_ONCE)
    for start in track(starts, "captioning", console=Console(stderr=True), transient=True):
        images = [example.image for example in examples[start : start + AT_ONCE]]
        features = captioner.encode(images, batch_size=16)
        for pair in weights:
            made = captioner.caption_features(features, phrase_weight=pair[0], match_weight=pair[1])
            found[pair] |= {str(image): c.text for image, c in zip(images, made, strict=True)}
    return found


def scored(captioner: Captioner, examples: list[Example]) -> Iterator[tuple[Weights, float, float]]:
    """Each pair of weights with BLEU-4 and CIDEr-D."""
    bundle = captioner.bundle
    weights = list(
        product(PHRASES if bundle.phrases else PHRASES[:1], MATCH if bundle.embedder else MATCH[:1])
    )
    references = {str(example.image): example.captions for example in examples}
    tokenizer = "char" if captioner.language == "zh" else "ptb"
    for pair, made in captions(captioner, examples, weights).items():
        scores = evaluate_captions(made, references, tokenizer=tokenizer).as_dict()
        yield pair, scores["BLEU-4"], scores["CIDEr-D"]


def main() -> int:
    """Reads the command line; the exit status is 1 when the bundle or the data cannot be used."""
    parser = argparse.ArgumentParser(description="Fit the ranking of a bundle's sentences.")
    parser.add_argument("bundle", type=Path, help="the bundle's folder")
    parser.add_argument("--data", type=Path, required=True, help="the folder of a data set")
    parser.add_argument("--captions", help="the caption file, where the folder has several")
    parser.add_argument("--split", default="dev", help="never the one it was trained on")
    parser.add_argument("--write", action="store_true", help="change generation_config.json")
    options = parser.parse_args()
    try:
        captioner = load_captioner(options.bundle)
        examples = list(load_captions(options.data, options.captions).examples(options.split))
        rows = list(scored(captioner, examples))
    except TushuoError as error:
        print(error, file=sys.stderr)
        return 1
    for (phrase, match), bleu, cider in rows:
        print(f"phrase {phrase:<4g} match {match:<4g} BLEU-4 {bleu:.4f}  CIDEr-D {cider:.4f}")
    if options.write:
        phrase, match = max(rows, key=lambda row: row[2])[0]
        change_generation_config(options.bundle, phrase_weight=phrase, match_weight=match)
    return 0


if __name__ == "__main__":
    sys.exit(main())
