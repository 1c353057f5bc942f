"""`tushuo caption`: a sentence for each photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.decoding import Sentences
from tushuo.cli.faces import complain, one_line, tell_error, write, write_json
from tushuo.cli.fields import by_fields
from tushuo.cli.languages import AnyModel, Languages, load_captioners
from tushuo.cli.options import BatchSize, Beam, Json, Precision
from tushuo.cli.pictures import Pictures
from tushuo.cli.progress import progress
from tushuo.cli.sources import Paths, count, photographs
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.caption import Caption, Captioner, Outcome, Views

__all__ = ["caption"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    paths: Paths
    model: AnyModel = None
    lang: Languages = None
    beam: Beam = None
    as_json: Json = False
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write a picture of each caption: where the model looked for each word, and what "
            "else it could have said. Nothing in DIR is overwritten; which file it is, is told on "
            "standard error.",
            show_default=False,
        ),
    ] = None
    batch_size: BatchSize = 4
    precision: Precision = "float32"
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="P",
            help="Mark captions that are good with a probability below P as not sure.",
            show_default=False,
        ),
    ] = None
    sentences: Sentences

    @property
    def alternatives(self) -> bool:
        """Whether JSON has them: where more sentences than one were asked for."""
        return self.sentences.several(self.beam)


@by_fields
def caption(asked: Asked) -> None:
    """Write a sentence for each photograph: path, tab, caption.

    With several languages the captions follow each other on the line, with tabs between; in JSON
    each has a line of its own.

    Where --sample, --beam or --num-beam-groups asks for more sentences than one, one of them is
    the caption, and JSON has the others in "alternatives", with text, logprob and score of each.

    With --min-confidence a caption that may well be wrong is written as "(not sure) caption", and
    has "sure": false in JSON.

    The exit status is 0 when all went well, 1 when a photograph failed (the others are still
    captioned), 2 for wrong usage.
    """
    workers = divide_cores()
    from tushuo.caption import caption_files_each

    captioners = load_captioners(asked.model, asked.lang, asked.precision)
    if asked.min_confidence is not None:
        _check_confidence(captioners)
    options = asked.sentences.options(asked.beam)
    if asked.sentences.by_chance and not asked.as_json:
        _tell_of_others([captioner.settings(**options).beams for captioner in captioners])
    pictures = None if asked.explain is None else Pictures(asked.explain)
    outcomes = caption_files_each(
        captioners,
        photographs(asked.paths, leave_out=asked.explain),
        batch_size=asked.batch_size,
        workers=workers,
        keep_images=pictures is not None,
        **options,
    )
    failed = False
    with progress(lambda: count(asked.paths, asked.explain)) as advance:
        for outcome in outcomes:
            _tell(outcome, captioners, asked)
            drawn = pictures is None or _draw(outcome, captioners, pictures)
            failed |= outcome.error is not None or not drawn
            advance()
    if failed:
        raise typer.Exit(1)


def _check_confidence(captioners: Sequence[Captioner]) -> None:
    for captioner in captioners:
        if captioner.bundle.calibration is None:
            raise UsageError(
                f"model {captioner.bundle.name!r} does not tell its confidence",
                hint="leave out --min-confidence",
            )


def _tell_of_others(drawn: Sequence[int]) -> None:
    """Say how to see the other sentences, where several are drawn and one is written."""
    if max(drawn) > 1:
        complain(f"of {max(drawn)} sentences drawn, one is written; --json has the others, too")


def _tell(
    outcome: Outcome[Views, tuple[Caption, ...]], captioners: Sequence[Captioner], asked: Asked
) -> None:
    if outcome.error is not None:
        tell_error(outcome.path, outcome.error, asked.as_json)
        return
    captions, least = outcome.result or (), asked.min_confidence
    if not asked.as_json:
        texts = [("" if _sure(c, least) else "(not sure) ") + c.text for c in captions]
        write("\t".join([one_line(str(outcome.path)), *texts]))
        return
    for captioner, caption in zip(captioners, captions, strict=True):
        write_json({"path": str(outcome.path), **_entry(caption, captioner, asked)})


def _entry(caption: Caption, captioner: Captioner, asked: Asked) -> dict[str, Any]:
    source = {"model": captioner.bundle.name, "language": captioner.language}
    entry: dict[str, Any] = {"caption": caption.text, "score": caption.score, **source}
    if caption.confidence is not None:
        entry["confidence"] = caption.confidence
    if asked.min_confidence is not None:
        entry["sure"] = _sure(caption, asked.min_confidence)
    if asked.alternatives:
        entry["alternatives"] = [
            {"text": other.text, "logprob": other.logprob, "score": other.score}
            for other in caption.alternatives
        ]
    return entry


def _sure(caption: Caption, least: float | None) -> bool:
    return least is None or caption.confidence is None or caption.confidence >= least


def _draw(
    outcome: Outcome[Views, tuple[Caption, ...]],
    captioners: Sequence[Captioner],
    pictures: Pictures,
) -> bool:
    """Write the pictures of the captions, and say whether that went well."""
    from tushuo.caption import explain

    if outcome.item is None or outcome.item.image is None:
        return True
    for captioner, caption in zip(captioners, outcome.result or (), strict=True):
        picture = explain(outcome.item.image, caption, captioner.preprocessing)
        try:
            made = pictures.save(picture, outcome.path)
        except OSError as error:
            why = error.strerror or error
            complain(f"{outcome.path}: its picture cannot be written ({why})")
            return False
        complain(f"{outcome.path}: explained in {made}")
    return True
