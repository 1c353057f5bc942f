"""`tushuo evaluate`: how near a bundle's captions come to those that people wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.faces import write, write_json
from tushuo.cli.options import BatchSize, Beam, Json, Model
from tushuo.cli.progress import progress

if TYPE_CHECKING:
    from tushuo.caption import Captioner
    from tushuo.data import Example

__all__ = ["evaluate"]

Data = Annotated[Path, typer.Option(metavar="DIR", help="The folder of a data set of captions.")]
Split = Annotated[str, typer.Option(metavar="NAME", help="Which split of it: train, dev, test.")]
CaptionFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="The caption file, where the folder has several."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Only so many photographs, the first.")]


def evaluate(
    data: Data,
    split: Split = "dev",
    captions: CaptionFile = None,
    model: Model = "flickr8k-en",
    beam: Beam = None,
    limit: Limit = None,
    as_json: Json = False,
    batch_size: BatchSize = 16,
) -> None:
    """Caption a split of a data set and print BLEU, ROUGE-L, CIDEr and CIDEr-D.

    Each is between 0 and 1, but CIDEr and CIDEr-D between 0 and 10. The last line says how the
    scores were made: only scores with equal lines compare.
    """
    workers = divide_cores()
    from tushuo.caption import load_captioner
    from tushuo.caption.metrics import evaluate_captions
    from tushuo.data import load_captions

    examples = load_captions(data, captions).examples(split)[:limit]
    captioner = load_captioner(model)
    settings = captioner.settings(beams=beam)
    texts = _captions(captioner, examples, settings.beams, batch_size, workers)
    written = {str(example.image): example.captions for example in examples}
    scores = evaluate_captions(dict(zip(written, texts, strict=True)), written)
    signature = (
        f"{scores.signature()}|model:{captioner.bundle.name}|split:{split}|beam:{settings.beams}"
        f"|length-penalty:{settings.length_penalty:g}"
    )
    if as_json:
        write_json({**scores.as_dict(), "images": len(examples), "signature": signature})
        return
    for name, value in scores.as_dict().items():
        write(f"{name:<8} {value:.4f}")
    write(signature)


def _captions(
    captioner: Captioner, examples: Sequence[Example], beams: int, batch_size: int, workers: int
) -> list[str]:
    """A caption for each photograph; the first that cannot be read ends it."""
    from tushuo.caption import caption_files
    from tushuo.data import Found

    found = (Found(example.image) for example in examples)
    texts: list[str] = []
    with progress(lambda: len(examples), lines=False) as advance:
        for outcome in caption_files(
            captioner, found, beams=beams, batch_size=batch_size, workers=workers
        ):
            if outcome.error is not None:
                raise outcome.error
            texts.append(outcome.result.text if outcome.result else "")
            advance()
    return texts
