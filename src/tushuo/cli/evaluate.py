"""`tushuo evaluate`: how near a bundle's captions come to those that people wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.faces import complain
from tushuo.cli.fields import by_fields
from tushuo.cli.options import AtOnce, Beam, CaptionFile, Data, Json, Model, Precision, SkipBad
from tushuo.cli.progress import progress
from tushuo.cli.scored import Scored, check_new, signature
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.caption import Caption, Captioner
    from tushuo.data import CaptionDataset, Example

__all__ = ["evaluate"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    data: Data
    split: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Which split of it: train, dev, test. Where there is no dev, it is the tenth "
            "of train that `tushuo train caption` put aside.",
        ),
    ] = "dev"
    captions: CaptionFile = None
    skip_bad: SkipBad = False
    model: Model = "flickr8k-en"
    beam: Beam = None
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only so many photographs, the first.")
    ] = None
    as_json: Json = False
    batch_size: AtOnce = 16
    precision: Precision = "float32"
    meteor: Annotated[
        bool,
        typer.Option("--meteor", help="METEOR, too: needs Java and the package pycocoevalcap."),
    ] = False
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="What counts as a word: ptb (English, as published scores have it), char (Chinese "
            "characters), word (Chinese words; needs the package rjieba).",
            show_default="ptb for English, char for Chinese",
        ),
    ] = None
    record: Annotated[
        bool,
        typer.Option(
            "--record", help="Write the scores into the model's config.json, replacing old."
        ),
    ] = False
    retrieval: Annotated[
        bool,
        typer.Option(
            "--retrieval",
            help="Score, instead of captions, how well photographs and sentences find each other: "
            "recall at 1, 5 and 10, both ways.",
        ),
    ] = False
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="REPORT",
            help="Write a page with photographs, captions, attention and mistakes. It holds copies "
            "of the photographs, made small. An existing file is not overwritten.",
            show_default=False,
        ),
    ] = None
    report_images: Annotated[
        int,
        typer.Option(
            min=1,
            max=5000,
            metavar="N",
            help="Photographs in it: the worst, the best, some by chance.",
        ),
    ] = 200


@by_fields
def evaluate(asked: Asked) -> None:
    """Caption a split of a data set and print BLEU, ROUGE-L, CIDEr and CIDEr-D.

    Each is between 0 and 1, but CIDEr and CIDEr-D between 0 and 10; behind it stands its 95 %
    interval (bootstrap over the photographs). Then come numbers of how varied the captions are.
    Chinese is scored by character, or with --tokenizer word by word. The last line says how the
    scores were made: only scores with equal lines compare.
    """
    workers = divide_cores()
    from tushuo.caption import load_captioner

    check_new(asked.html)
    if asked.record and asked.limit:
        raise UsageError(
            "got --record and --limit", hint="scores that are kept are of a whole split"
        )
    dataset = _dataset(asked)
    examples = dataset.examples(asked.split)[: asked.limit]
    captioner = load_captioner(asked.model, precision=asked.precision)
    if asked.retrieval:
        _retrieval(asked, captioner, examples, workers)
        return
    _check_language(captioner, examples)
    scored = _scored(asked, captioner, dataset, examples, workers)
    if asked.html is not None:
        scored.save_page(asked.html, captioner, asked.split, asked.report_images)
    if asked.record:
        scored.record(asked.model)
    scored.tell(asked.as_json)


def _dataset(asked: Asked) -> CaptionDataset:
    """The data set, once what was left out is told."""
    from tushuo.data import load_captions, with_dev

    dataset = load_captions(asked.data, asked.captions, skip_bad=asked.skip_bad)
    for problem in dataset.problems:
        complain(f"left out: {problem}")
    return with_dev(dataset) if asked.split == "dev" and "train" in dataset.splits else dataset


def _check_language(captioner: Captioner, examples: Sequence[Example]) -> None:
    """Refuse references in another language, with which every score would be close to 0."""
    from tushuo.data import is_chinese

    chinese = [is_chinese(text) for example in examples for text in example.captions]
    writes = captioner.bundle.vocabulary.language
    if (writes == "zh" and not any(chinese)) or (writes == "en" and all(chinese)):
        raise UsageError(
            f"model {captioner.bundle.name!r} writes {writes!r}, but no caption of the data set is "
            "in that language",
            hint="name the file of those that are: --captions FILE, or take another --model",
        )


def _retrieval(
    asked: Asked, captioner: Captioner, examples: Sequence[Example], workers: int
) -> None:
    """Score how photographs are found; options that are about captions are refused."""
    from tushuo.cli.retrieval import evaluate_retrieval

    others = {
        "--html": asked.html,
        "--meteor": asked.meteor,
        "--record": asked.record,
        "--beam": asked.beam,
    }
    if given := [name for name, value in others.items() if value]:
        raise UsageError(f"got --retrieval and {given[0]}", hint="leave out one of them")
    evaluate_retrieval(
        captioner,
        examples,
        asked.split,
        batch_size=asked.batch_size,
        workers=workers,
        as_json=asked.as_json,
    )


def _scored(
    asked: Asked,
    captioner: Captioner,
    dataset: CaptionDataset,
    examples: Sequence[Example],
    workers: int,
) -> Scored:
    """The captions of the photographs, scored."""
    from tushuo.caption.metrics import bootstrap, check_tokenizer, evaluate_captions

    settings = captioner.settings(beams=asked.beam)
    chinese = captioner.bundle.vocabulary.language == "zh"
    tokenizer = asked.tokenizer or ("char" if chinese else "ptb")
    check_tokenizer(tokenizer)
    made = _captions(captioner, examples, settings.beams, asked.batch_size, workers)
    written = {str(example.image): example.captions for example in examples}
    scores = evaluate_captions(
        {image: caption.text for image, caption in zip(written, made, strict=True)},
        written,
        tokenizer=tokenizer,
        training=_training(dataset, asked.split),
        with_meteor=asked.meteor,
    )
    intervals = bootstrap(scores)
    line = signature(scores, intervals, captioner, asked.split, settings, asked.precision)
    return Scored(examples, made, scores, intervals, line)


def _training(dataset: CaptionDataset, split: str) -> list[str] | None:
    """The captions of the training split, unless that is what is scored."""
    if split == "train" or "train" not in dataset.splits:
        return None
    return [text for example in dataset.examples("train") for text in example.captions]


def _captions(
    captioner: Captioner, examples: Sequence[Example], beams: int, batch_size: int, workers: int
) -> list[Caption]:
    """A caption for each photograph; the first that cannot be read ends it."""
    from tushuo.caption import caption_files
    from tushuo.data import Found

    found = (Found(example.image) for example in examples)
    made: list[Caption] = []
    with progress(lambda: len(examples), lines=False) as advance:
        for outcome in caption_files(
            captioner, found, beams=beams, batch_size=batch_size, workers=workers
        ):
            if outcome.error is not None:
                raise outcome.error
            if outcome.result is not None:
                made.append(outcome.result)
            advance()
    return made
