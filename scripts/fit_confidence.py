"""Fit the confidence of a bundle's captions on photographs with known captions.

Usage:
    python scripts/fit_confidence.py BUNDLE --data DIR [--captions FILE] [--split dev] [--write]

`tushuo train caption` does this at its end; here it is for a bundle that is changed later, say
packed in int8. What it is worth, measured by cross-validation, is printed with it (see
`tushuo.caption.training.confidence`). With --write it goes into the bundle's
generation_config.json, whose other settings stay.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tushuo.caption import Caption, caption_files, load_captioner
from tushuo.caption.generation_config import calibration_entry, change_generation_config
from tushuo.caption.training.confidence import ConfidenceFit, fit_confidence
from tushuo.data import Found, load_captions
from tushuo.errors import TushuoError


def measure(bundle: Path, data: Path, captions: str | None, split: str) -> ConfidenceFit:
    """Caption a split with a bundle's own settings, score the captions and fit.

    Raises:
        TushuoError: The bundle or the data cannot be used.
    """
    captioner = load_captioner(bundle)
    examples = load_captions(data, captions).examples(split)
    made: list[Caption] = []
    for outcome in caption_files(captioner, (Found(example.image) for example in examples)):
        if outcome.error is not None:
            raise outcome.error
        if outcome.result is not None:
            made.append(outcome.result)
    return fit_confidence(made, examples, captioner.language)


def main() -> int:
    """Reads the command line; the exit status is 1 when the bundle or the data cannot be used."""
    parser = argparse.ArgumentParser(description="Fit the confidence of a bundle's captions.")
    parser.add_argument("bundle", type=Path, help="the bundle's folder")
    parser.add_argument("--data", type=Path, required=True, help="the folder of a data set")
    parser.add_argument("--captions", help="the caption file, where the folder has several")
    parser.add_argument("--split", default="dev", help="never the one it was trained on")
    parser.add_argument("--write", action="store_true", help="change generation_config.json")
    options = parser.parse_args()
    try:
        found = measure(options.bundle, options.data, options.captions, options.split)
    except TushuoError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(found), indent=2))
    if options.write:
        change_generation_config(options.bundle, **calibration_entry(found.calibration))
    return 0


if __name__ == "__main__":
    sys.exit(main())
