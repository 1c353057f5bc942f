"""Fit how a bundle ranks its sentences, and the confidence that goes with it.

Usage:
    python scripts/fit_ranking.py BUNDLE --data DIR [--captions FILE] [--split dev] [--write]

`tushuo train caption` does this at its end; here it is for a bundle that is changed later, say by
`tushuo train embedder`. Captions a split with each pair of weights of phrases and joint space and
prints BLEU-4 and CIDEr-D, then what the confidence of the best pair's captions is worth. With
--write both go into the bundle's generation_config.json, whose other settings stay: a confidence
is one of the scores that sentences are ranked by, so that it never outlives their weights. A
bundle without an embedder tries phrases alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tushuo.caption import Captioner, load_captioner
from tushuo.caption.generation_config import calibration_entry, change_generation_config
from tushuo.caption.training.confidence import useful_confidence
from tushuo.caption.training.ranking import Graded, graded
from tushuo.data import Example, load_captions
from tushuo.errors import TushuoError

AT_ONCE = 48


def measure(captioner: Captioner, examples: Sequence[Example]) -> list[Graded]:
    """Each pair of weights and what it comes to.

    Raises:
        ImageError: A photograph cannot be read.
    """
    starts = range(0, len(examples), AT_ONCE)
    shown = track(starts, "captioning", console=Console(stderr=True), transient=True)
    images = ([example.image for example in examples[i : i + AT_ONCE]] for i in shown)
    maps = (captioner.encode(several, batch_size=16) for several in images)
    return graded(captioner, maps, examples)


def tell(line: str) -> None:
    """Say something beside the results."""
    print(line, file=sys.stderr)


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
        examples = load_captions(options.data, options.captions).examples(options.split)
        found = measure(captioner, examples)
    except TushuoError as error:
        tell(str(error))
        return 1
    for each in found:
        phrase, match = each.ranking
        print(
            f"phrase {phrase:<4g} match {match:<4g} BLEU-4 {each.bleu_4:.4f}  "
            f"CIDEr-D {each.cider_d:.4f}"
        )
    best = max(found, key=lambda each: each.cider_d)
    confidence = useful_confidence(best.captions, examples, captioner.language, tell)
    print(json.dumps(confidence and asdict(confidence)))
    if options.write:
        entry = calibration_entry(confidence and confidence.calibration)
        change_generation_config(options.bundle, **best.ranking._asdict(), **entry)
    return 0


if __name__ == "__main__":
    sys.exit(main())
