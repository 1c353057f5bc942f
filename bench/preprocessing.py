"""Which preprocessing serves photographs in their true proportions, when training saw squares.

Captions the dev photographs of which both forms are at hand, squashed and true, in each way of
making them square, and scores them against the same references.

Run: python bench/preprocessing.py --data flickr8k --true flickr8k_true_aspect [--model BUNDLE]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tushuo.caption import Captioner, load_captioner
from tushuo.caption.metrics import evaluate_captions
from tushuo.data import Example, load_captions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the data set, squashed")
    parser.add_argument("--true", type=Path, required=True, help="a folder with true proportions")
    parser.add_argument("--captions", default="Flickr8k.token.txt")
    parser.add_argument("--model", default="flickr8k-en")
    options = parser.parse_args()
    examples = [
        example
        for example in load_captions(options.data, options.captions).examples("dev")
        if (options.true / example.image.name).exists()
    ]
    captioner = load_captioner(options.model)
    squashed = [example.image for example in examples]
    true = [options.true / path.name for path in squashed]
    print(f"{len(examples)} photographs, 5 references, the bundle's beam")
    show("training's own squares", captioner, examples, squashed)
    show("true, squashed", captioner, examples, true)
    base = captioner.preprocessing
    for fraction in (1.0, 0.875):
        captioner.preprocessing = replace(base, resize_mode="crop", crop_fraction=fraction)
        show(f"true, centre crop {fraction:g}", captioner, examples, true)
    captioner.preprocessing = replace(base, resize_mode="pad")
    show("true, padded", captioner, examples, true)


def show(
    name: str, captioner: Captioner, examples: Sequence[Example], photographs: Sequence[Path]
) -> None:
    texts = [caption.text for caption in captioner(photographs, batch_size=16)]
    ids = [example.image.name for example in examples]
    references = {i: example.captions for i, example in zip(ids, examples, strict=True)}
    scores = evaluate_captions(dict(zip(ids, texts, strict=True)), references).as_dict()
    print(f"{name:28} CIDEr-D {scores['CIDEr-D']:.3f}  BLEU-4 {scores['BLEU-4']:.3f}", flush=True)


if __name__ == "__main__":
    main()
