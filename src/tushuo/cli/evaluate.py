"""`tushuo evaluate`: how near a bundle's captions come to those that people wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.faces import complain, write, write_json
from tushuo.cli.options import (
    AtOnce,
    Beam,
    CaptionFile,
    Data,
    Json,
    Model,
    Precision,
    SkipBad,
)
from tushuo.cli.progress import progress
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.caption import Caption, Captioner, Decoding
    from tushuo.caption.metrics import Intervals, Scores
    from tushuo.data import CaptionDataset, Example

__all__ = ["evaluate"]

Split = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Which split of it: train, dev, test. Where there is no dev, it is the tenth "
        "of train that `tushuo train caption` put aside.",
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Only so many photographs, the first.")]
WithMeteor = Annotated[
    bool, typer.Option("--meteor", help="METEOR, too: needs Java and the package pycocoevalcap.")
]
Tokenizer = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help="What counts as a word: ptb (English, as published scores have it), char (Chinese "
        "characters), word (Chinese words; needs the package rjieba).",
        show_default="ptb for English, char for Chinese",
    ),
]
Record = Annotated[
    bool,
    typer.Option("--record", help="Write the scores into the model's config.json, replacing old."),
]
Retrieval = Annotated[
    bool,
    typer.Option(
        "--retrieval",
        help="Score, instead of captions, how well photographs and sentences find each other: "
        "recall at 1, 5 and 10, both ways.",
    ),
]
Html = Annotated[
    Path | None,
    typer.Option(
        metavar="REPORT",
        help="Write a page with photographs, captions, attention and mistakes. It holds copies of "
        "the photographs, made small. An existing file is not overwritten.",
        show_default=False,
    ),
]
ReportImages = Annotated[
    int,
    typer.Option(
        min=1, max=5000, metavar="N", help="Photographs in it: the worst, the best, some by chance."
    ),
]


def evaluate(
    data: Data,
    split: Split = "dev",
    captions: CaptionFile = None,
    skip_bad: SkipBad = False,
    model: Model = "flickr8k-en",
    beam: Beam = None,
    limit: Limit = None,
    as_json: Json = False,
    batch_size: AtOnce = 16,
    precision: Precision = "float32",
    meteor: WithMeteor = False,
    tokenizer: Tokenizer = None,
    record: Record = False,
    retrieval: Retrieval = False,
    html: Html = None,
    report_images: ReportImages = 200,
) -> None:
    """Caption a split of a data set and print BLEU, ROUGE-L, CIDEr and CIDEr-D.

    Each is between 0 and 1, but CIDEr and CIDEr-D between 0 and 10; behind it stands its 95 %
    interval (bootstrap over the photographs). Then come numbers of how varied the captions are.
    Chinese is scored by character, or with --tokenizer word by word. The last line says how the
    scores were made: only scores with equal lines compare.
    """
    workers = divide_cores()
    from tushuo.caption import load_captioner
    from tushuo.caption.metrics import bootstrap, check_tokenizer, evaluate_captions
    from tushuo.data import load_captions, with_dev

    _check_new(html)
    dataset = load_captions(data, captions, skip_bad=skip_bad)
    for problem in dataset.problems:
        complain(f"left out: {problem}")
    if split == "dev" and "train" in dataset.splits:
        dataset = with_dev(dataset)
    examples = dataset.examples(split)[:limit]
    captioner = load_captioner(model, precision=precision)
    if retrieval:
        _only_retrieval({"--html": html, "--meteor": meteor, "--record": record, "--beam": beam})
        from tushuo.cli.retrieval import evaluate_retrieval

        evaluate_retrieval(
            captioner, examples, split, batch_size=batch_size, workers=workers, as_json=as_json
        )
        return
    settings = captioner.settings(beams=beam)
    language = captioner.bundle.vocabulary.language
    tokenizer = tokenizer or ("char" if language == "zh" else "ptb")
    check_tokenizer(tokenizer)
    made = _captions(captioner, examples, settings.beams, batch_size, workers)
    written = {str(example.image): example.captions for example in examples}
    scores = evaluate_captions(
        {image: caption.text for image, caption in zip(written, made, strict=True)},
        written,
        tokenizer=tokenizer,
        training=_training(dataset, split),
        with_meteor=meteor,
    )
    intervals = bootstrap(scores)
    signature = (
        f"{scores.signature()}|{intervals.signature()}|model:{captioner.bundle.name}|split:{split}"
        f"|{_settings_line(settings)}"
    )
    if precision != "float32":
        signature += f"|precision:{precision}"
    if html is not None:
        from tushuo.caption.report import Reported, caption_report

        page = caption_report(
            [
                Reported(example.image, caption, example.captions, score)
                for example, caption, score in zip(
                    examples, made, scores.cider_d_by_image.values(), strict=True
                )
            ],
            scores,
            intervals,
            title=f"{captioner.bundle.name}: {len(examples)} photographs of {split}",
            signature=signature,
            preprocessing=captioner.preprocessing,
            language=language,
            images=report_images,
        )
        _save(html, page)
    if record:
        _record(model, scores, signature)
    _tell(scores, intervals, signature, as_json)


def _only_retrieval(others: Mapping[str, object]) -> None:
    """Refuse options that are about captions."""
    if given := [name for name, value in others.items() if value]:
        raise UsageError(f"got --retrieval and {given[0]}", hint="leave out one of them")


def _record(model: str, scores: Scores, signature: str) -> None:
    from tushuo.caption.bundle_config import MODEL_TYPE
    from tushuo.caption.evaluation import Evaluation, record
    from tushuo.models import find_model

    rounded = {name: round(value, 6) for name, value in scores.as_dict().items()}
    record(find_model(model, MODEL_TYPE), Evaluation(signature, rounded))


def _tell(scores: Scores, intervals: Intervals, signature: str, as_json: bool) -> None:
    named, varied = scores.as_dict(), scores.diversity.as_dict()
    if as_json:
        more = {"intervals": intervals.by_name, "diversity": varied}
        images = len(scores.cider_d_by_image)
        write_json({**named, **more, "images": images, "signature": signature})
        return
    for name, value in named.items():
        low, high = intervals.by_name.get(name, (None, None))
        ends = "" if low is None else f"  {low:.4f} to {high:.4f}"
        write(f"{name:<10} {value:.4f}{ends}")
    for name, value in varied.items():
        write(f"{name:<10} {value}" if name == "vocabulary" else f"{name:<10} {value:.4f}")
    write(signature)


def _training(dataset: CaptionDataset, split: str) -> list[str] | None:
    """The captions of the training split, unless that is what is scored."""
    if split == "train" or "train" not in dataset.splits:
        return None
    return [text for example in dataset.examples("train") for text in example.captions]


def _settings_line(settings: Decoding) -> str:
    """The settings of the search that scores depend on."""
    changed = [
        f"{field.name}:{getattr(settings, field.name)}"
        for field in fields(settings)
        if field.name not in ("beams", "length_penalty", "max_words")
        and getattr(settings, field.name) != field.default
    ]
    line = f"beam:{settings.beams}|length-penalty:{settings.length_penalty:g}"
    return "|".join([line, *changed])


def _check_new(html: Path | None) -> None:
    """Whether the report can be written, before the work is done."""
    if html is None:
        return
    if html.exists() or html.is_symlink():
        raise UsageError(f"{html}: exists already", hint="choose another name or remove it")
    if not html.absolute().parent.is_dir():
        raise UsageError(f"{html}: there is no folder {str(html.parent)!r}")


def _save(html: Path, page: str) -> None:
    try:
        with html.open("x", encoding="utf-8", errors="replace") as file:
            file.write(page)
    except OSError as error:
        raise UsageError(f"{html}: cannot be written ({error.strerror or error})") from None


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
